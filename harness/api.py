"""From Python: `harness.score` and `harness.run`, as the commands of those names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.cli.options import resolve_device
from harness.contracts import BadInput, Results
from harness.engine.cells import archive
from harness.engine.execution import Engine
from harness.engine.planning import Plan, make_plan
from harness.engine.request import FilesData, FilesRow, Remedies, Request, SplitData, rows_of
from harness.engine.tables.entries import folder_of
from harness.storage import make_folder, write_json

if TYPE_CHECKING:
    import pandas as pd

#: A video, folder of images, archive or mesh; or frames uint8 RGB [T,H,W,3] in memory.
Frames = str | Path | np.ndarray


@dataclass(frozen=True)
class Report:
    """Results and where they are; shows itself as a table, also in a notebook.

    Attributes:
        results: all rows of the table in the folder.
        folder: with `results.json`, items, videos and `index.html`.

    """

    results: Results
    folder: Path

    def to_frame(self) -> pd.DataFrame:
        """A row for each method and drive, a column for each metric; NaN where there is none."""
        import pandas as pd

        return pd.DataFrame(
            {
                "method": row.method,
                "drive": row.drive,
                **{name: score.value for name, score in row.scores.items()},
            }
            for row in self.results.rows
        )

    def __str__(self) -> str:
        """The table that the command prints."""
        from reports import tables

        return tables.render(self.results, "table")

    def _repr_html_(self) -> str:
        """The same for a notebook; every name in it is escaped."""
        import pandas as pd

        from reports import tables

        table = tables.table(self.results)
        rows = [[cell.text for cell in row] for row in table.rows]
        return pd.DataFrame(rows, columns=list(table.heads)).to_html(index=False, escape=True)


def score(
    pred: Frames | Mapping[str, Frames],
    truth: Frames,
    *,
    fps: float | None = None,
    metrics: Sequence[str] | None = None,
    audio: np.ndarray | None = None,
    domain: str | None = None,
    trim: bool = False,
    resize: bool = False,
    resample_fps: float | None = None,
    limit: int | None = None,
    out: str | Path = "runs/score",
    device: str = "auto",
) -> Report:
    """Score predictions against the ground truth.

    Args:
        pred: one prediction, or several by name.
        truth: the ground truth; arrays and files may be mixed.
        fps: frames per second of arrays and of folders of images.
        metrics: ids (see `list metrics`); None for all that apply.
        audio: float32 [S] at 16 kHz, the sound of arrays.
        domain: "photo" or "synthetic"; None for what files state, "photo" for arrays.
        trim: cut at the end to the shorter side.
        resize: resize the prediction to the ground truth.
        resample_fps: repeat or drop whole frames to this rate.
        limit: score only the first frames of each sequence.
        out: folder of cells, results and the page; every call starts a new table in it, from the
            cells that are finished.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        HarnessError: what cannot be used, with the cure, as the command says it.

    """
    out = Path(out)
    named = pred if isinstance(pred, Mapping) else {"prediction": pred}
    given = [
        FilesRow(name, _path(name, one, fps, audio, domain, out)) for name, one in named.items()
    ]
    data = FilesData(
        _path("truth", truth, fps, audio, domain, out),
        Remedies(resample_fps, trim, resize),
        fps,
        domain,
        limit=limit,
    )
    wanted = None if metrics is None else tuple(metrics)
    plan = make_plan(Request(tuple(given), data, wanted, resolve_device(device)))
    return _done(plan, out, resolve_device(device), fresh=True)


def run(
    method: str | Sequence[str],
    split: str = "synthetic-mini",
    *,
    preset: str | None = None,
    options: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (0,),
    metrics: Sequence[str] | None = None,
    sequences: Sequence[str] | None = None,
    baselines: bool = True,
    limit: int | None = None,
    out: str | Path = "runs",
    device: str = "auto",
) -> Report:
    """Train, render and score methods on a split.

    Args:
        method: one id or several (see `list methods`).
        split: the name of a split, or the folder of a prepared subject.
        preset: of the methods; None for each one's default.
        options: over the preset.
        seeds: of training.
        metrics: ids; None for all that apply.
        sequences: the only ones to test on; None for all.
        baselines: whether to run the baselines too.
        limit: a trial on the first frames of each test sequence, with ten times as many frames of
            each training part.
        out: folder above that of the split.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        HarnessError: what cannot be used, with the cure, as the command says it.

    """
    names = (method,) if isinstance(method, str) else tuple(method)
    rows = rows_of(names, baselines, preset, options, tuple(seeds))
    chosen = None if sequences is None else tuple(sequences)
    wanted = None if metrics is None else tuple(metrics)
    found = resolve_device(device)
    plan = make_plan(Request(rows, SplitData(split, chosen, limit=limit), wanted, found))
    return _done(plan, folder_of(Path(out), plan.table), found)


def _done(plan: Plan, folder: Path, device: str, fresh: bool = False) -> Report:
    from harness.ablation import page

    results = Engine(folder, device).run(plan, fresh)
    page.write_page(results, folder)
    return Report(results, folder)


def _path(
    name: str,
    given: Frames,
    fps: float | None,
    audio: np.ndarray | None,
    domain: str | None,
    out: Path,
) -> Path:
    """A file as it is; frames in memory as a lossless archive below `out`, named by content."""
    if not isinstance(given, np.ndarray):
        return Path(given)
    if given.dtype != np.uint8 or given.ndim != 4 or given.shape[-1] != 3 or not len(given):
        fact = f"it is {given.dtype} {list(given.shape)}, not uint8 RGB [T,H,W,3]"
        raise BadInput(name, fact, "Scale to 0..255, round and convert it.")
    if fps is None:
        raise BadInput(name, "arrays state no frame rate", "Give it, for example fps=25.")
    digest = hashlib.sha256(repr((given.shape, fps, domain)).encode())
    digest.update(np.ascontiguousarray(given).data)
    if audio is not None:
        digest.update(np.ascontiguousarray(audio, np.float32).data)
    folder = out / "given" / digest.hexdigest()[:16]
    if (folder / "meta.json").is_file():
        return folder
    make_folder(folder)
    archive.write_frames(folder / "frames.zip", given)
    if audio is not None:
        archive.write_audio(folder / "audio.wav", audio)
    write_json(folder / "meta.json", {"fps": fps, "domain": domain or "photo"})
    return folder
