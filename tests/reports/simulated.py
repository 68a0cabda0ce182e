"""Stored results of runs that never were: many subjects, emotions and intensities."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.contracts import Results, Row, Score
from harness.storage import file_digest
from reports import items
from reports.statistics import Series, estimate

#: Name -> direction, middle, spread over subjects, sequences and frames.
COLUMNS = {
    "psnr": ("up", 30.0, (1.0, 0.6, 1.2)),
    "lmd/synthetic": ("down", 2.0, (0.2, 0.1, 0.5)),
    "sync_c/synthetic": ("up", 6.0, (0.4, 0.3, 1.0)),
}

EMOTIONS = ("neutral", "happy", "angry", "sad")

#: Row -> role, drive, how many spreads it is better than the middle.
ROWS = {
    "ground-truth": ("oracle", "audio", 9.0),
    "ua3dtalk": ("method", "audio", 1.0),
    "talkinggaussian": ("method", "audio", 0.6),
    "still": ("baseline", "audio", -2.0),
}


def facts(subjects: int, emotions=EMOTIONS, intensities=(1, 3)):
    """Sequences as `Results.sequences` holds them."""
    return {
        f"m{subject:03}/{emotion}-{intensity}": {
            "subject": f"M{subject:03}",
            "emotion": emotion,
            "intensity": intensity,
        }
        for subject in range(subjects)
        for emotion in emotions
        for intensity in intensities
    }


def write(
    folder: Path, sequences, rows=ROWS, frames=75, seeds=(0,), seed=0, fails=(), **changes
) -> Results:
    """A run folder with results and items.

    Args:
        folder: where.
        sequences: as `facts` makes them.
        rows: as `ROWS`.
        frames: of each sequence; windows are five fewer.
        seeds: of the rows.
        seed: of the draws.
        fails: (row, sequence, frame) that could not be scored.
        changes: facts of the protocol.

    """
    rng = np.random.default_rng(seed)
    common = {
        name: {
            (sequence, c): scale[0] * subject[hash_of(known["subject"]) % 97]
            + scale[1] * rng.standard_normal()
            for sequence, known in sequences.items()
            for c, (_, _, scale) in COLUMNS.items()
        }
        for name, subject in [("all", rng.standard_normal(97))]
    }["all"]
    made = []
    for index, (method, (role, drive, lead)) in enumerate(rows.items()):
        own = np.random.default_rng([seed, index])
        scores = {}
        runs = {c: {} for c in COLUMNS}
        for run in seeds:
            for sequence, known in sequences.items():
                hard = 0.5 * int(known["intensity"] or 1)
                for column, (direction, middle, scale) in COLUMNS.items():
                    up = -1 if direction == "down" else 1
                    count = frames - 5 if column.startswith("sync") else frames
                    noise = np.convolve(
                        own.standard_normal(count + 9), np.ones(10) / 10**0.5, "valid"
                    )
                    values = (
                        middle + common[sequence, column] + 0.3 * scale[1] * own.standard_normal()
                    )
                    values = values + up * scale[0] * (lead - 0.4 * hard) + 0.5 * scale[2] * noise
                    if column == "psnr":
                        for row, name, frame in fails:
                            if (row, name) == (method, sequence):
                                values[frame] = np.nan
                    runs[column][sequence, run] = values
        path = items.write(
            folder / "items" / f"{file_digest(method, drive)}.csv",
            ((s, r, c, values) for c, found in runs.items() for (s, r), values in found.items()),
        )
        for column, found in runs.items():
            series = [
                Series(r, v, sequences[r]["subject"])
                for (r, s), v in found.items()
                if s == seeds[0]
            ]
            one = estimate(series, 25, resamples=200)
            value = float(np.mean([np.nanmean(v) for v in found.values() if np.isfinite(v).any()]))
            n = sum(int(np.isfinite(v).sum()) for v in found.values())
            failures = sum(len(v) for v in found.values()) - n
            scores[column] = Score("ok", value, one.low, one.high, n, failures)
        scores["e_fid/synthetic"] = Score("ok", 2.0 - 0.1 * lead, n=frames)
        protocol = {"fps": 25.0, "height": 128, "width": 128, "composite": "plate"}
        protocol |= {"train_fraction": 0.9, "test_frames": frames * len(sequences)}
        made.append(
            Row(
                method,
                method,
                role,
                drive,
                "simulated@1",
                "full",
                tuple(seeds),
                tuple(sequences),
                protocol | changes,
                scores,
                items=(str(path.relative_to(folder)),),
            )
        )
    columns = {
        name: {
            "metric": name, "direction": direction, "unit": "", "range": [None, None],
            "summary": "simulated", "reference": "none", "pooling": "mean of clips",
            "aggregation": "mean of items" if name in COLUMNS else "of the pooled features",
        }
        for name, direction in [
            *((c, d) for c, (d, _, _) in COLUMNS.items()),
            ("e_fid/synthetic", "down"),
        ]
    }  # fmt: skip
    results = Results(tuple(made), columns, (), {"plan": "p", "hardware": {"cpu": "a"}}, sequences)
    (folder / "results.json").write_text(json.dumps(results.to_json()))
    return results


def edit(folder, row, change) -> None:
    """Rewrite the items of a row.

    Args:
        folder: of the run.
        row: of its results.
        change: (column, sequence, values) -> other values, or None to leave them out.

    """
    found = items.read(folder, row).runs
    changed = [
        (sequence, seed, column, change(column, sequence, values.copy()))
        for column, runs in found.items()
        for (sequence, seed), values in runs.items()
    ]
    items.write(folder / row.items[0], [entry for entry in changed if entry[3] is not None])


def hash_of(text: str) -> int:
    """The same in every process."""
    return sum(ord(character) * 31**i for i, character in enumerate(text))
