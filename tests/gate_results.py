"""Stored results made by hand, for tests of the gate."""

from __future__ import annotations

from dataclasses import replace

from harness.contracts import Results, Row, Score

COLUMNS = {
    "psnr": ("up", "dB", [0.0, 100.0], "psnr"),
    "psnr/head": ("up", "dB", [0.0, 100.0], "psnr/regions"),
    "ssim/3dgs": ("up", "", [-1.0, 1.0], "ssim"),
    "e_fid/synthetic": ("down", "", [0.0, None], "e_fid/synthetic"),
    "sync_c/synthetic": ("up", "", [0.0, None], "sync/synthetic"),
    "jitter/synthetic": ("none", "", [0.0, None], "jitter/synthetic"),
    "fps/render": ("up", "frames/s", [0.0, None], "fps"),
}
FACTS = {
    name: {
        "direction": d,
        "unit": u,
        "range": r,
        "metric": m,
        "code": f"code of {m}",
        "needs_timing": m == "fps",
    }
    for name, (d, u, r, m) in COLUMNS.items()
}
VALUES = {
    "psnr": 35.0,
    "psnr/head": 29.0,
    "ssim/3dgs": 0.98,
    "e_fid/synthetic": 0.2,
    "sync_c/synthetic": 1.8,
    "jitter/synthetic": 175.0,
    "fps/render": 110.0,
}


def row(values=VALUES, *, method="ours", role="method", drive="audio", seed=0, **changed) -> Row:
    scores = {name: Score("ok", value) for name, value in values.items()}
    facts = {
        "split": "toy@1",
        "preset": "quick",
        "sequences": ("one",),
        "protocol": {"fps": 25.0, "height": 64, "width": 64, "device": "cpu"},
    }
    return Row(method, method, role, drive, seeds=(seed,), scores=scores, **(facts | changed))


def results(*rows: Row, **changed) -> Results:
    return replace(Results(rows, FACTS, (), {}), **changed)


def seeded(seed: int, offset: float) -> Results:
    """A run of one seed: every value of the method moved by a share of `offset`."""
    values = {name: value * (1 + offset) for name, value in VALUES.items()}
    truth = VALUES | {"psnr": 100.0}
    return results(
        row(values, seed=seed),
        row(values, seed=seed, drive="shuffled-audio"),
        row(truth, seed=seed, method="truth", role="oracle"),
    )


#: Of six seeds: mean 0, standard deviation 0.002.
OFFSETS = (-0.0028, -0.0014, -0.0006, 0.0006, 0.0014, 0.0028)


def several() -> list[tuple[str, Results]]:
    return [(f"s{seed}", seeded(seed, offset)) for seed, offset in enumerate(OFFSETS)]


def with_value(of: Results, column: str, value: float | None, reason: str = "") -> Results:
    """The results with one value of the first row replaced."""
    first = of.rows[0]
    score = Score("ok" if value is not None else "failed", value, reason=reason)
    changed = replace(first, scores={**first.scores, column: score})
    return replace(of, rows=(changed, *of.rows[1:]))
