import numpy as np
import pytest

from latent_spaces_by_example.arguments import check_finite, edge_slack, float_array
from latent_spaces_by_example.errors import ArgumentError


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_array_comes_back_itself(dtype):
    array = np.zeros((2, 3), dtype)
    assert float_array(array, name="z", shape="(n, d)") is array


class Unreadable:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach() first")


def test_what_another_library_says_is_passed_on():
    with pytest.raises(ArgumentError, match=r"z cannot be read .*call detach\(\) first.*\(n, d\)"):
        float_array(Unreadable(), name="z", shape="(n, d)")


def test_longer_floats_are_refused_rather_than_cut():
    if np.longdouble is np.float64:
        pytest.skip("this platform has no longer float")
    with pytest.raises(ArgumentError, match="expected float16, float32 or float64"):
        float_array(np.zeros(3, np.longdouble), name="u", shape="(n,)")


def test_the_first_place_that_is_not_finite_is_named():
    array = np.zeros((3, 4))
    array[1, 2], array[2, 0] = np.inf, np.nan
    with pytest.raises(ArgumentError, match=r"u holds 2 values .*\(inf\) at index \(1, 2\)"):
        check_finite(array, name="u")


def test_slack_is_a_few_ulps_of_the_dtype():
    assert edge_slack(np.dtype(np.float32)) == pytest.approx(8 * 2.0**-23)
    assert edge_slack(np.dtype(np.float64), terms=4) == pytest.approx(16 * 2.0**-52)
