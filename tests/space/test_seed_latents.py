from pathlib import Path

import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space import (
    SeedLatents,
    SurrogateChart,
    invert_examples,
    latent_from_random_seed,
    latents_from_random_seeds,
    random_seed_of_draw,
    spanned_by,
)
from latent_spaces_by_example.transport_maps import GaussianTransportMap
from toys import Stretch


def _latents(k, *, seed=0):
    return np.random.default_rng(seed).standard_normal((k, *Stretch.latent_shape))


class TestSeedLatents:
    def test_corners_are_the_examples(self):
        latents = _latents(5)
        space = spanned_by(Stretch(), seed_latents=latents)
        np.testing.assert_allclose(space.from_w_to_z(np.eye(5)), latents, rtol=1e-13)

    def test_correlation_is_that_of_the_latents_however_it_grew(self):
        grown = spanned_by(Stretch(), seed_latents=_latents(2), random_seed=3)
        for k in (3, 4, 9):
            grown.correlation_of(k)
        rows = grown.seeds.all()
        given = SurrogateChart(rows, combination="shell")
        np.testing.assert_array_equal(grown.correlation_of(9), given.correlation)
        np.testing.assert_array_equal(grown.correlation_of(5), given.correlation_of(5))
        weights = np.full((2, 9), 1.0 / 3.0)
        z = grown.from_w_to_z(weights)
        np.testing.assert_allclose(z, given.from_w_to_z(weights), rtol=0.0, atol=1e-14)
        np.testing.assert_allclose(grown.from_z_to_w(z), weights, rtol=1e-10)
        np.testing.assert_array_equal(grown.from_u_to_w(np.zeros((1, 3))), np.eye(4)[:1])

    def test_prior_draws_do_not_depend_on_when_they_are_made(self):
        one, other = (spanned_by(Stretch(), random_seed=3) for _ in range(2))
        one.correlation_of(2)
        weights = np.full((1, 6), 6**-0.5)
        np.testing.assert_array_equal(one.from_w_to_z(weights), other.from_w_to_z(weights))
        assert one.num_seeds == len(one.seeds) == 6
        padded = np.pad(weights, ((0, 0), (0, 3)))
        np.testing.assert_allclose(one.from_w_to_z(padded), other.from_w_to_z(weights), rtol=1e-13)

    def test_prior_draws_follow_the_transport_map(self):
        class Shifted(Stretch):
            latent_shape = (2000,)
            transport_map = GaussianTransportMap(mean=5.0, scale=0.5)

        draws = SeedLatents(Shifted(), num_prior_seeds=4, random_seed=0).all()
        # standard errors are 0.5 / sqrt(8000) and 0.5 / sqrt(16000); five of each
        assert abs(draws.mean() - 5.0) < 0.028
        assert abs(draws.std() - 0.5) < 0.02

    def test_dtype_of_the_examples_is_kept(self):
        space = spanned_by(Stretch(), seed_latents=_latents(3).astype(np.float32), random_seed=1)
        weights = np.full((1, 5), 5**-0.5)
        assert space.from_w_to_z(weights).dtype == np.float32

    def test_names(self):
        seeds = SeedLatents(Stretch(), _latents(2), names=["a", "b"])
        assert [seeds.name(i) for i in range(4)] == ["a", "b", "prior draw 1", "prior draw 2"]

    @pytest.mark.parametrize(
        ("latents", "message"),
        [
            (np.zeros((0, 4, 8)), "at least one seed latent"),
            (np.ones((1, 4, 7)), r"\(1, 4, 7\).*\(K, 4, 8\)"),
            (np.ones((2, 4, 8), dtype=int), "floating-point"),
            (np.full((2, 4, 8), np.nan), "NaN or infinite"),
            (np.stack([np.ones((4, 8)), 2 * np.ones((4, 8))]), "same direction"),
            (np.stack([np.ones((4, 8)), np.zeros((4, 8))]), "all zeros"),
        ],
    )
    def test_bad_examples(self, latents, message):
        with pytest.raises(ArgumentError, match=message):
            SeedLatents(Stretch(), latents)


