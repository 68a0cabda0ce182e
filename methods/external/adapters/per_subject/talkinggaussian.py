"""TalkingGaussian (ECCV 2024): https://github.com/Fictionarry/TalkingGaussian.

Traps of its code that are handled here: it writes `points3d.ply` into its data folder (which is
ours); it searches forever on sequences without open mouths and blinks, and in trainings below
14,001 steps (see `searches`); `train_fuse.py` always takes 10,000 steps, and crashes without
tensorboard. `chkpnt_*_latest.pth` is written during training, and `--start_checkpoint` restarts the
learning rates, so an interrupted branch is trained from its start.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import RenderRequest, Sequence
from methods.external.base import ExternalMethod
from methods.external.run.checkout import Adapter, CheckoutJob, Inputs, Step, own_test_spec
from methods.external.searches import check_searches

#: Action units that its reader looks up.
UNITS = ("AU01", "AU04", "AU05", "AU06", "AU07", "AU25", "AU45")
NEEDED = ("transforms_train.json", "transforms_val.json", "au.csv", "aud_ds.npy", "bc.jpg",
          "gt_imgs", "ori_imgs", "parsing", "torso_imgs", "teeth_mask")  # fmt: skip
#: Name of each training and its options, in the order of the scripts.
_TRAININGS: dict[str, tuple[str, ...]] = {
    "mouth": (),
    "face": ("--init_num", "2000", "--densify_grad_threshold", "0.0005"),
    "fuse": ("--opacity_lr", "0.001"),
}
_SCRIPTS = ("train_mouth.py", "train_face.py", "train_fuse.py", "synthesize_fuse.py")
CURE = (
    "au.csv comes from OpenFace's FeatureExtraction; in the checkout, `python data_utils/"
    "easyportrait/create_teeth_mask.py FOLDER` makes teeth_mask, and `python data_utils/"
    "deepspeech_features/extract_ds_features.py --input FOLDER/aud.wav --output "
    "FOLDER/aud_ds.npy` the audio features."
)
PRESETS = {"paper": {"iterations": 0}, "quick": {"iterations": 15_000}}  # 0: the authors' own

SPEC = own_test_spec(
    id="talkinggaussian",
    title="TalkingGaussian (authors' code)",
    paper="TalkingGaussian (ECCV 2024, arXiv 2404.15264)",
    licence="none stated; its submodules are Inria's, non-commercial",
    entry="methods.external.adapters.per_subject.talkinggaussian:TalkingGaussian",
    presets=PRESETS,
)


class TalkingGaussian(ExternalMethod):
    """Trains mouth, face and their fusion, as `scripts/train_xx.sh` does, and renders the test."""

    adapter = Adapter(
        spec=SPEC,
        home="https://github.com/Fictionarry/TalkingGaussian",
        obtain=(
            "git clone --recursive https://github.com/Fictionarry/TalkingGaussian, then its "
            "README's `conda env create --file environment.yml` (Python 3.7, torch 1.12.1, "
            "CUDA 11.3)."
        ),
        scripts=_SCRIPTS,
        imports=("torch.utils.tensorboard", "lpips"),
        starts=_SCRIPTS,
        inputs=(Inputs(NEEDED, CURE),),
        units=UNITS,
    )

    def check(self, sequence: Sequence) -> None:
        """As usual, and that the trainers' searches can end."""
        super().check(sequence)
        check_searches(sequence.part(sequence.train))

    def prepare(self, sequence: Sequence, job: CheckoutJob) -> None:
        """As usual; the number of steps may make a search endless, too."""
        check_searches(sequence, job.config.get("iterations") or 50_000)
        super().prepare(sequence, job)

    def train(self, job: CheckoutJob) -> list[Step]:
        """The lines of `scripts/train_xx.sh`, one step each."""
        places = ("-s", str(job.data), "-m", str(job.model))
        count = job.config.get("iterations")
        steps = []
        for script, (name, options) in zip(self.adapter.scripts, _TRAININGS.items(), strict=False):
            # The fusion has a fixed number of steps.
            extra = ("--iterations", str(count)) if count and name != "fuse" else ()
            made = (f"chkpnt_{name}_latest.pth",)
            steps.append(Step(name, (script, *places, *options, *extra), made))
        return steps

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`synthesize_fuse.py --eval`: the test part of the folder."""
        places = ("-S", str(job.data), "-M", str(job.model))
        return [Step("render", ("synthesize_fuse.py", *places, "--eval"))]

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The silent video; `out_with_audio.mp4` is muxed separately."""
        return job.model / "test" / "ours_None" / "renders" / "out.mp4"
