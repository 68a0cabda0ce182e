"""No text leaves a table unescaped, whatever a row, a sequence or an error is called."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import formats
from reports.formats import CellText, TextTable

NASTY = (
    "a|b", "a\nb", "a\r\nb", "[red]x[/red]", "[/x]", "\x1b[31mred\x07", "*b*", "_b_", "`c`", "<b>",
    "~ ^ \\ & % $ # _ { }", r"\input{secret}", "[x](http://y)", "=1+1", "+1", "-1", "@x", "\t=1",
    "\u202eevil", "\x9b31m", "a\u2028b", "$x$", "a\\|b", "100%", "\udcff.mp4",
)  # fmt: skip


def table(*texts):
    return TextTable(["row", *texts], [[CellText(text) for text in ("first", *texts)]], texts[0])


@pytest.mark.parametrize("text", NASTY)
def test_a_markdown_table_keeps_its_cells_and_lines(text):
    lines = formats.markdown(table(text, "value")).splitlines()
    assert len(lines) == 5  # title, nothing, heads, rule, row
    for line in lines[2:]:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4
    assert "<b>" not in lines[-1]
    assert "](" not in lines[-1]


def test_markdown_marks_are_ours_alone():
    assert formats.in_markdown("*b* _b_ sync_c `c`") == r"\*b\* \_b\_ sync_c \`c\`"
    best = TextTable(["a", "b"], [[CellText("row"), CellText("3|4", "best")]])
    assert formats.markdown(best).endswith(r"| row | **3\|4** |")


@pytest.mark.parametrize("text", NASTY)
def test_latex_has_no_live_commands(text):
    lines = formats.latex(table(text, "value")).splitlines()
    assert [line for line in lines if not line.startswith(("%", "\\"))] == lines[3:4] + lines[5:6]
    row = lines[5]
    assert len(re.findall(r"(?<!\\)&", row)) == 2
    known = r"\\(?:[&%$#_{}\\]|textbackslash|textasciitilde|textasciicircum)"
    assert "\\" not in re.sub(known, "", row)
    assert not re.search(r"(?<!\\)[%#~^]", row)
    assert not re.match(r"[\[*]", row)


def test_latex_spells_what_it_escapes():
    assert formats.in_latex("\\ ~ ^ 5% -0.5 a-b <1") == (
        r"\textbackslash{} \textasciitilde{} \textasciicircum{} 5\% $-$0.5 a-b $<$1"
    )
    assert formats.in_latex("[1ex]") == "{}[1ex]"  # no option of the line break before it
    comment = TextTable(["a"], [[CellText("x")]], "first\n\\input{secret}", ["note\r\nmore"])
    assert not [n for n in formats.latex(comment).splitlines() if n.startswith(("\\input", "more"))]


@pytest.mark.parametrize("text", NASTY)
def test_a_spreadsheet_takes_no_text_for_a_formula(text):
    (line,) = csv.DictReader(io.StringIO(formats.comma_separated([{"a": text, "b": -1.5}])))
    assert not line["a"].lstrip().startswith(("=", "+", "-", "@"))
    assert line["b"] == "-1.5"


@pytest.mark.parametrize("text", NASTY)
def test_nothing_steers_a_terminal(text):
    shown = formats.terminal(
        TextTable(["a", text], [[CellText("x"), CellText(text)]], text, [text])
    )
    for character in "\x1b\x07\x9b\u202e\r":
        assert character not in shown
    if text.startswith("["):
        assert shown.count(text.split("(")[0]) >= 4  # title, head, cell and note, as they are


@given(st.text(max_size=30))
def test_plain_text_is_one_line_without_control_characters(text):
    found = formats.plain(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", found)
    assert len(found.splitlines()) <= 1


def test_small_lines_below_a_value_in_every_format():
    cell = CellText("3.0", below=(CellText("+1.0*", "better"), CellText("paper 4.0", "note")))
    one = TextTable(["row", "psnr"], [[CellText("a [x]"), cell]], below=("change", "paper"))
    assert r"| a [x] | 3.0<br>+1.0\*<br>*paper 4.0* |" in formats.markdown(one)
    assert r"\quad\scriptsize change & {\scriptsize +1.0*} \\" in formats.latex(one)
    turned = formats.terminal(one.turned("metric"), 80).splitlines()
    assert turned[0].split() == ["a"]
    assert [line.split() for line in turned[3:]] == [["psnr", "3.0"], ["+1.0*"], ["paper", "4.0"]]


def test_a_table_is_no_wider_than_the_terminal(monkeypatch):
    heads = ["metric", *(f"method {n}\n[audio]" for n in range(9))]
    rows = [[formats.CellText(f"metric/{r}"), *[formats.CellText("12.345")] * 9] for r in range(2)]
    rows[0][9] = formats.CellText("99.999", "best")
    table = formats.TextTable(heads, rows, "a title of some words " * 5, ["a note " * 20])
    whole = formats.terminal(table, 200)
    assert "\x1b" not in whole
    assert whole.count("metric/0") == 1
    monkeypatch.setattr(formats.sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    narrow = formats.terminal(table, 200)
    assert re.search(r"\x1b\[1;32m *99\.999", narrow)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", narrow)
    assert max(map(len, plain.splitlines())) <= 60
    assert plain.count("metric/0") == plain.count("metric/1") > 1
    assert plain.count("12.345") == 17
    assert all(f"method {n}" in plain for n in range(9))
    assert "…" not in plain
