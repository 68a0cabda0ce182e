import dataclasses

import pytest

from harness.contracts import FrameSource
from harness.testing import check_method, check_spec_reads_without_torch
from methods.baselines.ground_truth.spec import SPEC as GROUND_TRUTH
from methods.baselines.nearest_audio.spec import SPEC as NEAREST_AUDIO
from methods.baselines.shuffled_audio.spec import SPEC as SHUFFLED_AUDIO
from methods.baselines.still.spec import SPEC as STILL

SPECS = [GROUND_TRUTH, NEAREST_AUDIO, SHUFFLED_AUDIO, STILL]


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_baselines_are_methods(spec, recording, tmp_path):
    check_method(spec, recording, tmp_path)


def test_baselines_learn_from_a_subject_and_oracles_from_nothing():
    scopes = {spec.role: {s.scope for s in SPECS if s.role == spec.role} for spec in SPECS}
    assert scopes == {"baseline": {"subject"}, "oracle": {"nothing"}}


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_specs_read_without_torch(spec):
    check_spec_reads_without_torch(f"{spec.entry.split(':')[0].rpartition('.')[0]}.spec")


@pytest.mark.parametrize("spec", [NEAREST_AUDIO, STILL], ids=lambda s: s.id)
def test_no_test_frame_is_read_by_a_fit(spec, recording, tmp_path):
    frames = recording.frames

    def read(t):
        assert t in recording.train, f"frame {t} belongs to the test"
        return frames.read(t)

    guarded = dataclasses.replace(recording, frames=FrameSource(read, 60, 20, 24))
    check_method(spec, guarded, tmp_path)
