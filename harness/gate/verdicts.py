"""The gate's findings for people, for test reporters and for GitHub."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from harness.gate.check import TOLD, Finding


def table(findings: Sequence[Finding], everything: bool = False) -> str:
    """What, baseline, now, tolerance and verdict; without `everything`, fine quality is counted.

    Throughput is always shown: it is short.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [f for f in findings if everything or f.kind == "throughput" or f.verdict != "ok"]
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("what", "baseline", "now", "tolerance", "verdict", ""):
        right = head in ("baseline", "now", "tolerance")
        grid.add_column(head, justify="right" if right else "left", no_wrap=bool(head))
    for each in shown:
        style = "bold red" if each.fails else "yellow" if each.verdict in TOLD else ""
        cells = [each.what, *map(number, (each.baseline, each.now, each.tolerance))]
        grid.add_row(*(Text(cell) for cell in cells), Text(each.verdict, style), Text(each.note))
    console = Console(file=io.StringIO(), width=140)
    with console.capture() as capture:
        if shown:
            console.print(grid)
    return "\n".join([*([capture.get().rstrip()] if shown else []), summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """One line: how many of each verdict."""
    counts = Counter(each.verdict for each in findings)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    fails = sum(each.fails for each in findings)
    return f"gate: {'FAIL' if fails else 'pass'} ({told})"


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
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=kind,
            tests=str(len(cases)),
            failures=str(sum(each.fails for each in cases)),
            errors="0",
            skipped="0",
        )
        for each in cases:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"gate.{kind}", name=_xml(each.what)
            )
            if each.fails:
                told = _xml(sentence(each))
                ElementTree.SubElement(case, "failure", message=told, type=each.verdict).text = told
            elif each.verdict != "ok":
                ElementTree.SubElement(case, "system-out").text = _xml(sentence(each))
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def annotations(findings: Sequence[Finding], file: str) -> list[str]:
    """GitHub workflow commands: errors for what fails, warnings and notices for what is told."""
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
