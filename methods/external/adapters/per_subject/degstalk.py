"""DEGSTalk (ICASSP 2025): https://github.com/CVI-SZU/DEGSTalk.

TalkingGaussian's traps, and its own: `au.csv` must have names *without* a leading space (`AU45_r`,
where TalkingGaussian looks up ` AU45_r`); it always muxes its video with the file that
`model_path.replace("output", "data")` names, so only the silent video is collected; it composites
over `bg/` and learns from `ori_imgs`, so its background is that of the camera even where `gt_imgs`
differs; it reads 3DMM parameters of the test too.
"""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import Sequence
from methods.external.adapters.per_subject import talkinggaussian
from methods.external.run.checkout import CheckoutJob, Inputs, own_test_spec

CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4` makes them, with OpenFace's "
    "FeatureExtraction at $OPENFACE_PATH and the SMIRK and BFM models of its README."
)
_SCRIPTS = ("train_mouth.py", "train_face_w_hair.py", "train_fuse_w_hair.py", "synthesize_fuse.py")

SPEC = own_test_spec(
    id="degstalk",
    title="DEGSTalk (authors' code)",
    paper="DEGSTalk (ICASSP 2025, arXiv 2412.20148)",
    licence="none stated; its README says for research purposes only",
    entry="methods.external.adapters.per_subject.degstalk:DEGSTalk",
    presets=talkinggaussian.PRESETS,
    published_note="ground-truth head pose, action units and 3DMM parameters drive the test",
)


class DEGSTalk(talkinggaussian.TalkingGaussian):
    """TalkingGaussian's three steps with DEGSTalk's scripts and files."""

    adapter = replace(
        talkinggaussian.TalkingGaussian.adapter,
        spec=SPEC,
        home="https://github.com/CVI-SZU/DEGSTalk",
        obtain=(
            "git clone --recursive https://github.com/CVI-SZU/DEGSTalk, then its README's conda "
            "environment (Python 3.9, torch 2.0.1, CUDA 11.8) and "
            "`pip install -r requirements.txt`."
        ),
        scripts=_SCRIPTS,
        starts=_SCRIPTS,
        inputs=(Inputs(("3dmm.pt", "bg"), CURE), *talkinggaussian.TalkingGaussian.adapter.inputs),
        spaces=False,
    )

    def prepare(self, sequence: Sequence, job: CheckoutJob) -> None:
        """As TalkingGaussian, with the audio that it muxes."""
        super().prepare(sequence, job)
        assert sequence.folder is not None
        sound = sequence.folder / "aud.wav"
        if sound.is_file() and not (job.data / "aud_novel.wav").exists():
            (job.data / "aud_novel.wav").symlink_to(sound.resolve())
