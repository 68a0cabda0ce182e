"""The people of several splits, of whom an expert learns, and one who is held out."""

from __future__ import annotations

from dataclasses import dataclass

from harness.contracts import SIGNALS, BadInput, MissingSignal, Sequence, UnknownName
from harness.engine.request import SplitData
from harness.engine.split_data import open_split

#: With fewer, an expert would know one or two persons, and nothing of what people share.
FEWEST = 3


@dataclass(frozen=True)
class People:
    """Training parts of sequences.

    Attributes:
        learn: of those who are learnt from.
        held: of the one who is held out.

    """

    learn: tuple[Sequence, ...]
    held: tuple[Sequence, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Who is learnt from, each once."""
        return tuple(dict.fromkeys(one.subject for one in self.learn))

    @property
    def held_out(self) -> str:
        """Who is not."""
        return self.held[0].subject


def people_of(splits: list[str], signal: str, held_out: str | None = None) -> People:
    """The training parts of all sequences of some splits; test parts are never used.

    Args:
        splits: names of splits, or folders of prepared subjects.
        signal: that all sequences must have.
        held_out: a subject; the last one if None.

    Raises:
        BadInput: too few subjects.
        UnknownName: no such split, or no subject of the name.
        MissingSignal: a sequence lacks the signal.

    """
    found: list[Sequence] = []
    for name in dict.fromkeys(splits):
        for sequence in open_split(SplitData(name)).training(None):
            if len(sequence.train):
                if not sequence.has(signal):
                    cure = SIGNALS[signal][1]
                    raise MissingSignal(signal, sequence.id, "pretrain", cure)
                found.append(sequence.part(sequence.train))
    subjects = list(dict.fromkeys(one.subject for one in found))
    if len(subjects) < FEWEST:
        fact = f"training parts of {len(subjects)} subjects are there ({', '.join(subjects)})"
        cure = f"Name splits with at least {FEWEST} subjects: one of them is held out."
        raise BadInput("--split", fact, cure)
    if held_out is not None and held_out not in subjects:
        raise UnknownName("subject", held_out, subjects)
    stranger = held_out or subjects[-1]
    return People(
        tuple(one for one in found if one.subject != stranger),
        tuple(one for one in found if one.subject == stranger),
    )


def shared_basis(people: People) -> tuple[str, int]:
    """The expression basis of all sequences, and how many coefficients it has.

    Raises:
        BadInput: they differ, or a sequence has another number of frames than its video.

    """
    first, *others = (*people.learn, *people.held)
    expected = first.signal("expression")
    for one in (first, *others):
        found = one.signal("expression")
        if len(found.values) != len(one.frames):
            fact = f"its expression has {len(found.values)} frames, its video {len(one.frames)}"
            raise BadInput(one.id, fact, "Prepare the video again.")
        ours, theirs = ((e.basis, e.values.shape[1]) for e in (expected, found))
        if ours != theirs:
            fact = f"its expression is {theirs[0]} with {theirs[1]} coefficients, that of "
            fact += f"{first.id} {ours[0]} with {ours[1]}"
            raise BadInput(one.id, fact, "Prepare all subjects in the same way.")
    return expected.basis, expected.values.shape[1]
