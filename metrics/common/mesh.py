"""What all mesh metrics share: a checked sequence, and errors frame by frame."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.contracts import (
    BadInput,
    Clip,
    Failure,
    FrameBatch,
    Metric,
    MetricResult,
    MissingSignal,
)
from harness.media.mesh import check_pair

#: Frames that are held in float64 at once: a BIWI mesh of ten samples takes 90 MB so.
BLOCK = 16

#: Unit of a distance: the metric does not know the unit of the files.
UNIT = "vertex unit"
UNIT_NOTE = "that of the vertices given: metres for VOCASET and FLAME, none for normalised BIWI"


@dataclass(frozen=True)
class MeshClip:
    """One prediction beside its truth, checked.

    Attributes:
        samples: float [S,T,V,3]; S is 1 for a method that gives one answer.
        truth: float [T,V,3], or None for metrics of the prediction alone.
        frames: int64 [n], frames that are finite in the truth and in every sample.

    """

    clip: Clip
    samples: np.ndarray
    truth: np.ndarray | None
    frames: np.ndarray

    def blocks(self) -> Iterator[np.ndarray]:
        """Indices of the finite frames, a few at a time."""
        for start in range(0, len(self.frames), BLOCK):
            yield self.frames[start : start + BLOCK]

    def first(self, frames: np.ndarray, indices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The first sample's vertices, float64 [n,R,3]."""
        return np.asarray(self.samples[0][frames][:, indices], np.float64)

    def every(self, frames: np.ndarray, indices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """All samples' vertices, float64 [S,n,R,3]."""
        return np.asarray(self.samples[:, frames][:, :, indices], np.float64)

    def true(self, frames: np.ndarray, indices: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The truth's vertices, float64 [n,R,3]."""
        assert self.truth is not None  # only metrics that need the signal ask for it
        return np.asarray(self.truth[frames][:, indices], np.float64)

    def template(self) -> np.ndarray:
        """The neutral mesh, float64 [V,3]."""
        template = np.asarray(self.clip.signals["template"], np.float64)
        if template.shape != self.samples.shape[2:]:
            raise BadInput(
                self.clip.id,
                f"the template is {list(template.shape)}, the meshes are "
                f"{list(self.samples.shape[2:])}",
                "Give the template of the same mesh topology as the sequences.",
            )
        if not np.isfinite(template).all():
            raise BadInput(self.clip.id, "the template is not finite", "Give another template.")
        return template

    def region(self, name: str, needed_by: str) -> np.ndarray:
        """Vertices of a region, int64 [n].

        Raises:
            MissingSignal: no list of that name was given.
            BadInput: it is empty, or names vertices that the mesh does not have.

        """
        lists = self.clip.signals["regions"].indices
        if name not in lists:
            cure = f"Name its vertex list with --region {name}=FILE."
            raise MissingSignal(f"regions.{name}", self.clip.id, needed_by, cure)
        indices = np.asarray(lists[name], np.int64)
        vertices = self.samples.shape[2]
        if not len(indices) or indices.min() < 0 or indices.max() >= vertices:
            raise BadInput(
                self.clip.id,
                f"the vertex list {name!r} is not within the mesh's {vertices} vertices",
                "Give the list of this mesh topology, counted from 0.",
            )
        return indices


def checked(clip: Clip) -> MeshClip:
    """The sequence's meshes, with frames that are not finite left out.

    Raises:
        BadInput: arrays of another shape than [T,V,3] and [T,V,3] or [S,T,V,3], or of
            unequal length or topology.

    """
    samples = np.asarray(clip.predicted["vertices"])
    samples = samples[None] if samples.ndim == 3 else samples
    truth = clip.signals.get("vertices")
    truth = None if truth is None else np.asarray(truth)
    for name, array, axes in (("prediction", samples, 4), ("truth", truth, 3)):
        if array is not None and (array.ndim != axes or array.shape[-1] != 3 or 0 in array.shape):
            raise BadInput(
                clip.id,
                f"the vertices of the {name} are {list(array.shape)}",
                "Give [T,V,3], or [S,T,V,3] for several samples of a prediction.",
            )
    finite = np.isfinite(samples).all((0, 2, 3))
    if truth is not None:
        check_pair(clip.id, samples, truth)
        finite &= np.isfinite(truth).all((1, 2))
    return MeshClip(clip, samples, truth, np.flatnonzero(finite))


class MeshMetric(Metric):
    """Base of metrics that read whole mesh sequences: `begin` holds everything.

    The option `region` names the vertex list that a metric reads.
    """

    def begin(self, clip: Clip) -> None:
        """Check the sequence's arrays."""
        self._mesh = checked(clip)
        name = self.spec.options.get("region")
        names = (name,) if name else ()
        self._regions = {n: self._mesh.region(n, f"metric {self.spec.id}") for n in names}

    def update(self, batch: FrameBatch) -> None:
        """Nothing: a mesh sequence has no frames."""

    def compute(self) -> MetricResult:
        """Score the sequence; frames that are not finite are failures and NaN in the items."""
        mesh = self._mesh
        total = mesh.samples.shape[1]
        lost = np.setdiff1d(np.arange(total), mesh.frames)
        failures = [
            Failure("nan", "a vertex of this frame is NaN or infinite", int(t)) for t in lost
        ]
        result = self.score(mesh) if len(mesh.frames) else self.nothing()
        result.failures = [*failures, *result.failures]
        result.details = {**self._details(mesh), **result.details}
        for name, scores in result.items.items():
            whole = np.full(total, np.nan)
            whole[mesh.frames] = scores
            result.items[name] = whole
        return result

    @abc.abstractmethod
    def score(self, mesh: MeshClip) -> MetricResult:
        """The result from the finite frames; items are per finite frame."""

    def nothing(self, *failures: Failure) -> MetricResult:
        """A result without any value."""
        values = dict.fromkeys(column.name for column in self.spec.columns)
        return MetricResult(values, 0, failures=list(failures))

    def _details(self, mesh: MeshClip) -> dict[str, object]:
        count, frames, vertices = mesh.samples.shape[:3]
        details: dict[str, object] = {
            "frames": frames,
            "vertices": vertices,
            "samples": count,
            "unit": UNIT_NOTE,
        }
        if self._regions:
            sha256 = mesh.clip.signals["regions"].sha256
            details["regions"] = {
                name: {"vertices": len(indices), "sha256": sha256.get(name)}
                for name, indices in self._regions.items()
            }
        return details


def pooled_mean(results: list[MetricResult], feature: str) -> float | None:
    """Mean of a feature over all frames of all sequences: a long sequence weighs more."""
    kept = [r.features[feature] for r in results if feature in r.features]
    return float(np.concatenate(kept).mean()) if kept else None
