"""Tables, help and accessibility of pages in a real browser, at two widths and in both colours."""

from __future__ import annotations

import dataclasses

import pytest

from harness.ablation import formats as ablation_tables
from harness.ablation import page as ablation_page
from reports import stored
from reports.comparison import page as compare_page
from tests.reports import simulated
from tests.reports.comparison.test_page import made as compared
from tests.reports.page.test_assemble import ablate
from tests.reports.page.test_tradeoff import timed

pytestmark = pytest.mark.browser


@pytest.fixture
def shown(chrome, tmp_path):
    """Open a written page: path -> page; errors of scripts fail the test."""
    pages, errors = [], []

    def open_(path, width=1400, scheme="light"):
        page = chrome.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.close()
    assert errors == []


@pytest.fixture
def board(shown, run):
    """The page of a run in which a cell failed and a column has no value."""
    return shown(ablation_page.write_page(stored.read(run), run))


def names(page, table="leaderboard"):
    """The rows of a table, in order."""
    return page.locator(f"#{table} tbody tr th b").all_inner_texts()


def columns(page, table="leaderboard"):
    """Visible columns of a table."""
    return page.evaluate(
        """(id) => [...document.getElementById(id).tHead.rows[0].cells]
           .filter((one) => one.offsetParent && one.dataset.name).map((one) => one.dataset.name)""",
        table,
    )


def numbers(page, name):
    """The values of a column in the order of rows, None where there is none."""
    return page.evaluate(
        """(name) => {
          const table = document.getElementById("leaderboard");
          const at = [...table.tHead.rows[0].cells].findIndex((one) => one.dataset.name === name);
          return [...table.tBodies[0].rows].map((row) => row.cells[at].dataset.sort)
            .map((text) => text === undefined ? null : Number(text));
        }""",
        name,
    )


def head(page, name):
    return page.locator(f'#leaderboard th[data-name="{name}"]')


def test_a_first_click_sorts_best_first_and_cells_without_a_value_stay_last(board):
    head(board, "psnr").locator("button").click()
    assert head(board, "psnr").get_attribute("aria-sort") == "descending"
    found = numbers(board, "psnr")
    assert found == sorted(found, reverse=True)
    head(board, "lmd/synthetic").locator("button").click()
    assert head(board, "psnr").get_attribute("aria-sort") == "none"
    assert head(board, "lmd/synthetic").get_attribute("aria-sort") == "ascending"
    *found, last = numbers(board, "lmd/synthetic")
    assert last is None
    assert found == sorted(found)
    head(board, "lmd/synthetic").locator("button").click()
    assert head(board, "lmd/synthetic").get_attribute("aria-sort") == "descending"
    *found, last = numbers(board, "lmd/synthetic")
    assert last is None
    assert found == sorted(found, reverse=True)
    board.locator("#leaderboard thead th button").first.focus()
    board.keyboard.press("Enter")
    assert names(board) == sorted(names(board))


def test_differences_sort_best_first_too(board):
    board.locator('#versus-table th[data-name="psnr"] button').click()
    deltas = board.locator("#versus-table tbody td:nth-child(3)").evaluate_all(
        "(cells) => cells.map((one) => one.dataset.sort).filter(Boolean).map(Number)"
    )
    assert len(deltas) > 1
    assert deltas == sorted(deltas, reverse=True)


def test_the_chooser_shows_one_column_of_each_family_and_what_is_asked_for(shown, tmp_path):
    results = timed(tmp_path, [None, 50.0, 100.0, 2000.0])
    columns_ = dict(results.columns)
    for name in ("psnr/face", "psnr/mouth"):
        columns_[name] = {**columns_["psnr"], "metric": "psnr/regions"}
    rows = tuple(
        dataclasses.replace(
            row,
            scores={**row.scores, **dict.fromkeys(("psnr/face", "psnr/mouth"), row.scores["psnr"])},
        )
        for row in results.rows
    )
    results = dataclasses.replace(results, rows=rows, columns=columns_)
    page = shown(ablation_page.write_page(results, tmp_path))
    first = ["psnr", "lmd/synthetic", "sync_c/synthetic", "e_fid/synthetic", "fps/render"]
    assert columns(page) == first
    assert columns(page, "versus-table")[0] == "psnr"
    chooser = page.locator(".chooser").first
    chooser.locator("summary").click()
    assert "5 of 7 shown" in chooser.inner_text()
    chooser.get_by_label("face").check()
    assert columns(page) == ["psnr", "psnr/face", *first[1:]]
    chooser.get_by_label("psnr", exact=True).first.check()  # the family
    assert columns(page) == ["psnr", "psnr/face", "psnr/mouth", *first[1:]]
    chooser.get_by_role("button", name="First of each family").click()
    assert columns(page) == first
    chooser.get_by_role("button", name="All").first.click()
    assert len(columns(page)) == 7


