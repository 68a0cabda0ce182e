"""The page of a run: ablations inside it, who leads, what is weak, what failed and why."""

from __future__ import annotations

import dataclasses
import json
import re

from harness.ablation import formats as ablation_tables
from harness.ablation import page as ablation_page
from harness.contracts import Results, Row
from reports import stored
from reports.breakdown.means import Breakdown, Mean
from reports.page import assemble as page
from reports.page import groups
from reports.page.player import videos
from reports.page.ranking import ranking
from tests.reports import markup, simulated

GRID = {
    "base": ("method", "audio", 0.0),
    "more": ("method", "audio", 2.0),
    "less": ("method", "audio", -2.0),
}


def ablate(run, name="grid", note="<other> protocol"):
    """A finished ablation inside a run folder."""
    folder = run / "ablations" / name
    simulated.write(folder, simulated.facts(6), rows={f"m: {k}": v for k, v in GRID.items()})
    rows = [
        {
            "name": key,
            "label": f"m: {key}",
            "drive": "audio",
            "set": {"lead": lead},
            "paper": {"psnr": 20.0 + lead},
            "note": "",
        }
        for key, (_, _, lead) in GRID.items()
    ]
    rows.append({**rows[0], "name": "lost", "label": "m: lost"})
    said = {
        "schema_version": 1,
        "id": name,
        "title": "Modules & <more>",
        "method": "m",
        "reference": "base",
        "columns": [],
        "paper": {"source": "A paper", "note": note},
        "overrides": {},
        "rows": rows,
    }
    (folder / "ablation.json").write_text(json.dumps(said))
    return folder


def read(run):
    return markup.parse(ablation_page.write_page(stored.read(run), run).read_text("utf-8"))


def test_finished_ablations_are_sections_with_the_papers_values(run):
    ablate(run)
    ablate(run, "second")
    found = read(run)
    section = found.by_id("ablation-grid")
    assert found.by_id("ablation-second").tag == "section"
    rows = {row.children[1].all("b")[0].text: row for row in section.all("tr")[1:]}
    assert set(rows) == {"base", "more", "less", "lost"}
    assert "paper 22.00 (+2.00)" in rows["more"].text
    assert "4 better of 4" not in rows["more"].text  # e_fid is not tested
    assert "3 better of 3" in rows["more"].text
    assert "3 worse of 3" in rows["less"].text
    assert "no results" in rows["lost"].text
    assert not rows["base"].all("svg", "whisker")
    assert "A paper" in section.text
    assert "<other> protocol" in section.text
    links = {a.attributes["href"] for a in found.all("nav")[0].all("a")}
    assert {"#ablation-grid", "#ablation-second", "#missing", "#groups"} <= links
    cards = found.all("section", "cards")[0].text
    assert "more ▲ better all 3 tested columns" in cards
    assert "less ▼ worse all 3 tested columns" in cards


def test_better_is_right_of_the_line_and_the_paper_a_diamond(run):
    section = markup.parse(
        ablation_page.write_page(stored.read(run), ablate(run).parent.parent).read_text()
    )
    rows = section.by_id("ablation-grid").all("tr")
    for row, kind in ((rows[2], "better"), (rows[3], "worse")):
        pictures = row.all("svg", kind)
        assert len(pictures) == 3
        for picture in pictures:
            (zero,) = picture.all("path", "zero")
            (dot,) = picture.all("circle")
            x = float(re.match(r"M([\d.]+)", zero.attributes["d"])[1])
            assert (float(dot.attributes["cx"]) > x) == (kind == "better")
    assert len(rows[2].all("path", "paper")) == 1
    assert len(rows[2].all("circle", "bare")) == 1  # e_fid has no interval


def test_an_ablation_that_cannot_be_read_is_named(run):
    (ablate(run) / "ablation.json").write_text("{")
    found = read(run)
    assert "ablation.json" in found.all("section", "cards")[0].text
    assert not found.all("section", "ablation")


def test_failures_say_what_where_and_why(run):
    found = read(run)
    (table,) = found.all("table", "failures")
    assert "✕ still [audio] render Timeout killed <late> 5 cells m000/sad-1, seed 0;" in table.text
    cards = found.all("section", "cards")[0].text
    assert "5 jobs failed" in cards
    assert "1 table cell failed" in cards
    assert "1 column without a value in any row" in cards
    board = found.by_id("leaderboard")
    failed = [cell for cell in board.all("td") if cell.all("em", "failed")]
    assert [cell.text.split()[0] for cell in failed] == ["✕"]
    (link,) = failed[0].all("a")
    note = found.by_id(link.attributes["href"][1:])
    assert note.text == "lmd/synthetic : no face in <m001>"
    assert "weights fetch inception" in found.text


