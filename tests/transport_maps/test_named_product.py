import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import (
    ElementwiseTransportMap,
    GaussianTransportMap,
    IdentityTransportMap,
    NamedProductTransportMap,
    RotationTransportMap,
    SphereTransportMap,
    UniformTransportMap,
)

MAPS = {
    "turn": RotationTransportMap(),
    "move": GaussianTransportMap(1.0, scale=10.0),
    "length": ElementwiseTransportMap(stats.gamma(2.0)),
}
SHAPES = {"turn": (2, 4), "move": (2, 3), "length": ()}


class TestContract(TransportMapContract):
    def make_transport_map(self):
        return NamedProductTransportMap(MAPS)

    def draw_latents(self, n, rng):
        turns = Rotation.random(2 * n, rng=rng).as_quat(canonical=True)
        return {
            "turn": np.roll(turns, 1, axis=-1).reshape(n, 2, 4),
            "move": rng.normal(1.0, 10.0, (n, 2, 3)),
            "length": rng.gamma(2.0, 1.0, n),
        }


def latents(n=3):
    return TestContract().draw_latents(n, np.random.default_rng(0))


def test_each_part_has_its_own_image_and_order_is_no_matter():
    z = latents()
    inner = NamedProductTransportMap(MAPS).forward(z)
    expected = [
        MAPS[part].forward(z[part].reshape(3, *(SHAPES[part] or (1,)))) for part in sorted(MAPS)
    ]
    np.testing.assert_array_equal(inner, np.concatenate(expected, axis=1))
    turned_round = NamedProductTransportMap({part: MAPS[part] for part in reversed(MAPS)})
    np.testing.assert_array_equal(
        turned_round.forward({part: z[part] for part in reversed(z)}), inner
    )
    back = turned_round.inverse(inner, latent_shape=SHAPES)
    assert list(back) == list(SHAPES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda z: {}, "z is an empty dictionary"),
        (lambda z: z["move"], "one array of shape.*dictionary with the parts 'turn'"),
        (lambda z: {**z, "twist": z["move"]}, "have the parts .*'twist'.*expected the same names"),
        (lambda z: {"turn": z["turn"]}, "have the parts 'turn', but this law is of"),
        (lambda z: {**z, "turn": z["turn"][:2]}, r"z\['turn'\] has 2|z\['turn'\] has 3"),
        (lambda z: {**z, "turn": z["turn"][..., :3]}, "part 'turn': latents have shape"),
        (lambda z: {**z, "turn": 2.0 * z["turn"]}, "part 'turn': z holds .*unit norm"),
        (lambda z: {**z, "length": -z["length"]}, "part 'length': z holds .*outside the support"),
        (lambda z: {**z, "move": z["move"] * np.nan}, r"z\['move'\] holds 18 values that are NaN"),
        (lambda z: {**z, "move": z["move"].astype(int)}, r"z\['move'\] holds int"),
        (lambda z: {**z, "move": z["move"].astype(np.float32)}, "numpy float32.*one dtype"),
        (lambda z: {**z, "move": None}, r"z\['move'\]"),
        (lambda z: {**z, "move": np.float64(1.0)}, r"z\['move'\] has shape \(\)"),
        (lambda z: {**z, 3: z["move"]}, "a part called 3"),
    ],
)
def test_bad_latents_are_an_error_that_names_the_part(change, message):
    with pytest.raises(ArgumentError, match=message):
        NamedProductTransportMap(MAPS).forward(change(latents()))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({}, "empty dictionary"),
        ({"turn": (2, 4)}, "expected the same names"),
        ((13,), "one array of shape"),
        (None, "one array of shape"),
        ({**SHAPES, "move": "ab"}, r"latent_shape\['move'\]"),
        ({**SHAPES, "move": (0, 3)}, r"latent_shape\['move'\]"),
        ({**SHAPES, "turn": (2, 3)}, "part 'turn'"),
        ({**SHAPES, "move": (5, 3)}, "inner has shape"),
    ],
)
def test_a_bad_latent_shape_is_an_error(shape, message):
    inner = NamedProductTransportMap(MAPS).forward(latents())
    with pytest.raises(ArgumentError, match=message):
        NamedProductTransportMap(MAPS).inverse(inner, latent_shape=shape)


@pytest.mark.parametrize("maps", [{}, {"a": None}, {1: IdentityTransportMap()}, None, []])
def test_maps_that_are_none_are_an_error(maps):
    with pytest.raises(ArgumentError, match="maps"):
        NamedProductTransportMap(maps)


@pytest.mark.parametrize(
    "one_array", [GaussianTransportMap(), UniformTransportMap(), SphereTransportMap()]
)
def test_a_law_of_one_array_says_how_to_give_each_part_its_own(one_array):
    message = r"law of one array.*NamedProductTransportMap\(\{'turn'"
    with pytest.raises(ArgumentError, match=message):
        one_array.forward(latents())
    with pytest.raises(ArgumentError, match=message):
        one_array.inverse(np.ones((1, 15)), latent_shape=SHAPES)


def test_independent_standard_gaussians_may_have_parts():
    z = {"b": np.ones((2, 3)), "a": np.zeros((2, 2, 2))}
    inner = IdentityTransportMap().forward(z)
    np.testing.assert_array_equal(inner, [[0, 0, 0, 0, 1, 1, 1]] * 2)
    back = IdentityTransportMap().inverse(inner, latent_shape={"b": (3,), "a": (2, 2)})
    for part, array in z.items():
        np.testing.assert_array_equal(back[part], array)


def test_its_repr_names_the_parts():
    shown = repr(NamedProductTransportMap({"noise": IdentityTransportMap()}))
    assert shown == "NamedProductTransportMap({'noise': IdentityTransportMap()})"
