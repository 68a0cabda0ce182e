"""Parameters of the released fields, mapped one to one to those of ours.

Three things differ beside names: the released code keeps every plane [1, C, R, R] and every
member of an ensemble on its own, where we stack them; its two heads of a member are one here;
and its `aabb` is reversed, so that it samples planes at -x where we sample at x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from harness.contracts import BadInput
from methods.ua3dtalk.field.deformation import DeformationField

CURE = (
    "Give a checkpoint of the released code as it is, and take the preset `paper` with all "
    "modules on."
)
#: Beginnings of our names -> of theirs; the rest of a name is the same.
_SAME = {
    "audio.net.convolutions.": "audio_net.encoder_conv.",
    "audio.net.linear.": "audio_net.encoder_fc1.",
    "audio.frames.convolutions.": "audio_att_net.attentionConvNet.",
    "audio.frames.linear.": "audio_att_net.attentionNet.0.",
    "audio.channels.0.": "aud_ch_att_net.net.0.",
    "audio.channels.2.": "aud_ch_att_net.net.1.",
    "au.net.0.": "exp_encode_net.net.0.",
    "au.net.2.": "exp_encode_net.net.1.",
    "au.channels.0.": "eye_att_net.net.0.",
    "au.channels.2.": "eye_att_net.net.1.",
    "emotion.project.": "emotion_encoder.emotion_fc1.",
    "emotion.codebooks.": "emotion_encoder.codebook.",
    "fuse.output.": "fuse_net.fc.",
    **{
        f"decoder.heads.{ours}.{k}.": f"{theirs}_decoder.{k + 1}."
        for ours, theirs in (("means", "xyz"), ("quats", "rotation"), ("scales", "scale"))
        for k in (0, 2)
    },
}
_PLANES = {"planes.grids.": "xyz_encoder", "emotion.planes.grids.": "emotion_encoder.xyz_encoder"}
_ENSEMBLES = "fuse.ensembles."
#: In the released mouth, but without an effect there.
_UNUSED = "aud_ch_att_net."


@dataclass(frozen=True)
class ReleasedPart:
    """One parameter of ours, and what it is made of.

    Attributes:
        ours: its name.
        theirs: names of the released code's parameters.
        shape: of each of those.
        join: makes ours of them.

    """

    ours: str
    theirs: tuple[str, ...]
    shape: tuple[int, ...]
    join: Callable[[Sequence[Tensor]], Tensor]


def parts(field: DeformationField) -> Iterator[ReleasedPart]:
    """Every parameter of a field; the map is one to one."""
    for name, value in field.named_parameters():
        yield _part(name, tuple(value.shape))


def _part(name: str, shape: tuple[int, ...]) -> ReleasedPart:
    for ours, encoder in _PLANES.items():
        if name.startswith(ours):
            _, rows, columns, channels = shape
            scale = name.removeprefix(ours)
            return ReleasedPart(
                name,
                tuple(f"{encoder}.grids.{scale}.{plane}" for plane in range(3)),
                (1, channels, rows, columns),
                lambda planes: torch.cat(list(planes)).permute(0, 2, 3, 1),
            )
    if name.startswith(_ENSEMBLES):
        modality, parameter = name.removeprefix(_ENSEMBLES).split(".")
        kind, end = parameter.split("_")
        members = [f"fuse_net.{modality}_net.{t}" for t in range(shape[0])]
        if end == "in":
            theirs = tuple(f"{member}.fc1.{kind}" for member in members)
            return ReleasedPart(name, theirs, shape[1:], lambda values: torch.stack(list(values)))
        heads = ("fc_mu", "fc_var")
        return ReleasedPart(
            name,
            tuple(f"{member}.{head}.{kind}" for member in members for head in heads),
            (shape[1] // len(heads), *shape[2:]),
            lambda values: torch.stack(list(values)).reshape(shape),
        )
    start = next(start for start in _SAME if name.startswith(start))
    same = _SAME[start] + name.removeprefix(start)
    return ReleasedPart(name, (same,), shape, lambda values: values[0])


def field_state(
    field: DeformationField, stored: Mapping[str, Tensor], path: Path
) -> dict[str, Tensor]:
    """A state dict of `field`, from one of the released code (or from its gradients).

    Args:
        field: gives sizes and modules.
        stored: the released module's state dict.
        path: where it came from, for messages.

    Raises:
        BadInput: a parameter is absent, too many, of another shape or not finite, or its planes
            cover another cube.

    """
    branch = "face" if field.is_face else "mouth"
    mirrored = {
        ours: _mirrored(stored, f"{encoder}.aabb", field.config.bound, path)
        for ours, encoder in _PLANES.items()
        if field.is_face or ours == "planes.grids."
    }
    found, used = {}, {f"{encoder}.aabb" for encoder in _PLANES.values()}
    for part in parts(field):
        for name in part.theirs:
            _check(stored.get(name), f"the {branch}'s {name}", part.shape, path)
        value = part.join([stored[name] for name in part.theirs])
        start = next((s for s in mirrored if part.ours.startswith(s)), None)
        if start and mirrored[start]:
            value = value.flip(1, 2)
        found[part.ours] = value.contiguous()
        used |= set(part.theirs)
    extra = [name for name in stored if name not in used and not name.startswith(_UNUSED)]
    if extra:
        fact = f"the {branch}'s field has {len(extra)} parameters too many, such as {extra[0]}"
        raise BadInput(path, fact, CURE)
    return found


def _check(value: Tensor | None, name: str, shape: tuple[int, ...], path: Path) -> None:
    if value is None:
        raise BadInput(path, f"{name} is absent", CURE)
    if tuple(value.shape) != shape:
        raise BadInput(path, f"{name} has the shape {tuple(value.shape)}, not {shape}", CURE)
    if not value.isfinite().all():
        raise BadInput(path, f"{name} has values that are not finite", CURE)


def _mirrored(stored: Mapping[str, Tensor], name: str, bound: float, path: Path) -> bool:
    """Whether planes are sampled at -x: the first corner of their box is the greater."""
    _check(stored.get(name), name, (2, 3), path)
    corner = torch.full((3,), bound)
    box = stored[name].cpu().float()
    for sign in (1, -1):
        if torch.allclose(box, torch.stack([sign * corner, -sign * corner]), atol=1e-6):
            return sign == 1
    raise BadInput(path, f"{name} is {box.tolist()}, not a cube of half side {bound}", CURE)
