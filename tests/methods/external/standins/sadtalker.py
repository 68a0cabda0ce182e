"""Stands in for SadTalker's inference: a result named after the second it began."""

import argparse
import os
import shutil
import time

from standin_media import picture, record, samples, talking, write_film


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driven_audio")
    parser.add_argument("--source_image")
    parser.add_argument("--ref_pose", default=None)
    parser.add_argument("--checkpoint_dir", default="./checkpoints")
    parser.add_argument("--result_dir", default="./results")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--still", action="store_true")
    parser.add_argument("--preprocess", default="crop",
                        choices=["crop", "extcrop", "resize", "full", "extfull"])  # fmt: skip
    args = parser.parse_args()
    record(__file__, source=args.source_image, sound=args.driven_audio)
    save = os.path.join(args.result_dir, time.strftime("%Y_%m_%d_%H.%M.%S"))
    os.makedirs(save, exist_ok=True)
    whole = args.preprocess in ("full", "extfull")
    source = picture(args.source_image, None if whole else args.size)
    if source.max() == source.min():
        print("Can't get the coeffs of the input")
        return  # with exit code 0, as published
    count = int(samples(args.driven_audio) / 640)
    write_film("being_pasted.mp4", talking(source, count))  # a name of its own in the real one
    shutil.move("being_pasted.mp4", f"{save}.mp4")
    print("The generated video is named:", save + ".mp4")
    os.rmdir(save)


if __name__ == "__main__":
    main()
