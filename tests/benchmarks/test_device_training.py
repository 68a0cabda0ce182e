"""What the check of a GPU machine makes of a training: phases, rates, curves, seeded weights."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks import device_training
from benchmarks.device_sequence import cloud_sequence
from benchmarks.device_training import Course, course_options, phases, seeded_trunk, trained
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.spec import PAPER
from methods.ua3dtalk.training.perceptual import load_perceptual
from methods.ua3dtalk.training.schedule import schedule_of


@pytest.mark.parametrize("stage", ["face", "mouth", "fuse"])
def test_the_phases_of_a_stage_are_all_its_steps(stage):
    found = phases(stage, 900)
    assert [i for steps in found.values() for i in steps] == list(range(1, 901))
    plan = schedule_of(stage, 900)
    assert [plan.uses_perceptual(i) for i in found["LPIPS"]] == [True] * len(found["LPIPS"])
    if stage != "fuse":
        assert not any(plan.is_warm(i) for i in found["warm-up"])
        assert all(plan.is_warm(i) and plan.fusion_stage(i) == 1 for i in found["one member"])
        assert all(plan.fusion_stage(i) == 2 for i in found["all members"])
        assert not any(plan.uses_perceptual(i) for i in found["all members"])


def test_rates_are_those_of_each_phase(monkeypatch):
    clock = iter([0.0, 1.0, 2.0, 12.0, 12.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    course = Course()
    for done in (1, 4, 5, 6, 8):
        course("fuse", done, 8, loss=1 / done)
    # Three steps in one second; what lies between the phases counts for neither.
    assert course.rates("fuse") == {"before LPIPS": 3.0, "LPIPS": round(3 / 10.5, 2)}
    assert course.curve("fuse", "loss")[-1] == (8, 0.125)


def test_the_real_course_is_the_preset_in_1500_iterations():
    options = course_options(small=False)
    Settings.of(options)
    stages = [f"{stage}_iterations" for stage in ("face", "mouth", "fuse")]
    assert sum(options[name] for name in stages) == 1500
    assert {name for name in PAPER if options[name] != PAPER[name]} == {*stages, "priors"}


def test_lpips_is_found_inside_the_block_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    with seeded_trunk():
        network, described = load_perceptual("cpu")
        assert described == "lpips-alexnet, lpips-alex-heads"
    with seeded_trunk():
        again, _ = load_perceptual("cpu")
    pairs = zip(network.parameters(), again.parameters(), strict=True)
    assert all(a.equal(b) for a, b in pairs)
    assert load_perceptual("cpu")[0] is None


def test_landmarks_lie_around_the_mouth():
    given = cloud_sequence(64, 3, "cpu")
    for t, points in enumerate(given.signal("landmarks")):
        rows, columns = np.nonzero(given.signal("masks").region("mouth", t))
        (left, top), (right, bottom) = points[48:60].min(0), points[48:60].max(0)
        assert left < columns.min() < columns.max() < right
        assert top < rows.min() < rows.max() < bottom


def test_a_course_without_densification_is_refused(monkeypatch):
    given = cloud_sequence(32, 55, "cpu")
    options = {**course_options(small=True), "face_iterations": 4, "densify_every": 100}
    options |= {"mouth_iterations": 4, "fuse_iterations": 2, "use_prior": False}
    options |= {"use_emotion": False}
    monkeypatch.setattr(device_training, "CURVE_ROWS", 2)
    with pytest.raises(SystemExit, match="no course"):
        trained(given, options, "cpu", lambda device: 1.0)
