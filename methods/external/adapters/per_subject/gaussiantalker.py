"""GaussianTalker (ACM MM 2024): https://github.com/cvlab-kaist/GaussianTalker.

Traps of its code that are handled here. It writes `renders.mp4`, muxes it into a `.mov` and deletes
the `.mp4`; ffmpeg is quiet, so without the audio that it muxes (`aud_novel.wav`) no video remains.
The `.mov` is named after the second-last part of the model path, which must therefore have one and
no slash at its end. Its reader adds the test frames to the training frames unless `--eval` is
given, which it always is; and it refuses a folder with `fused.ply`, which other methods write.
Other speech (`--custom_aud`) is rendered with poses of the training part.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import RenderRequest
from methods.external.base import ExternalMethod
from methods.external.run.checkout import Adapter, CheckoutJob, Inputs, Step, own_test_spec

NEEDED = ("transforms_train.json", "transforms_val.json", "track_params.pt", "au.csv", "aud_ds.npy",
          "bc.jpg", "ori_imgs/0.jpg", "ori_imgs/0.lms", "parsing/0.png",
          "torso_imgs/0.png")  # fmt: skip
CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4` makes them; au.csv comes from "
    "OpenFace's FeatureExtraction."
)
CONFIG = "arguments/64_dim_1_transformer.py"
ITERATION = 10_000  # of that configuration

SPEC = own_test_spec(
    id="gaussiantalker",
    title="GaussianTalker (authors' code)",
    paper="GaussianTalker (ACM MM 2024, arXiv 2404.16012)",
    licence="Inria and MPII: non-commercial research only",
    entry="methods.external.adapters.per_subject.gaussiantalker:GaussianTalker",
    presets={"paper": {"batch": 128}},
    published_note="ground-truth head pose and AU45 drive the test",
)


class GaussianTalker(ExternalMethod):
    """One training and one render."""

    adapter = Adapter(
        spec=SPEC,
        home="https://github.com/cvlab-kaist/GaussianTalker",
        obtain=(
            "git clone https://github.com/cvlab-kaist/GaussianTalker with `git submodule update "
            "--init --recursive`, then its README's `conda create -n GaussianTalker python=3.7`, "
            "`pip install -r requirements.txt` and `pip install -e` of both submodules."
        ),
        scripts=("train.py", "render.py", CONFIG),
        imports=("mmcv",),
        inputs=(Inputs(NEEDED, CURE),),
        hidden=("fused.ply",),
        units=("AU45",),
        starts=("train.py", "render.py"),
    )

    def train(self, job: CheckoutJob) -> list[Step]:
        """`train.py`, on the training part alone."""
        return [Step("train", ("train.py", *self.places(job)))]

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`render.py` of the test part."""
        from harness.media.audio import write_wav

        write_wav(job.data / "aud_novel.wav", request.audio)
        batch = ("--batch", str(job.config["batch"]))
        when = ("--iteration", str(ITERATION))
        return [Step("render", ("render.py", *self.places(job), *when, *batch, "--skip_train"))]

    def places(self, job: CheckoutJob) -> tuple[str, ...]:
        """Arguments of both commands."""
        paths = ("-s", str(job.data), "--model_path", str(job.model))
        return (*paths, "--configs", CONFIG, "--eval")

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The `.mov`; its audio is ignored."""
        name = f"{job.model.parent.name}_test_{ITERATION}iter_renders.mov"
        return job.model / "test" / f"ours_{ITERATION}" / "renders" / name
