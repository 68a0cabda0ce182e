"""SyncTalk (CVPR 2024): https://github.com/ZiqiaoPeng/SyncTalk.

Traps of its code that are handled here. `--portrait` pastes the rendered face into the *true test
frames* of `ori_imgs`, so hair, ears, neck and background are ground truth: PSNR gains some 5 dB by
its README. It is a preset of its own (`portrait`), the only one that sees a test frame. Videos are
named by epoch, and `_depth` and `_audio` lie beside them. `au.csv` must have names with a leading
space (` AU45_r`). It always writes 25 frames per second. In training and testing it detects
landmarks in test frames and in its own, and crashes if it finds none (issue 163): test frames are
replaced by a training frame, and `verify` has no smoke run, whose frames would not show a face yet.
It reads poses and eyes of the test, so it renders its own test only.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts import PublishedResult, RenderRequest, Sequence
from methods.external.run import staging
from methods.external.run.checkout import (
    Adapter,
    Asset,
    CheckoutJob,
    Inputs,
    Step,
    own_test_spec,
    versioned,
)
from methods.external.workspace import NEEDED, Workspace

HOME = "https://github.com/ZiqiaoPeng/SyncTalk"
OBTAIN = (
    f"git clone {HOME}, then its README's `conda create -n synctalk python==3.8.8`, torch "
    "1.12.1+cu113, `pip install -r requirements.txt`, pytorch3d, tensorflow-gpu 2.8.1 and "
    "`pip install ./freqencoder ./shencoder ./gridencoder ./raymarching`."
)
CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4 --asr ave` makes them; au.csv is "
    "OpenFace's FeatureExtraction."
)
#: What its authors' test command does to every pixel metric.
PASTED_NOTE = (
    "its authors test with --portrait, which pastes the face into the true test frames (some 5 dB "
    "of PSNR by its README): the preset `portrait` does so, and no other"
)
DRIVEN = "ground-truth head pose and eyes drive the test"
PASTED = "the face is pasted into the true test frames (--portrait)"
_OPTIONS = {"head": 60_000, "lips": 100_000, "asr_model": "ave", "au45": True}

SPEC = own_test_spec(
    id="synctalk",
    title="SyncTalk (authors' code)",
    paper="SyncTalk (CVPR 2024, arXiv 2311.17590)",
    licence="CC BY-NC 4.0",
    entry="methods.external.adapters.per_subject.synctalk:SyncTalk",
    signals=("camera", "masks", "landmarks", "au"),
    presets={
        "paper": versioned("synctalk", OBTAIN, **_OPTIONS, portrait=False),
        # The authors' own test command, which needs the true test frames.
        "portrait": versioned("synctalk", OBTAIN, **_OPTIONS, portrait=True),
    },
    published=(
        PublishedResult(
            "DEGSTalk Table I",
            "degstalk-regular",
            {"psnr": 33.73, "lpips": 0.0292, "lmd": 2.627, "ssim": 0.9361},
            "as printed by DEGSTalk's authors; six subjects, mostly 512x512; use of --portrait is "
            f"not stated; {DRIVEN}",
        ),
        PublishedResult(
            "README",
            "may",
            {"psnr": 32.201, "lpips": 0.0394, "lmd": 2.822},
            f"May, 512x512, without --portrait; {DRIVEN}",
        ),
        PublishedResult(
            "README",
            "may",
            {"psnr": 37.644, "lpips": 0.0117, "lmd": 2.825},
            f"May, 512x512; {PASTED}; {DRIVEN}",
        ),
    ),
)  # fmt: skip


class SyncTalk(Workspace):
    """Head, then lips, in one workspace."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
        scripts=("main.py", "nerf_triplane/provider.py"),
        assets=(
            Asset(
                "nerf_triplane/checkpoints/audio_visual_encoder.pth",
                "It comes with the repository (`git lfs pull` if the file is a pointer).",
            ),
        ),
        imports=("torch", "raymarching", "gridencoder", "cv2", "pandas"),
        inputs=(Inputs(NEEDED, CURE),),
        units=("AU45",),
        note=PASTED_NOTE,
    )

    def prepare(self, sequence: Sequence, job: CheckoutJob) -> None:
        """Link the folder, with the files that the chosen options read.

        `--portrait` alone finds the true test frames in `ori_imgs`.
        """
        assert sequence.folder is not None
        features = {"deepspeech": "aud_ds.npy", "hubert": "aud_hu.npy"}
        extra = [features.get(str(job.config["asr_model"]), "aud.wav")]
        if not job.config["au45"]:
            extra.append("bs.npy")
        if job.config["portrait"]:
            extra += ["ori_imgs/0.jpg", "parsing/0_face.png"]
        staging.need(sequence.folder, extra, CURE)
        super().prepare(sequence, job)
        if job.config["portrait"]:
            for path in (job.data / "ori_imgs").glob("*.jpg"):
                if not path.is_symlink():  # a training frame instead of a test frame
                    path.unlink()
                    path.symlink_to((sequence.folder / "ori_imgs" / path.name).resolve())

    def train(self, job: CheckoutJob) -> Iterator[Step]:
        """The commands of its README."""
        yield Step("head", (*self.command(job), "--iters", str(job.config["head"])))
        fine = ("--finetune_lips", "--patch_size", "64")
        yield Step("lips", (*self.command(job), "--iters", str(job.config["lips"]), *fine))

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """The test part; with `portrait` pasted into its true frames."""
        portrait = ("--portrait",) if job.config["portrait"] else ()
        return [Step("render", (*self.command(job), "--test", *portrait))]

    def command(self, job: CheckoutJob) -> tuple[str, ...]:
        """The beginning of all its commands."""
        eyes = ("--au45",) if job.config["au45"] else ()
        options = ("--asr_model", str(job.config["asr_model"]), *eyes, "--seed", str(job.seed))
        return ("main.py", str(job.data), "--workspace", str(job.model / "head"), "-O", *options)