def test_every_reference_leads_somewhere_and_nothing_outside(run):
    ablate(run)
    html = page.write(stored.read(run), run).read_text("utf-8")
    found = markup.parse(html)
    assert markup.outside(html) == []
    names = [e.attributes["id"] for e in found.all() if "id" in e.attributes]
    assert len(names) == len(set(names))
    for link in found.all("a"):
        assert link.attributes["href"][1:] in names
    assert "<late>" not in html
    assert "<other>" not in html


def test_who_leads_is_said_with_those_who_cannot_be_told_apart(tmp_path):
    rows = {
        "ours": ("method", "audio", 1.0),
        "theirs": ("method", "audio", 1.0),
        "still": ("baseline", "audio", -2.0),
    }
    simulated.write(tmp_path, simulated.facts(8), rows=rows, seed=3)
    found = read(tmp_path)
    card = found.all("section", "cards")[0].all("div", "card")[0].text
    assert "ours [audio] : among the best in 3 of 3 columns" in card
    assert "theirs [audio] : among the best in 3 of 3 columns" in card
    assert "still" not in card
    assert "best value: e_fid/synthetic ↓ (ours [audio], theirs [audio])" in card
    for row in found.by_id("leaderboard").all("tr")[1:]:
        leads = row.all("td", "leads")
        assert bool(leads) == (row.all("b")[0].text != "still")
        assert len(row.all("svg", "ranks")) == 3


def test_a_row_that_is_surely_best_stands_first_and_its_cells_are_tinted(run):
    ranks = ranking(stored.read(run), run).ranks
    best = {name: [i for i, rank in found.items() if rank[1] == 1] for name, found in ranks.items()}
    alone = sum(who == [1] for who in best.values())
    shared = sum(1 in who and len(who) > 1 for who in best.values())
    assert (alone, shared) == (2, 1)
    found = read(run)
    first = found.all("section", "cards")[0].all("div", "card")[0].all("p")[0]
    assert first.text == "ua3dtalk [audio] : alone in 2, among the best in 1 of 3 columns"
    widths = [part.attributes["style"] for part in first.all("i")]
    assert widths == ["width: 66.7%", "width: 33.3%"]
    rows = found.by_id("leaderboard").all("tr")[1:]
    tinted = {i: len(row.all("td", "leads")) for i, row in enumerate(rows)}
    assert tinted == {i: sum(i in who for who in best.values()) for i in range(len(rows))}


def test_the_worst_group_of_each_row_is_marked(tmp_path):
    results = simulated.write(tmp_path, simulated.facts(3))
    row = results.rows[1]

    def angry_is_worse(column, sequence, values):
        return values - 9.0 * (column == "psnr" and "angry" in sequence)

    simulated.edit(tmp_path, row, angry_is_worse)
    score = dataclasses.replace(row.scores["psnr"], value=row.scores["psnr"].value - 9.0 / 4)
    changed = dataclasses.replace(row, scores={**row.scores, "psnr": score})
    rows = (results.rows[0], changed, *results.rows[2:])
    (tmp_path / stored.FILE).write_text(
        json.dumps(dataclasses.replace(results, rows=rows).to_json())
    )
    found = read(tmp_path)
    group = next(e for e in found.all("details", "group") if e.text.startswith("psnr"))
    emotions, subjects = group.all("table", "heat")
    heads = [th.text for th in emotions.all("tr")[0].all("th")]
    column = heads.index("ua3dtalk [audio]") - 1  # names of groups are heads of their lines
    marked = [
        line.all("th")[0].text
        for line in emotions.all("tr")[1:]
        if "◂" in line.all("td")[column].text
    ]
    assert len(marked) == 1
    assert marked[0].startswith("angry")
    assert "under" in emotions.all("tr")[3].all("td")[column].classes
    assert "ua3dtalk [audio]: angry" in group.all("summary")[0].text
    assert subjects.all("tr")[-1].all("th")[0].text == "all"


