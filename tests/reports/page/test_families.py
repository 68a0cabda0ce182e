"""Which column stands for its family, and what the chooser holds."""

from __future__ import annotations

from harness.contracts import Results, Row, Score
from reports.page import families

FACTS = {
    "psnr": ("psnr", "up"),
    "psnr/face": ("psnr/regions", "up"),
    "jitter/synthetic": ("jitter/synthetic", "none"),
    "jitter_error/synthetic": ("jitter/synthetic", "down"),
    "blink_a/synthetic": ("blink/synthetic", "down"),
    "blink_b/synthetic": ("blink/synthetic", "down"),
    "pose": ("pose", "none"),
    "fid/i3": ("fid/i3", "down"),
}


def made():
    def row(name, **missing):
        scores = {
            column: Score("unavailable" if column in missing.get("of", ()) else "ok",
                          None if column in missing.get("of", ()) else 1.0)
            for column in FACTS
        }  # fmt: skip
        return Row(name, name, "method", "audio", "s@1", "", (0,), ("a",), {}, scores)

    rows = (row("a", of=("fid/i3", "blink_a/synthetic")), row("b", of=("fid/i3",)))
    columns = {n: {"metric": m, "direction": d, "unit": ""} for n, (m, d) in FACTS.items()}
    return Results(rows, columns, (), {})


def test_a_family_is_a_metric_with_its_variants():
    found = families.grouped(made(), list(FACTS))
    assert found["psnr"] == ["psnr", "psnr/face"]
    assert found["jitter"] == ["jitter/synthetic", "jitter_error/synthetic"]


def test_the_first_directed_column_with_most_values_stands_for_its_family():
    assert families.firsts(made(), list(FACTS)) == [
        "psnr",
        "jitter_error/synthetic",  # has a direction
        "blink_b/synthetic",  # in two rows, not in one
        "pose",  # nothing better is there
    ]


def test_the_chooser_marks_what_is_shown_first_and_what_is_empty():
    found = {one["name"]: one["columns"] for one in families.chooser(made(), list(FACTS))}
    assert [c["variant"] for c in found["psnr"]] == ["psnr", "face"]
    assert [c["first"] for c in found["psnr"]] == [True, False]
    assert [(c["first"], c["empty"]) for c in found["fid"]] == [(False, True)]
