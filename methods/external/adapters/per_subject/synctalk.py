"""SyncTalk (CVPR 2024): https://github.com/ZiqiaoPeng/SyncTalk, built on ER-NeRF's code.

Traps of its code that are handled here, besides ER-NeRF's. `--portrait` pastes the rendered face
into the *true test frames* of `ori_imgs`, so hair, ears, neck and background are ground truth: PSNR
gains some 5 dB by its README. It is a preset of its own (`portrait`), the only one that sees a test
frame. In training and testing it detects landmarks in test frames and in its own, and crashes if it
finds none (issue 163): test frames are replaced by a training frame, and `verify` has no smoke run,
whose frames would not show a face yet.
"""

from __future__ import annotations

from harness.contracts import RenderRequest, Sequence
from methods.external.adapters.per_subject.er_nerf import NEEDED, ERNeRF
from methods.external.run import staging
from methods.external.run.checkout import Adapter, Asset, CheckoutJob, Inputs, Step, own_test_spec

CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4 --asr ave` makes them; au.csv "
    "comes from OpenFace's FeatureExtraction."
)
_OPTIONS = {"head": 60_000, "lips": 100_000, "asr_model": "ave", "au45": True}

SPEC = own_test_spec(
    id="synctalk",
    title="SyncTalk (authors' code)",
    paper="SyncTalk (CVPR 2024, arXiv 2311.17590)",
    licence="CC BY-NC 4.0",
    entry="methods.external.adapters.per_subject.synctalk:SyncTalk",
    signals=("camera", "masks", "landmarks", "au"),
    presets={
        "paper": {**_OPTIONS, "portrait": False},
        # The authors' own test command, which needs the true test frames.
        "portrait": {**_OPTIONS, "portrait": True},
    },
    published_note="ground-truth head pose and eyes drive the test",
)


class SyncTalk(ERNeRF):
    """Head, then lips, in one workspace."""

    adapter = Adapter(
        spec=SPEC,
        home="https://github.com/ZiqiaoPeng/SyncTalk",
        obtain=(
            "git clone https://github.com/ZiqiaoPeng/SyncTalk, then its README's `conda create -n "
            "synctalk python==3.8.8`, torch 1.12.1+cu113, `pip install -r requirements.txt`, "
            "pytorch3d, tensorflow-gpu 2.8.1 and "
            "`pip install ./freqencoder ./shencoder ./gridencoder ./raymarching`."
        ),
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
        note=(
            "its authors test with --portrait, which pastes the face into the ground-truth test "
            "frames and, by its README, gains some 5 dB of PSNR; only the preset `portrait` does so"
        ),
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

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """The test part; with `portrait` pasted into its true frames."""
        portrait = ("--portrait",) if job.config["portrait"] else ()
        return [Step("render", (*self.command(job, "head"), "--test", *portrait))]

    def command(self, job: CheckoutJob, workspace: str) -> tuple[str, ...]:
        """The beginning of all its commands, with the audio encoder and the eyes."""
        eyes = ("--au45",) if job.config["au45"] else ()
        seed = str(job.record["seed"])
        options = ("--asr_model", str(job.config["asr_model"]), *eyes, "--seed", seed)
        return ("main.py", str(job.data), "--workspace", str(job.model / workspace), "-O", *options)
