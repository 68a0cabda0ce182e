"""Hallo (2024): https://github.com/fudan-generative-vision/hallo.

Traps of its code that are handled here. The default result is one file for all runs: `--output` is
given. Its intermediate files lie in `.cache` of the current folder: it runs in a copy of the
checkout made of links. It squeezes any image into 512 x 512: it gets a square. It renders 16 frames
at a time and drops the rest: silence of 16 frames is added to the audio. 25 frames per second and a
seed of 42 are fixed.
"""

from __future__ import annotations

from harness.contracts import RenderRequest
from methods.external.one_shot import RESULT, OneShot, OneShotAdapter, one_shot_spec
from methods.external.run.checkout import Asset, CheckoutJob, Step

WEIGHTS = (
    "In the checkout, `git lfs install` and `git clone "
    "https://huggingface.co/fudan-generative-ai/hallo pretrained_models`."
)

SPEC = one_shot_spec(
    id="hallo",
    title="Hallo (authors' code)",
    paper="Hallo (2024, arXiv 2406.08801)",
    licence="MIT (code)",
    entry="methods.external.adapters.one_shot.hallo:Hallo",
    presets={"paper": {}},
)


class Hallo(OneShot):
    """One square image and audio."""

    adapter = OneShotAdapter(
        spec=SPEC,
        home="https://github.com/fudan-generative-vision/hallo",
        obtain=(
            "git clone https://github.com/fudan-generative-vision/hallo, then its README's `conda "
            "create -n hallo python=3.10`, `pip install -r requirements.txt`, `pip install .` "
            "(CUDA 12.1) and ffmpeg."
        ),
        scripts=("scripts/inference.py",),
        assets=(Asset("pretrained_models/hallo/net.pth", WEIGHTS),),
        starts=("scripts/inference.py",),
        surplus=18,
        free_gib=4.0,
    )
    square = 512
    tail = 0.64  # 16 frames

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`scripts/inference.py`."""
        folder = self.mirror(job, but=(".cache", "output", "results"))
        self.source(job).write_frame(folder / "source.png", self.square)
        self.sound(job, request, folder)
        arguments = (
            *("scripts/inference.py", "--source_image", "source.png"),
            *("--driving_audio", "sound.wav", "--output", RESULT),
        )
        return [Step("render", arguments, folder=folder)]
