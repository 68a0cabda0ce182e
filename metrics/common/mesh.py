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
    MetricSpec,
    MissingSignal,
)
from harness.media.mesh import check_pair
from metrics.common.numerics import mean_of_scored, spread

#: Frames that are held in float64 at once: a BIWI mesh of ten samples takes 90 MB so.
BLOCK = 16

#: Unit of a distance: the metric does not know the unit of the files.
UNIT = "vertex unit"
UNIT_NOTE = "that of the given vertices: metres for VOCASET and FLAME, none for normalised BIWI"


@dataclass(frozen=True)
class MeshClip:
    """One prediction beside its truth, checked.

    Attributes:
        samples: float [S,T,V,3]; S is 1 for a method that gives one answer.
        truth: float [T,V,3], or None for metrics of the prediction alone.
        frames: int64 [n], frames that are finite in the truth and in every sample.
        region: int64 [R], vertices that are read; None for all.

    """

    clip: Clip
    samples: np.ndarray
    truth: np.ndarray | None
    frames: np.ndarray
    region: np.ndarray | None

    def blocks(self) -> Iterator[np.ndarray]:
        """Indices of the finite frames, a few at a time."""
        for start in range(0, len(self.frames), BLOCK):
            yield self.frames[start : start + BLOCK]

    def _read(self, meshes: np.ndarray) -> np.ndarray:
        """The region's vertices float64 [...,R,3] of meshes [...,V,3]."""
        part = meshes if self.region is None else meshes[..., self.region, :]
        return np.asarray(part, np.float64)

    def first(self, frames: np.ndarray) -> np.ndarray:
        """The first sample's vertices, float64 [n,R,3]."""
        return self._read(self.samples[0][frames])

    def every(self, frames: np.ndarray) -> np.ndarray:
        """All samples' vertices, float64 [S,n,R,3]."""
        return self._read(self.samples[:, frames])

    def true(self, frames: np.ndarray) -> np.ndarray:
        """The truth's vertices, float64 [n,R,3]."""
        assert self.truth is not None  # only metrics that need the signal ask for it
        return self._read(self.truth[frames])

    def template(self) -> np.ndarray:
        """The neutral mesh's vertices, float64 [R,3].

        Raises:
            BadInput: it is of another topology, or not finite.

        """
        template = np.asarray(self.clip.signals["template"], np.float64)
        if template.shape != self.samples.shape[2:]:
            raise BadInput(
                self.clip.id,
                f"the template has the shape {list(template.shape)}, the meshes have "
                f"{list(self.samples.shape[2:])}",
                "Give the template of the same mesh topology as the sequences.",
            )
        if not np.isfinite(template).all():
            raise BadInput(self.clip.id, "the template is not finite", "Give another template.")
        return self._read(template)


def region_of(clip: Clip, name: str, vertices: int, needed_by: str) -> np.ndarray:
    """Vertices of a region of meshes of so many vertices, int64 [R].

    Raises:
        MissingSignal: no list of that name was given.
        BadInput: it is empty, or names vertices that the mesh does not have.

    """
    lists = clip.signals["regions"].indices
    if name not in lists:
        cure = f"Give its vertex list with --region {name}=FILE."
        raise MissingSignal(f"regions.{name}", clip.id, needed_by, cure)
    indices = np.asarray(lists[name], np.int64)
    if not len(indices) or indices.min() < 0 or indices.max() >= vertices:
        raise BadInput(
            clip.id,
            f"the vertex list {name!r} is not within the mesh's {vertices} vertices",
            "Give the list of this mesh topology, counted from 0.",
        )
    return indices


def checked(clip: Clip, spec: MetricSpec) -> MeshClip:
    """The sequence's meshes as a metric reads them, with frames that are not finite left out.

    Raises:
        BadInput: arrays of another shape than [T,V,3] and [T,V,3] or [S,T,V,3], or of
            unequal length or topology, or a region that is not of this mesh.
        MissingSignal: the region's vertex list was not given.

    """
    samples = np.asarray(clip.predicted["vertices"])
    samples = samples[None] if samples.ndim == 3 else samples
    truth = clip.signals.get("vertices")
    truth = None if truth is None else np.asarray(truth)
    for name, array, axes in (("prediction", samples, 4), ("truth", truth, 3)):
        if array is not None and (array.ndim != axes or array.shape[-1] != 3 or 0 in array.shape):
            raise BadInput(
                clip.id,
                f"the vertices of the {name} have the shape {list(array.shape)}",
                "Give [T,V,3], or [S,T,V,3] for several samples of a prediction.",
            )
    finite = np.isfinite(samples).all((0, 2, 3))
    if truth is not None:
        check_pair(clip.id, samples, truth)
        finite &= np.isfinite(truth).all((1, 2))
    wanted = spec.options.get("region")
    region = region_of(clip, wanted, samples.shape[2], f"metric {spec.id}") if wanted else None
    return MeshClip(clip, samples, truth, np.flatnonzero(finite), region)


class MeshMetric(Metric):
    """Base of metrics that read whole mesh sequences: `begin` holds everything.

    The option `region` names the vertex list that a metric reads.
    """

    def begin(self, clip: Clip) -> None:
        """Check the sequence's arrays."""
        self._mesh = checked(clip, self.spec)

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
            result.items[name] = spread(scores, mesh.frames, total)
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
        if mesh.region is not None:
            name = self.spec.options["region"]
            sha256 = mesh.clip.signals["regions"].sha256.get(name)
            details["regions"] = {name: {"vertices": len(mesh.region), "sha256": sha256}}
        return details


class PooledMeshMetric(MeshMetric):
    """Base of mesh metrics that are means over all frames of all sequences."""

    pooling = "all frames of all sequences"

    def pool(self, results: list[MetricResult]) -> dict[str, float | None]:
        """The mean over all frames: a long sequence weighs more."""
        pooled = {}
        for name in (column.name for column in self.spec.columns):
            items = [r.items[name] for r in results if name in r.items]
            pooled[name] = mean_of_scored(np.concatenate(items)) if items else None
        return pooled
