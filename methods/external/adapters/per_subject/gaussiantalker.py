"""GaussianTalker (ACM MM 2024): https://github.com/cvlab-kaist/GaussianTalker.

Traps of its code that are handled here. It writes `renders.mp4`, muxes it into a `.mov` and deletes
the `.mp4`; ffmpeg is quiet, so without the audio that it muxes (`aud_novel.wav`) no video remains.
The `.mov` is named after the second-last part of the model path, which must therefore have one and
no slash at its end. Its reader adds the test frames to the training frames unless `--eval` is
given, which it always is; and it refuses a folder with `fused.ply`, which other methods write.
`au.csv` must have names with a leading space (` AU45_r`). Videos have 25 frames per second. Other
speech (`--custom_aud`) is rendered with poses of the training part, so it renders its own test
only.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import PublishedResult, RenderRequest
from methods.external.base import ExternalMethod
from methods.external.run.checkout import (
    Adapter,
    CheckoutJob,
    Inputs,
    Step,
    own_test_spec,
    versioned,
)

HOME = "https://github.com/cvlab-kaist/GaussianTalker"
OBTAIN = (
    f"git clone {HOME} with `git submodule update --init --recursive`, then its README's `conda "
    "create -n GaussianTalker python=3.7`, `pip install -r requirements.txt` and `pip install -e` "
    "of both submodules."
)
NEEDED = ("transforms_train.json", "transforms_val.json", "track_params.pt", "au.csv", "aud_ds.npy",
          "bc.jpg", "ori_imgs/0.jpg", "ori_imgs/0.lms", "parsing/0.png",
          "torso_imgs/0.png")  # fmt: skip
CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4` makes them; au.csv is "
    "OpenFace's FeatureExtraction."
)
CONFIG = "arguments/64_dim_1_transformer.py"
ITERATION = 10_000  # of that configuration
_NOTE = "v1, as printed by EmoZone-Talker's authors; 256x256; ground-truth pose and AU45"

SPEC = own_test_spec(
    id="gaussiantalker",
    title="GaussianTalker (authors' code)",
    paper="GaussianTalker (ACM MM 2024, arXiv 2404.16012)",
    licence="Inria and MPII: non-commercial research only",
    entry="methods.external.adapters.per_subject.gaussiantalker:GaussianTalker",
    presets={"paper": versioned("gaussiantalker", OBTAIN, batch=128)},
    published=(
        PublishedResult(
            "EmoZone-Talker, neutral",
            "emozone-neutral",
            {"psnr": 33.023, "ssim": 0.939, "lpips": 0.033, "lmd": 2.306, "sync_c": 5.741,
             "csim": 0.946, "aue_u": 0.256, "aue_l": 0.228},
            _NOTE,
        ),
        PublishedResult(
            "EmoZone-Talker, MEAD",
            "mead",
            {"psnr": 31.952, "ssim": 0.946, "lpips": 0.047, "lmd": 2.410, "sync_c": 4.823,
             "csim": 0.913, "aue_u": 0.338, "aue_l": 0.330},
            _NOTE,
        ),
    ),
)  # fmt: skip


class GaussianTalker(ExternalMethod):
    """One training and one render."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
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
