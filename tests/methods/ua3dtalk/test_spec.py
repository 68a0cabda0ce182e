import subprocess
import sys

import pytest

from harness.contracts import BadInput
from methods.baselines.ground_truth.spec import SPEC as GROUND_TRUTH
from methods.baselines.nearest_audio.spec import SPEC as NEAREST
from methods.baselines.shuffled_audio.spec import SPEC as SHUFFLED
from methods.baselines.still.spec import SPEC as STILL
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.spec import SPEC, shortened


def test_specs_import_without_torch():
    code = (
        "import sys, methods.ua3dtalk.spec, methods.baselines.still.spec, "
        "methods.baselines.nearest_audio.spec, methods.baselines.ground_truth.spec, "
        "methods.baselines.shuffled_audio.spec; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("preset", ["paper", "quick"])
def test_presets_are_valid_settings(preset):
    settings = Settings.of(SPEC.presets[preset])
    assert settings.field.use_uncertainty
    assert settings.field.fusion == "full"


def test_quick_is_paper_shortened_by_one_rule():
    quick, paper = SPEC.presets["quick"], SPEC.presets["paper"]
    # 50,000 steps in 3,000: rates of motion grow by the square root of 16.7.
    assert quick["face_motion_rate"] == quick["mouth_motion_rate"] == 4.08
    assert shortened({"mouth_iterations": 12_500})["mouth_motion_rate"] == 2
    assert shortened({}) == paper
    rates = {name for name in quick if "rate" in name or "weight" in name or "threshold" in name}
    differing = {name for name in rates if quick[name] != paper[name]}
    # The loss on attention is a declared variant.
    assert differing == {"face_motion_rate", "mouth_motion_rate", "attention_weight"}
    # Closed eyes are chosen more often by the same root; what else is chosen stays.
    assert (quick["face_select_every"], paper["face_select_every"]) == (4, 15)
    assert quick["mouth_select_every"] == paper["mouth_select_every"] == 7


def test_modules_are_switched_in_field_and_priors_together():
    settings = Settings.of({**SPEC.presets["quick"], "use_prior": False, "use_emotion": False})
    assert not settings.field.use_prior
    assert not settings.priors.use_prior
    assert not settings.priors.use_emotion


def test_entries_and_ids():
    import importlib

    specs = (SPEC, GROUND_TRUTH, NEAREST, SHUFFLED, STILL)
    assert [s.id for s in specs] == [
        "ua3dtalk",
        "ground-truth",
        "nearest-audio",
        "shuffled-audio",
        "still",
    ]
    for spec in specs:
        module, name = spec.entry.split(":")
        assert hasattr(importlib.import_module(module), name)
        assert spec.default_preset in spec.presets


def test_published_rows_are_those_of_the_paper():
    rows = {(r.table, r.split, r.note.split(":")[0]): r.values for r in SPEC.published}
    assert len(rows) == 7
    full = rows[("Table 2", "ua3dtalk-emotional", "P,E,U")]
    assert (full["lmd"], full["e_fid"]) == (5.407, 0.145)


@pytest.mark.parametrize(
    "options",
    [
        {"bound": "big"},
        {"multipliers": ["a"]},
        {"hidden": 32.5},
        {"use_au": 1},
        {"face_motion_rate": "5e-4 "},
        {"priors": {"folds": "x"}},
        {"priors": {"style_lr": True}},
    ],
)
def test_a_value_of_another_type_is_refused_by_name(options):
    name = next(iter(options.get("priors", options)))
    with pytest.raises(BadInput, match=f"{name}: it is .* is of another type"):
        Settings.of({**SPEC.presets["quick"], **options})


def test_whole_numbers_stand_for_numbers():
    assert Settings.of({**SPEC.presets["quick"], "face_motion_rate": 4}).train.face_motion_rate == 4
