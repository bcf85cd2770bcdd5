import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import UniformTransportMap


class TestUnit(TransportMapContract):
    def make_transport_map(self):
        return UniformTransportMap()

    def draw_latents(self, n, rng):
        return rng.random((n, 2, 3))


class TestInterval(TransportMapContract):
    def make_transport_map(self):
        return UniformTransportMap(-3, 7.5, resolution=2.0**-24)

    def draw_latents(self, n, rng):
        return rng.uniform(-3.0, 7.5, (n, 5))


@given(
    low=st.floats(-1e4, 1e4),
    width=st.floats(1e-3, 1e4),
    bits=st.integers(1, 52),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_the_ends_are_finite_inside_and_come_back_exactly(low, width, bits, dtype):
    ends = np.array([[low, low + width]]).astype(dtype)
    if ends[0, 0] == ends[0, 1]:
        return
    transport_map = UniformTransportMap(*ends[0].astype(float), resolution=2.0**-bits)
    inner = transport_map.forward(ends)
    assert np.isfinite(inner).all()
    assert inner[0, 0] == -inner[0, 1] < 0
    np.testing.assert_array_equal(transport_map.inverse(inner), ends)


def test_far_out_in_the_inner_space_is_the_end_and_nothing_beyond():
    z = UniformTransportMap(-1.0, 3.0).inverse(np.array([[-1e300, -40.0, 40.0, 1e300]]))
    np.testing.assert_array_equal(z, [[-1.0, -1.0, 3.0, 3.0]])


def test_it_is_increasing_and_its_middle_is_zero():
    z = np.linspace(2.0, 4.0, 10_001)[None]
    inner = UniformTransportMap(2.0, 4.0).forward(z)
    assert (np.diff(inner) > 0).all()
    assert inner[0, 5000] == 0.0


def test_rounding_at_an_end_is_allowed_and_more_is_an_error():
    transport_map = UniformTransportMap()
    above = np.array([[1.0 + 4 * np.finfo(float).eps]])
    np.testing.assert_array_equal(transport_map.inverse(transport_map.forward(above)), 1.0)
    with pytest.raises(ArgumentError, match=r"1 values outside \[0, 1\].*latent 0 at element 1"):
        transport_map.forward(np.array([[0.5, 1.001]]))
    with pytest.raises(ArgumentError, match="outside"):
        transport_map.forward(np.array([[np.nan]]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 1.0, "high": 1.0}, "high=1.0; expected a number above 1"),
        ({"low": 1.0, "high": 0.0}, "high=0.0; expected a number above 1"),
        ({"high": np.inf}, "high=inf"),
        ({"low": [0.0, 1.0]}, "low="),
        ({"low": "none"}, "low='none'"),
        ({"resolution": 0.0}, "resolution"),
        ({"resolution": 0.6}, "resolution"),
    ],
)
def test_a_law_that_is_none_is_an_error(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        UniformTransportMap(**arguments)


def test_its_repr_makes_it_again():
    transport_map = UniformTransportMap(-1.0, 2.0, resolution=0.25)
    again = eval(repr(transport_map), {"UniformTransportMap": UniformTransportMap})
    z = np.linspace(-1.0, 2.0, 9)[None]
    np.testing.assert_array_equal(again.forward(z), transport_map.forward(z))
