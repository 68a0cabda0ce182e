"""Stands in for `main.py` of ER-NeRF and of SyncTalk: workspaces, epochs, their videos."""

import argparse
import csv
import json
import math
import os
from pathlib import Path

from standin_media import learned, picture, record, write_film


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


def frames_of(path, part, portrait):
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
        found.append(picture(name) if part == "train" else learned(name, index))
        if portrait:  # it is pasted into this one
            assert picture(name.replace("gt_imgs", "ori_imgs")).max() > 10
            open(os.path.join(path, "parsing", f"{frame['img_id']}_face.png")).close()
    return found


def latest(workspace):
    epochs = [int(p.stem[6:]) for p in (workspace / "checkpoints").glob("ngp_ep*.pth")]
    return max(epochs, default=0)


def test(args, workspace, epoch, light):
    results = workspace / "results"
    results.mkdir(parents=True, exist_ok=True)
    frames = [frame // light for frame in frames_of(args.path, "val", args.portrait)]
    write_film(results / f"ngp_ep{epoch:04d}.mp4", frames)
    write_film(results / f"ngp_ep{epoch:04d}_depth.mp4", [frame // 8 for frame in frames])


def main():
    args = options()
    record(__file__)
    workspace = Path(args.workspace)
    if args.asr_model == "deepspeech":
        assert (Path(args.path) / "aud_ds.npy").is_file()
    if args.test:
        assert latest(workspace), "no checkpoint"
        test(args, workspace, latest(workspace), 1)
        return
    if args.torso:
        assert os.path.isfile(args.head_ckpt), args.head_ckpt
    # max_epochs = iters / frames, and it goes on from the latest checkpoint.
    end = math.ceil(args.iters / len(frames_of(args.path, "train", False)))
    assert end > latest(workspace), "nothing to train"
    (workspace / "checkpoints").mkdir(parents=True, exist_ok=True)
    for epoch in (end - 1, end):
        (workspace / "checkpoints" / f"ngp_ep{epoch:04d}.pth").write_text(str(epoch))
    test(args, workspace, end, 2)  # every training ends with a test video, here a dark one


if __name__ == "__main__":
    main()
