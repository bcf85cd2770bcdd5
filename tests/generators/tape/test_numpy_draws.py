import numpy as np
import pytest

torch = pytest.importorskip("torch")

from numpy.random import default_rng, randn

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, SamplerChangedError

noise_tape = lsbe.generators.noise_tape

GLOBAL = {
    "randn": lambda: np.random.randn(3, 2),
    "randn scalar": lambda: np.random.randn(),
    "standard_normal": lambda: np.random.standard_normal((4,)),
    "normal": lambda: np.random.normal(2.0, [0.5, 1.5]),
    "normal scalar": lambda: np.random.normal(2.0, 3.0),
    "normal size": lambda: np.random.normal(2.0, 3.0, size=5),
    "rand": lambda: np.random.rand(3),
    "random": lambda: np.random.random(3),
    "random_sample": lambda: np.random.random_sample(),
    "ranf": lambda: np.random.ranf(2),
    "uniform": lambda: np.random.uniform(-1.0, [1.0, 2.0], (3, 2)),
}


@pytest.mark.parametrize("draw", GLOBAL)
def test_a_random_seed_is_numpys_own(draw):
    tape = noise_tape(GLOBAL[draw], numpy=True)
    assert tape.latent_shape == (np.size(GLOBAL[draw]()),)
    np.random.seed(17)
    expected = GLOBAL[draw]()
    found = tape.generate(tape.latent_from_random_seed(17)[None])[0]
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


GENERATOR = {
    "standard_normal": lambda rng: rng.standard_normal(4),
    "float32": lambda rng: rng.standard_normal((2, 3), dtype=np.float32),
    "out": lambda rng: rng.standard_normal(out=np.empty(3)),
    "normal": lambda rng: rng.normal(2.0, 3.0, 4),
    "normal scalar": lambda rng: rng.normal(),
    "random": lambda rng: rng.random(4),
    "uniform": lambda rng: rng.uniform(-3.0, 2.0, size=(2, 2)),
}


@pytest.mark.parametrize("draw", GENERATOR)
def test_generators_that_the_sampler_makes_are_recorded(draw):
    tape = noise_tape(lambda: GENERATOR[draw](np.random.default_rng()), numpy=True)
    expected = GENERATOR[draw](np.random.default_rng(17))
    found = tape.generate(tape.latent_from_random_seed(17)[None])[0]
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(found, expected)


def test_a_generator_made_before_is_reached_through_default_rng_only():
    rng = np.random.default_rng(0)
    tape = noise_tape(lambda: np.random.default_rng(rng).standard_normal(3), numpy=True)
    assert tape.generate(np.array([[1.0, 2.0, 3.0]]))[0].tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(SamplerChangedError, match="a NumPy Generator"):
        noise_tape(lambda: (torch.randn(1), rng.standard_normal(3)), numpy=True)


def test_other_draws_are_held_fixed():
    def sampler():
        rng = np.random.default_rng()
        order = np.arange(30)
        np.random.shuffle(order)
        return (
            np.random.randn(2),
            order,
            np.random.choice(50, 5, replace=False),
            rng.permutation(30),
            rng.choice(40, 6),
            rng.gamma(2.0, size=3),
            rng.normal(size=2),
        )

    tape = noise_tape(sampler, numpy=True)
    assert [part.op for part in tape.parts if not part.combined] == [
        "numpy.shuffle",
        "numpy.choice",
        "numpy.permutation",
        "numpy.choice",
        "numpy.gamma",
    ]
    first, *held, last = tape.generate(np.array([[1.0, 2.0, 3.0, 4.0]]))[0]
    assert (first.tolist(), last.tolist()) == ([1.0, 2.0], [3.0, 4.0])
    for found, expected in zip(held, tape.recorded_output[1:-1], strict=True):
        np.testing.assert_array_equal(found, expected)


class Model:
    def __init__(self):
        self.rng = np.random.default_rng(0)
        self.state = np.random.RandomState(0)

    def __call__(self):
        return self.rng.normal(2.0, 3.0, 2), self.state.standard_normal(2)


