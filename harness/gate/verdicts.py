"""The gate's findings as a table, as JUnit XML and as GitHub annotations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from harness.gate.check import SHOWN, Finding
from reports import formats
from reports.formats import CellText, TextTable


def table(findings: Sequence[Finding], everything: bool = False) -> str:
    """What, baseline, now, tolerance and verdict; without `everything`, fine quality is counted.

    Throughput is always shown: it is short.
    """
    shown = [f for f in findings if everything or f.kind == "throughput" or f.verdict != "ok"]
    rows = []
    for each in shown:
        style = "worse" if each.fails else "notice" if each.verdict in SHOWN else "plain"
        numbers = map(number, (each.baseline, each.now, each.tolerance))
        cells = [CellText(text) for text in (each.what, *numbers)]
        rows.append([*cells, CellText(each.verdict, style), CellText(each.note)])
    heads = ("what", "baseline", "now", "tolerance", "verdict", "")
    text = formats.terminal(TextTable(heads, rows, left=(0, 4, 5)))
    return "\n".join([text, summary(findings)] if shown else [summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """One line: how many of each verdict."""
    counts = Counter(each.verdict for each in findings)
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    fails = sum(each.fails for each in findings)
    return f"gate: {'FAIL' if fails else 'pass'} ({verdicts})"


def number(value: float | None) -> str:
    """Four significant digits; a dash where there is no number."""
    return "-" if value is None else f"{value:.4g}"


def sentence(finding: Finding) -> str:
    """A finding in words."""
    words = f"{finding.what} is {finding.verdict}"
    if finding.now is not None and finding.baseline is not None:
        words += f": {number(finding.now)}, baseline {number(finding.baseline)}"
        words += f", tolerance {number(finding.tolerance)}"
    return f"{words}. {finding.note}".rstrip(". ") + "."


def junit(findings: Sequence[Finding]) -> str:
    """JUnit XML: a test suite a kind, a test case a finding."""
    root = ElementTree.Element("testsuites", name="harness check")
    for kind in dict.fromkeys(each.kind for each in findings):
        cases = [each for each in findings if each.kind == kind]
        counts = {"tests": len(cases), "failures": sum(each.fails for each in cases)}
        numbers = {name: str(n) for name, n in {**counts, "errors": 0, "skipped": 0}.items()}
        suite = ElementTree.SubElement(root, "testsuite", {"name": kind, **numbers})
        for each in cases:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"gate.{kind}", name=_xml(each.what)
            )
            if each.fails:
                text = _xml(sentence(each))
                ElementTree.SubElement(case, "failure", message=text, type=each.verdict).text = text
            elif each.verdict != "ok":
                ElementTree.SubElement(case, "system-out").text = _xml(sentence(each))
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def workflow_commands(findings: Sequence[Finding], file: str) -> list[str]:
    """GitHub workflow commands: errors for what fails, warnings and notices for the rest."""
    level = {"unclear": "warning"}
    return [
        f"::{'error' if each.fails else level.get(each.verdict, 'notice')} "
        f"file={_property(file)},title={_property(f'{each.kind} {each.verdict}')}"
        f"::{_message(sentence(each))}"
        for each in findings
        if each.verdict != "ok"
    ]


def _xml(text: str) -> str:
    """Without the control characters that XML 1.0 forbids."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
