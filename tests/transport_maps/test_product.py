import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import (
    GaussianTransportMap,
    IdentityTransportMap,
    ProductTransportMap,
    RotationTransportMap,
    TransportMap,
    UniformTransportMap,
)

PIECES = [
    (3, IdentityTransportMap()),
    (2, UniformTransportMap(-1.0, 1.0)),
    (1, GaussianTransportMap(2.0, scale=0.5)),
    (2, IdentityTransportMap()),
]


class TestContract(TransportMapContract):
    def make_transport_map(self):
        return ProductTransportMap(PIECES)

    def draw_latents(self, n, rng):
        z = np.empty((n, 8))
        z[:, :3] = rng.standard_normal((n, 3))
        z[:, 3:5] = rng.uniform(-1.0, 1.0, (n, 2))
        z[:, 5:6] = rng.normal(2.0, 0.5, (n, 1))
        z[:, 6:] = rng.standard_normal((n, 2))
        return z.reshape(n, 2, 4)


class PairToAngle(TransportMap):
    """A toy with fewer inner dimensions than elements."""

    def num_inner_dims(self, latent_shape):
        return 1

    def _to_inner(self, z, latent_shape):
        return z.sum(axis=1, keepdims=True)

    def _to_latent(self, inner, latent_shape):
        return np.repeat(inner / 2.0, 2, axis=1)


def test_pieces_may_change_the_number_of_dimensions():
    transport_map = ProductTransportMap([(2, PairToAngle()), (1, IdentityTransportMap())])
    inner = transport_map.forward(np.array([[1.0, 3.0, 5.0]]))
    np.testing.assert_array_equal(inner, [[4.0, 5.0]])
    np.testing.assert_array_equal(
        transport_map.inverse(inner, latent_shape=(3,)), [[2.0, 2.0, 5.0]]
    )


def test_latents_of_another_size_are_an_error():
    with pytest.raises(ArgumentError, match=r"9 numbers.*have 8 in all"):
        ProductTransportMap(PIECES).forward(np.zeros((1, 3, 3)))


@pytest.mark.parametrize(
    "pieces",
    [[], [(0, IdentityTransportMap())], [(2, None)], [((2, 0), IdentityTransportMap())], [2]],
)
def test_pieces_that_are_none_are_an_error(pieces):
    with pytest.raises(ArgumentError, match="pieces"):
        ProductTransportMap(pieces)


def test_pieces_may_have_a_shape():
    transport_map = ProductTransportMap(
        [((2, 4), RotationTransportMap()), (1, IdentityTransportMap())]
    )
    z = np.array([[0.6, 0.8, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 5.0]])
    inner = transport_map.forward(z)
    assert inner.shape == (1, 7)
    np.testing.assert_allclose(transport_map.inverse(inner, latent_shape=(9,)), z, atol=1e-15)


def test_pieces_that_are_no_list_are_an_error():
    with pytest.raises(ArgumentError, match="pieces is 3; expected a list"):
        ProductTransportMap(3)
