import numpy as np
import pytest
from scipy import stats

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError
from latent_spaces_by_example.transport_maps import (
    ElementwiseTransportMap,
    GaussianTransportMap,
    NamedProductTransportMap,
    RotationTransportMap,
    SphereTransportMap,
)

SHAPES = {"turn": (5, 4), "move": (5, 3), "length": (2,), "towards": (3,)}
LAW = NamedProductTransportMap(
    {
        "move": GaussianTransportMap(scale=10.0),
        "turn": RotationTransportMap(0.5),
        "length": ElementwiseTransportMap(stats.gamma(2.0)),
        "towards": SphereTransportMap(2.0),
    }
)


def draws(n, dtype=np.float64):
    inner = np.random.default_rng(0).standard_normal((n, LAW.num_inner_dims(SHAPES)))
    return LAW.inverse(inner.astype(dtype), latent_shape=SHAPES)


@pytest.mark.parametrize("combination", ["linear", "shell"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_coordinates_come_back(combination, dtype, tolerance):
    chart = lsbe.SurrogateChart(draws(6, dtype), transport_map=LAW, combination=combination)
    assert chart.latent_shape == SHAPES
    assert chart.num_latent_dims == 15 + 15 + 2 + 2
    u = np.random.default_rng(1).uniform(0.05, 0.95, (20, 5))
    z = chart.from_u_to_z(u)
    for part, shape in SHAPES.items():
        assert z[part].shape == (20, *shape)
        assert z[part].dtype == dtype
    np.testing.assert_allclose(chart.from_z_to_u(z), u, rtol=0.0, atol=tolerance)
    found = chart.project(z)
    np.testing.assert_allclose(found.w, chart.from_u_to_w(u), rtol=0.0, atol=tolerance)


def test_every_part_of_every_candidate_follows_its_law():
    chart = lsbe.SurrogateChart(draws(6), transport_map=LAW)
    z = chart.from_u_to_z(np.random.default_rng(1).random((50, 5)))
    np.testing.assert_allclose(np.linalg.norm(z["turn"], axis=-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(z["towards"], axis=-1), 2.0, rtol=1e-14)
    assert (z["length"] > 0.0).all()


def test_corners_are_the_seeds():
    seeds = draws(4)
    z = lsbe.SurrogateChart(seeds, transport_map=LAW).from_w_to_z(np.eye(4))
    for part, array in seeds.items():
        np.testing.assert_allclose(z[part], array, rtol=0.0, atol=1e-13 * np.abs(array).max())


def test_standard_gaussian_parts_need_no_transport_map():
    rng = np.random.default_rng(0)
    seeds = {"first": rng.standard_normal((3, 4, 4)), "steps": rng.standard_normal((3, 7, 2))}
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds)
    z = chart.from_w_to_z(np.array([[0.6, 0.0, 0.8]]))
    for part, array in seeds.items():
        np.testing.assert_allclose(z[part][0], 0.6 * array[0] + 0.8 * array[2], rtol=1e-12)


def test_the_order_of_the_parts_is_no_matter():
    seeds = draws(4)
    u = np.full((1, 3), 0.4)
    z = lsbe.SurrogateChart(seeds, transport_map=LAW).from_u_to_z(u)
    other = {part: seeds[part] for part in sorted(seeds)}
    same = lsbe.SurrogateChart(other, transport_map=LAW).from_u_to_z(u)
    for part in SHAPES:
        np.testing.assert_array_equal(z[part], same[part])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z: {}, "seed_latents is an empty dictionary"),
        (lambda z: {**z, "move": z["move"] * np.inf}, r"seed_latents\['move'\] holds"),
        (lambda z: {**z, "move": z["move"][:3]}, r"seed_latents\['.*has [34] latents.*same number"),
        (lambda z: {**z, "move": z["move"][:, :0]}, r"seed_latents\['move'\] has shape"),
        (lambda z: {"move": z["move"]}, "have the parts 'move'"),
        (lambda z: {**z, "turn": z["turn"] + 1.0}, "part 'turn': z holds 20 quaternions"),
        (lambda z: {part: array[[0, 0]] for part, array in z.items()}, "identical"),
        (lambda z: {part: array.astype(int) for part, array in z.items()}, r"seed_latents\['"),
    ],
)
def test_bad_seed_latents_are_an_error_that_names_the_part(change, message):
    with pytest.raises(ArgumentError, match=message):
        lsbe.SurrogateChart(change(draws(4)), transport_map=LAW)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z: z["move"], "expected a dictionary of arrays"),
        (lambda z: {}, "z lacks 'turn'"),
        (lambda z: {**z, "more": z["move"]}, "z has 'more' besides; expected exactly the parts"),
        (lambda z: {**z, "move": z["move"][0]}, r"write array\[None\] for one latent"),
        (lambda z: {**z, "move": z["move"] * np.nan}, r"z\['move'\] holds"),
    ],
)
def test_bad_latents_are_an_error_that_names_the_part(change, message):
    chart = lsbe.SurrogateChart(draws(4), transport_map=LAW)
    with pytest.raises(ArgumentError, match=message):
        chart.from_z_to_u(change(draws(4)))


def test_latents_outside_the_space_are_an_error():
    chart = lsbe.SurrogateChart(draws(4), transport_map=LAW)
    z = draws(4)
    z["move"] = z["move"][::-1]
    with pytest.raises(OutsideSpaceError, match="residual"):
        chart.from_z_to_u(z)


def test_a_dictionary_for_a_chart_of_one_array_is_an_error():
    chart = lsbe.SurrogateChart(np.random.default_rng(0).standard_normal((3, 5)))
    with pytest.raises(ArgumentError, match="z is a dictionary with 'a'"):
        chart.from_z_to_w({"a": np.ones((1, 5))})
    with pytest.raises(ArgumentError, match=r"one array; give every part its law"):
        lsbe.SurrogateChart(draws(3), transport_map=GaussianTransportMap())
