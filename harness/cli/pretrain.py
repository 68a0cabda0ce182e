"""`pretrain`: experts trained on a lab's own people, for `run --set expert=FILE`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AllowLarge, Device, resolve_device
from harness.contracts import BadInput, Progress, UnknownName
from harness.engine import messages

if TYPE_CHECKING:
    from harness.cli.shared.people import People

#: What is trained -> the signal that it learns, and the option of `run` that uses the file.
KINDS = {"lip": ("expression", "expert"), "emotion": ("emotion", "emotion_expert")}


def pretrain(
    kind: Annotated[
        str,
        typer.Argument(
            help="lip (speech to expression) or emotion (speech to emotion).", metavar="KIND"
        ),
    ],
    split: Annotated[
        list[str],
        typer.Option(
            help="Name of a split, or folder of a prepared subject; repeat it for all subjects."
        ),
    ],
    out: Annotated[Path, typer.Option(help="File to write, .safetensors; its card is beside it.")],
    held_out: Annotated[
        str | None,
        typer.Option(help="Subject that is only tried on.", show_default="the last one"),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Steps of training.", show_default="4000 for lip, 2500 for emotion"
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Sizes of an emotion expert: those of the preset quick or paper.",
            show_default="quick",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of training.")] = 0,
    device: Device = "auto",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything, say what would be done, and end."),
    ] = False,
    allow_large: AllowLarge = False,
) -> None:
    """Train an expert on the speech of several subjects.

    It learns from the training parts of all subjects but one, on whom it is then tried.
    """
    from harness.cli.shared.people import people_of
    from harness.engine.progress import watch

    if kind not in KINDS:
        raise UnknownName("kind of expert", kind, KINDS)
    signal, option = KINDS[kind]
    if preset is not None and kind == "lip":
        raise BadInput("--preset", "a lip expert has no presets", "Leave it out.")
    _check_out(out)
    place = resolve_device(device)
    people = people_of(split, signal, held_out)
    train = _Lip(people) if kind == "lip" else _Emotion(people, preset or "quick")
    steps = steps or train.steps
    words = ["python -m harness pretrain", kind, *(f"--split {shlex.quote(s)}" for s in split)]
    words += [f"--held-out {shlex.quote(people.held_out)} --seed {seed} --steps {steps}"]
    if dry_run:
        print(f"into {out}: {train.about}, {steps} steps")
        print(f"learns from {', '.join(people.subjects)}; held out: {people.held_out}")
        return
    with watch(kind) as progress:
        card = train(out, seed, steps, place, progress, f"Made by `{' '.join(words)}`.")
    print(card)
    command = f"python -m harness run --method ua3dtalk --set {option}={shlex.quote(str(out))}"
    messages.note(f"Wrote {out}. Next:\n  {command} --split DIR")


def _check_out(out: Path) -> None:
    """Refuse before any work what could not be written in the end."""
    if out.suffix != ".safetensors":
        raise BadInput("--out", f"{out.name!r} is no .safetensors file", "Give it that suffix.")
    for path in (out, out.with_suffix(".md")):
        if path.exists():
            raise BadInput(path, "it exists already", "Name another file with --out, or delete it.")
    if not out.parent.is_dir():
        raise BadInput(out.parent, "there is no such folder", "Create it, or name another file.")


class _Lip:
    """Training of a lip expert on some people."""

    def __init__(self, people: People) -> None:
        from harness.cli.shared.people import shared_basis
        from harness.media.blendshape_units import MP52_NAMES
        from methods.speech.experts.training import STEPS, SpeakingFace

        self.steps, (self.basis, count) = STEPS, shared_basis(people)
        known = MP52_NAMES if self.basis == "mp52" else ()
        self.names = known if len(known) == count else tuple(str(k) for k in range(count))
        self.about = f"a lip expert for {count} coefficients of {self.basis}"
        self.learn, self.held = (
            [SpeakingFace(s.subject, s.audio, s.signal("expression").values, s.fps) for s in part]
            for part in (people.learn, people.held)
        )

    def __call__(
        self, out: Path, seed: int, steps: int, device: str, progress: Progress, made: str
    ) -> str:
        from methods.speech.experts.training import train, write_trained

        net = train(self.learn, seed, steps, device, progress)
        return write_trained(out, net, self.learn, self.held, self.basis, self.names, made)


class _Emotion:
    """Training of an emotion expert on some people."""

    def __init__(self, people: People, preset: str) -> None:
        from methods.ua3dtalk.priors.config import PRESETS
        from methods.ua3dtalk.priors.emotion.pretraining.speech import of_sequences, split_people
        from methods.ua3dtalk.priors.emotion.pretraining.train import STEPS

        if preset not in PRESETS:
            raise UnknownName("preset", preset, PRESETS)
        self.steps, self.preset, self.config = STEPS, preset, PRESETS[preset]
        subjects = of_sequences((*people.learn, *people.held))
        self.learn, self.held = split_people(subjects, [people.held_out])
        self.about = f"an emotion expert of the sizes of {preset}"

    def __call__(
        self, out: Path, seed: int, steps: int, device: str, progress: Progress, made: str
    ) -> str:
        import torch

        from methods.ua3dtalk.priors.emotion.pretraining.card import write_trained
        from methods.ua3dtalk.priors.emotion.pretraining.pool import STUDIO
        from methods.ua3dtalk.priors.emotion.pretraining.train import pretrain

        place = torch.device(device)
        net = pretrain(self.learn, self.config, seed, steps, place, progress, STUDIO)
        return write_trained(out, net.cpu(), self.config, self.learn, self.held, made)
