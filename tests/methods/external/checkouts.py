"""Stand-in checkouts of the published methods: which files they have, and what they saw."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from harness.engine.execution import Engine
from harness.engine.planning import plan_on
from harness.engine.request import MethodRow, Request, SplitData
from harness.engine.split_data import SplitSequences
from methods import catalog as methods
from splits import er_nerf
from tests.methods.external import folders
from tests.methods.external.folders import STANDINS, point_to, prepared_folder

_WEIGHTS = ("angry", "contempt", "disgusted", "fear", "happy", "sad", "surprised")

#: id -> stand-in, its scripts, and files that must lie there (weights, fixtures).
CHECKOUTS = {
    "edtalk": (
        "edtalk.py",
        ("demo_EDTalk_A_using_predefined_exp_weights.py", "demo_EDTalk_A.py", "demo_lip_pose.py"),
        ("ckpts/EDTalk.pt", "ckpts/Audio2Lip.pt", "ckpts/EDTalk_lip_pose.pt",
         *(f"ckpts/predefined_exp_weights/{name}.npy" for name in _WEIGHTS)),
    ),
    "edtalk-v": ("edtalk.py", ("demo_EDTalk_V.py",), ("ckpts/EDTalk.pt",)),
    "eat": (
        "eat.py",
        ("demo.py", "preprocess/preprocess_video.py"),
        ("ckpt/deepprompt_eam3d_all_final_313.pth.tar", "ckpt/pretrain_new_274.pth.tar",
         "demo/shape_predictor_68_face_landmarks.dat", "demo/imgs_cropped/somebody_else.jpg",
         "demo/imgs/another.jpg", "demo/video_processed/obama/obama.wav",
         "preprocess/video/theirs.mp4"),
    ),
    "sadtalker": (
        "sadtalker.py",
        ("inference.py",),
        ("checkpoints/SadTalker_V0.0.2_256.safetensors", "checkpoints/mapping_00109-model.pth.tar"),
    ),
    "wav2lip": (
        "wav2lip.py",
        ("inference.py",),
        ("checkpoints/wav2lip.pth", "face_detection/detection/sfd/s3fd.pth", "temp/README.md",
         "temp/result.avi", "results/result_voice.mp4"),
    ),
    "musetalk": (
        "musetalk.py",
        ("scripts/inference.py",),
        ("scripts/__init__.py", "models/musetalk/musetalk.json",
         "models/musetalk/pytorch_model.bin", "models/musetalkV15/unet.pth",
         "models/musetalkV15/musetalk.json", "models/sd-vae/config.json",
         "models/whisper/config.json", "models/dwpose/dw-ll_ucoco_384.pth",
         "models/face-parse-bisent/79999_iter.pth", "results/v15/face_sound.mp4",
         "results/v15/face/00000000.png"),
    ),
    "hallo": (
        "hallo.py",
        ("scripts/inference.py",),
        ("pretrained_models/hallo/net.pth", ".cache/source_face_mask.png"),
    ),
    "er-nerf": ("nerf.py", ("main.py",), ("nerf_triplane/provider.py",)),
    "synctalk": (
        "nerf.py",
        ("main.py",),
        ("nerf_triplane/provider.py", "nerf_triplane/checkpoints/audio_visual_encoder.pth"),
    ),
    "gaussiantalker": (
        "gaussiantalker.py", ("train.py", "render.py"), ("arguments/64_dim_1_transformer.py",)
    ),
    "instag": (
        "instag.py",
        ("train_face.py", "synthesize_fuse.py", "metrics.py"),
        ("scripts/train_xx_few.sh", "output/pretrain_ave/chkpnt_ema_face_latest.pth"),
    ),
}  # fmt: skip


def build(root, method):
    """A checkout of stand-in scripts, all the same file, each looking at its own name."""
    standin, scripts, files = CHECKOUTS[method]
    (root / "seen").mkdir(parents=True)
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("from elsewhere")
    for script in scripts:
        path = root / script
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(STANDINS / standin, path)
        for folder in {path.parent, root}:
            shutil.copy(STANDINS / "standin_media.py", folder)
    for path in root.rglob("*.py"):  # the fixtures among them are no Python
        if path.read_text() == "from elsewhere":
            path.write_text("")
    script = root / "scripts" / "train_xx_few.sh"
    if script.is_file():
        source = (STANDINS / standin).read_text()
        script.write_text(source.split('SCRIPT = """')[1].split('"""')[0])
    return root


def painted(index):
    """Frame `index`: its upper half's red tells which it is, its lower half black beside white."""
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:16] = ((40 + 8 * index) % 256, 120, 90)
    picture[16:, 16:] = 255
    return picture


def shade(picture):
    """Which frame a picture shows, and whatever size it has."""
    size = len(picture)
    return (picture[size // 8 : size // 4, size // 4 : -size // 4, 0].mean() - 40) / 8


def recording(root, **changes):
    """The tiny prepared folder with what these methods read beside it, as a sequence."""
    folder = prepared_folder(root)
    for index in range(folders.COUNT):
        for place in ("gt_imgs", "ori_imgs"):
            Image.fromarray(painted(index)).save(folder / place / f"{index}.jpg", quality=100)
    (folder / "track_params.pt").write_text("tracked")
    for index in range(folders.COUNT):
        Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(
            folder / "parsing" / f"{index}_face.png"
        )
    return sequence_of(folder, **changes)


def sequence_of(folder, **changes):
    manifest = er_nerf.manifest_of(folder)
    sequence = er_nerf.load(manifest, manifest.sequences[0])
    return manifest, replace(sequence, **changes)


def run(out, recorded, method, preset=None, metric="psnr", **options):
    """Fit, render and score one method in the engine; its results and its row."""
    manifest, sequence = recorded
    rows = (MethodRow(method, preset, options),)
    spec = methods.spec(method)
    data = SplitSequences(manifest, load=er_nerf.load)
    data.use(sequence)
    request = Request(rows, SplitData(manifest.name), (metric,))
    results = Engine(out).run(plan_on(data, rows, [spec], request))
    return results, next(row for row in results.rows if row.drive == spec.drives[0])


def prepared(tmp_path, monkeypatch, method, **changes):
    """A checkout that is pointed to, and a recording."""
    root = build(tmp_path / "checkout", method)
    point_to(monkeypatch, method, root)
    return root, recording(tmp_path / "toy", **changes)


def calls(root):
    """What the scripts of a checkout were called with, in order."""
    path = Path(root) / "seen" / "calls.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def flags(call):
    """`--name value` pairs of a command line; a bare flag has None."""
    found, argv = {}, call["argv"][1:]
    for here, after in zip(argv, [*argv[1:], "--"], strict=True):
        if here.startswith("-"):
            found[here] = None if after.startswith("--") else after
    return found


__all__ = ["CHECKOUTS", "build", "calls", "flags", "prepared", "recording", "run", "sequence_of"]
