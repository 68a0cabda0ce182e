"""Stands in for InsTaG: what its shell script calls, and its synthesis."""

import argparse
import csv
import json
import os
import sys
from pathlib import Path

from standin_media import film, landmarks, learned, picture, record, write_film

#: Where a checkout has `scripts/train_xx_few.sh`: the published arguments, in their order.
SCRIPT = """dataset=$1
workspace=$2
gpu_id=$3
audio_extractor='deepspeech' # deepspeech, esperanto, hubert, ave
export CUDA_VISIBLE_DEVICES=$gpu_id
python train_face.py -s $dataset -m $workspace --N_views 250 --audio_extractor $audio_extractor
python synthesize_fuse.py -s $dataset -m $workspace --eval --audio_extractor $audio_extractor
python metrics.py $workspace/test/ours_None/renders/out.mp4 $workspace/test/ours_None/gt/out.mp4
"""
FILES = {"deepspeech": "aud_ds.npy", "esperanto": "aud_eo.npy", "hubert": "aud_hu.npy",
         "ave": "aud.wav"}  # fmt: skip


def metrics():
    """Landmarks of both videos, whose frames must show a face."""
    for path in sys.argv[1:]:
        for frame in film(path)[0]:
            landmarks(frame)


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
    (data / FILES[args.audio_extractor]).read_bytes()
    if os.path.basename(sys.argv[0]) == "train_face.py":
        assert list(Path("output").glob("*/*.pth")), "no pre-trained model"
        assert args.N_views == 250
        model.mkdir(parents=True, exist_ok=True)
        state = {"gpu": os.environ["CUDA_VISIBLE_DEVICES"], "sound": args.audio_extractor}
        (model / "chkpnt_face_latest.pth").write_text(json.dumps(state))
        return
    assert args.eval
    state = json.loads((model / "chkpnt_face_latest.pth").read_text())
    assert state["sound"] == args.audio_extractor, "size mismatch for audio_net"
    frames = json.loads((data / "transforms_val.json").read_text())["frames"]
    renders = model / "test" / "ours_None" / "renders"
    renders.mkdir(parents=True, exist_ok=True)
    paths = [data / "gt_imgs" / f"{frame['img_id']}.jpg" for frame in frames]
    write_film(renders / "out.mp4", [learned(path, int(path.stem)) for path in paths])
    truth = renders.parent / "gt"
    truth.mkdir(exist_ok=True)
    write_film(truth / "out.mp4", [picture(path) for path in paths])


if __name__ == "__main__":
    metrics() if os.path.basename(sys.argv[0]) == "metrics.py" else main()
