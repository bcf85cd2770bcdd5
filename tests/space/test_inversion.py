import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError
from latent_spaces_by_example.transport_maps import GaussianTransportMap

RULES = ["linear", "shell"]


@pytest.fixture
def seeds():
    return np.random.default_rng(0).standard_normal((4, 300))


@pytest.mark.parametrize("combination", RULES)
@pytest.mark.parametrize("size", [1e-3, 1.0])
def test_outside_the_span_names_the_residual(seeds, combination, size):
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    inside = chart.from_w_to_z(np.full((1, 4), 0.5))
    outside = np.random.default_rng(1).standard_normal((1, 300))
    outside -= outside @ np.linalg.pinv(seeds) @ seeds
    outside *= size * np.linalg.norm(inside) / np.linalg.norm(outside)
    residual = size / np.hypot(1.0, size)
    with pytest.raises(OutsideSpaceError, match=f"relative residual {residual:.3g}.*project"):
        chart.from_z_to_w(np.vstack([inside, inside + outside]))


@pytest.mark.parametrize("combination", RULES)
def test_wrong_side_of_the_orthant_names_the_seed(seeds, combination):
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    z = chart.from_w_to_z(np.array([[0.8, 0.0, -0.6, 0.0]]))
    with pytest.raises(OutsideSpaceError, match=r"weight of seed 2 is -0\.6"):
        chart.from_z_to_w(z)


@pytest.mark.parametrize("combination", RULES)
def test_wrong_norm_is_not_projected_away(seeds, combination):
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    z = chart.from_w_to_z(np.full((1, 4), 0.5))
    with pytest.raises(OutsideSpaceError, match=r"1\.001 times as long"):
        chart.from_z_to_w(1.001 * z)


def test_the_origin_has_no_weights(seeds):
    chart = lsbe.SurrogateChart(seeds)
    for method in (chart.from_z_to_w, chart.project):
        with pytest.raises(OutsideSpaceError, match=r"z\[1\] has an inner latent of norm 0"):
            method(np.vstack([seeds[:1], np.zeros((1, 300))]))


def test_a_latent_too_large_to_square_is_an_error(seeds):
    with pytest.raises(OutsideSpaceError, match="norm inf"):
        lsbe.SurrogateChart(seeds).from_z_to_w(np.full((1, 300), 1e200))


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_seeds_that_cannot_be_squared_are_an_error(seeds, scale):
    with pytest.raises(ArgumentError, match="overflow or underflow"):
        _ = lsbe.SurrogateChart(scale * seeds).correlation


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_a_save_and_load_in_the_dtype_changes_is_rounding(seeds, dtype):
    chart = lsbe.SurrogateChart(seeds.astype(dtype))
    z = chart.from_w_to_z(np.full((1, 4), 0.5))
    back = chart.from_z_to_w(z.astype(np.float32))
    np.testing.assert_allclose(back, 0.5, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("combination", RULES)
def test_a_linearly_dependent_seed_is_an_error_only_for_the_inverse(seeds, combination):
    dependent = np.vstack([seeds, seeds.mean(axis=0)])
    chart = lsbe.SurrogateChart(dependent, combination=combination)
    z = chart.from_w_to_z(np.eye(5))
    np.testing.assert_array_equal(z, dependent)
    for method in (chart.from_z_to_w, chart.project):
        with pytest.raises(ArgumentError, match="linearly dependent"):
            method(z)


def test_dependent_to_within_float32_is_dependent(seeds):
    narrow = np.vstack([seeds, seeds.mean(axis=0)]).astype(np.float32)
    with pytest.raises(ArgumentError, match="rounding of float32"):
        lsbe.SurrogateChart(narrow).from_z_to_w(narrow)


def test_more_seeds_than_dimensions_are_dependent():
    seeds = np.random.default_rng(0).standard_normal((5, 3))
    chart = lsbe.SurrogateChart(seeds)
    assert chart.from_u_to_z(np.full((1, 4), 0.5)).shape == (1, 3)
    with pytest.raises(ArgumentError, match="linearly dependent"):
        chart.from_z_to_w(seeds)


def test_as_many_seeds_as_dimensions_are_not():
    seeds = np.random.default_rng(0).standard_normal((3, 3))
    chart = lsbe.SurrogateChart(seeds)
    w = np.full((1, 3), np.sqrt(1.0 / 3.0))
    np.testing.assert_allclose(chart.from_z_to_w(chart.from_w_to_z(w)), w, rtol=1e-10)


def test_a_law_too_narrow_for_the_dtype_is_an_error(seeds):
    law = GaussianTransportMap(1000.0, scale=1e-4)
    chart = lsbe.SurrogateChart(law.inverse(seeds).astype(np.float32), transport_map=law)
    with pytest.raises(ArgumentError, match="not determined"):
        chart.from_z_to_w(chart.from_w_to_z(np.full((1, 4), 0.5)))


def test_seeds_of_very_different_norms(seeds):
    scaled = seeds * np.array([[1e-6], [1.0], [1e3], [1e6]])
    chart = lsbe.SurrogateChart(scaled, combination="shell")
    w = np.full((1, 4), 0.5)
    np.testing.assert_allclose(chart.from_z_to_w(chart.from_w_to_z(w)), w, rtol=1e-11)
