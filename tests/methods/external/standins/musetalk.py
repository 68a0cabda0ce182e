"""Stands in for MuseTalk's inference: everything named in a configuration file."""

import argparse
import os

import yaml
from standin_media import film, record, samples, write_film


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--inference_config", default="configs/inference/test.yaml")
    parser.add_argument("--result_dir", default="./results")
    parser.add_argument("--bbox_shift", type=int, default=0)
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--version", default="v15", choices=["v1", "v15"])
    parser.add_argument("--unet_model_path", default="./models/musetalkV15/unet.pth")
    parser.add_argument("--unet_config", default="./models/musetalk/musetalk.json")
    args = parser.parse_args()
    version = "v15" if "V15" in args.unet_model_path else "v1"
    assert version == args.version, "weights of another version"
    assert ("V15" in args.unet_config) == (version == "v15"), "a network of another version"
    with open(args.inference_config) as file:
        tasks = yaml.safe_load(file)
    open(args.unet_model_path).close()
    for task in tasks.values():
        record(__file__, face=task["video_path"], sound=task["audio_path"],
               config=args.inference_config)  # fmt: skip
        try:
            frames, fps = film(task["video_path"])
            if frames[0].max() == frames[0].min():
                raise ValueError("no face")
            cycle = frames + frames[::-1]
            count = int(samples(task["audio_path"]) / 16_000 * fps)
            names = [os.path.basename(task[key]).split(".")[0]
                     for key in ("video_path", "audio_path")]  # fmt: skip
            folder = os.path.join(args.result_dir, args.version)
            os.makedirs(folder, exist_ok=True)
            os.makedirs(os.path.join(folder, names[0]), exist_ok=True)
            with open(os.path.join(folder, names[0], "00000000.png"), "w") as frame:
                frame.write("of this video")
            made = [cycle[i % len(cycle)] for i in range(count)]
            write_film(os.path.join(folder, "_".join(names) + ".mp4"), made, fps)
        except Exception as error:  # the published script goes on, and exits with 0
            print("Error occurred during processing:", error)


if __name__ == "__main__":
    main()
