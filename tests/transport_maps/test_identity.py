import numpy as np

from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import IdentityTransportMap


class TestContract(TransportMapContract):
    def make_transport_map(self):
        return IdentityTransportMap()

    def draw_latents(self, n, rng):
        return rng.standard_normal((n, 2, 3))


def test_it_copies_nothing():
    z = np.ones((2, 4, 4))
    inner = IdentityTransportMap().forward(z)
    assert np.shares_memory(inner, z)
    assert np.shares_memory(IdentityTransportMap().inverse(inner), z)


def test_without_a_shape_latents_are_flat():
    assert IdentityTransportMap().inverse(np.ones((2, 16))).shape == (2, 16)
