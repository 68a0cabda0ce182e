from dataclasses import replace

import numpy as np
import pytest

from splits.synthetic.head.hair import hair
from splits.synthetic.head.identity import HAIR_STYLES, Identity
from splits.synthetic.head.parts import Region
from splits.synthetic.head.texture import ATLAS_HEIGHT, ATLAS_WIDTH, TILES, paint_atlas, soften
from splits.synthetic.head.torso import torso


def test_a_seed_is_a_subject():
    assert Identity.draw(7) == Identity.draw(7)
    assert Identity.draw(7) != Identity.draw(8)


def test_a_crowd_shows_every_style_and_keeps_to_range():
    crowd = [Identity.draw(i) for i in range(80)]
    assert {p.hair_style for p in crowd} == set(HAIR_STYLES)
    assert {p.collar for p in crowd} == {"crew", "vee", "shirt"}
    assert len({p.eyes for p in crowd}) >= 4
    for subject in crowd:
        assert -2.5 < subject.lip_upper < 2.5
        for name in ("freckles", "stubble", "age"):
            assert 0 <= getattr(subject, name) <= 1
        assert all(0 <= c <= 1 for c in subject.skin)


def test_tiles_do_not_overlap():
    used = np.zeros((ATLAS_HEIGHT, ATLAS_WIDTH), int)
    for row, column, rows, columns in TILES.values():
        assert row + rows <= ATLAS_HEIGHT
        assert column + columns <= ATLAS_WIDTH
        used[row : row + rows, column : column + columns] += 1
    assert used.max() == 1


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_every_style_is_a_finite_mesh_that_covers_the_crown(style):
    part = hair(replace(Identity.average(), hair_style=style))
    assert np.isfinite(part.vertices).all()
    assert part.faces.max() == len(part.vertices) - 1
    assert part.vertices[:, 1].min() < -0.112
    assert np.linalg.norm(part.vertices, axis=1).max() < 0.15


def test_atlas_is_linear_light_and_repeatable():
    who = Identity.draw(2)
    atlas = paint_atlas(who)
    assert atlas.dtype == np.float32
    assert atlas.min() >= 0
    assert atlas.max() <= 1
    np.testing.assert_array_equal(atlas, paint_atlas(who))


def test_softening_keeps_the_mean_and_removes_fine_detail():
    atlas = paint_atlas(Identity.draw(1))
    assert soften(atlas, 1e-5) is not atlas
    np.testing.assert_array_equal(soften(atlas, 1e-5), atlas)
    soft = soften(atlas, 1.7e-3)
    row, column, rows, columns = TILES[Region.SKIN]
    own = (slice(row, row + rows), slice(column, column + columns))
    assert (
        np.abs(np.diff(soft[own], axis=1)).mean() < 0.7 * np.abs(np.diff(atlas[own], axis=1)).mean()
    )
    np.testing.assert_allclose(soft[own].mean(), atlas[own].mean(), rtol=0.01)


@pytest.mark.parametrize("collar", ["crew", "vee", "shirt"])
def test_torso_reaches_from_inside_the_head_to_below_the_image(collar):
    body = torso(replace(Identity.average(), collar=collar))
    assert np.isfinite(body.vertices).all()
    assert body.vertices[:, 1].min() < 0.06
    assert body.vertices[:, 1].max() > 0.25
    assert body.faces.max() == len(body.vertices) - 1
    assert body.uv.min() >= 0
    assert (body.uv.max(0) <= body.texture.shape[1::-1]).all()
