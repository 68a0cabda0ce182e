"""How sure `prepare` is of a cut or another person: distances with and without one.

Every pair of people is joined at the same place and size, by a cut and by a cross-fade of five
frames; as negatives serve every video by itself, under flicker, moving and changing light, changed
exposure, shake, noise, coarse coding, motion blur, a hand, and rendered heads that turn fast, or
turn and stay there.

    python benchmarks/prepare_cuts.py ../shared/assets

Prints by kind, and for each rule of `splits/prepare/tracking/continuity.py`, the largest
distance without a change and the smallest with one, as shares of the distance from which
`prepare` says so; the last column is the rule that decides. A cross-fade can only be seen where
both hold their heads alike. Exit 1 if a change is seen where there is none, or a cut is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, permutations
from pathlib import Path

import cv2
import numpy as np

from harness.media.face_landmarker import FaceLandmarker
from harness.media.video import read_frames, write_mp4
from splits.prepare.geometry import similarity
from splits.prepare.tracking import continuity
from splits.prepare.tracking.angles import angles_of
from splits.synthetic.head import HeadModel, Scene
from splits.synthetic.recipe import Recipe
from splits.synthetic.schedule import single

Frames = list[np.ndarray]

#: Frames of a video, rendered people, and where a change happens.
COUNT, RENDERED, MIDDLE, FADE = 150, (0, 3, 4, 7), 75, 5


@dataclass
class Looks:
    """What the rules compare."""

    faces: np.ndarray
    scenes: np.ndarray
    angles: np.ndarray
    landmarks: np.ndarray


def rendered(who: int, turn: float = 0.0, stays: bool = False) -> Frames:
    """A rendered person who speaks, and turns by so many degrees, in six frames for a second."""
    recipe = Recipe(who, who, tuple(single(who, "happy", 2, COUNT, 25.0)), 288, 288)
    acted, head = recipe.perform(), HeadModel(who)
    scene = Scene(head, 288, 288)
    back = 0.0 if not stays else turn
    extra = np.interp(np.arange(COUNT), [60, 66, 90, 96], [0, turn, turn, back])
    frames = []
    for t in range(COUNT):
        yaw, pitch, roll = np.deg2rad(acted.pose[t, :3] + [extra[t], 0, 0])
        camera = scene.world_to_camera(yaw, pitch, roll, acted.pose[t, 3:])
        frames.append(scene.render(head.vertices(acted.controls[t]), camera).rgb)
    return frames


def _lit(frames: Frames, gain: Callable[[int, np.ndarray], np.ndarray | float]) -> Frames:
    across = np.linspace(-1, 1, frames[0].shape[1])[None, :, None]
    lit = (frame * gain(t, across) for t, frame in enumerate(frames))
    return [np.clip(one, 0, 255).astype(np.uint8) for one in lit]


def _shaken(frames: Frames) -> Frames:
    rng = np.random.default_rng(0)
    height, width = frames[0].shape[:2]
    shaken = []
    for frame in frames:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 1.5), 1)
        matrix[:, 2] += rng.normal(0, 4, 2)
        shaken.append(cv2.warpAffine(frame, matrix, (width, height), borderMode=cv2.BORDER_REFLECT))
    return shaken


def _noisy(frames: Frames) -> Frames:
    rng = np.random.default_rng(0)
    noisy = (frame + rng.normal(0, 12, frame.shape) for frame in frames)
    return [np.clip(one, 0, 255).astype(np.uint8) for one in noisy]


def _coarse(frames: Frames) -> Frames:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        write_mp4(path, frames, 25, crf=40)
        return list(read_frames(path))


def _blurred(frames: Frames) -> Frames:
    return [cv2.blur(f, (9, 1)) if 60 <= t < 65 else f for t, f in enumerate(frames)]


def _hand(frames: Frames, landmarks: np.ndarray) -> Frames:
    """Something of the colour of skin before the mouth for a second."""
    covered = []
    for t, (frame, points) in enumerate(zip(frames, landmarks, strict=True)):
        frame, size = frame.copy(), float(np.ptp(points[:, 1]))
        up = float(np.clip(min((t - 60) / 6, (90 - t) / 6), 0, 1))
        if up:
            x, y = (points[152] + [0, size * (0.5 - 0.9 * up)]).astype(int).tolist()
            skin = frame[tuple(points[50, ::-1].astype(int))].astype(float).tolist()
            axes = (int(0.35 * size), int(0.25 * size))
            cv2.ellipse(frame, (x, y), axes, 20, 0, 360, skin, -1)
        covered.append(frame)
    return covered


DISTURBED: dict[str, Callable[[Frames], Frames]] = {
    "flicker": lambda f: _lit(f, lambda t, x: 1 + 0.3 * np.sign(np.sin(1.3 * t))),
    "exposure": lambda f: _lit(f, lambda t, x: 1.0 if t < MIDDLE else 0.55),
    "moving light": lambda f: _lit(f, lambda t, x: 1 + 0.5 * np.sin(t / 1.5) * x),
    "other light": lambda f: _lit(f, lambda t, x: 1 + (0.4 if t < MIDDLE else -0.4) * x),
    "shake": _shaken,
    "noise": _noisy,
    "coarse coding": _coarse,
    "blur": _blurred,
}


def looks_of(frames: Frames, landmarker: FaceLandmarker) -> Looks:
    """Every frame has a face."""
    found = [landmarker.detect_all(frame)[0] for frame in frames]
    return Looks(
        np.stack([continuity.look_of(f, d.landmarks) for f, d in zip(frames, found, strict=True)]),
        np.stack([continuity.scene_of(frame) for frame in frames]),
        angles_of(np.stack([d.pose for d in found]))[:, :2],
        np.stack([d.landmarks for d in found]),
    )


def joined(a: Frames, b: Frames, points: tuple[np.ndarray, np.ndarray], fade: int) -> Frames:
    """The second person in the first one's place from the middle of both on."""
    height, width = a[0].shape[:2]
    matrix = similarity(points[1], points[0])
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    moved = [cv2.warpAffine(f, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE) for f in b]
    middle, frames = min(len(a), len(b)) // 2, []
    for t in range(min(len(a), len(b))):
        share = np.clip((t - middle + 1) / (fade + 1), 0, 1) if fade else float(t >= middle)
        mixed = (1 - share) * a[t].astype(np.float32) + share * moved[t]
        frames.append(np.round(mixed).astype(np.uint8))
    return frames


