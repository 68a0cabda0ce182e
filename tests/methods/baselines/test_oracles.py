import dataclasses

import numpy as np
import pytest

from harness.contracts import BadInput, FitContext, RenderRequest, TrainingSet
from methods.baselines.ground_truth.method import GroundTruth
from methods.baselines.shuffled_audio.method import ShuffledAudio


def request_for(sequence):
    return RenderRequest.of(sequence.part(sequence.test), {}, oracle=True)


def composite(frame, plate):
    image = frame.rgb + (1 - frame.alpha[..., None]) * (plate.astype(np.float32) / 255)
    return np.rint(image * 255).astype(np.uint8)


def test_ground_truth_composites_to_identical_bytes(recording, tmp_path):
    method = GroundTruth()
    method.fit(TrainingSet(), tmp_path, FitContext())
    method.load(tmp_path)
    plate = np.full((20, 24, 3), 77, np.uint8)
    shown = [composite(f, plate) for f in method.render(request_for(recording))]
    truth = recording.part(recording.test).frames
    assert np.array_equal(np.stack(shown), truth.stack(range(len(truth))))


def test_every_uint8_value_survives():
    from methods.baselines.layers import opaque

    values = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(3, 2)
    assert np.array_equal(composite(opaque(values), np.zeros_like(values)), values)


def test_shuffled_audio_is_the_truth_half_a_part_away(recording, tmp_path):
    method = ShuffledAudio()
    method.load(tmp_path)
    plate = np.zeros((20, 24, 3), np.uint8)
    shown = np.stack([composite(f, plate) for f in method.render(request_for(recording))])
    truth = recording.part(recording.test).frames.stack(range(12))
    assert np.array_equal(shown, np.roll(truth, -6, axis=0))


@pytest.mark.parametrize("oracle", [GroundTruth, ShuffledAudio])
@pytest.mark.parametrize(
    ("change", "message"),
    [({"truth": None}, "no ground truth"), ({"count": 5}, "12 frames"), ({"width": 48}, "48x20")],
)
def test_oracles_refuse_a_request_that_is_not_the_test_part(recording, oracle, change, message):
    request = dataclasses.replace(request_for(recording), **change)
    with pytest.raises(BadInput, match=message):
        next(oracle().render(request))


def test_a_single_frame_cannot_be_shuffled(recording):
    part = recording.part(range(3, 4))
    request = RenderRequest(part.audio, 25.0, 1, 20, 24, None, truth=part)
    with pytest.raises(BadInput, match="cannot be shifted"):
        next(ShuffledAudio().render(request))
