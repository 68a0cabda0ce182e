"""Roles of whole sequences: which of them train, validate and test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.contracts import Sequence, SequenceEntry
from harness.contracts.split import ROLES


def check_entries(entries: Iterable[SequenceEntry], unseen_subjects: bool = False) -> None:
    """Check that the sequences of a split can be told apart and that their roles fit together.

    Args:
        entries: all sequences of a split.
        unseen_subjects: whether a test subject may be without a training sequence.

    Raises:
        ValueError: an id that occurs twice, an unknown role, a subject of which only some
            sequences have roles, nothing to test, or a test subject without training.

    """
    entries = tuple(entries)
    ids = [entry.id for entry in entries]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ValueError(f"sequence ids occur twice: {', '.join(twice)}")
    roles: dict[str, list[str | None]] = {}
    for entry in entries:
        if entry.role not in (None, *ROLES):
            known = ", ".join(ROLES)
            raise ValueError(f"sequence {entry.id}: role {entry.role!r} is not one of {known}")
        roles.setdefault(entry.subject, []).append(entry.role)
    for subject, given in roles.items():
        if None in given and set(given) != {None}:
            bare = next(e.id for e in entries if e.subject == subject and e.role is None)
            raise ValueError(
                f"subject {subject}: sequence {bare} has no role and others of the subject have one"
            )
        if "test" in given and "train" not in given and not unseen_subjects:
            raise ValueError(
                f"subject {subject} has a test sequence but no training sequence; "
                "set unseen_subjects: true if the protocol tests unseen subjects"
            )
    if entries and not any(role in (None, "test") for given in roles.values() for role in given):
        raise ValueError(
            "there is no test sequence: none has the role test, and none is split in time"
        )


def apply_role(sequence: Sequence, role: str | None) -> Sequence:
    """The sequence with all its frames in the part that its role names.

    A sequence that validates is in neither part; without a role it stays as its loader cut it.
    """
    if role is None:
        return sequence
    whole, nothing = range(len(sequence.frames)), range(0)
    return replace(
        sequence,
        train=whole if role == "train" else nothing,
        test=whole if role == "test" else nothing,
    )
