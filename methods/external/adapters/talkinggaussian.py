"""TalkingGaussian (ECCV 2024): https://github.com/Fictionarry/TalkingGaussian.

Traps of its code that are handled here: 25 frames per second are written whatever the data say
(other rates are refused); `au.csv` must have names with a leading space (` AU45_r`); it writes
`points3d.ply` into its data folder (which is ours); the video is silent; it reads test poses
and test action units, so it renders its own test only, driven by sound and units; it searches
for ever on recordings without open mouths and blinks, and in trainings below 14,001 steps (see
`searches`); `train_fuse.py` takes 10,000 steps whatever it is told, and crashes without
tensorboard. `chkpnt_*_latest.pth` is written along the way, and `--start_checkpoint` begins the
learning rates anew, so an interrupted branch is trained again from its start.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import MethodSpec, RenderRequest, Sequence
from harness.media.openface import read_table
from methods.external import staging
from methods.external.base import ExternalMethod
from methods.external.checkout import Adapter, Job, Step, Versioned
from methods.external.searches import check_searches

OBTAIN = (
    "git clone --recursive https://github.com/Fictionarry/TalkingGaussian, then its README's "
    "`conda env create --file environment.yml` (Python 3.7, torch 1.12.1, CUDA 11.3)."
)
#: Units that its reader looks up.
UNITS = ("AU01", "AU04", "AU05", "AU06", "AU07", "AU25", "AU45")
NEEDED = ("transforms_train.json", "transforms_val.json", "au.csv", "aud_ds.npy", "bc.jpg",
          "gt_imgs", "ori_imgs", "parsing", "torso_imgs", "teeth_mask")  # fmt: skip
CURE = (
    "au.csv is OpenFace's; in the checkout, `python data_utils/easyportrait/create_teeth_mask.py "
    "FOLDER` makes teeth_mask and `python data_utils/deepspeech_features/extract_ds_features.py "
    "--input FOLDER/aud.wav --output FOLDER/aud_ds.npy` the features of the sound."
)

SPEC = MethodSpec(
    id="talkinggaussian",
    title="TalkingGaussian (authors' code)",
    paper="TalkingGaussian (ECCV 2024, arXiv 2404.15264)",
    licence="none stated; its submodules are Inria's, non-commercial",
    entry="methods.external.adapters.talkinggaussian:TalkingGaussian",
    signals=("camera", "masks", "landmarks", "au", "audio_features"),
    drives=("audio+au",),
    takes_sound=False,
    timed=False,
    presets={
        "paper": Versioned("talkinggaussian", OBTAIN, iterations=0),  # 0: the authors' own
        "quick": Versioned("talkinggaussian", OBTAIN, iterations=15_000),
    },
    default_preset="paper",
)


class TalkingGaussian(ExternalMethod):
    """Trains mouth, face and their fusion, as `scripts/train_xx.sh` does, and renders the test."""

    adapter = Adapter(
        spec=SPEC,
        home="https://github.com/Fictionarry/TalkingGaussian",
        obtain=OBTAIN,
        scripts=("train_mouth.py", "train_face.py", "train_fuse.py", "synthesize_fuse.py"),
        imports=("torch.utils.tensorboard", "lpips"),
        starts=("train_mouth.py", "train_face.py", "train_fuse.py", "synthesize_fuse.py"),
    )
    #: Whether `au.csv` must have a space before its names.
    spaces: bool = True
    trainers = (
        ("mouth", "train_mouth.py", ()),
        ("face", "train_face.py", ("--init_num", "2000", "--densify_grad_threshold", "0.0005")),
        ("fuse", "train_fuse.py", ("--opacity_lr", "0.001")),
    )

    def prepare(self, sequence: Sequence, job: Job) -> None:
        """Link the folder and write `au.csv` as the checkout reads it."""
        assert sequence.folder is not None
        staging.need(sequence.folder, NEEDED, CURE)
        staging.stage_recording(sequence, job.data, but=("au.csv",))
        table = sequence.folder / "au.csv"
        staging.write_au_csv(table, job.data / "au.csv", self.spaces, UNITS)
        units = read_table(table)
        au25, au45 = units.intensities(("AU25", "AU45"), range(len(units.rows))).T
        check_searches(sequence, au25, au45, job.config.get("iterations") or 50_000)

    def train(self, job: Job) -> list[Step]:
        """The lines of `scripts/train_xx.sh`, one step each."""
        places = ("-s", str(job.data), "-m", str(job.model))
        count = job.config.get("iterations")
        steps = []
        for name, script, options in self.trainers:
            # The fusion has a number of its own, which no option changes.
            extra = ("--iterations", str(count)) if count and name != "fuse" else ()
            made = (f"chkpnt_{name}_latest.pth",)
            steps.append(Step(name, (script, *places, *options, *extra), made))
        return steps

    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """`synthesize_fuse.py --eval`: the test part of the folder."""
        places = ("-S", str(job.data), "-M", str(job.model))
        return [Step("render", ("synthesize_fuse.py", *places, "--eval"))]

    def collect(self, job: Job, request: RenderRequest) -> Path:
        """The silent video; `out_with_audio.mp4` is another mux with a path of its own."""
        return job.model / "test" / "ours_None" / "renders" / "out.mp4"
