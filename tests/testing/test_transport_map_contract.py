"""A contract is worth something only if what breaks a promise fails it."""

import numpy as np
import pytest

from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import GaussianTransportMap, IdentityTransportMap

COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.0]])


def contract_for(transport_map):
    class Contract(TransportMapContract):
        def make_transport_map(self):
            return transport_map

        def draw_latents(self, n, rng):
            return rng.multivariate_normal([2.0, 2.0], COVARIANCE, n)

    return Contract()


STATISTICAL = [
    "test_inner_latents_are_standard_gaussian",
    "test_prior_draws_follow_the_law",
]


@pytest.mark.parametrize("promise", STATISTICAL)
@pytest.mark.parametrize(
    "wrong",
    [
        IdentityTransportMap(),
        GaussianTransportMap(2.0),
        GaussianTransportMap(2.0, scale=1.3),
        GaussianTransportMap(1.5, covariance=COVARIANCE),
    ],
    ids=["no map", "no correlation", "wrong scale", "wrong mean"],
)
def test_a_map_of_another_law_fails(wrong, promise):
    with pytest.raises(AssertionError):
        getattr(contract_for(wrong), promise)()


def test_combining_without_the_mean_fails():
    with pytest.raises(AssertionError):
        contract_for(IdentityTransportMap()).test_combinations_follow_the_law()


def test_the_right_map_passes():
    contract = contract_for(GaussianTransportMap(2.0, covariance=COVARIANCE))
    for name in dir(contract):
        if name.startswith("test_"):
            getattr(contract, name)()
