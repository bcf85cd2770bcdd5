import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.charts import AngularChart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError
from latent_spaces_by_example.transport_maps import GaussianTransportMap, TransportMap

RULES = ["linear", "shell"]
SHAPE = (4, 8, 8)


def seeds_of(num_seeds, *, correlation=0.0, dtype=np.float64, random_seed=0):
    """Standard Gaussian seed latents with the given correlation between any two."""
    rng = np.random.default_rng(random_seed)
    shared = rng.standard_normal(SHAPE)
    own = rng.standard_normal((num_seeds, *SHAPE))
    return (np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own).astype(dtype)


def weights_of(num_seeds, n=6):
    w = np.abs(np.random.default_rng(1).standard_normal((n, num_seeds)))
    return w / np.linalg.norm(w, axis=1, keepdims=True)


@settings(max_examples=25, deadline=None)
@given(
    num_seeds=st.integers(1, 12),
    n=st.integers(0, 4),
    combination=st.sampled_from(RULES),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    make_chart=st.sampled_from(
        [lsbe.knothe_rosenblatt_surrogate_chart, lsbe.angular_surrogate_chart]
    ),
    data=st.data(),
)
def test_round_trip(num_seeds, n, combination, dtype, make_chart, data):
    seeds = seeds_of(num_seeds, dtype=dtype)
    chart = make_chart(seeds, combination=combination)
    elements = st.floats(0.125, 0.875)
    rows = st.lists(elements, min_size=num_seeds - 1, max_size=num_seeds - 1)
    u = np.array(data.draw(st.lists(rows, min_size=n, max_size=n)), float)
    u = u.reshape(n, num_seeds - 1)
    z = chart.from_u_to_z(u)
    assert z.shape == (n, *SHAPE)
    assert z.dtype == dtype
    # What rounding of z leaves of a coordinate; the tails after many steps magnify it.
    magnified = 1.0 / np.prod(np.sin(np.pi / 2 * 0.125 * np.ones(3)))
    tolerance = 4 * np.finfo(dtype).eps * magnified
    w = chart.from_u_to_w(u)
    np.testing.assert_allclose(chart.from_z_to_w(z), w, rtol=0.0, atol=16 * np.finfo(dtype).eps)
    if num_seeds <= 4:
        np.testing.assert_allclose(chart.from_z_to_u(z), u, rtol=0.0, atol=tolerance)


@pytest.mark.parametrize("combination", RULES)
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_round_trip_between_look_alikes(dtype, correlation, combination):
    seeds = seeds_of(5, correlation=correlation, dtype=dtype)
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    w = weights_of(5)
    tolerance = 16 * np.finfo(dtype).eps / np.sqrt(1.0 - correlation)
    np.testing.assert_allclose(chart.from_z_to_w(chart.from_w_to_z(w)), w, rtol=0.0, atol=tolerance)


