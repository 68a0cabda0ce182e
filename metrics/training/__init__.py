"""Training of the synthetic-domain networks, from sequences of synthetic subjects.

Run `python -m metrics.training` to train all three; the sequences come from the function
named by `--sequences`, so that this package does not depend on where they come from.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.contracts import Progress, Sequence, UnknownName

#: In the order in which they are trained: the SyncNet's check looks through the regressor.
NAMES = ("synthetic-face", "synthetic-syncnet", "synthetic-perceptual")


def _silent(stage: str, done: int, total: int, **values: float) -> None:
    """A progress that nobody watches."""


def train(
    name: str,
    sequences: Iterable[Sequence],
    out_dir: Path,
    seed: int = 0,
    progress: Progress = _silent,
    budget: float = 1.0,
) -> dict[str, float]:
    """Train one network and write `<name>.safetensors` and its card `<name>.md`.

    The last fifth of the subjects is held out, and the card's figures are theirs. The file holds
    float16.

    Args:
        name: one of `NAMES`.
        sequences: sequences with landmarks, expression, masks and plate; two subjects at least.
        out_dir: where the files go; a regressor already there serves the SyncNet's check.
        seed: of initialisation, order and augmentation.
        progress: called at every step.
        budget: factor on the usual number of steps.

    Returns:
        The held-out figures.

    Raises:
        UnknownName: no such network.
        BadInput: fewer than two subjects.

    """
    from metrics.training.data import split_people

    if name not in NAMES:
        raise UnknownName("network", name, NAMES)
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    learn, held = split_people(sequences)
    options = {}
    regressor = out_dir / "synthetic-face.safetensors"
    if name == "synthetic-syncnet" and regressor.is_file():
        from metrics.detectors.synthetic import face_net

        options["face_net"] = face_net(regressor, "cpu")
    module = import_module(f"metrics.training.{name.removeprefix('synthetic-')}")
    net, figures = module.train(learn, held, seed, progress, budget, **options)
    _save(net, out_dir / f"{name}.safetensors")
    _write(out_dir / f"{name}.md", _card(name, learn, held, seed, budget, figures).encode())
    return figures


def _save(net: Any, path: Path) -> None:
    from safetensors.torch import save

    state = {
        k: (v.half() if v.is_floating_point() else v).contiguous()
        for k, v in net.state_dict().items()
        if not k.endswith("num_batches_tracked")
    }
    _write(path, save(state))


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def _card(
    name: str,
    learn: list[Sequence],
    held: list[Sequence],
    seed: int,
    budget: float,
    figures: dict[str, float],
) -> str:
    """The model card, in Markdown."""
    what = {
        "synthetic-face": "Finds a face with its 68 landmarks and 24 expression controls",
        "synthetic-syncnet": "Judges whether lips and sound belong together",
        "synthetic-perceptual": "Measures how different two images look",
    }
    first = learn[0]
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value:.4g} |" for key, value in figures.items())
    return f"""# {name}

{what[name]}.

For the synthetic domain only: it was trained on rendered subjects, not on photographs.
Trained by this project; weights stored as float16.

- Trained on {len(learn)} subjects, {sum(len(s.frames) for s in learn)} frames of
  {first.height}x{first.width}: {learn[0].subject} to {learn[-1].subject}.
- Held out: {held[0].subject} to {held[-1].subject}. No subject of any split is in either set.
- Seed {seed}, budget {budget:g}. Retrain with `python -m metrics.training`.

| held-out figure | value |
|---|---|
{rows}
"""
