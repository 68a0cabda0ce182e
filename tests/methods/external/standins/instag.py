"""Stands in for InsTaG: what its shell script calls, and its synthesis."""

import argparse
import csv
import json
import os
import sys
from pathlib import Path

from standin_media import learned, record, write_film

#: Where a checkout has `scripts/train_xx_few.sh`: the published arguments, in their order.
SCRIPT = """dataset=$1
workspace=$2
gpu_id=$3
export CUDA_VISIBLE_DEVICES=$gpu_id
python train_face.py -s $dataset -m $workspace --N_views 250
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", "-S", "--source_path", required=True)
    parser.add_argument("-m", "-M", "--model_path", required=True)
    parser.add_argument("--N_views", type=int, default=-1)
    parser.add_argument("--eval", action="store_true")
    parser.add_argument("--audio_extractor", default="deepspeech")
    args = parser.parse_args()
    record(__file__)
    data, model = Path(args.source_path), Path(args.model_path)
    with (data / "au.csv").open(newline="") as file:
        assert " AU45_r" in next(csv.reader(file)), "KeyError: ' AU45_r'"
    if os.path.basename(sys.argv[0]) == "train_face.py":
        assert list(Path("output").glob("*/*.pth")), "no pre-trained model"
        assert args.N_views == 250
        model.mkdir(parents=True, exist_ok=True)
        (model / "chkpnt_face_latest.pth").write_text(os.environ["CUDA_VISIBLE_DEVICES"])
        return
    assert args.eval
    assert (model / "chkpnt_face_latest.pth").is_file()
    frames = json.loads((data / "transforms_val.json").read_text())["frames"]
    renders = model / "test" / "ours_None" / "renders"
    renders.mkdir(parents=True, exist_ok=True)
    paths = [data / "gt_imgs" / f"{frame['img_id']}.jpg" for frame in frames]
    write_film(renders / "out.mp4", [learned(path, int(path.stem)) for path in paths])


if __name__ == "__main__":
    main()
