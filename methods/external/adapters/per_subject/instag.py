"""InsTaG (CVPR 2025): https://github.com/Fictionarry/InsTaG.

Traps of its code that are handled here. A subject is adapted from a model trained on others, which
must lie in the checkout's `output/`, where `scripts/train_xx_few.sh` expects it. That script uses
only the first 250 frames (10 s) of the training part. It names the audio features, users change
them there, and the synthesis needs the same name. It ends with a test of its own, which detects
landmarks in test frames.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.contracts import RenderRequest, Sequence
from methods.external.adapters.per_subject.talkinggaussian import UNITS
from methods.external.base import ExternalMethod
from methods.external.run import staging
from methods.external.run.checkout import Adapter, Asset, CheckoutJob, Inputs, Step, own_test_spec
from methods.external.run.environment import environment_of, visible

PRETRAINED = (
    "Download the pre-training weights that its README links (Google Drive) and unzip them in "
    "./output, or run `bash scripts/pretrain_con.sh data/pretrain output/NAME 0`."
)
NEEDED = ("transforms_train.json", "transforms_val.json", "au.csv", "bc.jpg", "gt_imgs",
          "ori_imgs", "parsing", "torso_imgs", "teeth_mask")  # fmt: skip
CURE = (
    "In the checkout, `python data_utils/process.py FOLDER/ID.mp4`, "
    "`python data_utils/easyportrait/create_teeth_mask.py FOLDER` and `bash data_utils/sapiens/"
    "run.sh FOLDER` make its inputs; au.csv comes from OpenFace's FeatureExtraction."
)
SCRIPT = "scripts/train_xx_few.sh"
#: Audio features by their name in the script, and the file that each reads.
FEATURES = {"deepspeech": "aud_ds.npy", "esperanto": "aud_eo.npy", "hubert": "aud_hu.npy",
            "ave": "aud.wav"}  # fmt: skip
#: Program that runs a shell script in the environment of the interpreter.
BASH = "import subprocess, sys; sys.exit(subprocess.call(['bash', *sys.argv[1:]]))"

SPEC = own_test_spec(
    id="instag",
    title="InsTaG (authors' code, 10 s)",
    paper="InsTaG (CVPR 2025, arXiv 2502.20387)",
    licence="none stated; its submodules are Inria's, non-commercial",
    entry="methods.external.adapters.per_subject.instag:InsTaG",
    presets={"paper": {}},
)


class InsTaG(ExternalMethod):
    """Adapts the pre-trained model to ten seconds of a subject."""

    adapter = Adapter(
        spec=SPEC,
        home="https://github.com/Fictionarry/InsTaG",
        obtain=(
            "git clone --recursive https://github.com/Fictionarry/InsTaG, then its README's `conda "
            "env create --file environment.yml` (torch 1.12.1, CUDA 11.3), and a second "
            "environment for sapiens."
        ),
        scripts=(SCRIPT, "synthesize_fuse.py"),
        assets=(Asset("output/*/*.pth", PRETRAINED),),
        inputs=(Inputs(NEEDED, CURE),),
        units=UNITS,
        starts=("synthesize_fuse.py",),
    )

    def check(self, sequence: Sequence) -> None:
        """As usual, and that the folder has the audio features that the script names."""
        super().check(sequence)
        assert sequence.folder is not None
        root = environment_of(SPEC.id, self.adapter.obtain).root
        staging.need(sequence.folder, (FEATURES[self.features(root)],), CURE)

    def train(self, job: CheckoutJob) -> list[Step]:
        """The unchanged script, which names the pre-trained model and the audio encoder."""
        script = ("-c", BASH, SCRIPT)
        return [Step("adapt", (*script, str(job.data), str(job.model), visible(job.device)))]

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`synthesize_fuse.py --eval`: the test part of the folder."""
        places = ("-S", str(job.data), "-M", str(job.model))
        sound = ("--audio_extractor", self.features(job.root))
        return [Step("render", ("synthesize_fuse.py", *places, "--eval", *sound))]

    def features(self, root: Path) -> str:
        """The features that the script trains on; its default, `deepspeech`, if it names none."""
        script = (root / SCRIPT).read_text("utf-8", "replace")
        lines = [line for line in script.splitlines() if not line.lstrip().startswith("#")]
        named = re.findall(r"audio_extractor(?:=|\s+)['\"]?([a-z]+)", "\n".join(lines))
        return next((name for name in named if name in FEATURES), "deepspeech")

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """The silent video."""
        return job.model / "test" / "ours_None" / "renders" / "out.mp4"
