import pytest

from methods.ua3dtalk.scene import optimizers
from methods.ua3dtalk.spec import SPEC
from methods.ua3dtalk.training.schedule import schedule_of

PAPER = SPEC.presets["paper"]


@pytest.fixture
def face():
    return schedule_of("face", PAPER["face_iterations"])


@pytest.fixture
def mouth():
    return schedule_of("mouth", PAPER["mouth_iterations"])


def test_the_paper_preset_has_the_published_counts():
    assert PAPER["face_iterations"] == PAPER["mouth_iterations"] == 50_000
    assert PAPER["fuse_iterations"] == 10_000
    assert PAPER["face_gaussians"] == 2_000
    assert PAPER["densify_threshold"] == 5e-4
    assert (PAPER["latent"], PAPER["ensemble_size"], PAPER["sh_degree"]) == (48, 10, 2)


@pytest.mark.parametrize("schedule", ["face", "mouth"])
def test_warm_up_and_fusion_stages_switch_where_published(schedule, request):
    schedule = request.getfixturevalue(schedule)
    assert not schedule.is_warm(2_999)
    assert schedule.is_warm(3_000)
    assert schedule.fusion_stage(15_000) == 1
    assert schedule.fusion_stage(15_001) == 2


def test_perceptual_loss_begins_where_published(face, mouth):
    fuse = schedule_of("fuse", PAPER["fuse_iterations"])
    for schedule, begin in ((face, 47_000), (mouth, 49_000), (fuse, 5_000)):
        assert not schedule.uses_perceptual(begin)
        assert schedule.uses_perceptual(begin + 1)


def test_motion_rates_follow_the_published_law(face, mouth):
    assert face.motion_factor(0) == 1
    assert face.motion_factor(20_000) == pytest.approx(0.5**0.5)
    assert face.motion_factor(39_999) == pytest.approx(0.5, rel=1e-4)
    assert face.motion_factor(40_000) == pytest.approx(0.1**0.8)
    assert face.motion_factor(50_000) == pytest.approx(0.1)
    assert mouth.motion_factor(38_999) == pytest.approx(0.5, rel=1e-4)
    assert mouth.motion_factor(39_000) == pytest.approx(0.1 ** (39 / 49))


def test_base_rates_are_the_published_ones():
    rates = {"grids": 5e-3, "nets": 5e-4, "audio_attention": 2.5e-3}
    assert {**rates, "fuse": 5e-4, "decoder": 5e-4} == optimizers.FACE_MOTION_RATES
    assert {**rates, "fuse": 5e-3, "decoder": 5e-3} == optimizers.MOUTH_MOTION_RATES
    published = {"sh0": 2.5e-3, "opacities": 0.05, "scales": 3e-3, "quats": 1e-3}
    assert published.items() <= optimizers.GAUSSIAN_RATES.items()
    assert optimizers.FUSE_RATES["opacities"] == 1e-3


def test_positions_slow_down_log_linearly_until_45000(face):
    assert face.means_rate(0) == pytest.approx(1.6e-4)
    assert face.means_rate(22_500) == pytest.approx(1.6e-5)
    assert face.means_rate(45_000) == pytest.approx(1.6e-6)
    assert face.means_rate(50_000) == pytest.approx(1.6e-6)


def test_densification_windows_are_the_published_ones(face, mouth):
    for schedule, end in ((face, 49_000), (mouth, 45_000)):
        due = [i for i in range(1, 50_001) if schedule.densifies(i, 100)]
        assert due == list(range(600, end, 100))
        assert schedule.min_opacity(0) == pytest.approx(0.05)
        assert schedule.min_opacity(end) == pytest.approx(0.30)


def test_incremental_sampling_slides_over_the_whole_range(face):
    assert face.warm_up_window(0) == pytest.approx((0, 0.2))
    assert face.warm_up_window(2_999)[1] == pytest.approx(1, abs=1e-3)
    assert face.warm_up_window(3_000) is None
    assert face.select_window(2_999, face.warm_up) is None
    assert face.select_window(3_000, face.warm_up) == pytest.approx((0, 0.2))
    assert face.select_window(39_999, face.warm_up)[1] == pytest.approx(1, abs=1e-3)
    assert face.select_window(40_000, face.warm_up) is None


def test_a_short_schedule_passes_the_same_phases(face):
    short = schedule_of("face", 1_000)
    for i in range(0, 50_000, 50):
        assert short.is_warm(i // 50) == face.is_warm(i)
        assert short.motion_factor(i // 50) == pytest.approx(face.motion_factor(i))
        assert short.means_rate(i // 50) == pytest.approx(face.means_rate(i))
