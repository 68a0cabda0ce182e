"""SadTalker (CVPR 2023): https://github.com/OpenTalker/SadTalker.

Traps of its code that are handled here. The result is named after the second in which the
program started, so each render has an empty result folder of its own, and no older video can be
mistaken for it. An image without a face ends with exit code 0 and no video. It always renders 25
frames per second, rounding the last one down. `--preprocess full` pastes the face back into the
whole image; `crop` does not report its crop, so it is not offered. While it pastes, it writes a
video in the current folder: it runs in a copy of the checkout made of links.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import RenderRequest
from methods.external.one_shot import OneShot, OneShotAdapter, one_shot_spec
from methods.external.run.checkout import Asset, CheckoutJob, Step

WEIGHTS = "In the checkout, `bash scripts/download_models.sh`."

SPEC = one_shot_spec(
    id="sadtalker",
    title="SadTalker (authors' code)",
    paper="SadTalker (CVPR 2023, arXiv 2211.12194)",
    licence="Apache-2.0",
    entry="methods.external.adapters.one_shot.sadtalker:SadTalker",
    presets={"paper": {"still": True}},
)


class SadTalker(OneShot):
    """One image and audio; the output is the whole image with a moving head."""

    adapter = OneShotAdapter(
        spec=SPEC,
        home="https://github.com/OpenTalker/SadTalker",
        obtain=(
            "git clone https://github.com/OpenTalker/SadTalker, then its README's `conda create -n "
            "sadtalker python=3.8`, torch 1.12.1 for CUDA 11.3, `conda install ffmpeg` and "
            "`pip install -r requirements.txt`."
        ),
        scripts=("inference.py",),
        assets=(
            Asset("checkpoints/SadTalker_V*_256.safetensors", WEIGHTS),
            Asset("checkpoints/mapping_00109-model.pth.tar", WEIGHTS),  # of `full`
        ),
        starts=("inference.py",),
        surplus=8,
    )
    tail = 0.2

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`inference.py` with the whole source frame."""
        folder = self.mirror(job, but=("results",))
        results = job.scratch / "results"
        results.mkdir()
        source = self.source(job).write_frame(job.scratch / "source.png")
        still = ("--still",) if job.config.get("still", True) else ()
        arguments = (
            *("inference.py", "--driven_audio", str(self.sound(job, request))),
            *("--source_image", str(source), "--result_dir", str(results)),
            *("--preprocess", "full", *still),
        )
        return [Step("render", arguments, folder=folder)]

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The newest name of an otherwise empty folder."""
        return self.only_video(job.scratch / "results")
