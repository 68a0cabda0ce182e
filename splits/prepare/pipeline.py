"""`prepare`: from raw videos of one subject to the folders that the field trains on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness import weights as registry
from harness.contracts import BadInput, Progress, Unavailable, UnknownName
from harness.media import face_landmarker
from harness.media.face_landmarker import FaceLandmarker
from splits.er_nerf.subject import SUBJECT_FILE, SubjectSequence, write_subject
from splits.prepare.masks.networks import MULTICLASS, SELFIE
from splits.prepare.output import check_absent, new_folder
from splits.prepare.pose import fit_head_poses
from splits.prepare.sequence import Networks, Tracked, tick_of, write_frames, write_rest
from splits.prepare.source import Cut, Source, open_source
from splits.prepare.tracking.crop import check_crop, choose_crop, extent
from splits.prepare.tracking.people import MOST
from splits.prepare.tracking.track import track_face

#: Below this the last eleventh holds no frame.
_FEWEST_FRAMES = 11


def _silent(stage: str, done: int, total: int, **values: float) -> None:
    """A progress that nobody watches."""


def prepare(
    videos: Path | Sequence[Path],
    out: Path,
    *,
    test: Iterable[str] = (),
    size: int | None = 512,
    crop: str = "auto",
    cut: Cut | None = None,
    weights: Path | None = None,
    masks: str = "auto",
    accept_masks: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Prepare videos of one talking subject for ER-NeRF, TalkingGaussian, UA-3DTalk and us.

    Writes `ori_imgs/{i}.jpg` and `.lms`, `gt_imgs/{i}.jpg`, `parsing/{i}.png`,
    `torso_imgs/{i}.png`, `bc.jpg`, `transforms_{train,val}.json`, `aud.wav` (16 kHz),
    `au.csv`, `expression.npz` (basis mp52), `landmarks478.npz` and `prepare.json`. All is
    written beside `out` and renamed into place at the end: a folder that exists is whole.

    Of several videos each becomes a folder below `out`, named after it, and `out/subject.json`
    lists them, so that one model can be fitted to all. They have the same frame size and scale,
    each crop around its own track; focal length and head shape are fitted to all together, so
    that the cameras of all are in one head frame.

    Args:
        videos: one subject, static camera, face visible throughout, with sound; several have
            the same frame size.
        out: the folder to create; its name becomes the subject's and the split's id.
        test: names of videos, without ending, that are the test as a whole; the others then
            train. Without any, each is cut in time, 10/11 and 1/11.
        size: side of the square frames, or None to keep the source's pixels.
        crop: `auto` (a static square around the face) or `none` (the whole frame).
        cut: what of the videos is used, and at which rate; all of each by default.
        weights: the landmarker bundle; None to look it up in the registry.
        masks: `multiclass` or `selfie` (segmentation networks), `grabcut`, or `auto`: the first
            of these whose weights are present.
        accept_masks: go on where masks do not hold: head, torso and plate are not the video.
        progress: called with stage, done and total.

    Returns:
        `out`.

    Raises:
        BadInput: anything wrong with a video, the options or the folder; nothing is left.
        UnknownName: `test` names no video.
        Unavailable: mediapipe or the landmarker's weights are missing.

    """
    todo = check(
        videos, out, test=test, size=size, crop=crop, cut=cut, weights=weights, masks=masks
    )
    with new_folder(todo.out) as folder:
        several = len(todo.sources) > 1
        folders = [folder / name for name in todo.names] if several else [folder]
        _write(todo.sources, folders, size, crop, todo.networks, accept_masks, progress or _silent)
        if several:
            listed = (
                SubjectSequence(
                    id=name,
                    role=role,
                    source=source.path.name,
                    source_sha256=registry.sha256_of(source.path),
                )
                for name, role, source in zip(todo.names, todo.roles, todo.sources, strict=True)
            )
            write_subject(folder, tuple(listed))
    return todo.out


@dataclass(frozen=True)
class CheckedVideos:
    """What `prepare` has to do, with everything checked that no frame has to be decoded for."""

    out: Path
    names: Sequence[str]
    roles: Sequence[Literal["train", "test"] | None]
    sources: Sequence[Source]
    networks: Networks

    def sentences(self) -> list[str]:
        """What would be done, a sentence for each video."""
        found = []
        for role, source in zip(self.roles, self.sources, strict=True):
            rate = f"resampled from {source.info.fps:g} to" if source.resampled else "at"
            use = f"all for {role}ing" if role else "10/11 for training and 1/11 for testing"
            size = f"{source.info.width}x{source.info.height}"
            found.append(
                f"{source.path}: {source.count} frames of {size} {rate} {source.fps:g} per "
                f"second, {use}; masks by {self.networks.segmenter_id}"
            )
        return found


def check(
    videos: Path | Sequence[Path],
    out: Path,
    *,
    test: Iterable[str] = (),
    size: int | None = 512,
    crop: str = "auto",
    cut: Cut | None = None,
    weights: Path | None = None,
    masks: str = "auto",
) -> CheckedVideos:
    """Check options, videos and weights as `prepare` does before it begins; nothing is written.

    Arguments and errors are those of `prepare`.
    """
    videos = [Path(one) for one in ([videos] if isinstance(videos, str | Path) else videos)]
    out, test = Path(out), tuple(test)
    check_absent(out)
    check_crop(size, crop)
    _check_cut(cut, videos)
    names = _names(videos)
    roles = _roles(names, test)
    sources = [_open(video, cut) for video in videos]
    _check_alike(sources)
    return CheckedVideos(out, names, roles, sources, _networks(weights, masks))