def people(assets: Path) -> dict[str, Frames]:
    """Real and rendered people who speak."""
    videos = sorted((assets / "video" / "grid").glob("*.mpg"))
    found = {video.stem: list(read_frames(video)) for video in videos}
    talk = list(islice(read_frames(assets / "video" / "obama_20s_synced.mp4"), 3 * COUNT))
    found["obama"] = talk
    return found | {f"rendered {who}": rendered(who) for who in RENDERED}


RULES = {
    "face": continuity.FACE_CHANGE,
    "scene": continuity.SCENE_CUT,
}


def distances(one: Looks) -> dict[str, float]:
    """The largest value of each rule, as a share of its limit."""
    return {
        name: continuity.unlike(
            *((one.faces, one.angles) if name.startswith("face") else (one.scenes, None)), rule
        ).max()
        / rule.doubtful
        for name, rule in RULES.items()
    }


def measure(assets: Path, quick: bool) -> Iterator[tuple[str, str, bool, dict[str, float]]]:
    """Kind of video, its name, whether it has a change, and the values of the rules."""
    with FaceLandmarker(assets / "weights" / "face_landmarker.task") as landmarker:
        everybody = people(assets)
        known = {name: looks_of(frames, landmarker) for name, frames in everybody.items()}
        for name, frames in everybody.items():
            yield "as it is", name, False, distances(known[name])
            short = frames[:COUNT]
            if quick:
                continue
            for kind, disturb in DISTURBED.items():
                yield kind, name, False, distances(looks_of(disturb(short), landmarker))
            hand = _hand(short, known[name].landmarks[:COUNT])
            yield "hand", name, False, distances(looks_of(hand, landmarker))
        for who in RENDERED:
            for turn, stays in ((40.0, False), (8.0, True), (12.0, True), (22.0, True)):
                kind = f"turn by {turn:g} degrees" + " that stays" * stays
                turned = looks_of(rendered(who, turn, stays), landmarker)
                yield kind, f"rendered {who}", False, distances(turned)
        for a, b in permutations(everybody, 2):
            middle = min(len(everybody[a]), len(everybody[b]), COUNT) // 2
            places = known[a].landmarks[middle], known[b].landmarks[middle]
            for kind, fade in (("cut", 0), ("cross-fade", FADE)):
                frames = joined(everybody[a][:COUNT], everybody[b][:COUNT], places, fade)
                yield kind, f"{a} | {b}", True, distances(looks_of(frames, landmarker))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("assets", type=Path)
    parser.add_argument("--quick", action="store_true", help="without disturbed videos")
    options = parser.parse_args()
    table: dict[tuple[bool, str], list[tuple[str, dict[str, float]]]] = {}
    for kind, name, changed, values in measure(options.assets, options.quick):
        table.setdefault((changed, kind), []).append((name, values))
    print(f"| video | videos | {' | '.join(RULES)} | any |\n|---|---|{'---|' * (len(RULES) + 1)}")
    missed, false, changes, bad = [], [], 0, False
    for (changed, kind), rows in table.items():
        cells = []
        for rule in RULES:
            values = [one[rule] for _, one in rows]
            cells.append(f"{min(values) if changed else max(values):.2f}")
        name, decisive = (min if changed else max)(rows, key=lambda one: max(one[1].values()))
        cells.append(f"{max(decisive.values()):.2f} ({name.replace('|', 'to')})")
        found = [f"{kind}: {n}" for n, v in rows if (max(v.values()) > 1) != changed]
        changes += changed * len(rows)
        missed, false = missed + found * changed, false + found * (not changed)
        bad |= bool(found) and kind != "cross-fade"
        print(f"| {kind} | {len(rows)} | {' | '.join(cells)} |")
    print(f"\n{len(missed)} of {changes} missed: {missed}; false: {false}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
