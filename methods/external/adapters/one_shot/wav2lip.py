"""Wav2Lip (ACM MM 2020): https://github.com/Rudrabha/Wav2Lip.

Traps of its code that are handled here. The default result is one file for all runs: `--outfile`
is given. It writes `temp/result.avi` in the current folder, takes a file's type from the first dot
of its path, and passes paths to a shell unquoted: it runs in a copy of the checkout made of links,
with its own `temp`, and all paths are plain names there. It ends about four frames before the
audio does: silence is added to the audio. It needs a video whose mouth it replaces: the training
video, forwards and backwards; the true test video would show it the answer.
"""

from __future__ import annotations

from harness.contracts import RenderRequest
from methods.external.one_shot import RESULT, OneShot, OneShotAdapter, one_shot_spec
from methods.external.run.checkout import Asset, CheckoutJob, Step

WEIGHTS = (
    "Download {name} as its README's table of model weights says, and put it into checkpoints/."
)

SPEC = one_shot_spec(
    id="wav2lip",
    title="Wav2Lip (authors' code)",
    paper="Wav2Lip (ACM MM 2020, arXiv 2008.10010)",
    licence="research and other non-commercial use only",
    entry="methods.external.adapters.one_shot.wav2lip:Wav2Lip",
    presets={"paper": {"checkpoint": "wav2lip.pth"}},
)


class Wav2Lip(OneShot):
    """New lips in the training video."""

    adapter = OneShotAdapter(
        spec=SPEC,
        home="https://github.com/Rudrabha/Wav2Lip",
        obtain=(
            "git clone https://github.com/Rudrabha/Wav2Lip, then its README's `pip install -r "
            "requirements.txt` (Python 3.6)."
        ),
        scripts=("inference.py",),
        assets=(
            Asset("checkpoints/wav2lip*.pth", WEIGHTS.format(name="Wav2Lip or Wav2Lip + GAN")),
            Asset(
                "face_detection/detection/sfd/s3fd.pth",
                "Download the face detection model to this path, as its README says.",
            ),
        ),
        starts=("inference.py",),
        surplus=12,
    )
    tail = 0.4

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`inference.py`, in the folder of its inputs."""
        folder = self.mirror(job, but=("temp", "results"))
        self.source(job).write_video(folder / "face.mp4", request.count)
        self.sound(job, request, folder)
        checkpoint = f"checkpoints/{job.config.get('checkpoint', 'wav2lip.pth')}"
        arguments = (
            *("inference.py", "--checkpoint_path", checkpoint, "--face", "face.mp4"),
            *("--audio", "sound.wav", "--outfile", RESULT),
        )
        return [Step("render", arguments, folder=folder)]
