"""Is this a method? Fit, load and render on a sequence, checked against the contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contracts import FitContext, Method, MethodSpec, RenderRequest, Sequence, TrainingSet
from harness.plugins import load_entry


def request_of(sequence: Sequence, spec: MethodSpec) -> RenderRequest:
    """The request that a run would make for the test part of a sequence."""
    part = sequence.part(sequence.test)
    controls = {"au": part.signal("au")} if "au" in spec.drives[0] and part.has("au") else {}
    return RenderRequest.of(part, controls, spec.role == "oracle")


def check_method(
    spec: MethodSpec, sequence: Sequence, workdir: Path, config: Mapping[str, Any] | None = None
) -> None:
    """Fit, load in a fresh instance and render; frames must be as the contract requires.

    Args:
        spec: of the method.
        sequence: with the signals that the spec declares; `tiny_sequence()` has most.
        workdir: an empty folder.
        config: options of the fit; those of the default preset if None.

    """
    context = FitContext(config if config is not None else spec.presets[spec.default_preset])
    method: Method = load_entry(spec.entry)()
    method.fit(TrainingSet.of(sequence), workdir, context)
    request = request_of(sequence, spec)
    first = rendered(spec, workdir, request)
    assert len(first) == request.count, f"{len(first)} frames, {request.count} were requested"
    for rgb, alpha in first:
        assert rgb.shape == (request.height, request.width, 3), f"rgb is {rgb.shape}"
        assert alpha.shape == (request.height, request.width), f"alpha is {alpha.shape}"
        assert rgb.dtype == alpha.dtype == np.float32, f"{rgb.dtype}, {alpha.dtype}: not float32"
        assert np.isfinite(rgb).all(), "rgb is not finite"
        assert np.isfinite(alpha).all(), "alpha is not finite"
        assert -1e-4 <= alpha.min() <= alpha.max() <= 1 + 1e-4, "alpha leaves [0, 1]"
    again = rendered(spec, workdir, request)
    for (a, _), (b, _) in zip(first, again, strict=True):
        assert np.array_equal(a, b), "two renders of the same request differ"


def rendered(
    spec: MethodSpec, workdir: Path, request: RenderRequest
) -> list[tuple[np.ndarray, np.ndarray]]:
    """All frames of a fresh instance: rgb float32 [H,W,3] and alpha float32 [H,W]."""
    method: Method = load_entry(spec.entry)()
    method.load(workdir, "cpu")
    return [(np.array(f.rgb), np.array(f.alpha)) for f in method.render(request)]
