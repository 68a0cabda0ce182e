"""What reading one file may cost: a small file can unpack to gigabytes.

The limits are far above what this field records and far below what fills a machine.
`--allow-large` multiplies them for the whole process.
"""

from __future__ import annotations

from pathlib import Path

from harness.contracts import BadInput

#: By how much `--allow-large` raises every limit.
LARGE = 32

#: Kind of cost -> (limit, unit).
LIMITS = {
    "text": (64 << 20, "bytes"),  # JSON, YAML and CSV files
    "depth": (64, "levels"),  # of nesting in JSON and YAML
    "array": (4 << 30, "bytes"),  # unpacked
    "tensors": (8 << 30, "bytes"),  # files of weights
    "picture": (50_000_000, "pixels"),  # of one picture
    "frame": (4096 * 2304, "pixels"),  # of one frame of a video
    "frames": (500_000, "frames"),  # 5.5 hours at 25 per second
    "samples": (1 << 28, "samples"),  # 1.5 hours of one channel at 48 kHz
    "rate": (384_000, "Hz"),
    "entries": (500_000, "entries"),  # of an archive; values at one depth of JSON and YAML
}

_factor = 1


def allow_large(factor: int = LARGE) -> None:
    """Multiply all limits of this process."""
    global _factor
    _factor = factor


def limit(kind: str) -> int:
    """The limit of a kind of cost, in the unit that `LIMITS` states."""
    return LIMITS[kind][0] * _factor


def check(path: object, kind: str, amount: float, what: str) -> None:
    """Refuse what exceeds a limit.

    Args:
        path: for the message.
        kind: of `LIMITS`.
        amount: of this file.
        what: what has that amount, such as "its frames have".

    Raises:
        BadInput: more than the limit.

    """
    if amount > limit(kind):
        unit = LIMITS[kind][1]
        raise BadInput(
            Path(str(path)),
            f"{what} {amount:,.0f} {unit}, and at most {limit(kind):,} are read",
            "Check that it is the file you mean; --allow-large reads larger ones.",
        )
