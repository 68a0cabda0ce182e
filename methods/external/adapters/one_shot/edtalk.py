"""EDTalk (ECCV 2024): https://github.com/tanshuai0219/EDTalk, driven by audio.

Traps of its code that are handled here. There are predefined weights for seven emotions and none
for `neutral`, which is rendered by `demo_lip_pose.py`. `--save_path` needs a folder and `.mp4`,
and every `.mp4` in it is replaced, so no folder's name may contain it. The frame rate of the output
is that of the pose video, while the audio is cut at 25 frames per second and its last part of a
frame dropped: we write the pose video, at 25, as long as the test, and add one frame of silence to
the audio. It drops the last 20 frames of an expression video, and mirrors the rest until it is long
enough, which for 20 frames or fewer never ends: it gets 20 more. Its own crops (`--need_crop_...`)
are not reported, so we crop the square and never give these flags. Its `save_video` stretches every
video between its own darkest and brightest value, which shifts brightness, and so PSNR, by an
amount that depends on the video: this cannot be undone, and is stated by `verify` and beside
published numbers.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import BadInput, RenderRequest
from methods.external.one_shot import NOTE, OneShot, OneShotAdapter, one_shot_spec
from methods.external.run.checkout import Asset, CheckoutJob, Step

WEIGHTS = "Download the checkpoints that its README links (Google Drive) and put them into ./ckpts."
#: Frames that it drops from the end of an expression video.
DROPPED = 20
#: How its brightness affects pixel metrics.
STRETCH = (
    "its save_video stretches the brightness of each video to the full range, which shifts PSNR by "
    "an amount that depends on the video"
)

SPEC = one_shot_spec(
    id="edtalk",
    title="EDTalk-A (authors' code)",
    paper="EDTalk (ECCV 2024, arXiv 2404.01647)",
    licence="Apache-2.0",
    entry="methods.external.adapters.one_shot.edtalk:EDTalk",
    presets={"paper": {"emotion": "recording", "expression": "weights"}},
    published_note=f"{STRETCH}; {NOTE}",
)

SCRIPTS = ("demo_EDTalk_A_using_predefined_exp_weights.py", "demo_EDTalk_A.py",
           "demo_lip_pose.py")  # fmt: skip


class EDTalk(OneShot):
    """Emotion by predefined weights (`expression=weights`) or a video (`expression=clip`)."""

    adapter = OneShotAdapter(
        spec=SPEC,
        home="https://github.com/tanshuai0219/EDTalk",
        obtain=(
            "git clone https://github.com/tanshuai0219/EDTalk, then its README's `conda create -n "
            "EDTalk python=3.8` and `pip install -r requirement.txt` (torch 1.10.0, numpy below "
            "1.24)."
        ),
        scripts=SCRIPTS,
        assets=(
            Asset("ckpts/EDTalk.pt", WEIGHTS),
            Asset("ckpts/Audio2Lip.pt", WEIGHTS),
            Asset("ckpts/EDTalk_lip_pose.pt", f"{WEIGHTS} It is a separate file."),
            Asset("ckpts/predefined_exp_weights/happy.npy", WEIGHTS),
        ),
        starts=SCRIPTS,
        surplus=2,
        note=STRETCH,
    )
    square = 256
    tail = 0.04

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """One of the demos that are driven by audio."""
        pose = self.source(job).write_video(job.scratch / "pose.mp4", request.count, self.square)
        emotion, mode = self.emotion(job), job.config.get("expression", "weights")
        if mode not in ("weights", "clip"):
            fact = f"{mode!r} is neither weights nor clip"
            raise BadInput("--set expression", fact, "Use --set expression=weights.")
        if mode == "clip":
            video = self.source(job).write_video(
                job.scratch / "expression.mp4", request.count + DROPPED, self.square
            )
            script, *extra = "demo_EDTalk_A.py", "--exp_driving_path", str(video)
        elif emotion == "neutral":
            script, *extra = ("demo_lip_pose.py",)
        else:
            script, *extra = SCRIPTS[0], "--exp_type", emotion
        return [Step("render", (script, *self.inputs(job, request, pose), *extra))]

    def inputs(self, job: CheckoutJob, request: RenderRequest, pose: Path) -> tuple[str, ...]:
        """Arguments of all demos.

        Raises:
            BadInput: the working folder's path contains `.mp4`.

        """
        if ".mp4" in str(job.scratch):
            fact = "its path contains `.mp4`, which EDTalk replaces everywhere"
            raise BadInput(job.scratch, fact, "Choose another folder with --out.")
        source = self.source(job).write_frame(job.scratch / "source.png", self.square)
        return (
            *("--source_path", str(source)),
            *("--audio_driving_path", str(self.sound(job, request))),
            *("--pose_driving_path", str(pose)),
            *("--save_path", str(self.collect(job, request))),
        )

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """Exactly `--save_path`."""
        return job.scratch / "made" / "edtalk.mp4"
