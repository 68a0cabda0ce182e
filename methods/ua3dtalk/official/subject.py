"""A subject trained with the released code, ready for our renderer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from harness.contracts import BadInput, TrainingSet
from harness.files.reading import checked_file
from harness.weights import sha256_of
from methods.ua3dtalk.config import Settings
from methods.ua3dtalk.data.transform import SceneTransform
from methods.ua3dtalk.field.deformation import DeformationField, FaceField, MouthField
from methods.ua3dtalk.official.layout import field_state
from methods.ua3dtalk.official.reading import CURE, Capture, StoredBranch, read_checkpoint
from methods.ua3dtalk.priors.given import from_files
from methods.ua3dtalk.scene.cloud import Cloud

#: The released code learns in the units of the folder's cameras.
TRANSFORM = SceneTransform((0.0, 0.0, 0.0), 1.0)
#: It never clips audio features, however far they are from those of training.
AUDIO_RANGE = (float(torch.finfo(torch.float32).min), float(torch.finfo(torch.float32).max))
_OPTION = "official_checkpoint"


@dataclass(frozen=True)
class ReleasedBranch:
    """Field and Gaussians of one branch."""

    field: DeformationField
    cloud: Cloud


def pinned(settings: Settings) -> dict[str, Any]:
    """The options of a fit, the checkpoint by its content: a file may change under its name.

    Raises:
        BadInput: there is no such file.

    """
    options = dict(settings.options)
    if settings.train.official_checkpoint:
        path = checked_file(Path(settings.train.official_checkpoint), "tensors", CURE)
        options[_OPTION] = sha256_of(path)
    return options


def read_subject(settings: Settings) -> tuple[ReleasedBranch, ReleasedBranch]:
    """Face and mouth from the file that `official_checkpoint` names, on the CPU.

    Raises:
        BadInput: the file cannot be read, or it does not fit the settings.

    """
    path = Path(settings.train.official_checkpoint)
    face, mouth = read_checkpoint(path)
    return (
        _branch(FaceField(settings.field), face, settings, path),
        _branch(MouthField(settings.field), mouth, settings, path),
    )


def _branch(
    field: DeformationField, stored: StoredBranch, settings: Settings, path: Path
) -> ReleasedBranch:
    field.load_state_dict(field_state(field, stored.field, path))
    return ReleasedBranch(field, cloud_of(stored.gaussians, settings.train.sh_degree, path))


def cloud_of(stored: Capture, sh_degree: int, path: Path) -> Cloud:
    """Gaussians for rendering; raw scales, quaternions and logits are those of ours.

    Args:
        stored: as the file has them.
        sh_degree: the degree that we render at; coefficients above the active one become 0.
        path: where they came from, for messages.

    Raises:
        BadInput: they have another number of coefficients.

    """
    rest = (sh_degree + 1) ** 2 - 1
    if stored.shN.shape[1] != rest:
        fact = f"its colours have {stored.shN.shape[1]} higher coefficients, not {rest}"
        raise BadInput(path, fact, f"Set sh_degree to that of the checkpoint. {CURE}")
    shN = stored.shN.float().clone()
    shN[:, (stored.degree + 1) ** 2 - 1 :] = 0
    return Cloud.of(
        {
            "means": stored.means.float(),
            "scales": stored.scales.float(),
            "quats": stored.quats.float(),
            "opacities": stored.opacities.float()[:, 0],
            "sh0": stored.sh0.float(),
            "shN": shN,
        }
    )


def check_signals(training: TrainingSet, settings: Settings) -> None:
    """Refuse sequences without the inputs that the released networks were trained on.

    Raises:
        BadInput: there are no prior features from files, or no DeepSpeech features.

    """
    if not from_files(training, settings.priors):
        raise BadInput(
            _OPTION,
            "the released fields were trained on the authors' prior features, and here they are "
            "not from files",
            "Put the six feature files (auds_exp, audiostyle, mser_emotion for train and val) "
            "into the subject's folder, and set `content` to official.",
        )
    kinds = {
        sequence.signal("audio_features").kind if sequence.has("audio_features") else "absent"
        for sequence in training
    }
    if settings.priors.audio_features != "auto" or kinds != {"deepspeech"}:
        found = " and ".join(sorted(kinds))
        raise BadInput(
            _OPTION,
            "the released fields were trained on DeepSpeech features, and the audio features here "
            + (f"are {found}" if settings.priors.audio_features == "auto" else "are not used"),
            "Put aud_ds.npy into the subject's folder and leave `audio_features` at auto.",
        )
