import numpy as np
import pytest

from splits.synthetic.head.zbuffer import rasterize


def reference(pixels, depth, faces, height, width, two_sided):
    """One pixel and one triangle at a time, in float64; also how near each sample is to an edge."""
    nearest = np.full((height, width), np.inf)
    face = np.full((height, width), -1)
    doubt = np.zeros((height, width), bool)
    weights = np.zeros((height, width, 3))
    for f, (i, j, k) in enumerate(faces):
        a, b, c = pixels[i], pixels[j], pixels[k]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if area == 0 or (area < 0 and not two_sided[f]) or min(depth[[i, j, k]]) <= 0:
            continue
        for y in range(height):
            for x in range(width):
                p = np.array([x + 0.5, y + 0.5])
                w = np.array(
                    [
                        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
                        for q, r in ((b, c), (c, a), (a, b))
                    ]
                )
                w = w / area
                if abs(w.min()) < 1e-3:
                    doubt[y, x] = True
                if w.min() < 0:
                    continue
                inverse = w / depth[[i, j, k]]
                z = 1 / inverse.sum()
                if abs(z - nearest[y, x]) < 1e-5:
                    doubt[y, x] = True
                if z < nearest[y, x]:
                    nearest[y, x], face[y, x], weights[y, x] = z, f, inverse * z
    return nearest, face, weights, doubt


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_a_pixel_by_pixel_reference(seed):
    rng = np.random.default_rng(seed)
    height, width, count = 19, 23, 40
    pixels = rng.uniform(-6, 28, (count, 2))
    depth = rng.uniform(0.5, 3.0, count)
    faces = rng.integers(0, count, (24, 3))
    faces = faces[
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    ]
    two_sided = rng.random(len(faces)) < 0.5
    nearest, face, weights, doubt = reference(pixels, depth, faces, height, width, two_sided)
    found = rasterize(pixels, depth, faces, height, width, two_sided)
    drawn = np.full(height * width, -1)
    drawn[found.sample] = found.face
    sure = ~doubt.reshape(-1)
    assert sure.mean() > 0.6
    np.testing.assert_array_equal(drawn[sure], face.reshape(-1)[sure])
    at = sure[found.sample]
    np.testing.assert_allclose(
        1 / found.inverse_depth[at], nearest.reshape(-1)[found.sample[at]], rtol=1e-5
    )
    np.testing.assert_allclose(
        found.weights[at], weights.reshape(-1, 3)[found.sample[at]], atol=1e-5
    )


def test_triangles_that_share_edges_leave_no_crack():
    rng = np.random.default_rng(0)
    steps = np.linspace(-2, 34, 12)
    x, y = np.meshgrid(steps, steps)
    inner = (slice(1, -1), slice(1, -1))
    x[inner] += rng.uniform(-1.4, 1.4, x[inner].shape)
    y[inner] += rng.uniform(-1.4, 1.4, y[inner].shape)
    at = np.arange(144).reshape(12, 12)
    a, b, c, d = at[:-1, :-1], at[:-1, 1:], at[1:, :-1], at[1:, 1:]
    faces = np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)]
    )
    found = rasterize(np.stack([x, y], -1).reshape(-1, 2), np.ones(144), faces, 32, 32)
    np.testing.assert_array_equal(found.sample, np.arange(32 * 32))


def test_back_faces_are_culled_unless_two_sided():
    pixels = np.array([[1.0, 1.0], [9.0, 1.0], [1.0, 9.0]])
    front, back = np.array([[0, 1, 2]]), np.array([[0, 2, 1]])
    depth = np.ones(3)
    shown = len(rasterize(pixels, depth, front, 10, 10).sample)
    assert shown > 20
    assert len(rasterize(pixels, depth, back, 10, 10).sample) == 0
    assert len(rasterize(pixels, depth, back, 10, 10, np.array([True])).sample) == shown
    assert len(rasterize(pixels, -depth, front, 10, 10).sample) == 0


def test_what_is_already_nearer_stays():
    pixels = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]])
    behind = np.zeros(100, np.float32)
    behind[:50] = 1.0  # inverse depth of something at one metre
    found = rasterize(pixels, np.full(3, 2.0), np.array([[0, 1, 2]]), 10, 10, behind=behind)
    np.testing.assert_array_equal(found.sample, np.arange(50, 100))


def test_nothing_in_view_gives_no_fragments():
    pixels = np.array([[50.0, 50.0], [60.0, 50.0], [50.0, 60.0]])
    assert len(rasterize(pixels, np.ones(3), np.array([[0, 1, 2]]), 8, 8).sample) == 0
