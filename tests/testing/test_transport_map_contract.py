"""A contract is worth something only if what breaks a promise fails it."""

from math import prod

import numpy as np
import pytest

from latent_spaces_by_example.errors import OutsideSpaceError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import (
    GaussianTransportMap,
    IdentityTransportMap,
    TransportMap,
)

COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.0]])


def contract_for(transport_map):
    class Contract(TransportMapContract):
        def make_transport_map(self):
            return transport_map

        def draw_latents(self, n, rng):
            return rng.multivariate_normal([2.0, 2.0], COVARIANCE, n)

    return Contract()


STATISTICAL = ["test_inner_latents_are_standard_gaussian", "test_prior_draws_follow_the_law"]


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


class Normalised(TransportMap):
    """Uniform directions by dividing a Gaussian by its norm: the right law, and no inverse."""

    def num_inner_dims(self, latent_shape):
        return prod(latent_shape)

    def _to_inner(self, z, latent_shape):
        points = z.reshape(len(z), *latent_shape)
        return (points * float(np.sqrt(latent_shape[-1]))).reshape(z.shape)

    def _to_latent(self, inner, latent_shape):
        points = inner.reshape(len(inner), *latent_shape)
        return (points / np.linalg.norm(points, axis=-1, keepdims=True)).reshape(inner.shape)


class DirectionsContract(TransportMapContract):
    def make_transport_map(self):
        return Normalised()

    def draw_latents(self, n, rng):
        points = rng.standard_normal((n, 3, 4))
        return points / np.linalg.norm(points, axis=-1, keepdims=True)


class QuaternionsOfOneSignContract(DirectionsContract):
    def draw_latents(self, n, rng):
        points = super().draw_latents(n, rng)
        return points * np.sign(points[..., :1])


def test_a_map_that_loses_the_norm_fails():
    contract = DirectionsContract()
    contract.test_latents_round_trip()
    contract.test_combinations_follow_the_law()
    with pytest.raises(AssertionError):
        contract.test_inner_latents_are_standard_gaussian()
    with pytest.raises(OutsideSpaceError):
        contract.test_points_of_a_space_come_back()


def test_quaternions_of_one_sign_are_not_uniform_when_combined():
    with pytest.raises(AssertionError):
        QuaternionsOfOneSignContract().test_combinations_follow_the_law()


def test_a_spread_that_is_slightly_off_fails_by_its_moments():
    contract = contract_for(GaussianTransportMap(2.0, covariance=COVARIANCE * 1.2**2))
    with pytest.raises(AssertionError):
        contract.test_inner_latents_are_standard_gaussian()
