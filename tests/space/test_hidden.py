"""Latents of few dimensions: all their norms are within reach, and none that are not the law's."""

import numpy as np
import pytest
from scipy import stats

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.space import SeedLatents, SurrogateChart, spanned_by
from latent_spaces_by_example.transport_maps import GaussianTransportMap, SphereTransportMap


class Few:
    def __init__(self, dims, **more):
        self.latent_shape = (dims,)
        vars(self).update(more)

    def generate(self, z):
        return np.asarray(z)


def unit_weights(n, num_seeds, *, seed=1):
    w = np.random.default_rng(seed).standard_normal((n, num_seeds))
    return w / np.linalg.norm(w, axis=1, keepdims=True)


@pytest.mark.parametrize(("dims", "hidden"), [(1, 6), (2, 6), (16, 6), (17, 0), (64, 0)])
def test_how_many_are_hidden(dims, hidden):
    space = spanned_by(Few(dims), num_prior_seeds=3)
    assert (space.seeds.num_hidden_dims, space.num_latent_dims) == (hidden, dims)
    assert space.from_w_to_z(unit_weights(4, 3)).shape == (4, dims)
    assert space.inner_latents(unit_weights(4, 3)).shape == (4, dims + hidden)
    assert space.seeds.inner_latent(2).shape == (dims,)


def test_none_between_examples():
    examples = np.random.default_rng(0).standard_normal((3, 4))
    for given in (examples, [5, 6, 7]):
        assert SeedLatents(Few(4), given).num_hidden_dims == 0


@pytest.mark.parametrize("dims", [1, 2, 5])
def test_a_seed_latent_is_the_prior_draw_that_it_was(dims):
    seeds = SeedLatents(Few(dims), num_prior_seeds=4, random_seed=3)
    plain = SeedLatents(Few(dims), num_prior_seeds=4, random_seed=3, num_hidden_dims=0)
    np.testing.assert_array_equal(seeds.all(), plain.all())
    space = SurrogateChart(seeds, combination="shell")
    np.testing.assert_array_equal(space.from_w_to_z(np.eye(4)), plain.all())
    np.testing.assert_allclose(seeds.relative_norms, plain.relative_norms, rtol=1e-12)


def test_hidden_numbers_are_gaussians_of_their_own():
    """Not those of another draw, nor the draw's own again; Kolmogorov-Smirnov at 1e-3."""
    seeds = SeedLatents(Few(1), random_seed=2)
    seeds.extend_to(400)
    rows = np.stack([seeds.inner[i] for i in range(400)])
    assert rows.shape == (400, 7)
    assert len(np.unique(rows)) == rows.size
    assert np.abs(np.corrcoef(rows.T) - np.eye(7)).max() < 0.2  # four standard errors
    for column in rows.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3


@pytest.mark.parametrize("dims", [1, 2, 16])
def test_on_their_shell_the_norms_have_the_law_that_is_said(dims):
    """|z|^2 / R^2 is Beta(d / 2, 3), of 80 spaces; Kolmogorov-Smirnov at 1e-3."""
    shares = []
    for random_seed, w in enumerate(unit_weights(80, 3)):
        space = spanned_by(Few(dims), num_prior_seeds=3, random_seed=random_seed)
        square = w**2 @ np.diagonal(space.gram)
        shares.append((space.from_w_to_z(w[None]) ** 2).sum() / square)
    assert stats.kstest(shares, stats.beta(dims / 2, 3).cdf).pvalue > 1e-3


def test_the_middle_of_a_plane_is_found():
    """Which the shell of radius sqrt(2) does not reach."""
    study = lsbe.optimise(
        Few(2), lambda z: -((z - [0.3, -0.2]) ** 2).sum(axis=1), budget=30, batch_size=2
    )
    assert study.best_score > -0.05
    assert all(trial.invalid is None for trial in study.trials)


def test_a_sphere_is_reached_at_every_latitude():
    """Latitude is what the inner latent's norm becomes: on a shell it would be the same for all."""
    points = spanned_by(Few(3, transport_map=SphereTransportMap()), num_prior_seeds=12)
    assert points.num_latent_dims == 2
    latitudes = points.from_w_to_z(unit_weights(300, 12))[:, 0]
    assert latitudes.min() < -0.8
    assert latitudes.max() > 0.9


def test_norms_that_are_promised_are_those_of_the_latents():
    shifted = Few(3, transport_map=GaussianTransportMap(5.0, scale=2.0))
    space = spanned_by(shifted, num_prior_seeds=6, random_seed=4)
    w = unit_weights(20, 6)
    inner = (space.from_w_to_z(w) - 5.0) / 2.0
    found = np.linalg.norm(inner, axis=1) / np.sqrt(3)
    np.testing.assert_allclose(space.relative_norms_at(w), found, rtol=1e-10)
    assert found.min() < 0.8 < 1.0 < found.max()


def test_a_study_is_resumed_with_the_same_latents(tmp_path):
    study = lsbe.optimise(Few(2), lambda z: z[:, 0], budget=8, out=tmp_path / "study")
    again = lsbe.open_study(tmp_path / "study", generator=Few(2))
    w = study.weights
    np.testing.assert_allclose(again.latents(w), study.latents(w), rtol=1e-12)
    more = again.run(lambda z: z[:, 0], budget=10)
    whole = lsbe.optimise(Few(2), lambda z: z[:, 0], budget=10)
    np.testing.assert_allclose(more.scores, whole.scores, rtol=1e-9)


def test_tensors_stay_tensors():
    torch = pytest.importorskip("torch")

    class Tensors(Few):
        def latent_from_random_seed(self, random_seed):
            return torch.randn(2, generator=torch.Generator().manual_seed(random_seed))

    z = spanned_by(Tensors(2), num_prior_seeds=3).from_w_to_z(unit_weights(5, 3))
    assert isinstance(z, torch.Tensor)
    assert (z.dtype, tuple(z.shape)) == (torch.float32, (5, 2))
