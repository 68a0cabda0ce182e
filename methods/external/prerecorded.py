"""Videos that somebody rendered already, as a method under a name of its own.

They are named in the YAML file that `config` describes: `id`, `title`, `licence`, `source`,
`drive`, and `videos`, a folder of `SEQUENCE.mp4` or a path with `{sequence}` and `{subject}`. A
video must hold the frames of the test part, all of them, at its rate and size: nothing is cut,
resampled or resized. The codec's loss is part of what is scored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import (
    NULL_CLOCK,
    BadInput,
    FitContext,
    HarnessError,
    Method,
    MethodSpec,
    RenderedFrame,
    RenderRequest,
    StageClock,
    TrainingSet,
    UnknownName,
)
from harness.plugins import Problem
from methods.external import checks, staging
from methods.external.checkout import Adapter
from methods.external.config import Videos, config_path, read_config

_RECORD = "prerecorded.json"


class _Found(Mapping[str, Any]):
    """A preset that names the files by size and time of change, so that cells depend on them."""

    def __init__(self, videos: Videos) -> None:
        self.videos = videos

    def __getitem__(self, key: str) -> Any:
        if key != "videos":
            raise KeyError(key)
        digest = hashlib.sha256(self.videos.videos.encode())
        for path in files_of(self.videos):
            state = path.stat()
            digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    def __iter__(self) -> Iterator[str]:
        return iter(["videos"])

    def __len__(self) -> int:
        return 1


def template_of(videos: Videos) -> str:
    """The path with its fields; a folder stands for `FOLDER/{sequence}.mp4`."""
    text = str(Path(videos.videos).expanduser())
    return text if "{" in text else f"{text}/{{sequence}}.mp4"


def path_of(videos: Videos, sequence: str, subject: str) -> Path:
    """The video of a sequence."""
    return Path(
        template_of(videos).replace("{sequence}", sequence).replace("{subject}", subject)
    ).absolute()


def files_of(videos: Videos) -> list[Path]:
    """All files that the path can mean."""
    pattern = template_of(videos).replace("{sequence}", "*").replace("{subject}", "*")
    path = Path(pattern).absolute()
    return sorted(p for p in Path(path.anchor).glob(str(path.relative_to(path.anchor))))


def spec_of(videos: Videos) -> MethodSpec:
    """The spec of an entry of the YAML file."""
    preset = _Found(videos)
    return MethodSpec(
        id=videos.id,
        title=videos.title,
        paper=f"{videos.source} (prerecorded videos)",
        licence=videos.licence,
        entry=f"{__name__}:{videos.id}",
        drives=(videos.drive,),
        takes_sound=False,
        timed=False,
        # They are what they are under every preset that other methods of a run may have.
        presets={"as-rendered": preset, "quick": preset, "paper": preset},
        default_preset="as-rendered",
    )


def discover() -> tuple[list[MethodSpec], list[Problem]]:
    """Specs of all entries; a file that cannot be read is a problem, which `list` shows."""
    try:
        return [spec_of(videos) for videos in read_config().prerecorded], []
    except HarnessError as error:
        return [], [Problem(str(config_path()), str(error))]


def find(method: str) -> Videos:
    """The entry of a method.

    Raises:
        UnknownName: the YAML file has no such entry.

    """
    entries = {videos.id: videos for videos in read_config().prerecorded}
    if method not in entries:
        raise UnknownName("prerecorded method", method, entries)
    return entries[method]


class Prerecorded(Method):
    """Reads frames instead of making them."""

    def __init__(self, method: str) -> None:
        self.videos = find(method)
        self.adapter = Adapter(
            spec=spec_of(self.videos), home=self.videos.source, obtain="", scripts=()
        )

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Find the video of the sequence.

        Raises:
            BadInput: there is none.

        """
        sequence = training.only()
        path = path_of(self.videos, sequence.id, sequence.subject)
        if not path.is_file():
            others = ", ".join(p.name for p in files_of(self.videos)[:5]) or "no video at all"
            fact = f"no video of the sequence {sequence.id} (there is {others})"
            raise BadInput(path, fact, f"Put it there, or correct {config_path()}.")
        staging.write(workdir / _RECORD, json.dumps({"video": str(path)}))

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Read which video it is."""
        self.path = Path(json.loads((workdir / _RECORD).read_text("utf-8"))["video"])

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield the frames of the video.

        Raises:
            BadOutput: its count, rate or size is not what is asked for, or it is damaged.

        """
        checks.check_video(self.adapter, self.path, request)
        for frame in checks.frames_of(self.adapter, self.path, request.count):
            with clock.stage("copy"):
                rgb = frame.astype(np.float32) / 255.0
                layer = RenderedFrame(rgb, np.ones(rgb.shape[:2], np.float32))
            yield layer


def __getattr__(name: str) -> Callable[[], Method]:
    """`MODULE:ID` in a spec's `entry` is a factory for that entry's method."""
    if name.startswith("__"):
        raise AttributeError(name)
    return partial(Prerecorded, name)


__all__ = ["Prerecorded", "discover", "files_of", "find", "path_of", "spec_of"]
