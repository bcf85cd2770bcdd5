"""A Gram entry is computed one way, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.space.gram import inner_products
from latent_spaces_by_example.space.inner_latents import InnerLatents

DTYPES = [np.float32, np.float64]


@st.composite
def grown(draw):
    """Rows, the numbers of rows at which they stopped growing, and how many fit at a time."""
    num_rows, num_dims = draw(st.integers(1, 20)), draw(st.sampled_from([1, 7, 64, 4097, 9001]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = rng.standard_normal((num_rows, num_dims)).astype(draw(st.sampled_from(DTYPES)))
    stops = draw(st.lists(st.integers(1, num_rows), max_size=6))
    return rows, [*sorted(stops), num_rows], draw(st.integers(1, 25))


@settings(deadline=None, max_examples=20)
@given(grown(), st.booleans())
def test_entries_do_not_depend_on_growth_group_size_or_memory(case, keep):
    rows, stops, rows_at_once = case
    inner = InnerLatents(lambda i: rows[i], bytes_at_once=rows_at_once * rows[0].nbytes, keep=keep)
    for stop in stops:
        inner.extend_to(stop)
    one_by_one = np.array([[inner_products(a[None], b[None])[0, 0] for b in rows] for a in rows])
    chart = lsbe.SurrogateChart(np.asfortranarray(rows))
    for gram in (inner.gram, chart.gram, inner_products(rows), inner_products(rows, rows.copy())):
        np.testing.assert_array_equal(gram, one_by_one)


@pytest.mark.parametrize("dtype", DTYPES)
def test_they_are_the_inner_products_added_up_in_float64(dtype):
    rows = np.random.default_rng(0).standard_normal((19, 10_000)).astype(dtype)
    exact = rows.astype(np.longdouble) @ rows.astype(np.longdouble).T
    np.testing.assert_allclose(inner_products(rows), exact.astype(float), rtol=1e-13, atol=1e-10)
