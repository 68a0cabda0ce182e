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
    assert (PAPER["face_gaussians"], PAPER["mouth_gaussians"]) == (2_000, 10_000)
    assert (PAPER["face_densify_threshold"], PAPER["mouth_densify_threshold"]) == (5e-4, 2e-4)
    assert PAPER["attention_from"] * 50_000 == 3_000
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
    rates = {"grids": 5e-3, "audio_attention": 2.5e-3}
    rates |= dict.fromkeys(("nets", "attention", "audio"), 5e-4)
    assert {**rates, "fuse": 5e-4, "decoder": 5e-4} == optimizers.FACE_MOTION_RATES
    assert {**rates, "fuse": 5e-3, "decoder": 5e-3} == optimizers.MOUTH_MOTION_RATES
    published = {"sh0": 2.5e-3, "opacities": 0.05, "scales": 3e-3, "quats": 1e-3}
    assert published.items() <= optimizers.GAUSSIAN_RATES.items()
    assert PAPER["fuse_opacity_rate"] == 1e-3


def test_weight_decay_is_adamws_own_only_where_the_released_code_gives_none():
    def decays(table):
        return {name for name, value in table.items() if value == 0.01}

    assert decays(optimizers.FACE_WEIGHT_DECAY) == {"grids"}
    assert decays(optimizers.MOUTH_WEIGHT_DECAY) == {"grids", "fuse", "decoder"}
    for table in (optimizers.FACE_WEIGHT_DECAY, optimizers.MOUTH_WEIGHT_DECAY):
        assert table["audio_attention"] == 1e-4
        assert table["nets"] == table["attention"] == table["audio"] == 0


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


def test_looks_for_green_go_on_after_the_last_densification(face):
    due = [i for i in range(1, 50_001) if face.controls(i, 100)]
    assert due == list(range(600, 50_001, 100))


def test_large_gaussians_are_removed_after_3000(face, mouth):
    for schedule in (face, mouth):
        assert not schedule.prunes_large(3_000)
        assert schedule.prunes_large(3_001)


def test_incremental_sampling_ends_where_published(face, mouth):
    for schedule, end in ((face, 40_000), (mouth, 39_000)):
        assert schedule.selected(end // 2) == pytest.approx(0.5)
        assert schedule.selected(end - 1) is not None
        assert schedule.selected(end) is None


def test_hair_is_seen_in_one_step_of_seven_between_3000_and_46000(face):
    assert all(face.shows_hair(i) for i in (1, 2_999, 3_000, 46_000, 46_001, 50_000))
    seen = [i for i in range(3_001, 46_000) if face.shows_hair(i)]
    assert seen == list(range(3_003, 46_000, 7))


def test_only_the_mouth_stands_still_at_last(face, mouth):
    assert not any(face.is_frozen(i) for i in (1, 49_001, 50_000))
    assert not mouth.is_frozen(49_000)
    assert mouth.is_frozen(49_001)


def test_attention_is_limited_from_3000_on_or_where_a_preset_says(face):
    assert [face.limits_attention(i) for i in (3_000, 3_001)] == [False, True]
    late = schedule_of("face", 1_000, attention_from=0.2)
    assert [late.limits_attention(i) for i in (200, 201)] == [False, True]


def test_a_short_schedule_passes_the_same_phases(face):
    short = schedule_of("face", 1_000)
    for i in range(0, 50_000, 50):
        assert short.is_warm(i // 50) == face.is_warm(i)
        assert short.motion_factor(i // 50) == pytest.approx(face.motion_factor(i))
        assert short.means_rate(i // 50) == pytest.approx(face.means_rate(i))
