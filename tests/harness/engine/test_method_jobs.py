"""What a fit learns from: one sequence, a subject, a corpus or nothing; whole test sequences."""

from __future__ import annotations

import pytest

from harness.contracts import BadInput, SequenceEntry, Unavailable
from tests import toy, toy_run
from tests.toy_run import Grey, plan_of, run


def manifest(*roles):
    """Two subjects, a and b, with two sequences each, of the given roles."""
    roles = roles or (None,) * 4
    names = ("a1", "a2", "b1", "b2")
    return toy.manifest(
        sequences=tuple(
            SequenceEntry(name, name[0], options={"seed": index}, role=role)
            for index, (name, role) in enumerate(zip(names, roles, strict=True))
        )
    )


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        ("sequence", [("a1",), ("a2",), ("b1",), ("b2",)]),
        ("subject", [("a1", "a2"), ("b1", "b2")]),
        ("corpus", [("a1", "a2", "b1", "b2")]),
        ("nothing", [()]),
    ],
)
def test_a_fit_learns_from_what_the_scope_says(tmp_path, monkeypatch, scope, fits):
    toy_run.register(monkeypatch, "grey", Grey, scope=scope, role="baseline")
    _, results = run(tmp_path, ("grey",), ("psnr",), manifest())
    if scope == "nothing":  # whose it is stands in no key: every subject has the same fit
        assert set(Grey.fits) == {()}
    else:
        assert Grey.fits == fits
    assert results.rows[0].sequences == ("a1", "a2", "b1", "b2")
    assert not results.failures


def test_whole_sequences_are_tested_and_not_trained_on(tmp_path, monkeypatch):
    toy_run.register(monkeypatch, "grey", Grey, scope="subject", role="baseline")
    split = manifest("train", "test", "train", "test")
    _, results = run(tmp_path, ("grey",), ("psnr",), split)
    assert Grey.fits == [("a1",), ("b1",)]
    assert results.rows[0].sequences == ("a2", "b2")
    assert results.rows[0].protocol["test_frames"] == 88


def test_a_method_of_one_sequence_cannot_be_tested_on_another(tmp_path, monkeypatch):
    toy_run.register(monkeypatch, "grey", Grey, scope="sequence")
    with pytest.raises(BadInput, match="sequence a2: grey learns from one sequence and there is"):
        plan_of(("grey",), ("psnr",), manifest("train", "test", "train", "test"))
    assert Grey.fits == []


def test_what_cannot_run_is_refused_before_anything_is_fitted(tmp_path, monkeypatch):
    class Absent(Grey):
        def check_available(self):
            raise Unavailable("absent", "it has no checkout", "Get one.")

    toy_run.register(monkeypatch, "grey", Grey)
    toy_run.register(monkeypatch, "absent", Absent)
    with pytest.raises(Unavailable, match="no checkout"):
        plan_of(("grey", "absent"))
    assert Grey.fits == []


def test_a_metric_asked_for_by_name_that_cannot_run_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    with pytest.raises(Unavailable, match="metric 'lpips/alex'"):
        plan_of(("still",), ("psnr", "lpips/alex"))


def test_rows_of_other_options_have_other_names(monkeypatch):
    presets = {"quick": {"depth": 1}, "paper": {"depth": 9}}
    toy_run.register(monkeypatch, "grey", Grey, presets=presets)
    names = {
        job.entry.row.name
        for changes in ({}, {"preset": "paper"}, {"options": {"depth": 2}})
        for job in plan_of(("grey",), ("psnr",), **changes).jobs
    }
    assert names == {"grey", "grey (paper)", "grey (depth=2)"}
