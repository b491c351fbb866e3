"""A verification as JUnit's XML, which most CI systems show. Writes no file."""

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .verify_text import remarks
from .words import printable

if TYPE_CHECKING:
    from ..verify import VerifyResult


def xml_of(result: "VerifyResult") -> bytes:
    """Write one test case for each stage. What is recorded was not executed: it counts as skipped."""
    stages = list(result.stages.values())
    bad = {"different", "failed", "blocked"}
    counts = {
        "tests": str(len(stages)),
        "failures": str(sum(stage.verdict in bad for stage in stages)),
        "errors": "0",
        "skipped": str(sum(stage.verdict == "recorded" for stage in stages)),
        "time": f"{result.wall_seconds:.3f}",
    }
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "pipe verify", **counts})
    for stage in stages:
        attributes = {
            "classname": "pipeline",
            "name": _clean(stage.name),
            "time": f"{stage.wall_seconds:.3f}",
        }
        if stage.mark is not None:
            attributes |= {"file": stage.mark.file, "line": str(stage.mark.line)}
        case = ElementTree.SubElement(suite, "testcase", attributes)
        told = [_clean(text) for text in remarks(stage, details=True)]
        if stage.verdict in bad:
            first = told[0] if told else stage.verdict
            failure = ElementTree.SubElement(
                case, "failure", {"type": stage.verdict, "message": f"{stage.verdict}: {first}"}
            )
            failure.text = "\n".join(told)
        elif stage.verdict == "recorded":
            ElementTree.SubElement(
                case, "skipped", {"message": "not executed; its recorded outputs are used"}
            )
        elif told:
            ElementTree.SubElement(case, "system-out").text = "\n".join([stage.verdict, *told])
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _clean(text: str) -> str:
    """Return text that XML may hold: control characters are not, even escaped."""
    return "".join(c if c in "\t\n" or c.isprintable() else "�" for c in printable(text))
