import tracemalloc

import numpy as np
import pytest

from latent_spaces_by_example.space.inner_latents import InnerLatents

D = 5000
ROW_BYTES = {np.float16: 2 * D, np.float32: 4 * D, np.float64: 8 * D}


def rows_of(dtype, made=None):
    def make(number):
        if made is not None:
            made.append(number)
        return np.random.default_rng(number).standard_normal(D).astype(dtype)

    return make


def streamed(dtype, *, rows_at_once=4, keep=False, made=None):
    at_once = rows_at_once * ROW_BYTES[dtype]
    return InnerLatents(rows_of(dtype, made), bytes_at_once=at_once, keep=keep)


@pytest.mark.parametrize("dtype", list(ROW_BYTES))
def test_sums_are_those_of_all_rows_together(dtype):
    matrix = np.stack([rows_of(dtype)(i) for i in range(11)])
    exact = matrix.astype(np.float64)
    rows = streamed(dtype)
    rows.extend_to(11)
    np.testing.assert_allclose(rows.gram, exact @ exact.T, rtol=1e-13, atol=1e-10)
    coefficients = np.random.default_rng(1).standard_normal((2, 11))
    combined = rows.combine(coefficients)
    assert combined.dtype == dtype
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(combined, coefficients @ exact, rtol=2 * eps, atol=20 * eps)


def test_rows_without_a_weight_are_not_made():
    made = []
    rows = streamed(np.float64, made=made)
    rows.extend_to(12)
    made.clear()
    corner = rows.combine(np.eye(12)[[6]])
    assert made == [6]
    np.testing.assert_array_equal(corner[0], rows_of(np.float64)(6))


def test_small_latents_are_made_once():
    made = []
    rows = InnerLatents(rows_of(np.float32, made))
    for number in (1, 2, 3, 9):
        rows.extend_to(number)
        rows.combine(np.ones((1, number)))
    assert sorted(made) == [0, 0, *range(1, 9)]  # the first one also tells the dimension


def test_memory_is_bounded_by_groups_whatever_the_number_of_rows():
    row = 4 * 40_000

    def make(number):
        return np.random.default_rng(number).standard_normal(row // 4, dtype=np.float32)

    def peak(number):
        rows = InnerLatents(make, bytes_at_once=10 * row)
        tracemalloc.start()
        rows.extend_to(number)
        rows.combine(np.ones((1, number)))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # what is kept, a group, a quarter of one, and blocks of columns in float64
    assert peak(25) < 28 * row
    assert peak(60) < 30 * row
