__all__ = ["slug", "initials"]


def slug(text):
    return _join(text.lower().split())


def initials(text):
    return "".join(word[0] for word in text.split())


def _join(words):
    return "-".join(words)


def not_exported(text):
    return text[::-1]
