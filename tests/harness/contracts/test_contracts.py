"""The contracts: slices in time, refusals, the speed of importing them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from harness.contracts import FrameBatch, MissingSignal, Results, Row, Score, UnknownName
from tests import toy


def test_part_cuts_everything_alike():
    whole = toy.sequence(44)
    part = whole.part(range(10, 20))
    assert len(part.frames) == len(part.signal("au").values) == len(part.signal("masks").bits) == 10
    np.testing.assert_array_equal(part.frames[3], whole.frames[13])
    np.testing.assert_array_equal(part.signal("plate")[0], whole.signal("plate")[10])
    assert len(part.audio) == 10 * 16_000 // 25
    np.testing.assert_array_equal(part.audio, whole.audio[10 * 640 : 20 * 640])


def test_part_of_part_composes():
    whole = toy.sequence(44)
    twice = whole.part(range(5, 40)).part(range(3, 9))
    np.testing.assert_array_equal(twice.frames[0], whole.frames[8])
    np.testing.assert_array_equal(twice.signal("landmarks"), whole.signal("landmarks")[8:14])


def test_training_part_holds_no_test_frame():
    whole = toy.sequence(44)
    train = whole.part(whole.train)
    assert len(train.frames) == len(whole.train)
    with pytest.raises(IndexError):
        train.frames[len(whole.train)]


def test_missing_signal_says_how_to_get_it():
    with pytest.raises(MissingSignal, match=r"toy/a: signal 'vertices' is missing, and metric lve"):
        toy.sequence().signal("vertices", "metric lve")


def test_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'ua3dtalk'"):
        raise UnknownName("method", "ua3dtak", ["ua3dtalk", "still"])


@pytest.mark.parametrize(
    "frames", [np.zeros((2, 4, 4, 3), np.float32), np.zeros((2, 4, 4), np.uint8)]
)
def test_frames_are_uint8_rgb_or_refused(frames):
    with pytest.raises(TypeError, match="uint8 RGB"):
        FrameBatch(0, frames, frames)


def test_frame_batch_refuses_unequal_shapes():
    with pytest.raises(ValueError, match="shapes differ"):
        FrameBatch(0, np.zeros((2, 4, 4, 3), np.uint8), np.zeros((3, 4, 4, 3), np.uint8))


def test_results_survive_json():
    row = Row(
        "m",
        "M",
        "method",
        "audio",
        "s@1",
        "quick",
        (0,),
        ("a",),
        {"fps": 25},
        {"psnr": Score("ok", 30.0)},
    )
    results = Results((row,), {"psnr": {}}, (), {})
    assert Results.from_json(results.to_json()) == results


def test_newer_schema_is_refused():
    with pytest.raises(ValueError, match="newer"):
        Results.from_json({"schema_version": 99})


@pytest.mark.parametrize(
    "modules",
    ["harness.contracts", "harness.cli", "methods.catalog", "metrics.catalog", "reports.tables"],
)
def test_reading_what_exists_imports_no_torch(modules):
    program = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_listing_imports_no_torch():
    program = (
        "import sys; from methods import catalog as a; from metrics import catalog as b; "
        "a.specs(); b.specs(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
