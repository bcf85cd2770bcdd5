"""A Gram entry is computed one way, to the last bit, and so is whatever is computed from it."""

from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.space import SeedLatents, seed_latents
from latent_spaces_by_example.space.gram import inner_products
from latent_spaces_by_example.space.inner_latents import InnerLatents

DTYPES = [np.float32, np.float64]


class Drawn:
    def __init__(self, num_dims, dtype):
        self.latent_shape = (num_dims,)
        self.dtype = dtype

    def latent_from_random_seed(self, random_seed):
        rng = np.random.default_rng(random_seed)
        return rng.standard_normal(self.latent_shape).astype(self.dtype)


def space_of(model, *, given=None, **options):
    made = lambda make: InnerLatents(make, **options)  # noqa: E731
    with mock.patch.object(seed_latents, "InnerLatents", made):
        return lsbe.SurrogateChart(SeedLatents(model, given), combination="shell")


@settings(deadline=None, max_examples=12)
@given(
    num_dims=st.sampled_from([20, 4097, 9001]),
    dtype=st.sampled_from(DTYPES),
    stops=st.lists(st.integers(1, 10), max_size=3).map(sorted),
    rows_at_once=st.integers(1, 12),
    keep=st.booleans(),
    given_arrays=st.booleans(),
)
def test_no_bit_depends_on_growth_group_size_or_memory(
    num_dims, dtype, stops, rows_at_once, keep, given_arrays
):
    model = Drawn(num_dims, dtype)
    given = np.stack([model.latent_from_random_seed(i) for i in (3, 4)]) if given_arrays else None
    bytes_at_once = rows_at_once * num_dims * np.dtype(dtype).itemsize
    grown = space_of(model, given=given, bytes_at_once=bytes_at_once, keep=keep)
    for stop in stops:
        grown.correlation_of(stop)
    at_once = space_of(model, given=given)
    w = np.random.default_rng(1).standard_normal((2, 10))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    np.testing.assert_array_equal(grown.from_w_to_z(w), at_once.from_w_to_z(w))
    np.testing.assert_array_equal(grown.correlation_of(10), at_once.correlation_of(10))
    rows = grown.seeds.all()
    one_by_one = np.array([[inner_products(a[None], b[None])[0, 0] for b in rows] for a in rows])
    as_array = lsbe.SurrogateChart(np.asfortranarray(rows))
    for gram in (grown.gram, at_once.gram, as_array.gram, inner_products(rows, rows.copy())):
        np.testing.assert_array_equal(gram, one_by_one)
