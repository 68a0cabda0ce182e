"""RAD-NeRF's descendants: a workspace that trainings continue in, and videos named by epoch."""

from __future__ import annotations

import re
from pathlib import Path

from harness.contracts import RenderRequest, Sequence
from methods.external.base import ExternalMethod
from methods.external.errors import NoOutput
from methods.external.run import staging
from methods.external.run.checkout import CheckoutJob

#: Files that its reader opens, besides a `.jpg` of every frame: it skips frames without one.
NEEDED = ("transforms_train.json", "transforms_val.json", "bc.jpg", "ori_imgs/0.lms",
          "torso_imgs/0.png", "au.csv")  # fmt: skip


def newest(method: str, folder: Path, suffix: str) -> Path:
    """`ngp_epNNNN` of the largest number, which is not the last name beyond epoch 9999.

    Raises:
        NoOutput: there is none.

    """
    found = {
        int(match[1]): path
        for path in folder.glob(f"ngp_ep*{suffix}")
        if (match := re.fullmatch(rf"ngp_ep(\d+){re.escape(suffix)}", path.name))
    }
    if not found:
        raise NoOutput(method, folder / f"ngp_epNNNN{suffix}", "nothing of that name is there")
    return found[max(found)]


class Workspace(ExternalMethod):
    """What ER-NeRF and SyncTalk share."""

    def check(self, sequence: Sequence) -> None:
        """As usual, and that every frame of the folder is a `.jpg`."""
        super().check(sequence)
        assert sequence.folder is not None
        frames = (f"gt_imgs/{index}.jpg" for index in staging.listed(sequence.folder))
        staging.need(sequence.folder, frames, self.adapter.inputs[0].obtain)

    def results(self, job: CheckoutJob) -> Path:
        """Folder of the test videos."""
        return job.model / "head" / "results"

    def clear(self, job: CheckoutJob, request: RenderRequest) -> None:
        """Delete the test videos that every training writes at its end, at earlier epochs."""
        for path in self.results(job).glob("ngp_ep*"):
            path.unlink()

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The test video of the newest epoch; `_depth` and `_audio` are others."""
        return newest(self.adapter.spec.id, self.results(job), ".mp4")
