"""Stands in for GaussianTalker's `train.py` and `render.py`."""

import argparse
import csv
import json
import os
import sys
from pathlib import Path

from standin_media import learned, record, samples, write_film


def cameras(source, part):
    with open(os.path.join(source, "au.csv"), newline="") as file:
        assert " AU45_r" in next(csv.reader(file)), "KeyError: ' AU45_r'"
    open(os.path.join(source, "track_params.pt")).close()
    open(os.path.join(source, "aud_ds.npy")).close()
    frames = json.loads((Path(source) / f"transforms_{part}.json").read_text())["frames"]
    return [os.path.join(source, "ori_imgs", f"{frame['img_id']}.jpg") for frame in frames]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "--source_path", required=True)
    parser.add_argument("--model_path", required=True)
    parser.add_argument("--configs", required=True)
    parser.add_argument("--eval", action="store_true")
    parser.add_argument("--iteration", type=int, default=-1)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--skip_train", action="store_true")
    parser.add_argument("--skip_test", action="store_true")
    args = parser.parse_args()
    record(__file__)
    open(args.configs).close()
    train, test = cameras(args.source_path, "train"), cameras(args.source_path, "val")
    if os.path.exists(os.path.join(args.source_path, "fused.ply")):
        raise NotImplementedError("No ply file found!")
    if not args.eval:
        train, test = train + test, []
    model = args.model_path
    if os.path.basename(sys.argv[0]) == "train.py":
        os.makedirs(f"{model}/point_cloud/iteration_10000")
        (Path(model) / "learned").write_text(json.dumps([os.path.basename(p) for p in train]))
        return
    assert os.path.isdir(f"{model}/point_cloud/iteration_{args.iteration}")
    assert args.skip_train, "a thousand training frames more"
    renders = f"{model}/test/ours_{args.iteration}/renders"
    os.makedirs(renders, exist_ok=True)
    write_film(f"{renders}/renders.mp4", [learned(path, int(Path(path).stem)) for path in test])
    sound = os.path.join(args.source_path, "aud_novel.wav")
    if os.path.isfile(sound):  # else ffmpeg fails, quietly
        samples(sound)
        name = f"{model.split('/')[-2]}_test_{args.iteration}iter_renders.mov"
        write_film(f"{renders}/{name}", [learned(path, int(Path(path).stem)) for path in test])
    os.remove(f"{renders}/renders.mp4")


if __name__ == "__main__":
    main()
