"""Makes `openings.npz`: the jaw opening that the landmarker sees in each frame of real videos.

python tests/harness/lipsync/make_openings.py ../shared/assets
"""

import sys
from pathlib import Path

import numpy as np

from harness.media.face_landmarker import FaceLandmarker
from harness.media.video import read_frames


def main(assets: Path) -> None:
    videos = assets / "video"
    paths = [videos / "obama_20s.mp4", videos / "obama_20s_synced.mp4"]
    found = {}
    with FaceLandmarker(assets / "weights" / "face_landmarker.task") as landmarker:
        for path in [*paths, *sorted((videos / "grid").glob("*.mpg"))]:
            faces = [landmarker.detect(frame, path) for frame in read_frames(path)]
            place = faces[0].names.index("jawOpen")
            found[path.stem] = np.array([face.blendshapes[place] for face in faces], np.float32)
    np.savez_compressed(Path(__file__).with_name("openings.npz"), **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
