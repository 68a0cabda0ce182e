"""Stands in for `main.py` of ER-NeRF and of SyncTalk: workspaces, epochs, their videos."""

import argparse
import csv
import json
import math
import os
from pathlib import Path

import numpy as np
from standin_media import landmarks, learned, picture, record, shows, write_film

#: SyncTalk measures landmarks in its trainings too, and has no `--aud` of features.
SYNCTALK = Path("nerf_triplane/checkpoints").is_dir()


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    for flag in ("-O", "--test", "--test_train", "--finetune_lips", "--torso", "--portrait",
                 "--au45"):  # fmt: skip
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--workspace", default="workspace")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iters", type=int, default=200_000)
    parser.add_argument("--patch_size", type=int, default=1)
    parser.add_argument("--head_ckpt", default="")
    parser.add_argument("--asr_model", default="deepspeech")
    parser.add_argument("--aud", default="")
    return parser.parse_args()


def pictures_of(path, part, portrait):
    """As the readers do: a picture that is not there is warned of and stepped over."""
    with open(os.path.join(path, "au.csv"), newline="") as file:
        assert " AU45_r" in next(csv.reader(file)), "KeyError: ' AU45_r'"
    found = []
    for frame in json.loads((Path(path) / f"transforms_{part}.json").read_text())["frames"]:
        name = os.path.join(path, "gt_imgs", f"{frame['img_id']}.jpg")
        if not os.path.exists(name):
            print("[WARN]", name, "NOT FOUND!")
            continue
        index = frame["img_id"]
        found.append((picture(name), None if part == "train" else learned(name, index)))
        if portrait:  # it is pasted into this one
            assert shows(name.replace("gt_imgs", "ori_imgs"), index), "pasted into another frame"
            open(os.path.join(path, "parsing", f"{frame['img_id']}_face.png")).close()
    return found


def latest(workspace):
    epochs = [int(p.stem[6:]) for p in (workspace / "checkpoints").glob("ngp_ep*.pth")]
    return max(epochs, default=0)


def test(args, workspace, epoch, light):
    """The video first, then what `evaluate` logs, which needs a face in both pictures."""
    results = workspace / "results"
    results.mkdir(parents=True, exist_ok=True)
    pictures = pictures_of(args.path, "val", args.portrait)
    count = len(np.load(args.aud)) if args.aud else len(pictures)
    frames = [pictures[i % len(pictures)][1] // light for i in range(count)]
    if epoch < 50:  # a head of a few steps shows no face yet
        frames = [np.full_like(frame, 99) for frame in frames]
    write_film(results / f"ngp_ep{epoch:04d}.mp4", frames)
    write_film(results / f"ngp_ep{epoch:04d}_depth.mp4", [frame // 8 for frame in frames])
    if args.aud == "" and (args.test or SYNCTALK):
        for (truth, _), made in zip(pictures, frames, strict=True):
            landmarks(made)
            landmarks(truth)


def main():
    args = options()
    record(__file__)
    workspace = Path(args.workspace)
    features = {"deepspeech": "aud_ds.npy", "hubert": "aud_hu.npy", "ave": "aud.wav"}
    open(os.path.join(args.path, features[args.asr_model])).close()
    if SYNCTALK and not args.au45:  # eyes are blendshapes unless it is told
        open(os.path.join(args.path, "bs.npy")).close()
    if args.test:
        assert latest(workspace), "no checkpoint"
        test(args, workspace, latest(workspace), 1)
        return
    if args.torso:
        assert os.path.isfile(args.head_ckpt), args.head_ckpt
    # max_epochs = iters / frames, and it goes on from the latest checkpoint.
    end = math.ceil(args.iters / len(pictures_of(args.path, "train", False)))
    assert end > latest(workspace), "nothing to train"
    (workspace / "checkpoints").mkdir(parents=True, exist_ok=True)
    for epoch in (end - 1, end):
        (workspace / "checkpoints" / f"ngp_ep{epoch:04d}.pth").write_text(str(epoch))
    test(args, workspace, end, 2)  # every training ends with a test video, here a dark one


if __name__ == "__main__":
    main()
