import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError
from latent_spaces_by_example.transport_maps import GaussianTransportMap, IdentityTransportMap

SHAPE = (4, 8, 8)
DTYPES = ["float16", "bfloat16", "float32"]
LAWS = [
    IdentityTransportMap(),
    GaussianTransportMap(2.0, scale=np.linspace(0.5, 2.0, 256).reshape(SHAPE)),
    GaussianTransportMap(-1.0, covariance=0.9 * np.eye(256) + 0.1),
]


def seeds_of(num_seeds, *, law=LAWS[0], dtype="float32"):
    inner = np.random.default_rng(0).standard_normal((num_seeds, 256))
    return jnp.asarray(law.inverse(inner, latent_shape=SHAPE)).astype(dtype)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("combination", ["linear", "shell"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_latents_are_numpy_s_in_the_seeds_dtype(dtype, combination, law):
    seeds = seeds_of(5, law=law, dtype=dtype)
    exact = np.asarray(seeds.astype("float32")).astype(float)
    parts = {"combination": combination, "transport_map": law}
    chart, reference = lsbe.SurrogateChart(seeds, **parts), lsbe.SurrogateChart(exact, **parts)
    u = np.random.default_rng(1).uniform(0.2, 0.8, (3, 4))
    z = chart.from_u_to_z(u)
    assert isinstance(z, jax.Array)
    assert (str(z.dtype), z.shape, z.devices()) == (dtype, (3, *SHAPE), seeds.devices())
    eps = float(jnp.finfo(dtype).eps)
    expected = reference.from_u_to_z(u)
    np.testing.assert_allclose(
        np.asarray(z).astype(float), expected, rtol=0.0, atol=8 * eps * np.abs(expected).max()
    )
    w, back = chart.from_u_to_w(jnp.asarray(u)), chart.from_z_to_w(z)
    assert isinstance(w, jax.Array)
    assert isinstance(back, jax.Array)
    np.testing.assert_allclose(back, w, rtol=0.0, atol=8 * eps)
    np.testing.assert_allclose(chart.from_z_to_u(z), u, rtol=0.0, atol=32 * eps)
    np.testing.assert_allclose(chart.from_w_to_u(w), u, rtol=0.0, atol=1e-5)
    assert chart.from_w_to_z(w).dtype == z.dtype
    assert float(jnp.max(chart.project(z).residual)) < 8 * eps


def test_with_float64_switched_on_everything_is_float64():
    with jax.enable_x64(True):
        seeds = seeds_of(4, dtype="float64")
        chart = lsbe.SurrogateChart(seeds)
        w = chart.from_u_to_w([[0.2, 0.7, 0.4]])
        z = chart.from_w_to_z(w)
        assert str(w.dtype) == str(z.dtype) == "float64"
        np.testing.assert_allclose(chart.from_z_to_w(z), w, rtol=0.0, atol=1e-14)


def test_studies_give_the_model_jax_arrays():
    class Doubling:
        latent_shape = SHAPE

        def generate(self, z):
            assert isinstance(z, jax.Array)
            return 2.0 * z

    study = lsbe.optimise(
        Doubling(), lambda xs: xs[:, 0, 0, 0], budget=5, seed_latents=seeds_of(3), search="random"
    )
    np.testing.assert_allclose(study.scores[:3], 2.0 * seeds_of(3)[:, 0, 0, 0], rtol=1e-6)
    assert np.isfinite(study.scores).all()
    assert isinstance(study.best_latent, jax.Array)


def test_corners_are_the_seeds():
    chart = lsbe.SurrogateChart(seeds_of(5))
    np.testing.assert_array_equal(chart.from_w_to_z(jnp.eye(5)), seeds_of(5))


@pytest.mark.parametrize("transform", [jax.jit, jax.grad], ids=["jit", "grad"])
def test_traced_arrays_are_refused(transform):
    chart = lsbe.SurrogateChart(seeds_of(3))
    with pytest.raises(ArgumentError, match=r"u is traced by a JAX transf.*outside of it"):
        transform(lambda u: chart.from_u_to_z(u).sum())(jnp.full((1, 2), 0.5))
    with pytest.raises(ArgumentError, match="z is traced"):
        transform(lambda z: chart.from_z_to_w(z).sum())(seeds_of(1))


def test_bad_arrays():
    with pytest.raises(ArgumentError, match=r"seed_latents holds int32.*jax\.numpy\.float32"):
        lsbe.SurrogateChart(jnp.ones((3, 4), dtype=jnp.int32))
    with pytest.raises(ArgumentError, match="identical"):
        lsbe.SurrogateChart(jnp.ones((3, 4)))
    chart = lsbe.SurrogateChart(seeds_of(3))
    with pytest.raises(OutsideSpaceError, match="off the unit sphere"):
        chart.from_w_to_z(2.0 * jnp.eye(3))
    with pytest.raises(ArgumentError, match="u holds int32"):
        chart.from_u_to_w(jnp.ones((1, 2), dtype=jnp.int32))
