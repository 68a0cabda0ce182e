import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file

from harness.contracts import BadInput, FitContext, RenderRequest, TrainingSet
from methods.baselines.nearest_audio.method import NearestAudio, cheapest_path, log_mel_windows


def total_cost(costs, path, jump_cost, starts=(0,)):
    jumps = np.count_nonzero((np.diff(path) != 1) | np.isin(path[1:], starts))
    return costs[np.arange(len(path)), path].sum() + jump_cost * jumps


@settings(deadline=None, max_examples=60)
@given(
    costs=hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 5)),
        elements=st.floats(0, 10).map(lambda x: round(x, 3)),
    ),
    jump_cost=st.floats(0, 5),
    border=st.integers(0, 4),
)
def test_the_path_is_the_cheapest_of_all_paths(costs, jump_cost, border):
    steps, candidates = costs.shape
    starts = sorted({0, border % candidates})
    best = min(
        total_cost(costs, np.array(p), jump_cost, starts)
        for p in itertools.product(range(candidates), repeat=steps)
    )
    path = cheapest_path(costs, jump_cost, starts)
    assert total_cost(costs, path, jump_cost, starts) == pytest.approx(best, abs=1e-9)


def test_training_sound_retrieves_its_own_frames(recording, tmp_path):
    train = recording.part(recording.train)
    NearestAudio().fit(TrainingSet.of(train), tmp_path, FitContext())
    method = NearestAudio()
    method.load(tmp_path)
    request = RenderRequest(train.audio, 25.0, 48, 20, 24, None)
    assert np.array_equal(method.choose(request.audio, 25.0, 48), np.arange(48))
    for t, frame in enumerate(method.render(request)):
        shown = np.rint(frame.rgb * 255).astype(np.uint8)
        assert np.array_equal(shown, recording.frames[t] * (frame.alpha[..., None] > 0))


def test_all_sequences_of_a_subject_are_candidates(recording, tmp_path):
    first, second = recording.part(range(20)), recording.part(range(20, 48))
    NearestAudio().fit(TrainingSet((first, second)), tmp_path, FitContext())
    method = NearestAudio()
    method.load(tmp_path)
    assert np.array_equal(method.choose(second.audio, 25.0, 28), np.arange(20, 48))
    request = RenderRequest(second.audio, 25.0, 28, 20, 24, None)
    for t, frame in enumerate(method.render(request)):
        shown = np.rint(frame.rgb * 255).astype(np.uint8)
        assert np.array_equal(shown, recording.frames[20 + t] * (frame.alpha[..., None] > 0))


def test_windows_do_not_cross_from_one_sequence_to_the_next(recording, tmp_path):
    parts = recording.part(range(20)), recording.part(range(20, 48))
    for place, training in (("both", parts), ("first", parts[:1]), ("second", parts[1:])):
        NearestAudio().fit(TrainingSet(training), tmp_path / place, FitContext())
    windows = {
        p: load_file(tmp_path / p / "windows.safetensors") for p in ("both", "first", "second")
    }
    expected = np.concatenate([windows["first"]["windows"], windows["second"]["windows"]])
    assert np.array_equal(windows["both"]["windows"], expected)
    assert windows["both"]["starts"].tolist() == [0, 20]


def test_sequences_of_another_rate_are_refused(recording, tmp_path):
    slow = replace(recording, id="slow", fps=20.0)
    with pytest.raises(BadInput, match="slow: its frames are 24x20 at 20 fps"):
        NearestAudio().fit(TrainingSet.of(recording, slow), tmp_path, FitContext())


def test_an_interrupted_fit_starts_again(recording, tmp_path):
    train = recording.part(recording.train)

    class Killed(Exception):
        pass

    def progress(stage, done, total, **values):
        if done == 10:
            raise Killed

    with pytest.raises(Killed):
        NearestAudio().fit(TrainingSet.of(train), tmp_path, FitContext(progress=progress))
    assert not (tmp_path / "layers").exists()
    NearestAudio().fit(TrainingSet.of(train), tmp_path, FitContext())
    assert len(list((tmp_path / "layers").glob("*.png"))) == 48


def test_windows_are_centred_on_the_frame():
    fps, count = 25.0, 20
    audio = np.zeros(round(count / fps * 16_000), np.float32)
    middle = round(10.5 / fps * 16_000)
    audio[middle - 40 : middle + 40] = np.random.default_rng(0).normal(0, 0.3, 80)
    windows = log_mel_windows(audio, fps, count, 0.24)
    assert windows.shape == (20, 25 * 40)
    loudness = windows.reshape(count, 25, 40).mean(2)
    assert abs(int(loudness[10].argmax()) - 12) <= 1
    later = loudness.max(1)
    assert set(np.flatnonzero(later > later.min() + 1)) <= set(range(7, 14))


def test_a_damaged_fit_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"windows\.safetensors"):
        NearestAudio().load(tmp_path)
    (tmp_path / "windows.safetensors").write_bytes(b"not tensors")
    with pytest.raises(BadInput, match="Fit the method again"):
        NearestAudio().load(tmp_path)
