"""EAT (ICCV 2023): https://github.com/yuangan/EAT_code.

Traps of its code that are handled here. `--save_dir` is parsed and ignored: videos go to
`./demo/output/NAME/IMAGE_EMOTION_VIDEO.mp4`. `demo.py` renders every image in
`./demo/imgs_cropped`, and its preprocessing handles every video in `./video`, so both run in a copy
of the checkout (made of links) that holds ours alone. Its own alignment does not report its crop;
its README allows an image of 256 x 256 instead, as a `.jpg`, which is used here. Audio and head
motion come from one video that it preprocesses: the training video with the audio of the test.
"""

from __future__ import annotations

import math
from pathlib import Path

from harness.contracts import EMOTIONS, RenderRequest
from methods.external.one_shot import OneShot, OneShotAdapter, one_shot_spec
from methods.external.run import staging
from methods.external.run.checkout import Asset, CheckoutJob, Step

WEIGHTS = "In the checkout, fetch and unzip ckpt, demo and Utils with gdown, as its README says."
#: Its names of the emotions, in our order.
NAMES = dict(zip(EMOTIONS, ("neu", "ang", "con", "dis", "fea", "hap", "sad", "sur"), strict=True))
CHECKPOINT = "deepprompt_eam3d_all_final_313"
#: Folders that its scripts write to; everything else is linked.
_DEMO = ("imgs", "imgs_cropped", "imgs_latent", "output", "video_processed")
_PREPROCESS = ("video", "video_fps25", "deepfeature32", "latents", "poseimg", "imgs", "video_crop")

SPEC = one_shot_spec(
    id="eat",
    title="EAT (authors' code)",
    paper="EAT (ICCV 2023, arXiv 2309.04946)",
    licence="MIT by its README's badge; no licence file",
    entry="methods.external.adapters.one_shot.eat:EAT",
    presets={"paper": {"emotion": "recording"}},
)


class EAT(OneShot):
    """Preprocesses one video and renders one image with one emotion."""

    adapter = OneShotAdapter(
        spec=SPEC,
        home="https://github.com/yuangan/EAT_code",
        obtain=(
            "git clone https://github.com/yuangan/EAT_code, then its README's `conda/mamba env "
            "create -f environment.yml` (Python 3.7, torch 1.11, CUDA 11.3)."
        ),
        scripts=("demo.py", "preprocess/preprocess_video.py"),
        assets=(
            Asset(f"ckpt/{CHECKPOINT}.pth.tar", WEIGHTS),
            Asset("ckpt/pretrain_new_274.pth.tar", WEIGHTS),
            Asset("demo/shape_predictor_68_face_landmarks.dat", WEIGHTS),
        ),
        imports=("dlib", "imageio"),
        starts=("demo.py",),
        surplus=8,
    )
    square = 256
    tail = 0.2  # its re-encoding at 25 frames per second may lose the last ones

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`preprocess_video.py`, then `demo.py`, both in a copy of the checkout."""
        folder = self.mirror(job, but=("demo", "preprocess"))
        for name, own in (("demo", _DEMO), ("preprocess", _PREPROCESS)):
            staging.stage(job.root / name, folder / name, but=own)
        source = self.source(job)
        source.write_frame(folder / "demo" / "imgs_cropped" / "source.jpg", self.square)
        (folder / "demo" / "imgs").mkdir()
        frames = request.count + math.ceil(self.tail * request.fps)
        path = folder / "preprocess" / "video" / "clip.mp4"
        source.write_video(path, frames, audio=request.audio)
        video, emotion = "./demo/video_processed/clip", NAMES[self.emotion(job)]
        demo = ("demo.py", "--root_wav", video, "--emo", emotion, "--name", CHECKPOINT)
        return [
            Step("preprocess", ("preprocess_video.py",), folder=folder / "preprocess"),
            Step("render", demo, folder=folder),
        ]

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The video of our image, where the code always puts it."""
        name = f"source_{NAMES[self.emotion(job)]}_clip.mp4"
        return job.scratch / "checkout" / "demo" / "output" / CHECKPOINT / name
