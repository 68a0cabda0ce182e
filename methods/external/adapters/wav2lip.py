"""Wav2Lip (ACM MM 2020): https://github.com/Rudrabha/Wav2Lip.

Traps of its code that are handled here. The default result is one file for all runs: `--outfile`
is given. It writes `temp/result.avi` in the folder it is run in, decides by the first dot of a path
what a file is, and hands paths to a shell unquoted: it is run in a copy of the checkout made of
links, with its own `temp`, and all paths are plain names there. It ends about four frames before
the sound does: silence is put after the sound. It needs a video with the mouth to replace: the
training clip, there and back; on the true test video it would see the answer.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import MethodSpec, PublishedResult, RenderRequest
from methods.external.checkout import Adapter, Asset, Job, Step, Versioned
from methods.external.one_shot import NOTE, OPTIONS, OneShot

HOME = "https://github.com/Rudrabha/Wav2Lip"
OBTAIN = f"git clone {HOME}, then its README's `pip install -r requirements.txt` (Python 3.6)."
WEIGHTS = (
    "Download {name} as its README's table of model weights says, and put it into checkpoints/."
)

SPEC = MethodSpec(
    id="wav2lip",
    title="Wav2Lip (authors' code)",
    paper="Wav2Lip (ACM MM 2020, arXiv 2008.10010)",
    licence="research and other non-commercial use only",
    entry="methods.external.adapters.wav2lip:Wav2Lip",
    timed=False,
    presets={"paper": Versioned("wav2lip", OBTAIN, **OPTIONS, checkpoint="wav2lip.pth")},
    default_preset="paper",
    published=(
        PublishedResult(
            "EDTalk Table 1",
            "mead",
            {"psnr": 19.875, "ssim": 0.633, "m_lmd": 1.438, "f_lmd": 2.138, "fid": 44.510,
             "sync_c": 8.774, "acc_emo": 13.69},
            f"MEAD, 256x256, one source frame, as printed by EDTalk's authors; here: {NOTE}",
        ),
    ),
)  # fmt: skip


class Wav2Lip(OneShot):
    """New lips in the training clip."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
        scripts=("inference.py",),
        assets=(
            Asset("checkpoints/wav2lip*.pth", WEIGHTS.format(name="Wav2Lip or Wav2Lip + GAN")),
            Asset(
                "face_detection/detection/sfd/s3fd.pth",
                "Download the face detection model as its README says, to that very path.",
            ),
        ),
        starts=("inference.py",),
        surplus=12,
        layout=False,
        smoke={},
        free_gib=2.0,
    )
    tail = 0.4

    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """`inference.py`, run where its inputs are."""
        folder = self.mirror(job, but=("temp", "results"))
        self.source(job).write_clip(folder / "face.mp4", request.count)
        self.sound(job, request, folder)
        checkpoint = f"checkpoints/{job.config.get('checkpoint', 'wav2lip.pth')}"
        arguments = (
            *("inference.py", "--checkpoint_path", checkpoint, "--face", "face.mp4"),
            *("--audio", "sound.wav", "--outfile", "results/made.mp4"),
        )
        return [Step("render", arguments, folder=folder)]

    def collect(self, job: Job, request: RenderRequest) -> Path:
        """Exactly `--outfile`."""
        return job.scratch / "checkout" / "results" / "made.mp4"
