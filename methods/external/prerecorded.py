"""Videos rendered elsewhere, as a method with a name of its own.

They are listed in the YAML file that `config` describes. A video must have exactly the frames of
the test part, at its rate and size: nothing is cut, resampled or resized. The loss of its codec is
part of what is scored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from harness.contracts import (
    NULL_CLOCK,
    BadInput,
    FitContext,
    HarnessError,
    Method,
    MethodSpec,
    RenderedFrame,
    RenderRequest,
    Sequence,
    StageClock,
    TrainingSet,
    UnknownName,
)
from harness.file_cache import sha256_of_files
from harness.plugins import Problem
from methods.baselines.layers import opaque
from methods.external import checks
from methods.external.config import Videos, config_path, read_config
from methods.external.errors import BadOutput
from methods.external.run.checkout import ComputedPreset


def template_of(videos: Videos) -> str:
    """The path with its fields; a folder means `FOLDER/{sequence}.mp4`."""
    text = str(Path(videos.videos).expanduser())
    return text if "{" in text else f"{text}/{{sequence}}.mp4"


def files_of(videos: Videos) -> list[Path]:
    """All existing files that match the path."""
    path = Path(template_of(videos).format(sequence="*", subject="*")).absolute()
    return sorted(p for p in Path(path.anchor).glob(str(path.relative_to(path.anchor))))


def digest_of(videos: Videos) -> str:
    """Digest of the names and contents of all videos of an entry."""
    digests = sha256_of_files(files_of(videos))
    names = [f"{path} {digest}\n" for path, digest in digests.items()]
    return hashlib.sha256("".join([videos.videos, *names]).encode()).hexdigest()[:16]


def spec_of(videos: Videos) -> MethodSpec:
    """The spec of an entry of the YAML file."""
    preset = ComputedPreset("videos", partial(digest_of, videos))
    return MethodSpec(
        id=videos.id,
        title=videos.title,
        paper=f"{videos.source} (prerecorded videos)",
        licence=videos.licence,
        entry=f"{__name__}:{videos.id}",
        scope="nothing",
        drives=(videos.drive,),
        takes_sound=False,
        timed=False,
        # The videos are the same under every preset that other methods of a run may have.
        presets={"as-rendered": preset, "quick": preset, "paper": preset},
        default_preset="as-rendered",
    )


def discover() -> tuple[list[MethodSpec], list[Problem]]:
    """Specs of all entries; a file that cannot be read is a problem, which `list` shows."""
    try:
        return [spec_of(videos) for videos in read_config().prerecorded], []
    except HarnessError as error:
        return [], [Problem(str(config_path()), str(error))]


class Prerecorded(Method):
    """Reads frames instead of rendering them.

    Raises:
        UnknownName: the YAML file has no entry of that name.

    """

    def __init__(self, method: str) -> None:
        entries = {videos.id: videos for videos in read_config().prerecorded}
        if method not in entries:
            raise UnknownName("prerecorded method", method, entries)
        self.videos = entries[method]

    def check_sequences(self, sequences: list[Sequence]) -> None:
        """Refuse sequences without a video of exactly their test part.

        Raises:
            BadInput: the video is absent or unreadable, or its count, rate or size is another.

        """
        for sequence in sequences:
            part = sequence.part(sequence.test)
            path = self.video(sequence.id, sequence.subject)
            request = RenderRequest(
                part.audio, part.fps, len(part.frames), part.height, part.width, None
            )
            try:
                checks.check_video(self.videos.id, path, request)
            except BadOutput as error:
                cure = "Render exactly the frames of the test part, at their frame rate and size."
                raise BadInput(path, error.fact, cure) from error

    def video(self, sequence: str, subject: str) -> Path:
        """The video of a sequence.

        Raises:
            BadInput: there is none.

        """
        template = template_of(self.videos)
        path = Path(template.format(sequence=sequence, subject=subject)).absolute()
        if not path.is_file():
            others = ", ".join(p.name for p in files_of(self.videos)[:5]) or "none"
            fact = f"no video of the sequence {sequence} (found: {others})"
            raise BadInput(path, fact, f"Put it there, or correct {config_path()}.")
        return path

    def fit(self, training: TrainingSet, workdir: Path, context: FitContext) -> None:
        """Nothing to learn."""

    def load(self, workdir: Path, device: str = "cpu") -> None:
        """Nothing to read."""

    def render(
        self, request: RenderRequest, clock: StageClock = NULL_CLOCK
    ) -> Iterator[RenderedFrame]:
        """Yield the frames of the video of `request.sequence`.

        Raises:
            BadInput: there is no such video.
            BadOutput: its count, rate or size is not the requested one, or it is damaged.

        """
        path = self.video(request.sequence, request.subject)
        for frame in checks.frames_of(self.videos.id, path, request):
            with clock.stage("copy"):
                layer = opaque(frame)
            yield layer


def __getattr__(name: str) -> Callable[[], Method]:
    """`MODULE:ID` in a spec's `entry` is a factory for that entry's method."""
    if name.startswith("__"):
        raise AttributeError(name)
    return partial(Prerecorded, name)