def test_generators_that_exist_are_recorded_where_they_are_named():
    model, loose = Model(), np.random.default_rng(3)
    tape = noise_tape(lambda: (*model(), loose.random(1)), rngs=[model.rng, model.state, loose])
    before = model.rng, model.state, loose
    first, second, last = tape.generate(np.array([[1.0, 2.0, 3.0, 4.0, 0.5]]))[0]
    assert (first.tolist(), second.tolist(), last.tolist()) == ([5.0, 8.0], [3.0, 4.0], [0.5])
    assert before == (model.rng, model.state, loose)
    with pytest.raises(ArgumentError, match="rngs holds 3"):
        noise_tape(model, rngs=[3])
    with pytest.raises(ArgumentError, match="drew no random number"):
        noise_tape(lambda: 1.0, rngs=(np.random.default_rng(1),))
    with pytest.raises(SamplerChangedError, match=r"rngs=\[model.rng\]"):
        noise_tape(lambda: (np.random.randn(1), *model()), numpy=True)


def test_functions_imported_by_name_are_recorded():
    tape = noise_tape(lambda: (randn(2), default_rng(3).standard_normal(1)), numpy=True)
    own = randn
    first, second = tape.generate(np.array([[1.0, 2.0, 3.0]]))[0]
    assert (first.tolist(), second.tolist()) == ([1.0, 2.0], [3.0])
    assert randn is own


def test_draws_of_scipy_and_scikit_learn_are_recorded():
    stats = pytest.importorskip("scipy.stats")
    mixture = pytest.importorskip("sklearn.mixture")
    model = mixture.GaussianMixture(2, random_state=None)
    model.fit(np.random.default_rng(0).standard_normal((40, 3)) + 3.0 * np.eye(40, 3))
    tape = noise_tape(
        lambda: (stats.norm.rvs(size=2), stats.uniform.rvs(size=2), model.sample(4)[0]), numpy=True
    )
    laws = [part.law for part in tape.parts if part.combined]
    assert tape.latent_shape == (2 + 2 + 4 * 3,)
    assert laws[:2] == ["Gaussian", "uniform"]
    assert [part.op for part in tape.parts if not part.combined] == ["numpy.multinomial"]
    np.random.seed(3)
    expected = stats.norm.rvs(size=2)
    np.testing.assert_array_equal(
        tape.generate(tape.latent_from_random_seed(3)[None])[0][0], expected
    )


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_multivariate_normal_is_numpys_own(make):
    mean, cov = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 1.0]])
    rng = make(17)
    tape = noise_tape(lambda: rng.multivariate_normal(mean, cov, size=3), rngs=[rng])
    assert tape.latent_shape == (6,)
    expected = make(17).multivariate_normal(mean, cov, size=3)
    found = tape.generate(tape.latent_from_random_seed(17)[None])[0]
    np.testing.assert_array_equal(found, expected)


def test_numpy_is_left_as_it_was():
    before = {name: getattr(np.random, name) for name in dir(np.random)}
    np.random.seed(5)
    expected = np.random.randn(3), np.random.randn(3)
    np.random.seed(5)
    tape = noise_tape(lambda: np.random.randn(3), numpy=True)
    np.testing.assert_array_equal(tape.recorded_output, expected[0])
    np.testing.assert_array_equal(np.random.randn(3), expected[1])
    with pytest.raises(ZeroDivisionError):
        noise_tape(lambda: np.random.randn(3) / (1 // 0), numpy=True)
    assert all(getattr(np.random, name) is value for name, value in before.items())


def test_torch_and_numpy_do_not_share_a_stream():
    """One integer seeds both with the same algorithm, so equal seeds would tie their draws."""

    def sampler():
        return torch.rand(500, dtype=torch.float64).numpy(), np.random.rand(500)

    tape = noise_tape(sampler, numpy=True)
    draws = tape.generate(tape.latent_from_random_seed(3)[None])[0]
    assert abs(np.corrcoef(*draws)[0, 1]) < 0.2  # 4.5 standard errors
    again = tape.generate(tape.latent_from_random_seed(3)[None])[0]
    np.testing.assert_array_equal(draws[1], again[1])
