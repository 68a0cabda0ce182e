"""EAT (ICCV 2023): https://github.com/yuangan/EAT_code.

Traps of its code that are handled here. `--save_dir` is parsed and ignored: videos go to
`./demo/output/NAME/PICTURE_EMOTION_CLIP.mp4`. `demo.py` renders every picture it finds in
`./demo/imgs_cropped`, and its preprocessing every video in `./video`, so both are run in a copy of
the checkout (made of links) that holds ours alone. Its own alignment says nowhere where the crop
was; its README offers to give a picture of 256 x 256 instead, as a `.jpg`, and so we do. Sound and
head motion come from one video that it preprocesses: the training clip with the test's sound.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import EMOTIONS, MethodSpec, PublishedResult, RenderRequest
from methods.external import staging
from methods.external.checkout import Adapter, Asset, Job, Step, Versioned
from methods.external.one_shot import NOTE, OPTIONS, OneShot

HOME = "https://github.com/yuangan/EAT_code"
OBTAIN = (
    f"git clone {HOME}, then its README's `conda/mamba env create -f environment.yml` "
    "(Python 3.7, torch 1.11, CUDA 11.3)."
)
WEIGHTS = "In the checkout, fetch and unzip ckpt, demo and Utils with gdown, as its README says."
#: Its names of the emotions, in our order.
NAMES = dict(zip(EMOTIONS, ("neu", "ang", "con", "dis", "fea", "hap", "sad", "sur"), strict=True))
CHECKPOINT = "deepprompt_eam3d_all_final_313"
#: What its scripts write; everything else is linked.
_DEMO = ("imgs", "imgs_cropped", "imgs_latent", "output", "video_processed")
_PREPROCESS = ("video", "video_fps25", "deepfeature32", "latents", "poseimg", "imgs", "video_crop")

SPEC = MethodSpec(
    id="eat",
    title="EAT (authors' code)",
    paper="EAT (ICCV 2023, arXiv 2309.04946)",
    licence="MIT by its README's badge; no licence file",
    entry="methods.external.adapters.eat:EAT",
    timed=False,
    presets={"paper": Versioned("eat", OBTAIN, **OPTIONS, emotion="recording")},
    default_preset="paper",
    published=(
        PublishedResult(
            "EDTalk Table 1",
            "mead",
            {"psnr": 20.007, "ssim": 0.652, "m_lmd": 1.750, "f_lmd": 1.668, "fid": 21.465,
             "sync_c": 7.984, "acc_emo": 64.40},
            f"MEAD, 256x256, one source frame, as printed by EDTalk's authors; here: {NOTE}",
        ),
        PublishedResult(
            "EmoZone-Talker, emotion control",
            "mead",
            {"e_score": 0.552, "e_score/neutral": 0.368, "e_score/non-neutral": 0.613,
             "csim": 0.616},
            "MEAD, 256x256, v1 of the paper",
        ),
    ),
)  # fmt: skip


class EAT(OneShot):
    """Preprocesses one clip and renders one picture with one emotion."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
        scripts=("demo.py", "preprocess/preprocess_video.py"),
        assets=(
            Asset(f"ckpt/{CHECKPOINT}.pth.tar", WEIGHTS),
            Asset("ckpt/pretrain_new_274.pth.tar", WEIGHTS),
            Asset("demo/shape_predictor_68_face_landmarks.dat", WEIGHTS),
        ),
        imports=("dlib", "imageio"),
        starts=("demo.py",),
        surplus=8,
        layout=False,
        smoke={},
        free_gib=2.0,
    )
    square = 256
    tail = 0.2  # its re-encoding at 25 frames per second may lose the last ones

    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """`preprocess_video.py`, then `demo.py`, both in a copy of the checkout."""
        folder = self.mirror(job, but=("demo", "preprocess"))
        for name, own in (("demo", _DEMO), ("preprocess", _PREPROCESS)):
            staging.stage(job.root / name, folder / name, but=own)
        source = self.source(job)
        source.write_picture(folder / "demo" / "imgs_cropped" / "source.jpg", self.square)
        (folder / "demo" / "imgs").mkdir()
        frames = self.length(request)
        source.write_clip(folder / "preprocess" / "video" / "clip.mp4", frames, None, request.audio)
        clip, emotion = "./demo/video_processed/clip", NAMES[self.emotion(job)]
        demo = ("demo.py", "--root_wav", clip, "--emo", emotion, "--name", CHECKPOINT)
        return [
            Step("preprocess", ("preprocess_video.py",), folder=folder / "preprocess"),
            Step("render", demo, folder=folder),
        ]

    def collect(self, job: Job, request: RenderRequest) -> Path:
        """The video of our picture, where the code puts it whatever it is told."""
        name = f"source_{NAMES[self.emotion(job)]}_clip.mp4"
        return job.scratch / "checkout" / "demo" / "output" / CHECKPOINT / name
