import numpy as np
import pytest

from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.space import spanned_by
from latent_spaces_by_example.study.top import positions
from toys import Stretch


class Plane:
    latent_shape = (2,)

    def generate(self, z):
        return np.asarray(z)


def unit_weights(n, num_seeds):
    w = np.random.default_rng(0).standard_normal((n, num_seeds))
    return w / np.linalg.norm(w, axis=1, keepdims=True)


@pytest.mark.parametrize("model", [Stretch(), Plane()], ids=type)
def test_they_are_unit_vectors(model):
    space = spanned_by(model, random_seed=3)
    found = positions(space, unit_weights(7, 4))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-12)


def test_in_many_dimensions_their_cosines_are_those_of_the_latents():
    space, w = spanned_by(Stretch(), num_prior_seeds=5, random_seed=3), unit_weights(7, 5)
    inner = space.inner_latents(w)
    unit = inner / np.linalg.norm(inner, axis=1, keepdims=True)
    found = positions(space, w)
    np.testing.assert_allclose(found @ found.T, unit @ unit.T, atol=1e-12)


def test_of_hidden_numbers_only_how_much_they_are_counts():
    space = spanned_by(Plane(), num_prior_seeds=12, random_seed=1)
    frame = Directions.from_correlation(space.correlation_of(12))
    # the same latent seen, and the hidden numbers turned the other way
    inner = space.inner_latents(unit_weights(1, 12))[0]
    gram = np.stack([space.inner_latents(row[None])[0] for row in np.eye(12)])
    other = np.concatenate([inner[:2], -inner[2:]])
    weights = []
    for target in (inner, other):
        found = np.linalg.lstsq(gram.T / np.linalg.norm(gram, axis=1), target, rcond=None)[0]
        weights.append(found / np.linalg.norm(found))
    weights = np.stack(weights)
    first, second = positions(space, weights)
    assert frame.from_weights(weights)[0] @ frame.from_weights(weights)[1] < 0.9
    np.testing.assert_allclose(first, second, atol=1e-9)
