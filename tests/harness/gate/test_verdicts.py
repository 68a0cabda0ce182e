"""Findings as a table, as JUnit XML and as annotations."""

from __future__ import annotations

from xml.etree import ElementTree

from harness.gate import verdicts
from harness.gate.check import Finding

FINDINGS = [
    Finding("quality", "ours [audio] psnr", "worse", "", 35.0, 34.0, 0.4),
    Finding("quality", "ours [audio] ssim", "ok", "", 0.98, 0.981, 0.01),
    Finding("quality", "ours [audio] <&>", "gone", "100% \x00 of it\nfailed", 1.0),
    Finding("throughput", "fusion", "faster", "0.66 times", 1.5, 1.0, 0.4),
    Finding("throughput", "splat", "unclear", "", 1.5, 1.6, 0.4),
]


def test_the_table_shows_what_stands_out():
    text = verdicts.table(FINDINGS)
    assert "psnr" in text
    assert "ssim" not in text
    assert "ssim" in verdicts.table(FINDINGS, everything=True)
    head = next(line for line in text.splitlines() if "verdict" in line)
    assert head.split() == ["what", "baseline", "now", "tolerance", "verdict"]
    line = next(line for line in text.splitlines() if "psnr" in line)
    assert line.split()[-4:] == ["35", "34", "0.4", "worse"]
    assert text.splitlines()[-1].startswith("gate: FAIL (")


def test_a_gate_that_passes_says_so():
    assert verdicts.table([FINDINGS[1]]) == "gate: pass (1 ok)"


def test_junit_parses_and_counts():
    root = ElementTree.fromstring(verdicts.junit(FINDINGS))
    quality, throughput = root.findall("testsuite")
    assert quality.attrib["tests"] == "3"
    assert quality.attrib["failures"] == "2"
    assert throughput.attrib["failures"] == "0"
    cases = quality.findall("testcase")
    assert [case.find("failure") is not None for case in cases] == [True, False, True]
    assert cases[2].attrib["name"] == "ours [audio] <&>"
    assert "34, baseline 35, tolerance 0.4" in cases[0].find("failure").attrib["message"]


def test_annotations_are_workflow_commands():
    lines = verdicts.workflow_commands(FINDINGS, "baselines/ci.json")
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::notice", "::warning"]
    assert lines[0].startswith("::error file=baselines/ci.json,title=quality worse::ours [audio]")
    assert "100%25" in lines[1]
    assert "%0A" in lines[1]