@pytest.mark.parametrize("combination", RULES)
def test_nearly_dependent_seeds_go_through_the_fallback(combination):
    # One minus the correlation is 1e-10, so the Gram matrix has lost ten of its sixteen digits.
    seeds = seeds_of(4, correlation=1.0 - 1e-10)
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    w = weights_of(4, n=70)
    np.testing.assert_allclose(chart.from_z_to_w(chart.from_w_to_z(w)), w, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("combination", RULES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_corners_are_the_seeds(dtype, combination):
    seeds = seeds_of(5, correlation=0.5, dtype=dtype)
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    np.testing.assert_array_equal(chart.from_w_to_z(np.eye(5)), seeds)
    np.testing.assert_array_equal(chart.from_u_to_z(np.tril(np.ones((5, 4)), k=-1)), seeds)
    tolerance = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(chart.from_z_to_w(seeds), np.eye(5), rtol=0.0, atol=tolerance)


def test_linear_rule_is_the_weighted_sum():
    seeds, w = seeds_of(3), weights_of(3)
    expected = np.einsum("nk,kabc->nabc", w, seeds)
    z = lsbe.SurrogateChart(seeds).from_w_to_z(w)
    np.testing.assert_allclose(z, expected, rtol=0.0, atol=1e-14)


def test_signed_weights_have_latents_but_no_coordinates():
    seeds = seeds_of(3)
    chart = lsbe.SurrogateChart(seeds)
    w = np.array([[0.6, -0.8, 0.0]])
    np.testing.assert_allclose(
        chart.from_w_to_z(w)[0], 0.6 * seeds[0] - 0.8 * seeds[1], rtol=0.0, atol=1e-14
    )
    with pytest.raises(OutsideSpaceError, match="negative"):
        chart.from_w_to_u(w)
    with pytest.raises(OutsideSpaceError, match="wrong side of the orthant"):
        chart.from_z_to_w(chart.from_w_to_z(w))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_weights_of_a_narrow_dtype_have_coordinates(dtype):
    chart = lsbe.SurrogateChart(seeds_of(5))
    w = weights_of(5).astype(dtype)
    again = chart.from_u_to_w(chart.from_w_to_u(w))
    np.testing.assert_allclose(again, w, rtol=0.0, atol=4 * np.finfo(dtype).eps)


def test_random_seed_latents_and_uniform_coordinates_give_the_model_s_law():
    # Kolmogorov-Smirnov over all elements of 40 spaces; a right chart fails with probability 1e-6.
    rng = np.random.default_rng(3)
    draws = []
    for _ in range(40):
        chart = lsbe.knothe_rosenblatt_surrogate_chart(rng.standard_normal((6, 500)))
        draws.append(chart.from_u_to_z(rng.random((1, 5))))
    assert kstest(np.concatenate(draws).ravel(), "norm").pvalue > 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("combination", RULES)
def test_round_trip_through_a_transport_map(combination, dtype):
    law = GaussianTransportMap(5.0, scale=np.linspace(0.5, 2.0, 256).reshape(SHAPE))
    inner = seeds_of(4).reshape(4, -1)
    seeds = law.inverse(inner, latent_shape=SHAPE).astype(dtype)
    chart = lsbe.SurrogateChart(seeds, transport_map=law, combination=combination)
    w = weights_of(4)
    z = chart.from_w_to_z(w)
    assert z.shape == (6, *SHAPE)
    assert z.dtype == dtype
    tolerance = 256 * np.finfo(dtype).eps
    np.testing.assert_allclose(chart.from_z_to_w(z), w, rtol=0.0, atol=tolerance)
    if combination == "linear":
        expected = law.inverse(w @ inner, latent_shape=SHAPE)
        np.testing.assert_allclose(z, expected, rtol=0.0, atol=tolerance * 5)


def test_correlation_and_gram_are_of_the_inner_latents():
    law = GaussianTransportMap(3.0, scale=0.5)
    seeds = seeds_of(4, correlation=0.4)
    chart = lsbe.SurrogateChart(3.0 + 0.5 * seeds, transport_map=law)
    flat = seeds.reshape(4, -1)
    np.testing.assert_allclose(chart.gram, flat @ flat.T, rtol=1e-12)
    norms = np.linalg.norm(flat, axis=1)
    np.testing.assert_allclose(
        chart.correlation, flat @ flat.T / np.outer(norms, norms), rtol=1e-12
    )
    np.testing.assert_array_equal(np.diag(chart.correlation), 1.0)
    with pytest.raises(ValueError, match="read-only"):
        chart.correlation[0, 1] = 0.0


def test_properties():
    law = GaussianTransportMap()
    chart = lsbe.SurrogateChart(seeds_of(5), transport_map=law, combination="shell")
    assert (chart.num_seeds, chart.num_latent_dims) == (5, 256)
    assert chart.latent_shape == SHAPE
    assert chart.combination == "shell"
    assert "5 seed latents of shape (4, 8, 8)" in repr(chart)


def test_default_chart_is_the_uniform_one():
    u = np.random.default_rng(0).random((3, 3))
    seeds = seeds_of(4)
    uniform = KnotheRosenblattChart().forward(u)
    np.testing.assert_array_equal(lsbe.SurrogateChart(seeds).from_u_to_w(u), uniform)
    chart = lsbe.SurrogateChart(seeds, weight_chart=AngularChart())
    np.testing.assert_array_equal(chart.from_u_to_w(u), AngularChart().forward(u))


def test_one_seed_is_a_space_of_one_point():
    seeds = seeds_of(1)
    chart = lsbe.SurrogateChart(seeds)
    np.testing.assert_array_equal(chart.from_u_to_z(np.empty((2, 0))), np.repeat(seeds, 2, axis=0))
    assert chart.from_z_to_u(seeds).shape == (1, 0)
    with pytest.raises(OutsideSpaceError, match="wrong side"):
        chart.from_z_to_w(-seeds)


def test_seed_latents_are_neither_copied_nor_changed():
    seeds = seeds_of(3)
    before = seeds.copy()
    chart = lsbe.SurrogateChart(seeds)
    z = chart.from_w_to_z(np.eye(3))
    z += 1.0
    np.testing.assert_array_equal(seeds, before)
    np.testing.assert_array_equal(chart.from_w_to_z(np.eye(3)), before)


def test_a_list_of_latents_will_do():
    chart = lsbe.SurrogateChart([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    np.testing.assert_array_equal(chart.from_w_to_z([[0.6, 0.8]]), [[0.6, 0.8, 0.0]])


@pytest.mark.parametrize(
    ("method", "argument", "message"),
    [
        ("from_u_to_w", np.full((1, 3), 0.5), r"u has shape \(1, 3\); expected \(n, 2\)"),
        ("from_u_to_z", np.full(2, 0.5), r"write u\[None\]"),
        ("from_u_to_z", np.array([[0.5, 1.5]]), r"u\[0, 1\] = 1.5"),
        ("from_w_to_z", np.eye(4), r"w has shape \(4, 4\); expected \(n, 3\)"),
        ("from_w_to_z", np.eye(3, dtype=int), "w holds int"),
        ("from_w_to_z", 2.0 * np.eye(3), "off the unit sphere by 1"),
        ("from_w_to_u", np.array([[np.nan, 0.0, 1.0]]), "w holds 1 values that are NaN"),
        ("from_z_to_w", np.ones((2, 5)), r"z has shape \(2, 5\); expected \(n, 4, 8, 8\)"),
        ("from_z_to_w", np.ones(SHAPE), r"write z\[None\]"),
        ("from_z_to_u", np.full((1, *SHAPE), np.inf), "z holds 256 values that are NaN or inf"),
        ("from_z_to_u", np.ones((1, *SHAPE), dtype=int), "z holds int"),
        ("project", "nothing", "z holds <U7"),
        ("from_w_to_z", [[1.0], [1.0, 0.0]], "w cannot be read"),
    ],
)
def test_bad_arguments_are_the_library_s_own_errors(method, argument, message):
    with pytest.raises(ArgumentError, match=message):
        getattr(lsbe.SurrogateChart(seeds_of(3)), method)(argument)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"combination": "lerp"}, "expected one of 'linear', 'shell'"),
        ({"transport_map": GaussianTransportMap(np.zeros(3))}, "this law's mean has shape"),
    ],
)
def test_bad_parts_are_an_error(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        lsbe.SurrogateChart(seeds_of(3), **arguments)


class LogTransportMap(TransportMap):
    """For log-normal latents, which are positive."""

    def num_inner_dims(self, latent_shape):
        return int(np.prod(latent_shape))

    def _to_inner(self, z, latent_shape):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(z)

    def _to_latent(self, inner, latent_shape):
        return np.exp(inner)


def test_a_user_s_own_transport_map():
    chart = lsbe.SurrogateChart(np.exp(seeds_of(4)), transport_map=LogTransportMap())
    u = np.array([[0.2, 0.5, 0.7]])
    np.testing.assert_allclose(chart.from_z_to_u(chart.from_u_to_z(u)), u, rtol=0.0, atol=1e-12)


def test_latents_that_the_law_rules_out_are_an_error():
    chart = lsbe.SurrogateChart(np.exp(seeds_of(4)), transport_map=LogTransportMap())
    z = chart.from_u_to_z(np.full((1, 3), 0.5))
    z[0, 1, 2, 3] = -1.0
    for method in (chart.from_z_to_w, chart.project):
        with pytest.raises(ArgumentError, match="transport map's image of z holds 1 values"):
            method(z)


def test_seeds_that_the_law_rules_out_are_an_error():
    with pytest.raises(ArgumentError, match="transport map's image of seed_latents"):
        lsbe.SurrogateChart(seeds_of(2), transport_map=LogTransportMap())
