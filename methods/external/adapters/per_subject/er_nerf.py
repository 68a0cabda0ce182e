"""ER-NeRF (ICCV 2023): https://github.com/Fictionarry/ER-NeRF.

Traps of its code that are handled here. Videos and checkpoints are named by epoch, so the head that
the torso is trained on is looked up after the head is trained, and the largest number is taken.
Each training writes a test video into the same folder as the test. Frames must be `.jpg`: others
are skipped without a message. After writing the video, its test detects landmarks in every frame
and crashes if it finds none, unless audio features are given by name: those of the test are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.contracts import RenderRequest, Sequence
from harness.files.arrays import read_array
from harness.files.documents import read_object
from methods.external.base import ExternalMethod
from methods.external.errors import NoOutput
from methods.external.run import staging
from methods.external.run.checkout import Adapter, CheckoutJob, Inputs, Step, own_test_spec

#: Files that its reader opens, besides a `.jpg` of every frame: it skips frames without one.
NEEDED = ("transforms_train.json", "transforms_val.json", "bc.jpg", "ori_imgs/0.lms",
          "torso_imgs/0.png", "au.csv")  # fmt: skip
CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4` makes them; au.csv comes from "
    "OpenFace's FeatureExtraction; `python data_utils/deepspeech_features/extract_ds_features.py "
    "--input FOLDER/aud.wav` makes aud.npy: rename it to aud_ds.npy."
)
_PUBLISHED = {"head": 100_000, "lips": 125_000, "lips_patch": 32}


SPEC = own_test_spec(
    id="er-nerf",
    title="ER-NeRF (authors' code)",
    paper="ER-NeRF (ICCV 2023, arXiv 2307.09323)",
    licence="MIT",
    entry="methods.external.adapters.per_subject.er_nerf:ERNeRF",
    presets={
        # The head over the torso of the test, as the split's protocol composites it.
        "paper": {**_PUBLISHED, "torso": 0},
        "torso": {**_PUBLISHED, "torso": 200_000},
        "quick": {"head": 8_000, "lips": 10_000, "torso": 0, "lips_patch": 32},
    },
    published_note="ground-truth head pose, AU45 and torso drive the test",
)


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
        raise NoOutput(method, folder / f"ngp_epNNNN{suffix}", "no such file")
    return found[max(found)]


class ERNeRF(ExternalMethod):
    """Head, lips, and (if `torso` is not 0) torso; head and torso have a workspace each."""

    adapter = Adapter(
        spec=SPEC,
        home="https://github.com/Fictionarry/ER-NeRF",
        obtain=(
            "git clone https://github.com/Fictionarry/ER-NeRF, then its README's `conda create -n "
            "ernerf python=3.10`, torch 1.12.1 for CUDA 11.3, `pip install -r requirements.txt`, "
            "pytorch3d and tensorflow-gpu 2.8.0."
        ),
        scripts=("main.py", "nerf_triplane/provider.py"),
        imports=("torch", "tensorboardX", "cv2", "pandas"),
        inputs=(Inputs((*NEEDED, "aud_ds.npy"), CURE),),
        units=("AU45",),
        smoke={"head": 60, "lips": 90, "torso": 0},
    )

    def check(self, sequence: Sequence) -> None:
        """As usual, and that every frame of the folder is a `.jpg`."""
        super().check(sequence)
        assert sequence.folder is not None
        frames = (f"gt_imgs/{index}.jpg" for index in staging.listed(sequence.folder))
        staging.need(sequence.folder, frames, self.adapter.inputs[0].obtain)

    def train(self, job: CheckoutJob) -> Iterator[Step]:
        """The commands of its README; each continues from its workspace's latest checkpoint."""
        config = job.config  # SyncTalk's has neither `lips_patch` nor `torso`
        head = self.command(job, "head")
        yield Step("head", (*head, "--iters", str(config["head"])))
        fine = ("--finetune_lips", "--patch_size", str(config.get("lips_patch", 64)))
        yield Step("lips", (*head, "--iters", str(config["lips"]), *fine))
        if config.get("torso"):
            checkpoint = newest(self.adapter.spec.id, job.model / "head" / "checkpoints", ".pth")
            extra = ("--torso", "--head_ckpt", str(checkpoint))
            iterations = ("--iters", str(config["torso"]))
            yield Step("torso", (*self.command(job, "torso"), *extra, *iterations))

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """Head over the true torso, or head and torso of its own."""
        torso = ("--torso",) if job.config["torso"] else ()
        name = "torso" if torso else "head"
        sound = ("--aud", str(self.features(job)))
        return [Step("render", (*self.command(job, name), *torso, "--test", *sound))]

    def features(self, job: CheckoutJob) -> Path:
        """Audio features of the test: the rows that its reader takes without `--aud`."""
        rows = read_array(job.data / "aud_ds.npy")
        frames = read_object(job.data / "transforms_val.json")["frames"]
        path = job.scratch / "aud_test.npy"
        np.save(path, rows[[min(frame["aud_id"], len(rows) - 1) for frame in frames]])
        return path

    def command(self, job: CheckoutJob, workspace: str) -> tuple[str, ...]:
        """The beginning of all its commands."""
        place, seed = str(job.model / workspace), str(job.record["seed"])
        return ("main.py", f"{job.data}/", "--workspace", place, "-O", "--seed", seed)

    def results(self, job: CheckoutJob) -> Path:
        """Folder of the test videos, in the workspace that is tested."""
        return job.model / ("torso" if job.config.get("torso") else "head") / "results"

    def clear(self, job: CheckoutJob, request: RenderRequest) -> None:
        """Delete the test videos that every training writes at its end, at earlier epochs."""
        for path in self.results(job).glob("ngp_ep*"):
            path.unlink()

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The test video of the newest epoch; `_depth` and `_audio` are others."""
        return newest(self.adapter.spec.id, self.results(job), ".mp4")
