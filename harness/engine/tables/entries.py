"""The table of a run folder: one small file per entry, so that any process adds without waiting."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.contracts import BadInput
from harness.engine.cells.store import Store, hash_of
from harness.engine.jobs import Entry, RowFacts, SequenceFacts, TableFacts
from harness.files.documents import read_object
from harness.files.reading import reading
from harness.storage import make_folder, write_json

FOLDER, FACTS, CONFIGS = "entries", "table.json", "configs"

_CURE = "Delete it and run again: finished cells are kept."


class EntryTable:
    """The entries of a run folder.

    Args:
        out: the run folder.

    """

    def __init__(self, out: Path) -> None:
        self.out, self.folder = out, out / FOLDER

    def facts(self) -> TableFacts | None:
        """What the entries share; None before the first command.

        Raises:
            BadInput: the file is damaged.

        """
        path = self.out / FACTS
        if not path.is_file():
            return None
        facts = read_object(path, _CURE)
        with reading(path, "record of a table", _CURE):
            return TableFacts(**{**facts, "folders": tuple(facts["folders"])})

    def check(self, facts: TableFacts, fresh: bool = False) -> None:
        """Refuse what `add` would refuse; nothing is written.

        Raises:
            BadInput: the folder holds a table of other data.

        """
        known = self.facts()
        if known is None or fresh or (known.split, known.key) == (facts.split, facts.key):
            return
        raise BadInput(
            self.out,
            f"it holds a table of {known.split}, and this is "
            + (f"{facts.split}" if known.split != facts.split else "other data of that name"),
            "Choose another folder with --out, or start a new table with --fresh-table.",
        )

    def add(
        self,
        facts: TableFacts,
        entries: Iterable[Entry],
        fresh: bool = False,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Add entries; one of the same row, sequence and seed is replaced.

        Scores of other metrics that an earlier command gave to the very same prediction stay.

        Args:
            facts: of the data.
            entries: of a plan.
            fresh: start a new table instead of adding; cells are kept.
            config: the file that asked for them, and what overrode it.

        Raises:
            BadInput: the folder holds a table of other data.

        """
        self.check(facts, fresh)
        known = self.facts()
        make_folder(self.out)
        older = self.out / "results.json"
        if known is None and older.is_file():  # of a version whose tables had no entries
            older.replace(self.out / "results-before.json")
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        make_folder(self.folder)
        if known != facts:
            write_json(self.out / FACTS, asdict(facts))
        key = "" if config is None else hash_of(config)
        if config is not None:
            make_folder(self.out / CONFIGS)
            write_json(self.out / CONFIGS / f"{key}.json", config)
        for entry in entries:
            entry = replace(entry, config=key)
            path = self.folder / f"{identity(entry)}.json"
            if path.is_file():
                entry = merged(self._read(path), entry)
            write_json(path, asdict(entry))

    def entries(self) -> list[Entry]:
        """All entries, in the order of rows, then sequences, then seeds.

        Raises:
            BadInput: one is damaged.

        """
        found = [self._read(path) for path in sorted(self.folder.glob("*.json"))]
        return sorted(found, key=order)

    def configs(self, entries: Iterable[Entry]) -> list[dict[str, Any]]:
        """The files of `run --config` that asked for entries, each once.

        Raises:
            BadInput: one is damaged.

        """
        keys = dict.fromkeys(entry.config for entry in entries if entry.config)
        cure = "Run the command of that file again: finished cells are kept."
        return [read_object(self.out / CONFIGS / f"{key}.json", cure) for key in keys]

    def _read(self, path: Path) -> Entry:
        data = read_object(path, _CURE)
        with reading(path, "entry of a table", _CURE):
            row, sequence = RowFacts(**data.pop("row")), SequenceFacts(**data.pop("sequence"))
            return Entry(row=row, sequence=sequence, **data)


def identity(entry: Entry) -> str:
    """Digest of what identifies an entry: row, drive, sequence and seed."""
    return hash_of([entry.row.name, entry.row.drive, entry.sequence.id, entry.seed])


def order(entry: Entry) -> tuple[Any, ...]:
    """Methods first, then baselines, as the command named them."""
    row, sequence = entry.row, entry.sequence
    return (
        row.role != "method",
        row.place,
        row.name,
        row.drive,
        sequence.place,
        sequence.id,
        entry.seed,
    )


def merged(old: Entry, new: Entry) -> Entry:
    """The new entry with the old one's scores of other metrics, if both have one prediction."""
    same = old.cells == new.cells and old.notes == new.notes
    if not same:
        return new
    unavailable = {k: v for k, v in old.unavailable.items() if k not in new.scores}
    scores = {k: v for k, v in old.scores.items() if k not in new.unavailable}
    return replace(
        new, scores={**scores, **new.scores}, unavailable={**unavailable, **new.unavailable}
    )


def is_finished(entry: Entry, store: Store) -> bool:
    """Whether every cell of an entry is finished or has failed."""
    wanted = [*entry.cells.items(), *(("score", key) for key in entry.scores.values())]
    missing = [(kind, key) for kind, key in wanted if not store.has(kind, key)]
    return not missing or any(store.failure(kind, key) for kind, key in missing)


def folder_of(out: Path, table: TableFacts) -> Path:
    """The run folder of a split below `--out`.

    Two splits may have one name, such as two prepared folders: the later one gets the
    digest of its place appended.
    """
    plain, distinct = (out / name for name in table.folders)
    known = EntryTable(plain).facts()
    return plain if known is None or known.key == table.key else distinct
