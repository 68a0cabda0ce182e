import json

import numpy as np
import pytest
from meshes import mesh_clip, scored, sequence

from harness.contracts import BadInput, Column, MetricSpec
from harness.media.mesh import read_template
from harness.media.mesh_regions import read_region
from harness.testing import check_mesh_metric
from metrics import catalog
from metrics.common.mesh import MeshMetric
from tests.conftest import SHARED

MESH = [spec for spec in catalog.specs().values() if spec.track == "mesh"]


def test_the_mesh_metrics_of_the_field_are_there():
    columns = {column.name for spec in MESH for column in spec.columns}
    wanted = {"lve", "lve/l2", "mve", "eve", "eve/l2", "fdd", "fdd/abs", "mee", "ce"}
    assert columns >= wanted | {"diversity/facediffuser", "diversity/probtalk3d"}


@pytest.mark.parametrize("spec", MESH, ids=lambda spec: spec.id)
def test_every_spec_states_formula_and_traps(spec):
    assert spec.formula
    assert spec.traps
    assert all("vertex unit" in column.unit for column in spec.columns)


@pytest.mark.parametrize(
    ("prediction", "truth", "fact"),
    [
        ((6, 20, 3), (7, 20, 3), "6 frames, the ground truth 7"),
        ((7, 19, 3), (7, 20, 3), "19 vertices, the ground truth 20"),
        ((2, 6, 20, 3), (7, 20, 3), "6 frames, the ground truth 7"),
        ((7, 60), (7, 20, 3), r"prediction have the shape \[7, 60\]"),
        ((7, 20, 3), (7, 60), r"truth have the shape \[7, 60\]"),
        ((7, 20, 2), (7, 20, 2), r"\[1, 7, 20, 2\]"),
        ((0, 20, 3), (0, 20, 3), r"\[1, 0, 20, 3\]"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(prediction, truth, fact):
    clip = mesh_clip(np.zeros(prediction), np.zeros(truth), np.zeros((20, 3)))
    with pytest.raises(BadInput, match=fact):
        scored("mve", clip)


@pytest.mark.parametrize("lip", [[], [0, 20], [-1]])
def test_a_list_outside_the_mesh_is_refused(lip):
    with pytest.raises(BadInput, match="'lip' is not within the mesh's 20 vertices"):
        scored("lve", mesh_clip(sequence(1), sequence(2), lip=lip))


class Careless(MeshMetric):
    """Breaks one rule of the conformance check at a time."""

    def score(self, mesh):
        result = self.nothing()
        result.values = {"careless": self.spec.options["value"]}
        if self.spec.options.get("writes"):
            mesh.samples[:] = 0
        return result


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"value": -1.0}, "careless = -1.0 < 0"),
        ({"value": float("nan")}, "careless is nan"),
        ({"value": None}, "no value and no failure"),
        ({"value": 1.0, "writes": True}, "predicted vertices was written to"),
    ],
)
def test_the_conformance_check_can_fail(options, sentence):
    column = Column("careless", "down", "u", (0.0, None), "-")
    spec = MetricSpec("careless", "C", "-", (column,), "-", track="mesh", options=options)
    with pytest.raises(AssertionError, match=sentence):
        check_mesh_metric(Careless(spec, {}), mesh_clip(sequence(1), sequence(2)))


@pytest.fixture(scope="module")
def face():
    """ICT-FaceKit: template [V,3], names of expressions, deltas [57,V,3], landmarks [68]."""
    folder = SHARED / "mesh"
    stored = np.load(folder / "ict_facekit_expression_deltas_f32.npz")
    template = read_template(folder / "ict_facekit_neutral.obj")
    return template, list(stored["names"]), stored["deltas"], stored["landmarks68"]


def animated(face, frames=24, **weights):
    """The face, moved by sines of named expressions."""
    template, names, deltas, _ = face
    time = np.linspace(0, 2 * np.pi, frames, dtype=np.float32)
    moved = np.repeat(template[None], frames, 0)
    for k, (name, weight) in enumerate(weights.items()):
        shape = weight * deltas[names.index(name)]
        moved += (0.5 - 0.5 * np.cos((k + 1) * time))[:, None, None] * shape
    return moved


@pytest.mark.shared
def test_a_real_face_talks_and_raises_its_brows(face):
    template, _, deltas, landmarks = face
    names = face[1]
    motion = np.linalg.norm(deltas, axis=-1)
    jaw, brow = motion[names.index("jawOpen")], motion[names.index("browInnerUp_L")]
    regions = {"lip": landmarks[48:68], "upper": np.flatnonzero(brow > 0.3 * brow.max())}
    regions["eye"] = regions["upper"]
    truth = animated(face, jawOpen=1.0, browInnerUp_L=1.0)
    fields = {"template": template, **regions}

    def scores(prediction):
        found = {}
        for metric in ("lve", "eve", "mve", "fdd"):
            found |= scored(metric, mesh_clip(prediction, truth, **fields)).values
        return found

    same, still = scores(truth), scores(np.repeat(template[None], 24, 0))
    mute_brow = scores(animated(face, jawOpen=1.0))
    half_jaw = scores(animated(face, jawOpen=0.5, browInnerUp_L=1.0))
    assert set(same.values()) == {0.0}
    # The mean over a cosine's period of (0.5 - 0.5 cos)^2 is 3/8; frames hold both ends.
    weight = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, 24))
    worst = np.linalg.norm(deltas[names.index("jawOpen")][landmarks[48:68]], axis=-1).max()
    assert jaw[landmarks[48:68]].max() == pytest.approx(worst)
    assert half_jaw["lve"] == pytest.approx(np.mean((0.5 * worst * weight) ** 2), rel=1e-3)
    assert half_jaw["lve/l2"] == pytest.approx(np.mean(0.5 * worst * weight), rel=1e-3)
    assert half_jaw["eve"] < 0.1 * still["eve"]
    assert half_jaw["fdd/abs"] < 0.1 * still["fdd/abs"]
    assert mute_brow["lve"] < 0.1 * still["lve"]
    assert mute_brow["fdd"] > 0.5 * still["fdd"] > 0
    assert 0 < half_jaw["mve"] < still["mve"]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count", "sha256"), [("biwi_lve", 4996, "bf9c9202"), ("biwi_fdd", 7784, "5a0b657f")]
)
def test_the_published_lists_of_biwi(name, count, sha256):
    indices, found = read_region(SHARED / "mesh" / f"{name}.txt", 23_370)
    assert (len(indices), found[:8]) == (count, sha256)
    with pytest.raises(BadInput, match=f"of {count} indices lie outside 0..5022"):
        read_region(SHARED / "mesh" / f"{name}.txt", 5023)


def test_details_are_json():
    for spec in MESH:
        clip = mesh_clip(np.stack([sequence(s) for s in range(10)]), sequence(99))
        result = scored(spec.id, clip)
        assert json.loads(json.dumps(result.details))["unit"]
        assert all(value is not None for value in result.values.values())
