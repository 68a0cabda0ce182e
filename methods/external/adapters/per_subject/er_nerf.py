"""ER-NeRF (ICCV 2023): https://github.com/Fictionarry/ER-NeRF.

Traps of its code that are handled here. Videos and checkpoints are named by epoch, so the head that
the torso is trained on is looked up after the head is trained, and the largest number is taken.
Each training writes a test video into the same folder as the test. `au.csv` must have names with a
leading space (` AU45_r`). Frames must be `.jpg`: others are skipped without a message. Videos are
always written at 25 frames per second. After writing the video, its test detects landmarks in every
frame and crashes if it finds none, unless audio features are given by name: those of the test are.
It reads poses and AU45 of the test, so it renders its own test only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.contracts import PublishedResult, RenderRequest
from methods.external.run.checkout import (
    Adapter,
    CheckoutJob,
    Inputs,
    Step,
    own_test_spec,
    versioned,
)
from methods.external.workspace import NEEDED, Workspace, newest

HOME = "https://github.com/Fictionarry/ER-NeRF"
OBTAIN = (
    f"git clone {HOME}, then its README's `conda create -n ernerf python=3.10`, torch 1.12.1 for "
    "CUDA 11.3, `pip install -r requirements.txt`, pytorch3d and tensorflow-gpu 2.8.0."
)
CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4` makes them; au.csv is "
    "OpenFace's FeatureExtraction; `python data_utils/deepspeech_features/extract_ds_features.py "
    "--input FOLDER/aud.wav` makes aud.npy, to be named aud_ds.npy."
)
DRIVEN = "ground-truth head pose, AU45 and torso drive the test"
_PUBLISHED = {"head": 100_000, "lips": 125_000, "lips_patch": 32}

SPEC = own_test_spec(
    id="er-nerf",
    title="ER-NeRF (authors' code)",
    paper="ER-NeRF (ICCV 2023, arXiv 2307.09323)",
    licence="MIT",
    entry="methods.external.adapters.per_subject.er_nerf:ERNeRF",
    presets={
        # The head over the torso of the test, as the split's protocol composites it.
        "paper": versioned("er-nerf", OBTAIN, **_PUBLISHED, torso=0),
        "torso": versioned("er-nerf", OBTAIN, **_PUBLISHED, torso=200_000),
        "quick": versioned("er-nerf", OBTAIN, head=8_000, lips=10_000, torso=0, lips_patch=32),
    },
    published=(
        PublishedResult(
            "DEGSTalk Table I",
            "degstalk-regular",
            {"psnr": 32.06, "lpips": 0.0354, "lmd": 2.771, "ssim": 0.9158},
            f"as printed by DEGSTalk's authors; six subjects, mostly 512x512; {DRIVEN}",
        ),
        PublishedResult(
            "EmoZone-Talker, neutral",
            "emozone-neutral",
            {"psnr": 33.059, "ssim": 0.935, "lpips": 0.027, "lmd": 2.269, "sync_c": 5.554,
             "csim": 0.930, "aue_u": 0.271, "aue_l": 0.228},
            f"v1, as printed by EmoZone-Talker's authors; 256x256; {DRIVEN}",
        ),
        PublishedResult(
            "EmoZone-Talker, MEAD",
            "mead",
            {"psnr": 31.156, "ssim": 0.931, "lpips": 0.033, "lmd": 2.649, "sync_c": 4.492,
             "csim": 0.864, "aue_u": 0.355, "aue_l": 0.376},
            f"v1, as printed by EmoZone-Talker's authors; 256x256; {DRIVEN}",
        ),
    ),
)  # fmt: skip


class ERNeRF(Workspace):
    """Head, lips, and (if `torso` is not 0) torso; head and torso have a workspace each."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
        scripts=("main.py", "nerf_triplane/provider.py"),
        imports=("torch", "tensorboardX", "cv2", "pandas"),
        inputs=(Inputs((*NEEDED, "aud_ds.npy"), CURE),),
        units=("AU45",),
        smoke={"head": 60, "lips": 90, "torso": 0},
    )

    def train(self, job: CheckoutJob) -> Iterator[Step]:
        """The commands of its README; each continues from its workspace's latest checkpoint."""
        head = self.command(job, "head")
        yield Step("head", (*head, "--iters", str(job.config["head"])))
        fine = ("--finetune_lips", "--patch_size", str(job.config["lips_patch"]))
        yield Step("lips", (*head, "--iters", str(job.config["lips"]), *fine))
        if job.config["torso"]:
            checkpoint = newest("er-nerf", job.model / "head" / "checkpoints", ".pth")
            extra = ("--torso", "--head_ckpt", str(checkpoint))
            iterations = ("--iters", str(job.config["torso"]))
            yield Step("torso", (*self.command(job, "torso"), *extra, *iterations))

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """Head over the true torso, or head and torso of its own."""
        torso = ("--torso",) if job.config["torso"] else ()
        name = "torso" if torso else "head"
        sound = ("--aud", str(self.features(job)))
        return [Step("render", (*self.command(job, name), *torso, "--test", *sound))]

    def features(self, job: CheckoutJob) -> Path:
        """Audio features of the test: the rows that its reader takes without `--aud`."""
        rows = np.load(job.data / "aud_ds.npy")
        frames = json.loads((job.data / "transforms_val.json").read_text("utf-8"))["frames"]
        path = job.scratch / "aud_test.npy"
        np.save(path, rows[[min(frame["aud_id"], len(rows) - 1) for frame in frames]])
        return path

    def command(self, job: CheckoutJob, workspace: str) -> tuple[str, ...]:
        """The beginning of all its commands."""
        place = str(job.model / workspace)
        return ("main.py", f"{job.data}/", "--workspace", place, "-O", "--seed", str(job.seed))

    def results(self, job: CheckoutJob) -> Path:
        """Of the workspace that is tested."""
        return job.model / ("torso" if job.config["torso"] else "head") / "results"
