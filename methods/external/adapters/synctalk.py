"""SyncTalk (CVPR 2024): https://github.com/ZiqiaoPeng/SyncTalk.

Traps of its code that are handled here. `--portrait` pastes the face that it made into the *true
test frames* of `ori_imgs`, so hair, ears, neck and background are the truth itself: PSNR gains some
5 dB by its README. It is a preset of its own (`portrait`), the only one that sees a test frame.
Videos are named by epoch, and `_depth` and `_audio` lie beside them. `au.csv` must have names with
a leading space (` AU45_r`). It writes 25 frames per second whatever the data say. While it trains
and when it tests it looks for landmarks in the frames of the test and in its own, and crashes where
it finds none (issue 163): in the place of the test's it finds a training frame, and `verify` has no
run of seconds, whose own frames would show no face yet. It reads test poses and eyes, so it renders
its own test only.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.contracts import MethodSpec, PublishedResult, RenderRequest, Sequence
from methods.external import staging
from methods.external.checkout import Adapter, Asset, Job, Step, Versioned
from methods.external.workspace import Workspace

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
#: What its authors' test command does to every metric of pixels.
PASTED_NOTE = (
    "its authors test with --portrait, which pastes the face into the true test frames (some 5 dB "
    "of PSNR by its README): the preset `portrait` does so, and no other"
)
DRIVEN = "ground-truth head pose and eyes drive the test"
PASTED = "the face is pasted into the true test frames (--portrait)"
_OPTIONS = {"head": 60_000, "lips": 100_000, "asr_model": "ave", "au45": True}

SPEC = MethodSpec(
    id="synctalk",
    title="SyncTalk (authors' code)",
    paper="SyncTalk (CVPR 2024, arXiv 2311.17590)",
    licence="CC BY-NC 4.0",
    entry="methods.external.adapters.synctalk:SyncTalk",
    signals=("camera", "masks", "landmarks", "au"),
    drives=("audio+au",),
    takes_sound=False,
    timed=False,
    presets={
        "paper": Versioned("synctalk", OBTAIN, **_OPTIONS, portrait=False),
        # The authors' own test command, for which the true test frames are laid out.
        "portrait": Versioned("synctalk", OBTAIN, **_OPTIONS, portrait=True),
    },
    default_preset="paper",
    published=(
        PublishedResult(
            "DEGSTalk Table I",
            "degstalk-regular",
            {"psnr": 33.73, "lpips": 0.0292, "lmd": 2.627, "ssim": 0.9361},
            "as printed by DEGSTalk's authors; six people, mostly 512x512; whether --portrait was "
            f"given is not stated; {DRIVEN}",
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
        note=PASTED_NOTE,
    )
    cure = CURE

    def prepare(self, sequence: Sequence, job: Job) -> None:
        """As ER-NeRF's folder, with what the chosen ears and eyes read."""
        assert sequence.folder is not None
        features = {"deepspeech": "aud_ds.npy", "hubert": "aud_hu.npy"}
        extra = [features.get(str(job.config["asr_model"]), "aud.wav")]
        if not job.config["au45"]:
            extra.append("bs.npy")
        if job.config["portrait"]:
            extra += ["ori_imgs/0.jpg", "parsing/0_face.png"]
        staging.need(sequence.folder, extra, CURE)
        super().prepare(sequence, job)

    def link(self, sequence: Sequence, job: Job) -> None:
        """Link the folder; `--portrait` alone finds the true test frames in `ori_imgs`."""
        super().link(sequence, job)
        if job.config["portrait"]:
            assert sequence.folder is not None
            for path in (job.data / "ori_imgs").glob("*.jpg"):
                if not path.is_symlink():  # a training frame in a test frame's place
                    path.unlink()
                    path.symlink_to((sequence.folder / "ori_imgs" / path.name).resolve())

    def train(self, job: Job) -> Iterator[Step]:
        """The commands of its README."""
        yield Step("head", (*self.command(job), "--iters", str(job.config["head"])))
        fine = ("--finetune_lips", "--patch_size", "64")
        yield Step("lips", (*self.command(job), "--iters", str(job.config["lips"]), *fine))

    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """The test part, pasted into its true frames where `portrait` says so."""
        portrait = ("--portrait",) if job.config["portrait"] else ()
        return [Step("render", (*self.command(job), "--test", *portrait))]

    def command(self, job: Job) -> tuple[str, ...]:
        """What all its commands begin with."""
        eyes = ("--au45",) if job.config["au45"] else ()
        ears = ("--asr_model", str(job.config["asr_model"]), *eyes, "--seed", str(job.seed))
        return ("main.py", str(job.data), "--workspace", str(job.model / "head"), "-O", *ears)
