"""Stands in for EDTalk's demos: same flags, same output, same faults."""

import argparse
import os
import sys

import numpy as np
from standin_media import film, picture, record, samples, write_film

PREDEFINED = "demo_EDTalk_A_using_predefined_exp_weights.py"


def normalised(frames):
    """`save_video`: every film is stretched between its own darkest and brightest value."""
    frames = np.stack(frames).astype(np.float32)
    return list(((frames - frames.min()) / (frames.max() - frames.min()) * 255).astype(np.uint8))


def main():
    script = os.path.basename(sys.argv[0])
    parser = argparse.ArgumentParser()
    for flag in ("source", "audio_driving", "pose_driving"):
        parser.add_argument(f"--{flag}_path", required=True)
    if script == PREDEFINED:
        parser.add_argument("--exp_type", default="angry")
    if script in ("demo_EDTalk_A.py", "demo_EDTalk_V.py"):
        parser.add_argument("--exp_driving_path", required=True)
    if script == "demo_EDTalk_V.py":
        parser.add_argument("--lip_driving_path", required=True)
    if script == "demo_lip_pose.py":
        parser.add_argument("--fix_pose", action="store_true")
    parser.add_argument("--save_path", required=True)
    parser.add_argument("--face_sr", action="store_true")
    args = parser.parse_args()
    record(
        __file__,
        source=args.source_path,
        sound=args.audio_driving_path,
        pose=args.pose_driving_path,
        expression=getattr(args, "exp_driving_path", None),
        lip=getattr(args, "lip_driving_path", None),
    )
    if script == PREDEFINED:
        open(f"ckpts/predefined_exp_weights/{args.exp_type}.npy").close()
    if script in ("demo_EDTalk_A.py", "demo_EDTalk_V.py"):
        expression = film(args.exp_driving_path)[0]
        if script == "demo_EDTalk_A.py" or len(expression) > 20:
            expression = expression[:-20]
        # While it is too short it is mirrored: of nothing, for ever.
        assert expression, "hangs: no frame of the expression is left"
    source = picture(args.source_path, 256).astype(np.float32)
    pose, fps = film(args.pose_driving_path)
    if script == "demo_EDTalk_V.py":
        count = len(film(args.lip_driving_path)[0])
    else:
        count = int(samples(args.audio_driving_path) / (16_000 / 25))
    frames = []
    for index in range(count):
        light = float(pose[min(index, len(pose) - 1)].mean()) - 128
        frames.append(np.clip(source + light / 16, 0, 255))
    os.makedirs(os.path.dirname(args.save_path), exist_ok=True)
    temporary = args.save_path.replace(".mp4", "_temp.mp4")
    write_film(temporary, normalised(frames), fps)
    if temporary != args.save_path:
        write_film(args.save_path, normalised(frames), fps)
    os.remove(temporary)


if __name__ == "__main__":
    main()