class TestInvertExamples:
    def test_finds_the_latent_and_says_how_well(self):
        (found,) = invert_examples(Stretch(), ["4"])
        assert found.name == "4"
        assert found.rms_error < 1e-15
        np.testing.assert_allclose(
            found.relative_norm, np.linalg.norm(found.latent) / np.sqrt(32), rtol=1e-14
        )

    def test_needs_invert(self):
        class OneWay:
            latent_shape = (2,)

            def generate(self, z):
                return z

        with pytest.raises(ArgumentError, match="OneWay has no invert"):
            invert_examples(OneWay(), [np.zeros(2)])

    def test_the_same_example_twice(self):
        with pytest.raises(ArgumentError, match="'1' is given twice"):
            invert_examples(Stretch(), ["1", "2", "1"])

    def test_needs_one_example(self):
        with pytest.raises(ArgumentError, match="examples is empty"):
            invert_examples(Stretch(), [])

    def test_names_need_a_generator_that_knows_names(self):
        class Nameless:
            latent_shape = (2,)

            def generate(self, z):
                return z

            def invert(self, outputs):
                return np.asarray(outputs)

        with pytest.raises(ArgumentError, match="'dog' is a name"):
            invert_examples(Nameless(), ["dog"])


class TestSpannedBy:
    def test_examples_and_latents_exclude_each_other(self):
        with pytest.raises(ArgumentError, match="both given"):
            spanned_by(Stretch(), examples=["1"], seed_latents=_latents(1))

    def test_prior_spans_without_either(self):
        seeds = spanned_by(Stretch(), num_prior_seeds=3, random_seed=5).seeds
        assert (seeds.num_given, len(seeds.examples)) == (3, 0)

    def test_negative_numbers(self):
        with pytest.raises(ArgumentError, match="at least 0"):
            spanned_by(Stretch(), random_seed=-1)


def test_random_seeds_of_draws_fit_any_generator():
    seeds = {random_seed_of_draw(s, i) for s in range(20) for i in range(200)}
    assert len(seeds) == 4000
    assert all(0 <= seed < 2**63 for seed in seeds)


class TestRandomSeeds:
    @pytest.mark.parametrize(
        "given",
        [[1234567, 42], (1234567, 42), np.array([1234567, 42]), [np.int32(1234567), np.uint8(42)]],
    )
    def test_integers_stand_for_the_latents_that_are_drawn_from_them(self, given):
        rows = latents_from_random_seeds(Stretch(), [1234567, 42])
        np.testing.assert_array_equal(rows[1], latent_from_random_seed(Stretch(), 42))
        spaces = [spanned_by(Stretch(), seed_latents=seeds) for seeds in (given, rows)]
        weights = np.array([[0.6, 0.8, 0.0], [0.6, 0.0, 0.8]])
        by_number, by_array = (space.from_w_to_z(weights) for space in spaces)
        np.testing.assert_array_equal(by_number, by_array)
        by_number, by_array = (space.seeds for space in spaces)
        assert by_number.num_given == 2
        assert [by_number.random_seed_of(i) for i in range(2)] == [1234567, 42]
        assert by_array.random_seed_of(0) is None
        assert (
            by_number.random_seed_of(2) == by_array.random_seed_of(2) == random_seed_of_draw(0, 2)
        )
        assert by_number.name(0) == "seed 1234567"

    def test_they_follow_the_models_own_convention(self):
        class Own(Stretch):
            def latent_from_random_seed(self, random_seed):
                return np.full(self.latent_shape, float(random_seed)) + np.eye(4, 8)

        seeds = SeedLatents(Own(), [3, 4])
        np.testing.assert_array_equal(seeds.all()[1], 4.0 + np.eye(4, 8))

    def test_a_range_will_do_and_the_largest_that_torch_takes(self):
        spaces = [spanned_by(Stretch(), seed_latents=x) for x in (range(3), [0, 1, 2])]
        np.testing.assert_array_equal(*(space.seeds.all() for space in spaces))
        assert SeedLatents(Stretch(), [5, 2**64 - 1]).random_seed_of(1) == 2**64 - 1

    def test_digest_tells_them_apart(self):
        kinds = ([1, 2], [2, 1], [1, 2, 3], _latents(2), _latents(2, seed=1))
        digests = [SeedLatents(Stretch(), given).digest for given in kinds]
        assert len(set(digests)) == 5
        assert digests == [SeedLatents(Stretch(), given).digest for given in kinds]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ([1, 1], "random seed 1 is given twice"),
            ([1, -2], "random seed -2: give a whole number from 0"),
            ([1, 2**64], "give a whole number from 0"),
            ([1, 2.5], r"seed_latents has shape \(2,\)"),
            ([True, False], "bool"),
            (Path("latents.npy"), "is text or a path.*numpy.load"),
        ],
    )
    def test_what_is_refused(self, given, message):
        with pytest.raises(ArgumentError, match=message):
            SeedLatents(Stretch(), given)

    @pytest.mark.parametrize("given", [[], [0.5], None])
    def test_latents_from_what_is_no_list_of_whole_numbers(self, given):
        with pytest.raises(ArgumentError, match="expected a list of whole numbers"):
            latents_from_random_seeds(Stretch(), given)
