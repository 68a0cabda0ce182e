"""The test and training sequences of a split.

A sequence is loaded when it is first asked for: a run on one subject of many must not wait for
all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from harness.contracts import (
    BadInput,
    Progress,
    Sequence,
    SequenceEntry,
    SplitManifest,
    UnknownName,
)
from harness.engine.cells import closure
from harness.engine.progress import watch
from harness.engine.request import TRAINING_FRAMES, SplitData
from splits import catalog as splits

Load = Callable[[SplitManifest, SequenceEntry, Progress], Sequence]


def find_manifest(name: str, tests: tuple[str, ...] = ()) -> SplitManifest:
    """A registered split by name, or a prepared folder by path; loads no data.

    Raises:
        UnknownName: no such split.
        BadInput: the folder is not a prepared one; whole test sequences of a registered split.

    """
    folder = Path(name)
    if os.sep in name or folder.is_dir():
        from splits import er_nerf

        return er_nerf.manifest_of(folder, tests)
    if tests:
        fact = f"the split {name} itself defines its test sequences"
        raise BadInput("--test", fact, "Leave it out, or name the folder of a prepared subject.")
    return splits.manifest(name)


class SplitSequences:
    """A split and its sequences, each loaded once.

    Args:
        manifest: of the split.
        wanted: ids of the only sequences to test; None for all.
        load: loads one; the split's own loader if None.
        limit: frames of each test part, see `SplitData`; None for all.

    Raises:
        UnknownName: the split has no such sequence.

    """

    def __init__(
        self,
        manifest: SplitManifest,
        wanted: tuple[str, ...] | None = None,
        load: Load | None = None,
        limit: int | None = None,
    ) -> None:
        known = [entry.id for entry in manifest.sequences]
        for name in wanted or ():
            if name not in known:
                raise UnknownName(f"sequence of {manifest.name}", name, known)
        self.manifest, self.limit, self._wanted = manifest, limit, wanted
        self._load = load or splits.load
        self._loader = load or splits.loader(manifest)
        self._loaded: dict[str, Sequence] = {}

    @cached_property
    def tests(self) -> tuple[Sequence, ...]:
        """The sequences with a test part, in the split's order.

        Raises:
            BadInput: there is none.

        """
        entries = [
            entry
            for entry in self.manifest.sequences
            if entry.role in (None, "test") and (self._wanted is None or entry.id in self._wanted)
        ]
        found = tuple(one for entry in entries if len((one := self._sequence(entry)).test))
        if not found:
            raise BadInput(self.manifest.name, "no sequence has a test part", "Name another split.")
        return found

    def training(self, subject: str | None) -> list[Sequence]:
        """The sequences of a subject, or of all, that may have a training part."""
        return [
            self._sequence(entry)
            for entry in self.manifest.sequences
            if entry.role in (None, "train") and subject in (None, entry.subject)
        ]

    def place(self, sequence: Sequence) -> int:
        """Position of the sequence in the split."""
        return [entry.id for entry in self.manifest.sequences].index(sequence.id)

    @cached_property
    def loader_code(self) -> str:
        """Digest of the code that loads sequences from files."""
        return closure.digest(self._loader.__module__)

    def use(self, sequence: Sequence) -> None:
        """Take a sequence as it is given, in place of what the split would load."""
        self._loaded[sequence.id] = sequence

    def _sequence(self, entry: SequenceEntry) -> Sequence:
        if entry.id not in self._loaded:
            with watch(self.manifest.name) as progress:
                found = self._load(self.manifest, entry, progress)
            self._loaded[entry.id] = shortened(found, self.limit)
        return self._loaded[entry.id]


def open_split(data: SplitData) -> SplitSequences:
    """The sequences of a request; nothing is loaded yet."""
    manifest = find_manifest(data.split, data.tests)
    return SplitSequences(manifest, data.sequences, limit=data.limit)


def shortened(sequence: Sequence, limit: int | None) -> Sequence:
    """The sequence with the first frames of its test part, and of its training part in proportion.

    The ranges are part of all cell keys, so nothing is shared with the whole sequence unless its
    parts are no longer than this.
    """
    if limit is None:
        return sequence
    train, test = sequence.train, sequence.test
    return replace(sequence, train=train[: limit * TRAINING_FRAMES], test=test[:limit])
