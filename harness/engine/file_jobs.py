"""Jobs of files: predictions on disk beside their ground truth, opened and made comparable."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import BadInput, Clip, MetricSpec, Progress
from harness.engine import messages
from harness.engine.alignment.labels import Label, read_labels
from harness.engine.alignment.meshes import open_mesh
from harness.engine.alignment.opened import OpenedSequence, kind_of, open_sequence
from harness.engine.alignment.pairing import Pair, pairs
from harness.engine.alignment.remedies import Aligned, align, limited
from harness.engine.alignment.sidecars import with_sidecars
from harness.engine.cells import closure
from harness.engine.cells.keys import metric_inputs
from harness.engine.cells.store import Cell, Store, hash_of
from harness.engine.jobs import Batches, Entry, Job, RowFacts, ScoreUnit, SequenceFacts
from harness.engine.outlook.efforts import of_files
from harness.engine.request import FilesData, FilesRow
from harness.engine.requirements import Absence, Material

#: The row that scores the ground truth against itself.
ORACLE = "ground-truth"

#: Our code between a file and a score.
CODE = ("harness.engine.file_jobs", "harness.engine.work.scoring")

#: Batch size: at most this many frames, and this many bytes per side. The allocator gives memory
#: below 32 MB out again; larger blocks come from the system, page by page, each time.
BATCH, BATCH_BYTES = 32, 24 << 20


@dataclass(frozen=True)
class OpenedPair:
    """One sequence of one row: both sides, aligned, as a metric sees them."""

    row: str
    name: str
    sides: Aligned
    clip: Clip
    label: Label

    @property
    def material(self) -> Material:
        """What metrics can read of it."""
        clip = self.clip
        track = "mesh" if clip.height == 0 else "video"
        size = clip.height, clip.width
        return Material(
            clip.id, track, clip.domain, *size, clip.signals, clip.predicted, timed=False
        )


def open_pairs(rows: tuple[FilesRow, ...], data: FilesData, progress: Progress) -> list[OpenedPair]:
    """Open, pair, align and check everything.

    Raises:
        BadInput: a file cannot be used, names have no partner, or the sides differ in a
            way that no option resolves.

    """
    paired = {row.name: pairs(row.path, data.truth) for row in rows}
    first = next(iter(paired.values()))
    names = [pair.name for pair in first]
    labels = read_labels(data.labels, names) if data.labels else {}
    if data.with_truth:
        if ORACLE in paired:
            raise BadInput("--pred", f"a row is already called {ORACLE!r}", "Use another name.")
        paired[ORACLE] = [Pair(pair.name, pair.truth, pair.truth) for pair in first]
    found: list[OpenedPair] = []
    truths: dict[Path, OpenedSequence] = {}
    said: set[str] = set()
    total = sum(len(row) for row in paired.values())
    for row, its_pairs in paired.items():
        for pair in its_pairs:
            if pair.truth not in truths:
                truths[pair.truth] = _opened(pair.name, pair.truth, data)
            truth = truths[pair.truth]
            same = pair.prediction == pair.truth
            prediction = truth if same else _opened(pair.name, pair.prediction, data)
            sides = limited(align(prediction, truth, data.remedies), data.limit)
            label = labels.get(pair.name, Label(""))
            clip = clip_of(row, pair.name, sides, data, label)
            found.append(OpenedPair(row, pair.name, sides, clip, label))
            for sentence in sides.notes.get("warnings", ()):
                if sentence not in said:
                    messages.note(f"warning: {sentence}")
                said.add(sentence)
            progress("check", len(found), total)
    return found


def _opened(name: str, path: Path, data: FilesData) -> OpenedSequence:
    if kind_of(path) == "mesh":
        template = data.common.get("template")
        return open_mesh(name, path, data.fps, None if template is None else len(template))
    return with_sidecars(open_sequence(name, path, data.fps))


def clip_of(row: str, name: str, sides: Aligned, data: FilesData, label: Label) -> Clip:
    """The pair as a metric sees it."""
    truth = sides.truth
    own = {key: value for key, value in data.common.items() if key != "digest"}
    if (track := label.track(truth.count)) is not None:
        own["emotion"] = track
    signals: Mapping[str, Any] = ChainMap(own, truth.signals)  # type: ignore[arg-type]  # only read
    return Clip(
        id=f"{row}/{name}",
        fps=float(truth.fps),
        count=truth.count,
        height=truth.height,
        width=truth.width,
        audio=sides.audio,
        domain=data.domain or truth.domain or "photo",
        signals=signals,
        predicted=sides.prediction.signals,
    )


def jobs_for(
    found: list[OpenedPair],
    data: FilesData,
    specs: tuple[MetricSpec, ...],
    unavailable: Mapping[str, Absence],
    device: str,
) -> list[Job]:
    """One job per pair: a single pass that scores all metrics."""
    names = list(dict.fromkeys(pair.row for pair in found))
    sequences = list(dict.fromkeys(pair.name for pair in found))
    absences = {name: asdict(absence) for name, absence in unavailable.items()}
    return [
        Job(
            Entry(
                row=RowFacts(
                    pair.row,
                    pair.row,
                    "oracle" if pair.row == ORACLE else "method",
                    "" if pair.row == ORACLE else data.drive,
                    place=names.index(pair.row),
                ),
                sequence=SequenceFacts(
                    pair.name,
                    pair.label.subject,
                    pair.label.emotion,
                    pair.label.intensity,
                    pair.clip.fps,
                    pair.clip.height,
                    pair.clip.width,
                    pair.clip.count,
                    sequences.index(pair.name),
                ),
                seed=0,
                cells={},
                scores={spec.id: cell.key for spec, cell in scores},
                unavailable=absences,
                video=_video(pair.sides.prediction.path),
                protocol={
                    "composite": "as given",
                    **({} if data.limit is None else {"limit": data.limit}),
                    "device": device,
                },
                notes=notes_of(pair),
            ),
            _unit(pair, scores),
        )
        for pair in found
        for scores in (_scores(pair, data, specs),)
    ]


def _scores(
    pair: OpenedPair, data: FilesData, specs: tuple[MetricSpec, ...]
) -> tuple[tuple[MetricSpec, Cell], ...]:
    """A cell for every metric, keyed by everything that determines its outcome."""
    shared = {
        "prediction": pair.sides.prediction.digest,
        "truth": pair.sides.truth.digest,
        "notes": pair.sides.notes,
        "fps": str(pair.sides.truth.fps),
        "common": data.common.get("digest", ""),
        "label": repr(pair.label),
        "domain": pair.clip.domain,
        "scoring": closure.digest(*CODE),
    }
    return tuple(
        (spec, Cell("score", f"{pair.clip.id} · {spec.id}", {**shared, **metric_inputs(spec)}))
        for spec in specs
    )


def _unit(pair: OpenedPair, scores: tuple[tuple[MetricSpec, Cell], ...]) -> tuple[ScoreUnit, ...]:
    if not scores:
        return ()
    label = f"{pair.clip.id} · {len(scores)} metrics"
    lock = hash_of(["files", pair.sides.prediction.digest, pair.sides.truth.digest])
    return (ScoreUnit(label, lock, scores, partial(_open, pair), of_files(pair.clip)),)


def _open(pair: OpenedPair, store: Store) -> tuple[Clip, Batches]:
    return pair.clip, batches(pair.sides)


def batches(sides: Aligned) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Both sides in blocks, decoded side by side: (start, prediction, truth [B,H,W,3]).

    A mesh has no frames. Where both sides are one file it is decoded once.
    """
    prediction, truth = sides.prediction, sides.truth
    if truth.height == 0:
        return
    size = max(1, min(BATCH, BATCH_BYTES // (truth.height * truth.width * 3)))
    same = prediction is truth
    ours, theirs = (iter(()) if same else frames_of(prediction)), frames_of(truth)
    for start in range(0, truth.count, size):
        block = np.stack(list(islice(theirs, size)))
        yield start, block if same else np.stack(list(islice(ours, size))), block


def frames_of(opened: OpenedSequence) -> Iterator[np.ndarray]:
    """The frames of a sequence, exactly as many as it was opened with.

    Raises:
        RuntimeError: decoding gives fewer or more.

    """
    done = 0
    for frame in opened.frames():
        done += 1
        yield frame
    if done != opened.count:
        raise RuntimeError(f"{opened.path} yielded {done} of {opened.count} frames")


def _video(path: Path) -> str:
    return str(path.resolve()) if path.suffix.lower() == ".mp4" else ""


def notes_of(pair: OpenedPair) -> dict[str, Any]:
    """What a reviewer would want to know about one comparison."""
    sides = {"prediction": pair.sides.prediction, "truth": pair.sides.truth}
    return {
        side: {"file": one.path.name, "sha256": one.digest, "decode": one.decode}
        for side, one in sides.items()
    } | {
        "frames": pair.clip.count,
        "fps": pair.clip.fps,
        "size": [pair.clip.width, pair.clip.height],
        **pair.sides.notes,
    }
