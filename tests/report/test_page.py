"""The page as text: whole, harmless, the same each time, and about this run. No browser is needed."""

import base64
import getpass
import hashlib
import json
import os
import re
import socket
from html.parser import HTMLParser

import pytest

from pipeline import history
from pipeline.errors import UsageError
from pipeline.report import report
from pipeline.report.gather import gather

VOID = {"wbr", "meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page, and insists that all that is opened is closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.words, self.attributes = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        self._note(attributes)

    def handle_startendtag(self, tag, attributes):
        self._note(attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    def _note(self, attributes):
        found = dict(attributes)
        self.attributes += attributes
        if "id" in found:
            self.ids.append(found["id"])
        if (found.get("href") or "").startswith("#"):
            self.links.append(found["href"][1:])


@pytest.fixture(scope="module")
def text(page):
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(text):
    return Reader(text)


@pytest.fixture(scope="module")
def words(reader):
    return re.sub(r"\s+", " ", " ".join(reader.words))


def test_what_is_opened_is_closed_and_every_link_within_leads_somewhere(reader):
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.links) <= set(reader.ids)


def test_nothing_foreign_becomes_markup(text, reader):
    assert text.count("<script") == 1
    assert text.count("</script>") == 1
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert not [v for n, v in reader.attributes if n in ("href", "src") and v.startswith("javascript:")]


def test_only_its_own_script_may_run_and_nothing_is_loaded(text, reader):
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(v for n, v in reader.attributes if n == "content" and "default-src" in v)
    assert f"script-src 'sha256-{hashed}'" in policy
    assert "default-src 'none'" in policy
    sources = [v for n, v in reader.attributes if n == "src"]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)


def test_an_image_of_a_stage_neither_runs_nor_loads(reader):
    source = next(v for n, v in reader.attributes if n == "src" and "svg+xml" in v)
    drawn = base64.b64decode(source.partition(",")[2]).decode()
    assert "teal" in drawn
    assert not re.search(r"script|onload|example\.com", drawn)


def test_a_document_is_shown_without_what_acts_and_leads_only_to_the_web(text, words):
    assert '<a href="https://example.org/" rel="noopener noreferrer">good</a>' in text
    assert "Result <img src=x onerror=alert(3)>" in words
    assert "[image: far]" in words


def test_neither_the_machine_nor_a_secret_is_told(text, made):
    assert os.fspath(made.root) not in text
    assert socket.gethostname() not in text
    assert "hunter2" not in text
    assert not re.search(r"(?<![\w:/.<])/(?:home|root|tmp|usr|var)/", text)
    assert f"/{getpass.getuser()}/" not in text


def test_the_failure_comes_first_with_its_message_its_log_and_what_it_held_up(words):
    assert words.index("1 stage failed") < words.index("What failed") < words.index("Metrics")
    assert "ValueError: no such thing as" in words
    assert "Could not start because of it: last" in words
    assert "with ***" in words


def test_what_changed_is_told_by_its_cause_and_once(words):
    changed = words[words.index("Since run") :]
    assert "rate: 1 → 3 fit@s, fit@mm, fit@lll" in changed
    assert '- return {"score": rate * len(size) / 10' in changed
    assert '+ return {"score": rate * len(size) / 20' in changed
    assert changed.count("rate: 1 → 3") == 1


def test_metrics_stand_beside_what_they_were_and_say_if_that_is_better(words):
    assert re.search(r"s 0\.15 \+0\.05 better", words)


def test_a_table_of_metrics_is_drawn_and_a_folder_is_listed(text, words):
    assert 'aria-label="loss over epoch: 0.1111 to 1"' in text[: text.index('id="changes"')]
    assert re.search(r"folder build/folder folder · 6 B", words)
    assert "a.txt 6 B" in words


def test_the_code_is_what_the_stages_reached_with_its_lines(text):
    listing = re.search(r'aria-label="work\.py".*?</pre>', text, re.DOTALL)[0]
    assert 'data-l="8"' in listing
    assert "clean" in listing
    assert "broken" not in listing
    assert "Make all kinds of results." in listing


def test_the_same_records_give_the_same_bytes_whatever_the_hash_seed(made, page, tmp_path):
    written = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.html"
        answer = made.json("report", "-o", str(path), env={"PYTHONHASHSEED": seed})
        written.append(path.read_bytes())
        assert answer["size_bytes"] == len(written[-1])
    assert written[0] == written[1] == page.read_bytes()


def test_without_a_place_it_lies_with_the_run_and_is_written_anew(made):
    first = made.json("report")
    assert first["path"] == f".pipe/runs/{first['run']}/report.html"
    assert (made.root / first["path"]).is_file()
    assert made.json("report", "last") == first


def test_a_file_that_is_no_such_page_is_never_replaced(made, tmp_path):
    precious = tmp_path / "thesis.html"
    precious.write_text("<!doctype html>my own")
    with pytest.raises(UsageError, match="is no page"):
        report(made.root, "last", str(precious))
    assert precious.read_text() == "<!doctype html>my own"
    with pytest.raises(UsageError, match="no folder"):
        report(made.root, "last", str(tmp_path / "absent" / "x.html"))


def test_a_record_of_an_older_pipe_has_a_page_too(made, tmp_path):
    newest = history.read(made.root / ".pipe", "last")
    plain = json.loads(json.dumps(history.as_plain(newest)))
    del plain["docs"]
    for stage in plain["stages"].values():
        del stage["needs"], stage["started_seconds"]
    old = "20010101T000000"
    (made.root / ".pipe" / "runs" / old).mkdir(exist_ok=True)
    (made.root / ".pipe" / "runs" / old / "run.json").write_text(json.dumps({**plain, "run": old}))
    subject, _ = gather(made.root, old)
    assert subject.stages["fit@s"].needs == ("clean",)
    report(made.root, old, str(tmp_path / "old.html"))
    Reader((tmp_path / "old.html").read_text())


def test_a_run_records_who_needs_whom_and_when_each_began(made):
    stages = history.read(made.root / ".pipe", "last").stages
    assert stages["last"].needs == ("broken",)
    assert stages["clean"].started_seconds is None  # it was fresh
    assert 0 <= stages["broken"].started_seconds < 60
