"""InsTaG (CVPR 2025): https://github.com/Fictionarry/InsTaG.

Traps of its code that are handled here. A person is adapted from a model trained on others, which
must lie in the checkout's `output/`, where `scripts/train_xx_few.sh` says. By that script only the
first 250 frames (10 s) are learned from, whatever the training part holds. The script names the
features of the sound, its users change that, and the synthesis must be told the same. It ends with
a test of its own, which looks for landmarks in the frames of the test. `au.csv` must have names
with a leading space (` AU45_r`). Videos have 25 frames per second and are silent. It reads test
poses and action units, so it renders its own test only.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.contracts import MethodSpec, RenderRequest, Sequence
from methods.external import staging
from methods.external.base import ExternalMethod
from methods.external.checkout import Adapter, Asset, Job, Step, Versioned

HOME = "https://github.com/Fictionarry/InsTaG"
OBTAIN = (
    f"git clone --recursive {HOME}, then its README's `conda env create --file environment.yml` "
    "(torch 1.12.1, CUDA 11.3), and a second environment for sapiens."
)
PRETRAINED = (
    "Download the pre-training weights that its README links (Google Drive) and unzip them in "
    "./output, or run `bash scripts/pretrain_con.sh data/pretrain output/NAME 0`."
)
NEEDED = ("transforms_train.json", "transforms_val.json", "au.csv", "bc.jpg", "gt_imgs",
          "ori_imgs", "parsing", "torso_imgs", "teeth_mask")  # fmt: skip
CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4`, "
    "`python data_utils/easyportrait/create_teeth_mask.py FOLDER` and "
    "`bash data_utils/sapiens/run.sh FOLDER` make what it reads; au.csv is OpenFace's."
)
SCRIPT = "scripts/train_xx_few.sh"
#: Units that its reader, TalkingGaussian's, looks up.
UNITS = ("AU01", "AU04", "AU05", "AU06", "AU07", "AU25", "AU45")
#: Features of the sound by the name that the script gives them, and the file that each reads.
FEATURES = {"deepspeech": "aud_ds.npy", "esperanto": "aud_eo.npy", "hubert": "aud_hu.npy",
            "ave": "aud.wav"}  # fmt: skip
#: An interpreter's way to run a shell script in whatever environment it is in.
BASH = "import subprocess, sys; sys.exit(subprocess.call(['bash', *sys.argv[1:]]))"

SPEC = MethodSpec(
    id="instag",
    title="InsTaG (authors' code, 10 s)",
    paper="InsTaG (CVPR 2025, arXiv 2502.20387)",
    licence="none stated; its submodules are Inria's, non-commercial",
    entry="methods.external.adapters.instag:InsTaG",
    signals=("camera", "masks", "landmarks", "au", "audio_features"),
    drives=("audio+au",),
    takes_sound=False,
    timed=False,
    presets={"paper": Versioned("instag", OBTAIN)},
    default_preset="paper",
)


class InsTaG(ExternalMethod):
    """Adapts the pre-trained model to ten seconds of a person."""

    adapter = Adapter(
        spec=SPEC,
        home=HOME,
        obtain=OBTAIN,
        scripts=(SCRIPT, "synthesize_fuse.py"),
        assets=(Asset("output/*/*.pth", PRETRAINED),),
        starts=("synthesize_fuse.py",),
    )

    def prepare(self, sequence: Sequence, job: Job) -> None:
        """Link the folder, with `au.csv` as it is read."""
        assert sequence.folder is not None
        staging.need(sequence.folder, (*NEEDED, FEATURES[self.features(job)]), CURE)
        staging.stage_recording(sequence, job.data, but=("au.csv",))
        staging.write_au_csv(sequence.folder / "au.csv", job.data / "au.csv", True, UNITS)

    def train(self, job: Job) -> list[Step]:
        """The script as it is: the pre-trained model and the audio encoder are named in it."""
        script = ("-c", BASH, SCRIPT)
        return [Step("adapt", (*script, str(job.data), str(job.model), job.gpu))]

    def rendering(self, job: Job, request: RenderRequest) -> list[Step]:
        """`synthesize_fuse.py --eval`: the test part of the folder."""
        places = ("-S", str(job.data), "-M", str(job.model))
        sound = ("--audio_extractor", self.features(job))
        return [Step("render", ("synthesize_fuse.py", *places, "--eval", *sound))]

    def features(self, job: Job) -> str:
        """The features that the script trains on; `deepspeech`, its default, where it says none."""
        script = (job.root / SCRIPT).read_text("utf-8", "replace")
        lines = [line for line in script.splitlines() if not line.lstrip().startswith("#")]
        said = re.findall(r"audio_extractor(?:=|\s+)['\"]?([a-z]+)", "\n".join(lines))
        return next((name for name in said if name in FEATURES), "deepspeech")

    def collect(self, job: Job, request: RenderRequest) -> Path:
        """The silent video."""
        return job.model / "test" / "ours_None" / "renders" / "out.mp4"
