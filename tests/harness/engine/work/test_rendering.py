"""What a method is given of a test, and how its heads become frames."""

from __future__ import annotations

import numpy as np
import pytest

from harness.contracts import AudioFeatures, RenderedFrame
from harness.engine.work.rendering import AU_ZEROED, SHUFFLED, composite, request_for
from methods import catalog as methods
from tests import toy


def request_of(drive="audio", name="still", **signals):
    sequence = toy.sequence()
    sequence.signals.update(signals)
    return request_for(methods.spec(name), sequence, drive)


def test_a_request_holds_sound_and_cameras_but_no_frames():
    request = request_of()
    assert request.truth is None
    assert request.controls == {}
    assert request.count == 4 == len(request.camera.K)
    assert len(request.audio) == request.count * 640
    assert (request.sequence, request.subject) == ("toy/a", "a")


def test_action_units_come_with_their_drive_alone():
    request = request_of("audio+au")
    assert len(request.controls["au"].values) == request.count


def test_the_zeroed_drive_hides_what_the_test_showed():
    shown, hidden = (request_of(drive).controls["au"] for drive in ("audio+au", AU_ZEROED))
    assert shown.values.any()
    assert hidden.names == shown.names
    assert hidden.values.shape == shown.values.shape
    assert not hidden.values.any()


def test_oracles_see_the_truth():
    request = request_of(name="ground-truth")
    assert len(request.truth.frames) == request.count


def test_the_shuffled_control_moves_sound_and_its_features_together():
    features = AudioFeatures(np.arange(44 * 16 * 29, dtype=np.float32).reshape(44, 16, 29), "x")
    straight = request_of(audio_features=features)
    moved = request_of(SHUFFLED, audio_features=features)
    half = straight.count // 2
    np.testing.assert_array_equal(moved.audio, np.roll(straight.audio, half * 640))
    np.testing.assert_array_equal(
        moved.controls["audio_features"].values,
        np.roll(straight.controls["audio_features"].values, half, axis=0),
    )
    assert moved.controls["audio_features"].kind == "x"


def test_composite_is_over_with_premultiplied_colour():
    rgb = np.zeros((1, 3, 3), np.float32)
    rgb[0, 0], rgb[0, 1] = 1.0, 0.25
    alpha = np.array([[1.0, 0.5, 0.0]], np.float32)
    plate = np.full((1, 3, 3), 100, np.uint8)
    out = composite(RenderedFrame(rgb, alpha), plate)
    np.testing.assert_array_equal(out[0, :, 0], [255, round(0.25 * 255 + 50), 100])


def test_composite_refuses_values_that_are_not_finite():
    rgb = np.full((1, 1, 3), np.nan, np.float32)
    with pytest.raises(FloatingPointError, match="not finite"):
        composite(RenderedFrame(rgb, np.ones((1, 1), np.float32)), None)
