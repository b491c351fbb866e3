import unicodedata

FORM = "NFKD"


def fold(text):
    return unicodedata.normalize(FORM, text).encode("ascii", "ignore").decode()
