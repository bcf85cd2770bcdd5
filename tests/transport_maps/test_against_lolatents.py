"""The same combinations as ``lolatents``, the package of the method's authors (Bodin et al.)."""

import numpy as np
import pytest
from scipy import stats

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.transport_maps import (
    ElementwiseTransportMap,
    GaussianTransportMap,
    IdentityTransportMap,
    UniformTransportMap,
)

lol = pytest.importorskip("lolatents.lol_numpy")

RNG = np.random.default_rng(0)
NUM_SEEDS, NUM_DIMS = 5, 40
WEIGHTS = RNG.standard_normal((30, NUM_SEEDS))
WEIGHTS /= np.linalg.norm(WEIGHTS, axis=1, keepdims=True)


def ours(seeds, transport_map):
    return lsbe.SurrogateChart(seeds, transport_map=transport_map).from_w_to_z(WEIGHTS)


ELEMENTWISE = {
    "normal": stats.norm(1.0, 3.0),
    "uniform": stats.uniform(-2.0, 5.0),
    "gamma": stats.gamma(2.0),
    "beta": stats.beta(2.0, 0.7),
    "student": stats.t(4.0),
    "laplace": stats.laplace(),
    "lognormal": stats.lognorm(0.8),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_laws(name):
    law = ELEMENTWISE[name]
    seeds = law.rvs((NUM_SEEDS, NUM_DIMS), random_state=np.random.default_rng(1))
    theirs = lol.lol_iid(w=WEIGHTS, X=seeds, cdf=law.cdf, inverse_cdf=law.ppf)
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(
        ours(seeds, ElementwiseTransportMap(law)), theirs, rtol=0.0, atol=1e-10 * scale
    )
    if name == "uniform":
        mine = ours(seeds, UniformTransportMap(-2.0, 3.0))
        np.testing.assert_allclose(mine, theirs, rtol=0.0, atol=1e-10)


def test_gaussian_with_mean_and_full_covariance():
    mean = RNG.standard_normal(NUM_DIMS) * 4.0
    factor = RNG.standard_normal((NUM_DIMS, NUM_DIMS))
    covariance = factor @ factor.T + np.eye(NUM_DIMS)
    seeds = RNG.multivariate_normal(mean, covariance, NUM_SEEDS)
    theirs = lol.lol_gaussian(w=WEIGHTS, X=seeds, mean=mean)
    for spread in (
        {"covariance": covariance},
        {"variance": np.diag(covariance)},
        {"scale": 3.0},
        {},
    ):
        found = ours(seeds, GaussianTransportMap(mean, **spread))
        np.testing.assert_allclose(found, theirs, rtol=0.0, atol=1e-10)


def test_standard_gaussian():
    seeds = RNG.standard_normal((NUM_SEEDS, NUM_DIMS))
    theirs = lol.lol_gaussian(w=WEIGHTS, X=seeds)
    np.testing.assert_allclose(ours(seeds, IdentityTransportMap()), theirs, rtol=0.0, atol=1e-12)
    normal = stats.norm()
    by_cdf = lol.lol_iid(w=WEIGHTS, X=seeds, cdf=normal.cdf, inverse_cdf=normal.ppf)
    np.testing.assert_allclose(by_cdf, theirs, rtol=0.0, atol=1e-10)