def _open(video: Path, cut: Cut | None) -> Source:
    source = open_source(video, cut)
    if source.count < _FEWEST_FRAMES:
        fact = f"it has {source.count} frames"
        raise BadInput(video, fact, f"Give {_FEWEST_FRAMES} or more, better a few minutes.")
    return source


def _networks(weights: Path | None, masks: str) -> Networks:
    """The weights files; without those of a segmenter `auto` means GrabCut."""
    ways = {"multiclass": MULTICLASS, "selfie": SELFIE}
    if masks not in ("auto", "grabcut", *ways):
        cure = f"Use auto, {', '.join(ways)} or grabcut."
        raise BadInput(f"--masks {masks}", "not a way to segment", cure)
    landmarker = weights or registry.resolve(face_landmarker.WEIGHTS_ID)
    if masks in ways:
        return Networks(landmarker, ways[masks], registry.resolve(ways[masks]))
    for name in ways.values() if masks == "auto" else ():
        try:
            return Networks(landmarker, name, registry.resolve(name))
        except (Unavailable, UnknownName):
            continue
    return Networks(landmarker)


def _names(videos: Sequence[Path]) -> list[str]:
    """The videos' names without ending; no two alike, whatever a disk holds to be the same."""
    names = [video.stem for video in videos]
    taken: dict[str, Path] = {}
    for name, video in zip(names, videos, strict=True):
        alike = unicodedata.normalize("NFC", name).casefold()
        if alike in taken:
            fact = f"without its suffix it has the same name as {taken[alike]}"
            raise BadInput(video, fact, "Rename one of them: sequences are named after videos.")
        if len(videos) > 1 and (name.startswith(".") or name == SUBJECT_FILE):
            raise BadInput(video, f"no sequence can be named {name!r}", "Rename it.")
        taken[alike] = video
    return names


def _roles(names: Sequence[str], test: Sequence[str]) -> list[Literal["train", "test"] | None]:
    if test and len(names) == 1:
        fact = "with one video, its last eleventh is the test part"
        raise BadInput("--test", fact, "Leave it out, or give several videos.")
    for name in test:
        if name not in names:
            raise UnknownName("test video", name, names)
    if set(names) <= set(test):
        fact = "every video is a test video, so none is left to train on"
        raise BadInput("--test", fact, "Name fewer, or add a video.")
    return [("test" if name in test else "train") if test else None for name in names]


def _check_cut(cut: Cut | None, videos: Sequence[Path]) -> None:
    if len(videos) > 1 and cut and (cut.audio or cut.start or cut.end):
        fact = "each video has its own sound, beginning and end"
        cure = "Prepare the videos one by one, or cut them beforehand."
        raise BadInput("--audio, --start, --end", fact, cure)


def _check_alike(sources: Sequence[Source]) -> None:
    first = sources[0]
    for other in sources[1:]:
        if other.fps != first.fps:
            raise BadInput(
                other.path,
                f"it has {other.fps:g} frames per second, {first.path} has {first.fps:g}",
                "Pass --fps 25 or --fps 30 to resample all to one rate.",
            )
        ours, theirs = (f"{one.info.width}x{one.info.height}" for one in (first, other))
        if ours != theirs:
            raise BadInput(
                other.path,
                f"its frames are {theirs} pixels, those of {first.path} are {ours}",
                "Scale all videos of a subject to one size first, or prepare it separately.",
            )


def _write(
    sources: Sequence[Source],
    folders: Sequence[Path],
    size: int | None,
    crop: str,
    networks: Networks,
    accept: bool,
    progress: Progress,
) -> None:
    """Fill a folder for each source; what they share is estimated from all of them."""
    several = len(sources) > 1

    def watching(source: Source) -> Progress:
        name = f" of {source.path.stem}" if several else ""
        return lambda stage, done, total, **values: progress(stage + name, done, total, **values)

    with FaceLandmarker(networks.landmarker, num_faces=MOST) as landmarker:
        tracks = []
        for source in sources:
            tick = tick_of(watching(source), "landmarks")
            frames, count = source.frames(), source.count
            track = track_face(source.path, frames, count, landmarker, tick, source.fps)
            tracks.append(track)
    largest = max(extent(track.landmarks) for track in tracks) if several else None
    videos = []
    for source, track in zip(sources, tracks, strict=True):
        whole = source.info.height, source.info.width
        box = choose_crop(source.path, track.landmarks, *whole, size, crop, largest)
        beside = track.others.check(source.path, box, source.count, source.fps)
        notes = (*source.notes, *track.notes, *beside)
        videos.append(Tracked(source, track, box, notes))
    for video, folder in zip(videos, folders, strict=True):
        write_frames(folder, video, watching(video.source))
    height, width = videos[0].box.out_height, videos[0].box.out_width
    points, tick = [video.points for video in videos], tick_of(progress, "head pose")
    poses = fit_head_poses(points, height, width, sources[0].fps, tick)
    for video, folder, pose in zip(videos, folders, poses, strict=True):
        write_rest(folder, video, pose, networks, watching(video.source), accept, not several)
