"""Hallo (2024): https://github.com/fudan-generative-vision/hallo.

Traps of its code that are handled here. The default result is one file for all runs: `--output` is
given. Its intermediate files lie in `.cache` of the folder it is run in: it is run in a copy of the
checkout made of links. It squeezes any picture into 512 x 512: it is given a square. It renders
clips of 16 frames and drops the rest: silence of one clip is put after the sound. 25 frames per
second and a seed of 42 are its own.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import MethodSpec, RenderRequest
from methods.external.checkout import Adapter, Asset, Job, Step, Versioned
from methods.external.one_shot import OPTIONS, OneShot

HOME = "https://github.com/fudan-generative-vision/hallo"
OBTAIN = (
    f"git clone {HOME}, then its README's `conda create -n hallo python=3.10`, "
    "`pip install -r requirements.txt`, `pip install .` (CUDA 12.1) and ffmpeg."
)
WEIGHTS = (
    "In the checkout, `git lfs install` and `git clone "
    "https://huggingface.co/fudan-generative-ai/hallo pretrained_models`."
)

SPEC = MethodSpec(
    id="hallo",
    title="Hallo (authors' code)",
    paper="Hallo (2024, arXiv 2406.08801)",
    licence="MIT (code)",
    entry="methods.external.adapters.hallo:Hallo",
    timed=False,
    presets={"paper": Versioned("hallo", OBTAIN, **OPTIONS)},
    default_preset="paper",
)


class Hallo(OneShot):
    """One square picture and a sound."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
        scripts=("scripts/inference.py",),
        assets=(Asset("pretrained_models/hallo/net.pth", WEIGHTS),),
        starts=("scripts/inference.py",),
        surplus=18,
        layout=False,
        smoke={},
        free_gib=4.0,
    )
    square = 512
    tail = 0.64  # one clip of 16 frames

    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """`scripts/inference.py`."""
        folder = self.mirror(job, but=(".cache", "output", "results"))
        self.source(job).write_picture(folder / "source.png", self.square)
        self.sound(job, request, folder)
        arguments = (
            *("scripts/inference.py", "--source_image", "source.png"),
            *("--driving_audio", "sound.wav", "--output", "results/made.mp4"),
        )
        return [Step("render", arguments, folder=folder)]

    def collect(self, job: Job, request: RenderRequest) -> Path:
        """Exactly `--output`."""
        return job.scratch / "checkout" / "results" / "made.mp4"
