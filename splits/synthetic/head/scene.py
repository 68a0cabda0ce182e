"""A subject before a camera: frames, plates, masks and landmarks of a moving head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.contracts.signals import MASK_BITS
from splits.synthetic.head.background import room
from splits.synthetic.head.model import HeadModel
from splits.synthetic.head.parts import MOUTH_REGIONS, Region
from splits.synthetic.head.shading import FILL, KEY, SmoothNormals, highlight, light, norms
from splits.synthetic.head.texture import atlas_coordinates, paint_atlas, soften
from splits.synthetic.head.torso import torso
from splits.synthetic.head.zbuffer import Fragments, rasterize

SAMPLES = 2  # per pixel and axis
DISTANCE = 1.0  # metres from the camera to the neutral head's origin
FOCAL = 2.30  # focal length in image heights
NECK_PIVOT = np.array([0.0, 0.085, 0.030])  # the head turns about the top of the neck
HEAD_UP = 0.022  # metres: the head stands above the image's middle
OPEN_GAP, OPEN_WIDTH = 0.008, 0.042  # metres: lips so far apart light the inside fully
CLOSED_GAP = 2e-4  # metres: lips nearer than this hide the mouth's inside

#: Thin sheets, seen from both sides.
_SHEETS = (Region.HAIR, Region.TEETH)

_REGION_BITS = np.zeros(len(Region), np.uint8)
for _region in Region:
    _bits = MASK_BITS["head"]
    if _region in MOUTH_REGIONS:
        _bits |= MASK_BITS["mouth"] | MASK_BITS["face"]
    elif _region == Region.HAIR:
        _bits |= MASK_BITS["hair"]
    elif _region != Region.EAR:
        _bits |= MASK_BITS["face"]
    _REGION_BITS[_region] = _bits


@dataclass(frozen=True)
class View:
    """One frame and what is known about it.

    rgb: uint8 [H,W,3]; plate: uint8 [H,W,3], the same frame without the head (equal to `rgb`
    wherever the `head` bit is not set); bits: uint8 [H,W] of `MASK_BITS`; landmarks: float32
    [68,2] pixels, x right, y down, pixel centres at +0.5.
    """

    rgb: np.ndarray
    plate: np.ndarray
    bits: np.ndarray
    landmarks: np.ndarray


def _interpolate(values: np.ndarray, faces: np.ndarray, found: Fragments) -> np.ndarray:
    """Vertex values [V,k] at the fragments, float32 [n,k]."""
    corner = faces[found.face]
    out = values[corner[:, 0]] * found.weights[:, :1]
    out += values[corner[:, 1]] * found.weights[:, 1:2]
    out += values[corner[:, 2]] * found.weights[:, 2:]
    return out


class Scene:
    """One subject in one room, seen by one camera.

    Args:
        head: the subject.
        height: rows of the image in pixels.
        width: columns of the image in pixels.

    Attributes:
        K: float32 [3,3], intrinsics in pixels; pixel centres lie at +0.5.
        plate: uint8 [H,W,3], room and torso without the head.

    """

    def __init__(self, head: HeadModel, height: int, width: int) -> None:
        if height < 16 or width < 16:
            raise ValueError(f"an image of {height} x {width} pixels is too small for a face")
        self.head, self.height, self.width = head, height, width
        focal = FOCAL * height
        self.K = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float32)
        self._normals = SmoothNormals(head.faces, len(head.rest))
        self._outer = ~np.isin(head.face_region, MOUTH_REGIONS)
        self._inside = np.isin(head.region, MOUTH_REGIONS)
        self._outer_faces = head.faces[self._outer]
        self._outer_region = head.face_region[self._outer]
        self._texels = atlas_coordinates(head.uv, head.region)
        self._atlas = soften(paint_atlas(head.who), DISTANCE / (focal * SAMPLES))
        self._build_plate()

    def _build_plate(self) -> None:
        body = torso(self.head.who)
        still = self.world_to_camera(0, 0, 0, (0, 0, 0))
        points = body.vertices @ still[:3, :3].T + still[:3, 3]
        tall, wide = self.height * SAMPLES, self.width * SAMPLES
        found = rasterize(self._project(points) * SAMPLES, points[:, 2], body.faces, tall, wide)
        normals = SmoothNormals(body.faces, len(points))(points)
        diffuse, specular = light(normals, points, body.shade, body.gloss)
        values = np.concatenate([diffuse, specular[:, None], body.uv], 1).astype(np.float32)
        at = _interpolate(values, body.faces, found)
        rows, columns = body.texture.shape[:2]
        x = np.clip(at[:, 4].astype(np.int64), 0, columns - 1)
        y = np.clip(at[:, 5].astype(np.int64), 0, rows - 1)
        samples = room(self.head.who, tall, wide).reshape(-1, 3) * np.float32(255)
        samples[found.sample] = _display(body.texture[y, x] * at[:, :3] + at[:, 3:4])
        self._plate_samples = samples
        self._behind = np.zeros(tall * wide, np.float32)
        self._behind[found.sample] = found.inverse_depth
        cover = np.zeros(tall * wide, np.uint8)
        cover[found.sample] = 1
        self._torso = _pool(cover.reshape(tall, wide)) * 2 >= SAMPLES**2
        self.plate = self._to_pixels(samples.reshape(tall, wide, 3))

    def world_to_camera(
        self,
        yaw: float,
        pitch: float,
        roll: float,
        translation: tuple[float, float, float] | np.ndarray = (0.0, 0.0, 0.0),
    ) -> np.ndarray:
        """The camera that shows the head in a pose; the head itself stays where it is.

        Args:
            yaw: radians, positive turns the face to the viewer's right.
            pitch: radians, positive lowers the chin.
            roll: radians, positive tilts the head clockwise as seen.
            translation: metres in camera axes.

        Returns:
            float32 [4,4], OpenCV axes.

        """
        cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        cr, sr = np.cos(roll), np.sin(roll)
        turn_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
        turn_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        turn_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        rotation = turn_z @ turn_y @ turn_x
        place = np.array([0.0, -HEAD_UP, DISTANCE]) + np.asarray(translation, np.float64)
        out = np.eye(4)
        out[:3, :3] = rotation
        out[:3, 3] = NECK_PIVOT - rotation @ NECK_PIVOT + place
        return out.astype(np.float32)

    def _project(self, points: np.ndarray) -> np.ndarray:
        """Pixels float64 [V,2] of points in camera axes."""
        points = points.astype(np.float64)
        return points[:, :2] / points[:, 2:] * self.K[0, 0] + self.K[:2, 2]

    def render(self, vertices: np.ndarray, world_to_camera: np.ndarray) -> View:
        """Draw one frame.

        Args:
            vertices: float32 [V,3] from `HeadModel.vertices`.
            world_to_camera: float [4,4], for instance from `world_to_camera`.

        Returns:
            The frame with its plate, masks and landmarks.

        """
        head = self.head
        if vertices.shape != head.rest.shape:
            raise ValueError(
                f"vertices must be {list(head.rest.shape)}, not {list(vertices.shape)}"
            )
        pose = np.asarray(world_to_camera, np.float32)
        points = vertices @ pose[:3, :3].T + pose[:3, 3]
        pixels = self._project(points)
        shut = head.mouth_gap(vertices) < CLOSED_GAP
        faces = self._outer_faces if shut else head.faces
        region = self._outer_region if shut else head.face_region
        tall, wide = self.height * SAMPLES, self.width * SAMPLES
        found = rasterize(
            pixels * SAMPLES,
            points[:, 2],
            faces,
            tall,
            wide,
            np.isin(region, _SHEETS),
            self._behind,
        )
        colour = self._shade(vertices, points, faces, region, found)
        rgb, bits = self._compose(found, region, colour)
        return View(rgb, self.plate, bits, pixels[head.landmark_vertices].astype(np.float32))

    def _shade(
        self,
        vertices: np.ndarray,
        points: np.ndarray,
        faces: np.ndarray,
        region: np.ndarray,
        found: Fragments,
    ) -> np.ndarray:
        """Display colours of the fragments, float32 [n,3] in 0..255."""
        head = self.head
        normals = self._normals(points)
        shade = head.shade.copy()
        for eye, name in enumerate(("eye_left", "eye_right")):  # the upper lid's shadow
            own = head.slices[name]
            above = (head.eye_centres[eye, 1] - vertices[own, 1]) / 0.012
            side = np.abs(vertices[own, 0] - head.eye_centres[eye, 0]) / 0.0135
            shade[own] = 0.92 - 0.55 * np.clip(above + 0.05, 0, 1) - 0.30 * np.clip(side, 0, 1) ** 2
        # The wider the lips part, the more light reaches the mouth's inside.
        opening = self._light_inside(vertices)
        diffuse, specular = light(normals, points, shade, head.gloss)
        diffuse[self._inside] *= opening
        specular[self._inside] *= opening
        values = np.concatenate([diffuse, specular[:, None], self._texels], 1)
        at = _interpolate(values, faces, found)
        albedo = self._atlas[at[:, 5].astype(np.intp), at[:, 4].astype(np.intp)]
        colour = albedo * at[:, :3] + at[:, 3:4]
        white = np.flatnonzero(region[found.face] == Region.EYE)
        if len(white):
            part = Fragments(
                found.sample[white],
                found.face[white],
                found.weights[white],
                found.inverse_depth[white],
            )
            both = _interpolate(np.concatenate([normals, points], 1), faces, part)
            normal = both[:, :3] / norms(both[:, :3])
            view = -both[:, 3:] / norms(both[:, 3:])
            glint = highlight(normal, view, KEY, 90.0) + 0.12 * highlight(normal, view, FILL, 60.0)
            colour[white] = albedo[white] * at[white, :3] + 0.85 * glint[:, None]
        return _display(colour)

    def _light_inside(self, vertices: np.ndarray) -> np.float32:
        """Share of the light that enters the mouth between the lips."""
        pair = vertices[self.head.margin_pairs]
        gap = np.abs(pair[:, 1, 1] - pair[:, 0, 1])
        parted = pair[gap > CLOSED_GAP, 0, 0]
        if not len(parted):
            return np.float32(0)
        tall = min(gap.max() / OPEN_GAP, 1.0)
        wide = min(np.ptp(parted) / OPEN_WIDTH, 1.0)
        return np.float32(0.08 + 0.92 * tall**0.6 * wide**1.6)

    def _compose(
        self, found: Fragments, region: np.ndarray, colour: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lay the head's samples over the plate and count what each pixel holds."""
        tall, wide = self.height * SAMPLES, self.width * SAMPLES
        samples = self._plate_samples.copy()
        samples[found.sample] = colour
        held = np.zeros((tall, wide), np.uint8)
        held.reshape(-1)[found.sample] = _REGION_BITS[region[found.face]]
        bits = np.zeros((self.height, self.width), np.uint8)
        head = _pool(held & MASK_BITS["head"]) > 0
        bits[head] |= MASK_BITS["head"]
        for name in ("face", "hair", "mouth"):
            half = _pool((held & MASK_BITS[name]) != 0) * 2 >= SAMPLES**2
            bits[half] |= MASK_BITS[name]
        bits[self._torso & ~head] |= MASK_BITS["torso"]
        return self._to_pixels(samples.reshape(tall, wide, 3)), bits

    def _to_pixels(self, samples: np.ndarray) -> np.ndarray:
        """Average the samples of each pixel, uint8 [H,W,3]."""
        rows = samples[0::SAMPLES] + samples[1::SAMPLES]
        return ((rows[:, 0::SAMPLES] + rows[:, 1::SAMPLES]) * np.float32(0.25) + 0.5).astype(
            np.uint8
        )


def _display(linear: np.ndarray) -> np.ndarray:
    """Linear light to display values 0..255, with a soft shoulder near white."""
    return np.sqrt(np.clip(linear / (1 + 0.12 * linear), 0, 1)) * np.float32(255)


def _pool(values: np.ndarray) -> np.ndarray:
    """Sum of each pixel's samples, uint8 [H,W]."""
    values = values.astype(np.uint8)
    rows = values[0::SAMPLES] + values[1::SAMPLES]
    return rows[:, 0::SAMPLES] + rows[:, 1::SAMPLES]
