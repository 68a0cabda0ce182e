"""A subject's head: one mesh of skin, ears, hair, eyes and mouth, moved by controls."""

from __future__ import annotations

import numpy as np

from splits.synthetic.controls import CONTROLS
from splits.synthetic.head.ears import ear
from splits.synthetic.head.eyes import eyeball
from splits.synthetic.head.hair import hair
from splits.synthetic.head.identity import Identity
from splits.synthetic.head.interior import cavity, teeth, tongue
from splits.synthetic.head.landmarks import landmark_vertices
from splits.synthetic.head.motion import Motion
from splits.synthetic.head.parts import Part, Region, mirrored
from splits.synthetic.head.skin import eye_centre, rest_skin
from splits.synthetic.head.skin_look import skin_gloss, skin_shade, skin_uv
from splits.synthetic.head.topology import ring_strips, skin_topology

LIP_TO_TEETH = 0.0098  # metres from the contact line back to the front teeth


class HeadModel:
    """The head of one identity.

    Args:
        identity: seed of the subject (`Identity.draw`), or an `Identity`.

    Attributes:
        who: the subject.
        faces: int32 [F,3], clockwise as seen from their visible side.
        rest: float32 [V,3], the neutral head with a closed mouth, metres.
        region: uint8 [V], the `Region` of each vertex.
        face_region: uint8 [F], the `Region` of each face.
        landmark_vertices: int64 [68], iBUG order.
        slices: vertex range of each part by name.
        uv: float64 [V,2] in [0,1] within the tile of the vertex's part.
        shade: float32 [V], ambient light that reaches the vertex at rest.
        gloss: float32 [V], strength of the highlight.
        margin_pairs: int64 [n,2], facing vertices of the upper and lower lip's contact line.

    """

    def __init__(self, identity: int | Identity = 0) -> None:
        self.who = identity if isinstance(identity, Identity) else Identity.draw(identity)
        who, top = self.who, skin_topology()
        self.topology = top
        skin = rest_skin(top, who)
        parts = self._parts(skin)
        self.slices: dict[str, slice] = {}
        vertices, faces, regions, face_regions = [], [], [], []
        uv, shade, gloss = [], [], []
        offset = 0
        for name, part in parts.items():
            # The lining's faces are already in the numbering of the whole head.
            part_faces = part.faces if name == "cavity" else part.faces + offset
            self.slices[name] = slice(offset, offset + len(part.vertices))
            vertices.append(part.vertices)
            faces.append(part_faces)
            regions.append(np.full(len(part.vertices), part.region, np.uint8))
            face_regions.append(np.full(len(part_faces), part.region, np.uint8))
            uv.append(part.uv)
            shade.append(part.shade)
            gloss.append(part.gloss)
            offset += len(part.vertices)
        rest = np.concatenate(vertices)
        self.faces = np.concatenate(faces).astype(np.int32)
        self.region = np.concatenate(regions)
        self.face_region = np.concatenate(face_regions)
        self._finish_lining(rest)
        self.uv = np.concatenate(uv)
        self.shade = np.concatenate(shade).astype(np.float32)
        self.gloss = np.concatenate(gloss).astype(np.float32)
        self.landmark_vertices = landmark_vertices(top)
        self.eye_centres = np.stack([eye_centre(who, -1), eye_centre(who, 1)])
        self._motion = Motion(top, rest, self._lining, self.slices, self.eye_centres)
        upper, lower = self._motion.lip_columns
        seam = top.mouth_rings[0]
        self.margin_pairs = np.stack([seam[upper], seam[lower]], 1)
        self.rest = self.vertices(np.zeros(len(CONTROLS), np.float32))

    def _parts(self, skin: np.ndarray) -> dict[str, Part]:
        who, top = self.who, self.topology
        count = len(skin)
        margin = skin[top.mouth_rings[0]]
        self._lining = lining = cavity(margin, top.mouth_rings[0], count)
        deep = 0.5 * np.exp(-(lining.vertices[:, 2] - margin[:, 2].min()) / 0.012)
        front = margin[:, 2].min() + LIP_TO_TEETH
        seam = float(margin[:, 1].mean())
        right_ear = ear(who)
        rims = {}
        at = count + len(lining.vertices)
        for eye, name in enumerate(("rim_left", "rim_right")):
            ring = top.eye_rings[eye, 0]
            local = np.arange(len(ring))
            # The rim's own numbering starts after `at`; its outer ring belongs to the skin.
            strip = ring_strips(np.stack([local, ring - at]))
            if eye == 0:
                strip = strip[:, ::-1]  # the left eye's columns run the other way round
            rims[name] = Part(
                Region.LID_RIM, skin[ring], strip, np.full((len(ring), 2), 0.5),
                np.full(len(ring), 0.75), np.full(len(ring), 0.6),
            )  # fmt: skip
            at += len(ring)
        lining_count = len(lining.vertices)
        return {
            "skin": Part(
                Region.SKIN, skin, top.faces, skin_uv(top), skin_shade(top, who), skin_gloss(top)
            ),
            "cavity": Part(
                Region.CAVITY,
                lining.vertices,
                np.concatenate([lining.lip_faces, lining.deep_faces]),
                np.full((lining_count, 2), 0.5),
                deep,
                np.full(lining_count, 0.25),
            ),
            **rims,
            "eye_left": eyeball(who, -1),
            "eye_right": eyeball(who, 1),
            "teeth_upper": teeth(True, front, seam),
            "teeth_lower": teeth(False, front, seam),
            "tongue": tongue(front, seam),
            "ear_left": mirrored(right_ear),
            "ear_right": right_ear,
            "hair": hair(who),
        }

    def _finish_lining(self, rest: np.ndarray) -> None:
        """Tell the lips' inner side from the cavity behind it."""
        lips = len(self._lining.lip_faces)
        start = int(np.flatnonzero(self.face_region == Region.CAVITY)[0])
        self.face_region[start : start + lips] = Region.LIP_INNER
        own = self.slices["cavity"].start
        self.region[own : own + 2 * self._lining.rings.shape[1]] = Region.LIP_INNER

    def vertices(self, controls: np.ndarray) -> np.ndarray:
        """Move the head.

        Args:
            controls: float [C] or [T,C] in the order of `splits.synthetic.controls.CONTROLS`;
                gaze in degrees, yaw positive to the viewer's right, pitch positive upward.

        Returns:
            float32 [V,3] or [T,V,3], metres: x to the viewer's right, y down, z away.

        Raises:
            ValueError: when the last axis is not C or a value is not finite.

        """
        controls = np.asarray(controls)
        if controls.ndim not in (1, 2) or controls.shape[-1] != len(CONTROLS):
            raise ValueError(
                f"controls must be [{len(CONTROLS)}] or [T,{len(CONTROLS)}], "
                f"not {list(controls.shape)}"
            )
        if not np.isfinite(controls).all():
            raise ValueError("controls hold values that are not finite")
        if controls.ndim == 1:
            return self._motion(controls)
        return np.stack([self._motion(c) for c in controls])

    def mouth_gap(self, vertices: np.ndarray) -> float:
        """The widest distance between the lips' margins, metres (0 for a closed mouth)."""
        pair = vertices[self.margin_pairs]
        return float(np.sqrt(((pair[:, 1] - pair[:, 0]) ** 2).sum(1)).max())