def test_columns_without_a_value_are_hidden_until_asked_for(board):
    assert "fid/i3" not in columns(board)
    chooser = board.locator(".chooser").first
    chooser.locator("summary").click()
    chooser.get_by_role("button", name="All", exact=True).click()
    assert "fid/i3" not in columns(board)
    chooser.get_by_role("button", name="also without a value").click()
    assert "fid/i3" in columns(board)


def test_a_finger_opens_what_a_column_means_and_what_a_note_says(shown, run):
    path = ablation_page.write_page(stored.read(run), run)
    page = shown(path, width=400)
    card = page.locator("#help")
    head(page, "psnr").locator("a.help").click()
    assert card.is_visible()
    assert "psnr ↑" in card.inner_text()
    assert "simulated" in card.inner_text()
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 400
    page.keyboard.press("Escape")
    assert not card.is_visible()
    page.locator("#leaderboard a.ref").first.click()
    assert "few <frames>" in card.inner_text()
    assert page.url == path.as_uri()


def test_cells_open_their_details_by_click_and_by_keys(board):
    card = board.locator("#help")
    cell = board.locator("#leaderboard tbody tr").nth(1).locator("td").first
    cell.click(position={"x": 3, "y": 3})
    text = card.inner_text()
    assert text.startswith("psnr")
    for part in ("ua3dtalk", "n = 3600", "rank", "few <frames>"):
        assert part in text
    board.keyboard.press("Escape")
    assert board.evaluate("document.activeElement.tagName") == "TD"
    board.keyboard.press("ArrowDown")
    board.keyboard.press("ArrowRight")
    board.keyboard.press("Enter")
    assert card.inner_text().startswith("lmd/synthetic")
    assert "no face in <m001>" in card.inner_text()
    assert board.locator("#leaderboard tbody [tabindex='0']").count() == 1


def test_the_picture_of_quality_and_speed_follows_its_chooser(shown, tmp_path):
    results = timed(tmp_path, [None, 50.0, 100.0, 2000.0])
    page = shown(ablation_page.write_page(results, tmp_path))
    select = page.locator("select.shows")
    assert page.locator(".tradeoff:visible").count() == 1
    select.select_option(label="sync_c/synthetic ↑")
    assert "sync_c/synthetic" in page.locator(".tradeoff:visible").inner_text()


@pytest.mark.parametrize("kind", ["run", "ablation", "compare", "player"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(
    kind,
    shown,
    run,
    filmed,
    tmp_path,
):
    from axe_playwright_python.sync_playwright import Axe

    if kind == "run":
        ablate(run)
        path = ablation_page.write_page(timed(run, [None, 50.0, 90.0, 2000.0]), run)
    elif kind == "ablation":
        path = tmp_path / "ablation.html"
        path.write_text(ablation_tables.write(ablate(run))["html"])
    elif kind == "compare":
        simulated.write(tmp_path / "a", simulated.facts(4))
        path = tmp_path / "compare.html"
        made = compared(f"{tmp_path / 'a'}::still", f"{tmp_path / 'a'}::ua3dtalk")
        path.write_text(compare_page.page(made))
    else:
        path = filmed
    for width in (1400, 400):
        for scheme in ("light", "dark"):
            page = shown(path, width, scheme)
            page.evaluate(
                "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
            page.wait_for_timeout(300)
            found = Axe().run(page).response["violations"]
            serious = [
                (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
            assert serious == [], (width, scheme)
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, (width, scheme)


def test_a_large_table_stays_quick(shown, tmp_path):
    rows = {f"method-{i}": ("method", "audio", i / 10) for i in range(30)}
    results = simulated.write(tmp_path, dict(list(simulated.facts(1).items())[:1]), rows=rows)
    extra = [f"psnr/v{i}" for i in range(36)]
    wide = tuple(
        dataclasses.replace(row, scores={**row.scores, **dict.fromkeys(extra, row.scores["psnr"])})
        for row in results.rows
    )
    columns_ = {**results.columns, **dict.fromkeys(extra, results.columns["psnr"])}
    results = dataclasses.replace(results, rows=wide, columns=columns_)
    path = ablation_page.write_page(results, tmp_path)
    page = shown(path)
    page.locator(".chooser summary").first.click()
    page.get_by_role("button", name="All", exact=True).first.click()
    took = page.evaluate(
        """() => {
          const button = document.querySelector('#leaderboard th[data-name="psnr"] button');
          const start = performance.now();
          button.click();
          document.body.getBoundingClientRect();
          return performance.now() - start;
        }"""
    )
    assert took < 2000
    assert path.stat().st_size < 4e6
