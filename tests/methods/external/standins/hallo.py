"""Stands in for Hallo's inference: a square of 512 pixels, and only whole clips of 16 frames."""

import argparse
import os

from standin_media import picture, record, samples, talking, write_film


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-c", "--config", default="configs/inference/default.yaml")
    parser.add_argument("--source_image", default="test_data/source_images/6.jpg")
    parser.add_argument("--driving_audio", default="test_data/driving_audios/singing/sing_4.wav")
    parser.add_argument("--output", default=".cache/output.mp4")
    parser.add_argument("--pose_weight", type=float, default=1.0)
    parser.add_argument("--face_weight", type=float, default=1.0)
    parser.add_argument("--lip_weight", type=float, default=1.0)
    parser.add_argument("--face_expand_ratio", type=float, default=1.2)
    args = parser.parse_args()
    record(__file__, source=args.source_image, sound=args.driving_audio)
    os.makedirs(".cache", exist_ok=True)
    with open(".cache/source_face_mask.png", "w") as mask:
        mask.write("of this picture")
    count = int(samples(args.driving_audio) / 640) // 16 * 16
    write_film(args.output, talking(picture(args.source_image, 512), count))


if __name__ == "__main__":
    main()
