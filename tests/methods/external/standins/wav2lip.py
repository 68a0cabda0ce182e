"""Stands in for Wav2Lip's inference: needs `temp/`, gives a few frames fewer than the sound."""

import argparse
import os
import shutil

from standin_media import film, record, samples, write_film


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint_path", required=True)
    parser.add_argument("--face", required=True)
    parser.add_argument("--audio", required=True)
    parser.add_argument("--outfile", default="results/result_voice.mp4")
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--pads", nargs="+", type=int, default=[0, 10, 0, 0])
    args = parser.parse_args()
    record(__file__, face=args.face, sound=args.audio)
    open(args.checkpoint_path).close()
    frames, fps = film(args.face)
    mels = 1 + samples(args.audio) // 200
    chunks, index = 0, 0
    while int(index * 80.0 / fps) + 16 <= mels:
        index += 1
    chunks = index + 1
    made = [frames[i % len(frames)] for i in range(chunks)]
    write_film("temp/result.avi", made, fps, "mpeg4")
    if os.path.dirname(args.outfile) and not os.path.isdir(os.path.dirname(args.outfile)):
        return  # ffmpeg fails, nobody looks at its exit code
    write_film("temp/out.mp4", made, fps)
    shutil.move("temp/out.mp4", args.outfile)


if __name__ == "__main__":
    main()
