"""SadTalker (CVPR 2023): https://github.com/OpenTalker/SadTalker.

Traps of its code that are handled here. The result is named after the second in which the
program began, so each render has an empty result folder of its own, and no older video can be
taken for it. A picture without a face ends with exit code 0 and no video. It renders 25 frames per
second and nothing else, rounding the last one down. `--preprocess full` pastes the face back into
the whole picture; `crop` does not say where its crop was, so it is not offered. While it pastes, a
video lies in the folder it is run in: it is run in a copy of the checkout made of links.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import MethodSpec, PublishedResult, RenderRequest
from methods.external.checkout import Adapter, Asset, Job, Step, Versioned
from methods.external.one_shot import NOTE, OPTIONS, OneShot

HOME = "https://github.com/OpenTalker/SadTalker"
OBTAIN = (
    f"git clone {HOME}, then its README's `conda create -n sadtalker python=3.8`, torch 1.12.1 "
    "for CUDA 11.3, `conda install ffmpeg` and `pip install -r requirements.txt`."
)
WEIGHTS = "In the checkout, `bash scripts/download_models.sh`."

SPEC = MethodSpec(
    id="sadtalker",
    title="SadTalker (authors' code)",
    paper="SadTalker (CVPR 2023, arXiv 2211.12194)",
    licence="Apache-2.0",
    entry="methods.external.adapters.sadtalker:SadTalker",
    timed=False,
    presets={"paper": Versioned("sadtalker", OBTAIN, **OPTIONS, still=True)},
    default_preset="paper",
    published=(
        PublishedResult(
            "EDTalk Table 1",
            "mead",
            {"psnr": 19.042, "ssim": 0.606, "m_lmd": 2.038, "f_lmd": 2.335, "fid": 39.308,
             "sync_c": 7.065, "acc_emo": 14.25},
            f"MEAD, 256x256, one source frame, as printed by EDTalk's authors; here: {NOTE}",
        ),
    ),
)  # fmt: skip


class SadTalker(OneShot):
    """One picture and a sound; the whole picture comes back, its head moving."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
        scripts=("inference.py",),
        assets=(
            Asset("checkpoints/SadTalker_V*_256.safetensors", WEIGHTS),
            Asset("checkpoints/mapping_00109-model.pth.tar", WEIGHTS),  # of `full`
        ),
        starts=("inference.py",),
        surplus=8,
        layout=False,
        smoke={},
        free_gib=2.0,
    )
    tail = 0.2

    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """`inference.py` with the whole source frame."""
        folder = self.mirror(job, but=("results",))
        results = job.scratch / "results"
        results.mkdir()
        source = self.source(job).write_picture(job.scratch / "source.png")
        still = ("--still",) if job.config.get("still", True) else ()
        arguments = (
            *("inference.py", "--driven_audio", str(self.sound(job, request))),
            *("--source_image", str(source), "--result_dir", str(results)),
            *("--preprocess", "full", *still),
        )
        return [Step("render", arguments, folder=folder)]

    def collect(self, job: Job, request: RenderRequest) -> Path:
        """The newest name of an otherwise empty folder."""
        return self.only_video(job.scratch / "results")
