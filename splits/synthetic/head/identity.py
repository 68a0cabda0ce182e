"""Who a synthetic subject is: proportions, colours, hair and clothing, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

Colour = tuple[float, float, float]  # display RGB in 0..1

SKIN_TONES: tuple[Colour, ...] = (
    (0.93, 0.77, 0.67),
    (0.90, 0.71, 0.58),
    (0.82, 0.62, 0.48),
    (0.70, 0.50, 0.37),
    (0.52, 0.35, 0.25),
    (0.40, 0.26, 0.19),
)
HAIR_COLOURS: tuple[Colour, ...] = (
    (0.10, 0.08, 0.07),
    (0.20, 0.13, 0.09),
    (0.33, 0.21, 0.13),
    (0.50, 0.34, 0.19),
    (0.72, 0.56, 0.34),
    (0.50, 0.22, 0.10),
    (0.55, 0.54, 0.53),
)
EYE_COLOURS: tuple[Colour, ...] = (
    (0.33, 0.20, 0.11),
    (0.24, 0.14, 0.08),
    (0.36, 0.50, 0.62),
    (0.38, 0.47, 0.32),
    (0.45, 0.47, 0.48),
    (0.47, 0.34, 0.17),
)
CLOTH_COLOURS: tuple[Colour, ...] = (
    (0.20, 0.27, 0.40),
    (0.48, 0.20, 0.22),
    (0.24, 0.37, 0.31),
    (0.72, 0.70, 0.66),
    (0.30, 0.29, 0.32),
    (0.58, 0.47, 0.30),
)
ROOM_COLOURS: tuple[Colour, ...] = (
    (0.62, 0.67, 0.70),
    (0.72, 0.68, 0.62),
    (0.55, 0.62, 0.57),
    (0.66, 0.61, 0.66),
    (0.50, 0.55, 0.62),
)
HAIR_STYLES = ("crop", "side_part", "bob", "bun", "curls", "long")


@dataclass(frozen=True)
class Identity:
    """One subject. Shape values are standardised: 0 is the average, about ±1 the usual range."""

    seed: int = 0
    face_width: float = 0.0
    jaw_width: float = 0.0
    chin_length: float = 0.0
    chin_forward: float = 0.0
    cheekbones: float = 0.0
    cheek_fullness: float = 0.0
    brow_ridge: float = 0.0
    forehead: float = 0.0
    nose_length: float = 0.0
    nose_width: float = 0.0
    nose_height: float = 0.0
    nose_tip_up: float = 0.0
    nose_bridge: float = 0.0
    eye_spacing: float = 0.0
    eye_size: float = 0.0
    eye_tilt: float = 0.0
    mouth_width: float = 0.0
    lip_upper: float = 0.0
    lip_lower: float = 0.0
    ear_size: float = 0.0
    asymmetry: float = 0.0  # sideways drift of nose and chin
    brow_thickness: float = 1.0
    brow_arch: float = 0.0
    skin: Colour = SKIN_TONES[1]
    hair: Colour = HAIR_COLOURS[1]
    eyes: Colour = EYE_COLOURS[0]
    cloth: Colour = CLOTH_COLOURS[0]
    room: Colour = ROOM_COLOURS[0]
    lip_tint: float = 0.5  # 0 as skin, 1 strongly red
    hair_style: str = "side_part"
    freckles: float = 0.0  # 0..1
    stubble: float = 0.0  # 0..1
    age: float = 0.0  # 0..1: depth of lines
    collar: str = "crew"  # "crew", "vee" or "shirt"

    @classmethod
    def average(cls) -> Identity:
        """The subject with every shape value at its mean."""
        return cls()

    @classmethod
    def draw(cls, seed: int) -> Identity:
        """The subject of a seed (any non-negative integer)."""
        rng = np.random.default_rng([0x7A1C, seed])
        shape = {
            f.name: float(np.clip(rng.normal(0, 0.75), -1.6, 1.6))
            for f in fields(cls)
            if f.name not in ("seed", "brow_thickness", "lip_tint") and f.type == "float"
        }
        masculine = rng.random() < 0.5
        tone = int(rng.integers(len(SKIN_TONES)))
        dark = tone >= 3
        hair = int(rng.choice([0, 0, 1] if dark else [0, 1, 2, 3, 4, 5, 6]))
        grey = hair == 6
        eyes = int(rng.choice([0, 1] if dark else [0, 1, 2, 3, 4, 5]))
        styles = ("crop", "side_part", "curls") if masculine else ("bob", "bun", "curls", "long")
        lift = 0.6 if masculine else -0.5
        shape["jaw_width"] += lift
        shape["brow_ridge"] += lift
        shape["chin_forward"] += 0.5 * lift
        shape["lip_upper"] += -0.6 * lift + (0.7 if dark else 0.0)
        shape["lip_lower"] += -0.4 * lift + (0.6 if dark else 0.0)
        shape["eye_size"] -= 0.6 * lift
        shape["freckles"] = float(rng.random() * (rng.random() < 0.35) * (tone < 3))
        shape["stubble"] = float(rng.random() * masculine * (rng.random() < 0.7))
        shape["age"] = float(0.75 + 0.25 * rng.random() if grey else 0.5 * rng.random())
        skin = np.array(SKIN_TONES[tone]) + rng.normal(0, 0.012, 3)
        red, green, blue = skin.clip(0, 1).tolist()
        return cls(
            seed=seed,
            **shape,
            brow_thickness=float((1.15 if masculine else 0.85) * rng.uniform(0.85, 1.2)),
            skin=(red, green, blue),
            hair=HAIR_COLOURS[hair],
            eyes=EYE_COLOURS[eyes],
            cloth=CLOTH_COLOURS[int(rng.integers(len(CLOTH_COLOURS)))],
            room=ROOM_COLOURS[int(rng.integers(len(ROOM_COLOURS)))],
            lip_tint=float(rng.uniform(0.2, 0.5) if masculine else rng.uniform(0.5, 1.0)),
            hair_style=str(rng.choice(styles)),
            collar=str(rng.choice(["crew", "vee", "shirt"])),
        )