def test_a_weak_spot_is_named_where_half_of_the_columns_agree():
    cell = {
        name: Mean(value, 5, 0, 1) for name, value in (("low", 1.0), ("high", 3.0), ("all", 2.0))
    }

    def column(*order):
        cells = tuple(cell[name] for name in (*order, "all"))
        groups_ = (("sad",), ("happy",), ("all",))
        return Breakdown("psnr", "up", ("emotion",), groups_, ("ours",), (cells,))

    sad, happy = column("low", "high"), column("high", "low")
    flat = dataclasses.replace(sad, cells=((cell["all"],) * 3,))
    row = simulated_row("ours")
    (spot,) = groups.weak_spots(row, {"a": [sad], "b": [sad], "c": [happy]})
    assert spot["groups"] == [{"by": "emotion", "group": "sad", "count": 2, "of": 3}]
    down = dataclasses.replace(sad, direction="down")
    (spot,) = groups.weak_spots(row, {"lmd": [down]})
    assert spot["groups"][0]["group"] == "happy"
    (spot,) = groups.weak_spots(row, {"a": [sad], "b": [happy], "c": [flat]})
    assert spot["groups"][0]["group"] == ""


def simulated_row(method):
    row = Row(method, method, "method", "", "s@1", "full", (0,), ("a",), {}, {})
    return Results((row,), {}, (), {})


def test_an_ablation_folders_page_and_file_show_the_same_section(tmp_path):
    folder = ablate(tmp_path)
    (own,) = read(folder).all("section", "ablation")
    text = ablation_tables.write(folder)["html"]
    (alone,) = markup.parse(text).all("section", "ablation")
    assert own.text == alone.text
    assert markup.parse(text).all("style")[0].text == read(folder).all("style")[0].text
    assert not [e for e in read(folder).all("h2") if e.text.startswith("Against")]


def test_refresh_writes_where_there_is_a_run_and_nowhere_else(run):
    folder = ablate(run)
    assert ablation_page.refresh_page(run) == run / page.NAME
    assert "ablation-grid" in (run / page.NAME).read_text("utf-8")
    assert ablation_page.refresh_page(folder.parent) is None
    assert not (folder.parent / page.NAME).exists()


def test_rows_that_do_not_compete_are_grey_and_it_is_said_why(tmp_path):
    rows = {**simulated.ROWS, "deaf": ("method", "shuffled-audio", 0.0)}
    simulated.write(tmp_path, simulated.facts(2), rows=rows)
    board = read(tmp_path).by_id("leaderboard")
    lines = {row.all("b")[0].text: row for row in board.all("tr")[1:]}
    grey = {name for name, row in lines.items() if "apart" in row.attributes["class"].split()}
    assert grey == {"ground-truth", "deaf"}
    said = (
        "oracles use the ground truth, and the control shuffled-audio is driven by the wrong audio."
    )
    assert said in read(tmp_path).text


def test_the_leaderboard_explains_only_what_it_holds(tmp_path):
    results = simulated.write(tmp_path, simulated.facts(2))
    text = read(tmp_path).text
    assert "oracles use the ground truth." in text
    assert "is driven by the wrong audio" not in text
    said = "Below a value is its 95% confidence interval, over blocks of frames of these sequences"
    assert said in text
    rows = [
        dataclasses.replace(
            row,
            scores={
                name: dataclasses.replace(score, low=None, high=None)
                for name, score in row.scores.items()
            },
        )
        for row in results.rows
        if row.role != "oracle"
    ]
    bare = dataclasses.replace(results, rows=tuple(rows))
    (tmp_path / stored.FILE).write_text(json.dumps(bare.to_json()))
    text = read(tmp_path).text
    assert "Grey rows" not in text
    assert "Below a value is its rank" in text


def test_videos_that_are_too_large_are_linked_from_wherever_the_page_is(tmp_path, monkeypatch):
    run, other = tmp_path / "run", tmp_path / "pages"
    (run / "videos").mkdir(parents=True)
    other.mkdir()
    (run / "videos" / "a b.mp4").write_bytes(b"frames")
    results = simulated.write(run, simulated.facts(1))
    name = next(iter(results.sequences))
    rows = (dataclasses.replace(results.rows[1], media={name: {"video": "videos/a b.mp4"}}),)
    results = dataclasses.replace(results, rows=rows)

    def source(*arguments):
        found = markup.parse(page.write(results, *arguments).read_text("utf-8"))
        return found.all("video")[0].attributes["src"]

    assert source(run).startswith("data:video/mp4;base64,")
    monkeypatch.setattr(videos, "EMBED_LIMIT", 5)
    assert source(run) == "videos/a b.mp4"
    assert source(run, other / "page.html") == "../run/videos/a b.mp4"
