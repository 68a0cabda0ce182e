"""MuseTalk (2024): https://github.com/TMElyralab/MuseTalk, versions 1.0 and 1.5.

Traps of its code that are handled here. Its task is a YAML file, written by us. A task that fails
is printed, and the exit code is 0. It runs version 1.5 unless version and network are named. It
names the result after both inputs up to their first dot, in `v1` or `v15` below `--result_dir`
(before 1.5: in it), writes `temp.mp4` in the current folder and passes paths to a shell unquoted:
it runs in a copy of the checkout made of links, with plain names. It needs a video whose mouth it
replaces: the training video, forwards and backwards.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from harness.contracts import BadInput, RenderRequest
from methods.external.one_shot import OneShot, OneShotAdapter, one_shot_spec
from methods.external.run import staging
from methods.external.run.checkout import Asset, CheckoutJob, Step

WEIGHTS = "Download the weights as its README says and lay them out in ./models as it shows."
#: Folder and network of each version, named as in `inference.sh`: otherwise both would run 1.5.
NETWORKS = {"v1": ("musetalk", "pytorch_model.bin"), "v15": ("musetalkV15", "unet.pth")}

SPEC = one_shot_spec(
    id="musetalk",
    title="MuseTalk (authors' code)",
    paper="MuseTalk (2024, arXiv 2410.10122)",
    licence="MIT (code); its weights: any purpose; third-party weights: their own licences",
    entry="methods.external.adapters.one_shot.musetalk:MuseTalk",
    presets={
        "v1.5": {"version": "v15", "bbox_shift": 0},
        "v1": {"version": "v1", "bbox_shift": 0},
    },
    default_preset="v1.5",
)


class MuseTalk(OneShot):
    """New lips in the training video."""

    adapter = OneShotAdapter(
        spec=SPEC,
        home="https://github.com/TMElyralab/MuseTalk",
        obtain=(
            "git clone https://github.com/TMElyralab/MuseTalk, then its README's `pip install -r "
            "requirements.txt` (Python 3.10 or newer, CUDA 11.7), `mim install` of mmengine, mmcv, "
            "mmdet and mmpose, and FFMPEG_PATH."
        ),
        scripts=("scripts/inference.py",),
        assets=(
            Asset("models/musetalk*/*.json", WEIGHTS),
            Asset("models/musetalk*/*.[bp]*", WEIGHTS),  # unet.pth or pytorch_model.bin
            Asset("models/sd-vae*/config.json", WEIGHTS),
            Asset("models/whisper/*", WEIGHTS),
            Asset("models/dwpose/dw-ll_ucoco_384.pth", WEIGHTS),
            Asset("models/face-parse-bisent/79999_iter.pth", WEIGHTS),
        ),
        imports=("torch", "diffusers", "mmpose", "omegaconf"),
        surplus=8,
        free_gib=4.0,
    )
    tail = 0.2

    def rendering(self, job: CheckoutJob, request: RenderRequest) -> list[Step]:
        """`python -m scripts.inference` with one task."""
        version = str(job.config.get("version", "v15"))
        if version not in NETWORKS:
            fact = f"{version!r} is neither v1 nor v15"
            raise BadInput("--set version", fact, "Use --set version=v15.")
        folder = self.mirror(job, but=("results",))
        self.source(job).write_video(folder / "face.mp4", request.count)
        self.sound(job, request, folder)
        task = {"video_path": "face.mp4", "audio_path": "sound.wav",
                "bbox_shift": int(job.config.get("bbox_shift", 0))}  # fmt: skip
        staging.write(folder / "task.yaml", yaml.safe_dump({"task_0": task}))
        models, network = NETWORKS[version]
        arguments = (
            *("-m", "scripts.inference", "--inference_config", "task.yaml"),
            *("--result_dir", "results", "--version", version),
            *("--unet_model_path", f"./models/{models}/{network}"),
            *("--unet_config", f"./models/{models}/musetalk.json"),
        )
        return [Step("render", arguments, folder=folder)]

    def collect(self, job: CheckoutJob, request: RenderRequest) -> Path:
        """`face_sound.mp4`, in the folder of its version."""
        return self.only_video(job.scratch / "checkout" / "results", "**/face_sound.mp4")
