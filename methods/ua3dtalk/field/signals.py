"""Check that a frame's conditions hold what a configuration hears."""

from __future__ import annotations

from harness.contracts import BadInput
from methods.ua3dtalk.field.attention import AU_FEATURES
from methods.ua3dtalk.field.audio import AUDIO_FRAMES
from methods.ua3dtalk.field.conditions import Conditions
from methods.ua3dtalk.field.config import FieldConfig


def check_stage(stage: int) -> None:
    """Raise BadInput unless `stage` is 1 or 2."""
    if stage not in (1, 2):
        raise BadInput("stage", f"it is {stage!r}", "Give 1 (one drawn member) or 2 (all members).")


def check_conditions(conditions: Conditions, config: FieldConfig, *, face: bool) -> None:
    """Refuse conditions that lack a signal or have another shape.

    Args:
        conditions: one frame's.
        config: the field's.
        face: whether the face's signals (action units, emotion) are heard too.

    Raises:
        BadInput: naming the signal, its shape and the shape that is needed.

    """
    needed: dict[str, tuple[int, ...]] = {
        "audio": (AUDIO_FRAMES, config.audio_bands, config.audio_window)
    }
    if config.use_prior:
        needed["content"] = (config.content_features,)
        needed["style"] = (config.style_features,)
    if face and config.use_au:
        needed["au"] = (AU_FEATURES,)
    if face and config.use_emotion:
        needed["emotion"] = (config.emotion_condition_features,)
    for name, shape in needed.items():
        value = getattr(conditions, name)
        if value is None or tuple(value.shape) != shape:
            found = "absent" if value is None else f"of shape {tuple(value.shape)}"
            raise BadInput(
                f"condition {name!r}",
                f"it is {found}, and the field hears {shape}",
                "Give the signal, or configure the field without its module.",
            )
