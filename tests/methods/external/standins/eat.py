"""Stands in for EAT's demo and its preprocessing: fixed output folder, loop over pictures."""

import argparse
import glob
import os
import shutil
import sys

from standin_media import film, picture, record, talking, write_film

EMOTIONS = ("ang", "con", "dis", "fea", "hap", "neu", "sad", "sur")


def preprocess():
    """Reads ./video/*.mp4 of the working folder, as the published script does."""
    for path in glob.glob("./video/*.mp4"):
        name = os.path.basename(path)[:-4]
        record(__file__, drive=path)
        target = f"../demo/video_processed/{name}"
        for folder in ("deepfeature32", "latent_evp_25", "poseimg", "images_evp_25/cropped"):
            os.makedirs(f"{target}/{folder}", exist_ok=True)
        frames, _ = film(path)
        for index in range(len(frames) - 1):  # what re-encoding at 25 a second may lose
            open(f"{target}/images_evp_25/cropped/{index:05d}.jpg", "w").close()
        shutil.copyfile(path, f"{target}/{name}.wav")
        for made in (f"deepfeature32/{name}.npy", f"latent_evp_25/{name}.npy",
                     f"poseimg/{name}.npy.gz"):  # fmt: skip
            open(f"{target}/{made}", "w").close()


def demo():
    parser = argparse.ArgumentParser()
    parser.add_argument("--save_dir", default=" ")  # parsed and ignored
    parser.add_argument("--name", default="deepprompt_eam3d_all_final_313")
    parser.add_argument("--emo", default="hap")
    parser.add_argument("--root_wav", default="./demo/video_processed/M003_neu_1_001")
    args = parser.parse_args()
    clip = os.path.basename(args.root_wav)
    for needed in (f"{clip}.wav", f"latent_evp_25/{clip}.npy", f"poseimg/{clip}.npy.gz",
                   f"deepfeature32/{clip}.npy"):  # fmt: skip
        open(f"{args.root_wav}/{needed}").close()
    count = len(glob.glob(f"{args.root_wav}/images_evp_25/cropped/*.jpg"))
    assert args.emo in EMOTIONS
    folder = f"./demo/output/{args.name}/"
    os.makedirs(folder, exist_ok=True)
    for path in glob.glob("./demo/imgs_cropped/*.jpg"):
        record(__file__, source=path)
        name = os.path.basename(path)[:-4]
        frames = talking(picture(path, 256), count)
        write_film(f"{folder}/{name}_{args.emo}_{clip}.mp4", frames)


if __name__ == "__main__":
    preprocess() if os.path.basename(sys.argv[0]) == "preprocess_video.py" else demo()
