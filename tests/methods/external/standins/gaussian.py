"""Stands in for the scripts of TalkingGaussian and its descendants: same options, same files.

`standin.json` in the checkout says which repository it is (`spaces`, `extra`, `mux`) and what
goes wrong (`fault`). It paints instead of learning: the last training frame, again and again.
"""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = json.loads((Path(__file__).parent / "standin.json").read_text())
FAULT = os.environ.get("STANDIN_FAULT", "")
NAME = Path(__file__).stem


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source_path", "-s", "-S", default="")
    parser.add_argument("--model_path", "-m", "-M", default="")
    parser.add_argument("--eval", action="store_true")
    parser.add_argument("--audio_extractor", default="deepspeech")
    parser.add_argument("--init_num", type=int)
    parser.add_argument("--densify_grad_threshold", type=float)
    parser.add_argument("--opacity_lr", type=float)
    parser.add_argument("--iterations", type=int, default=50_000)
    return parser.parse_args()


def hang():
    """With a grandchild that ignores SIGTERM, as a data loader may."""
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(30)"
    child = subprocess.Popen([sys.executable, "-c", program])
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("\nhangs since", time.monotonic(), flush=True)
    print("pids", os.getpid(), child.pid, flush=True)
    time.sleep(30)


def read_data(data, parts):
    """Look up what the real readers look up; a KeyError is theirs."""
    with (data / "au.csv").open(newline="") as file:
        header = next(csv.reader(file))
    for unit in ("AU01", "AU04", "AU05", "AU06", "AU07", "AU25", "AU45"):
        wanted = f" {unit}_r" if SETTINGS["spaces"] else f"{unit}_r"
        if wanted not in header:
            raise KeyError(wanted)
    for name in ("bc.jpg", "aud_ds.npy", *SETTINGS.get("extra", [])):
        (data / name).read_bytes() if not (data / name).is_dir() else None
        assert (data / name).exists(), name
    for name in ("{}_auds_exp", "{}_audiostyle", "mser_emotion_{}"):
        if SETTINGS.get("priors"):
            for part in parts:
                assert (data / f"{name.format(part)}.pth").is_file(), (name, part)
    frames = []
    for part in parts:
        frames += json.loads((data / f"transforms_{part}.json").read_text())["frames"]
    for frame in frames:
        for place in (
            "gt_imgs/{}.jpg",
            "torso_imgs/{}.png",
            "teeth_mask/{}.npy",
            "ori_imgs/{}.lms",
        ):
            (data / place.format(frame["img_id"])).read_bytes()
    # They write this beside the data.
    (data / "points3d.ply").write_text(f"by {NAME}")
    return [frame["img_id"] for frame in frames]


def train(args, branch):
    data, model = Path(args.source_path), Path(args.model_path)
    model.mkdir(parents=True, exist_ok=True)
    with (model / "calls").open("a") as file:
        file.write(f"{branch} {args.iterations} {os.environ.get('CUDA_VISIBLE_DEVICES', '')}\n")
    read_data(data, ("train", "val"))
    if branch == "fuse":
        for other in ("face", "mouth"):
            assert (model / f"chkpnt_{other}_latest.pth").is_file(), other
    for step in (1, args.iterations):
        sys.stderr.write(f"\rTraining: 50%|#### | {step}/{args.iterations} [00:01<00:01, 9it/s]")
    if f"crash {branch}" == FAULT:
        print("\nsetting up")
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    if f"hang {branch}" == FAULT:
        hang()
    (model / "cfg_args").write_text(f"Namespace(source_path='{data}', iterations=50000)")
    if f"forget {branch}" != FAULT:
        (model / f"chkpnt_{branch}_latest.pth").write_text("weights")


def write_video(path, frames, fps=25):
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "1"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


def synthesize(args):
    import numpy as np
    from PIL import Image

    data, model = Path(args.source_path), Path(args.model_path)
    assert args.eval
    assert (model / "cfg_args").is_file()
    assert (model / "chkpnt_fuse_latest.pth").is_file()
    ids = read_data(data, ("val",))
    if FAULT == "crash render":
        raise RuntimeError("CUDA out of memory")
    if FAULT == "hang render":
        hang()
    truth = [np.asarray(Image.open(data / "gt_imgs" / f"{i}.jpg").convert("RGB")) for i in ids]
    renders = model / "test" / "ours_None" / "renders"
    write_video(model / "test" / "ours_None" / "gt" / "out.mp4", truth)
    last = np.asarray(Image.open(data / "gt_imgs" / f"{min(ids) - 1}.jpg").convert("RGB"))
    assert last.shape == truth[0].shape
    frames = [last] * len(ids)
    if FAULT == "partial":
        frames = frames[:-1]
    if FAULT == "size":
        frames = [frame[:16, :16].copy() for frame in frames]
    if FAULT != "silent end":
        # 25, whatever the recording has: as in the real ones. The fault stands for a changed one.
        write_video(renders / "out.mp4", frames, fps=30 if FAULT == "fps" else 25)
        if FAULT == "cut":
            whole = (renders / "out.mp4").read_bytes()
            (renders / "out.mp4").write_bytes(whole[: len(whole) // 2])
    if SETTINGS.get("mux"):
        # The path is made from the model's, always; what is not there is not muxed.
        sound = Path(str(model).replace("output", "data")) / "aud_novel.wav"
        print("mux", sound, sound.is_file())
        black = [np.zeros_like(frame) for frame in frames]
        write_video(renders / "out_with_audio.mp4", black)


if __name__ == "__main__":
    args = options()
    if NAME == "synthesize_fuse":
        synthesize(args)
    else:
        train(args, NAME.split("_")[1])
