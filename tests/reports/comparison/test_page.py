"""The page of a comparison: what changed first, all rows, nothing from outside."""

from __future__ import annotations

import pytest

from reports.comparison import comparison
from reports.comparison import page as compare_page
from reports.comparison import rows as sides
from tests.reports import markup, simulated


def made(a, b, names=("a", "b")):
    pairs = sides.match(sides.open_sides(str(a)), sides.open_sides(str(b)))
    return comparison.make(pairs, names)


@pytest.fixture
def run(tmp_path):
    simulated.write(tmp_path / "a", simulated.facts(4))
    return tmp_path / "a"


def test_changes_have_pictures_words_and_numbers(run):
    found = made(f"{run}::still", f"{run}::ua3dtalk", ("<a>", "b"))
    html = compare_page.page(found)
    assert "<a>" not in html.split("<body>")[1]
    assert markup.outside(html) == []
    page = markup.parse(html)
    (table,) = page.all("table", "changes")
    assert len(table.all("tr")) == 1 + len(found.changes)
    assert len(table.all("svg", "better")) == 3
    # The reason is told once, below; its line points there.
    assert "not tested [1]" in table.text
    assert page.text.count("its value is not a mean of items") == 1
    assert "not tested [1]: its value is not a mean of items" in page.text
    assert "over subjects (4, 32 sequences)" in page.text
    assert "3 better of 3" in page.all("div", "card")[0].text
    one = next(c for c in found.changes if c.column == "psnr")
    assert f"{one.difference.n}" in table.text
    assert comparison.texts(one)["p"] in table.text


def test_what_changed_comes_first_and_equal_rows_are_folded(run):
    page = markup.parse(compare_page.page(made(run, run)))
    assert [card.all("h2")[0].text for card in page.all("div", "card")] == [
        "ua3dtalk [audio]",
        "talkinggaussian [audio]",
        "still",
    ]
    assert len([d for d in page.all("details") if d.text.startswith("All 4 columns")]) == 3
    assert not page.all("svg")


def test_it_has_the_style_of_the_leaderboard(run):
    from reports import stored
    from reports.page import assemble as page

    board = page.write(stored.read(run), run).read_text("utf-8")
    other = compare_page.page(made(run, run))
    styles = [markup.parse(html).all("style") for html in (board, other)]
    assert styles[0][0].text == styles[1][0].text
