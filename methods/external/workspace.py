"""RAD-NeRF's descendants: a workspace that several trainings go on in, videos named by epoch."""

from __future__ import annotations

import re
from pathlib import Path

from harness.contracts import RenderRequest, Sequence
from methods.external import staging
from methods.external.base import ExternalMethod
from methods.external.checkout import Job
from methods.external.errors import NoOutput

#: Files that its reader opens, beside a `.jpg` of every frame: it steps over those not there.
NEEDED = ("transforms_train.json", "transforms_val.json", "bc.jpg", "ori_imgs/0.lms",
          "torso_imgs/0.png", "au.csv")  # fmt: skip


def newest(method: str, folder: Path, suffix: str) -> Path:
    """`ngp_epNNNN` of the largest number, which is not the last by name beyond epoch 9999.

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

    needed: tuple[str, ...] = NEEDED
    cure: str = ""
    #: Workspace, below `job.model`, whose test video is the result.
    result: str = "head"

    def prepare(self, sequence: Sequence, job: Job) -> None:
        """Link the folder; both readers look up ` AU45_r`, with its space."""
        assert sequence.folder is not None
        staging.need(sequence.folder, self.needed, self.cure)
        pictures = (f"gt_imgs/{index}.jpg" for index in staging.listed(sequence.folder))
        staging.need(sequence.folder, pictures, self.cure)
        self.link(sequence, job)
        staging.write_au_csv(sequence.folder / "au.csv", job.data / "au.csv", True, ("AU45",))

    def link(self, sequence: Sequence, job: Job) -> None:
        """Link the folder, with a training frame in the place of the test's."""
        staging.stage_recording(sequence, job.data, but=("au.csv",))

    def results(self, job: Job) -> Path:
        """Folder of the test videos."""
        return job.model / self.result / "results"

    def clear(self, job: Job, request: RenderRequest) -> None:
        """Every training ends with a test video of its own, at earlier epochs: away with them."""
        for path in self.results(job).glob("ngp_ep*"):
            path.unlink()

    def collect(self, job: Job, request: RenderRequest) -> Path:
        """The test video of the newest epoch; `_depth` and `_audio` are others."""
        return newest(self.adapter.spec.id, self.results(job), ".mp4")
