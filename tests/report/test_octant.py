import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latent_spaces_by_example.report.octant import edges, from_plane, to_plane

RAW = hnp.arrays(np.float64, (4, 3), elements=st.floats(0.0, 1.0)).filter(
    lambda raw: (np.linalg.norm(raw, axis=1) > 1e-3).all()
)


@settings(max_examples=20)
@given(RAW)
def test_there_and_back(raw):
    weights = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(from_plane(to_plane(weights)), weights, atol=1e-12)


@settings(max_examples=20)
@given(RAW)
def test_equal_areas_stay_equal(raw):
    step = 1e-5
    for weights in raw / np.linalg.norm(raw, axis=1, keepdims=True):
        # two orthonormal directions on the sphere: the area of their picture is 1
        first, second = np.linalg.svd(weights[None])[2][1:]
        moved = np.stack([weights + step * d for d in (first, -first, second, -second)])
        places = to_plane(moved / np.linalg.norm(moved, axis=1, keepdims=True))
        across, up = (places[0] - places[1]) / (2 * step), (places[2] - places[3]) / (2 * step)
        assert abs(abs(np.linalg.det([across, up])) - 1) < 1e-6


def test_the_first_is_on_top_and_the_others_below_it():
    top, left, right = to_plane(np.eye(3))
    assert top[1] > left[1]
    assert left[0] < 0 < right[0]
    np.testing.assert_allclose(left * [-1, 1], right)
    np.testing.assert_allclose(top[0], 0, atol=1e-15)


def test_edges_go_around_once():
    np.testing.assert_allclose(edges(2), to_plane(np.eye(3)))
    assert (from_plane(edges()) > -1e-12).all()
