import random

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.validity import check_determinism, require_determinism

Z = np.random.default_rng(0).standard_normal((3, 4, 4))


class Model:
    latent_shape = (4, 4)

    def __init__(self, function):
        self.generate = function


def own_generator():
    rng = np.random.default_rng(0)
    return lambda z: z + rng.standard_normal(z.shape)


NOISY = {
    "NumPy's global generator": lambda z: z + np.random.standard_normal(z.shape),  # noqa: NPY002
    "Python's random module": lambda z: z + random.random(),
    "a random generator of its own": own_generator(),
}


@pytest.mark.parametrize("cause", NOISY)
def test_noise_is_found_and_its_source_named(cause):
    with pytest.raises(GeneratorError) as caught:
        require_determinism(Model(NOISY[cause]), Z)
    assert cause in str(caught.value)
    assert "check_generator=False" in str(caught.value)


def test_noise_from_torch_is_named():
    torch = pytest.importorskip("torch")
    noisy = Model(lambda z: z + torch.randn(z.shape).numpy())
    with pytest.raises(GeneratorError, match="torch's global generator"):
        require_determinism(noisy, Z)


def test_a_batch_that_matters_is_found():
    normalising = Model(lambda z: z / np.abs(z).sum())
    report = check_determinism(normalising, Z)
    assert report.same_again
    assert not report.same_in_batch
    with pytest.raises(GeneratorError, match="batch normalisation"):
        require_determinism(normalising, Z)


def test_rounding_in_a_batch_is_allowed_and_repeating_must_be_exact():
    rounding = Model(lambda z: z * (1 + 1e-6 * (len(z) - 1)))
    assert check_determinism(rounding, Z).deterministic
    assert not check_determinism(rounding, Z, batch_tolerance=1e-8).deterministic
    calls = iter(range(10))
    drifting = Model(lambda z: z * (1 + 1e-9 * next(calls)))
    assert not check_determinism(drifting, Z).deterministic


def test_a_generator_says_itself_what_rounding_may_make():
    coarse = Model(lambda z: z * (1 + 0.01 * (len(z) - 1)))
    with pytest.raises(GeneratorError, match=r"more than 0.001.*batch_tolerance"):
        require_determinism(coarse, Z)
    coarse.batch_tolerance = 0.05
    assert require_determinism(coarse, Z).batch_tolerance == 0.05
    assert not check_determinism(coarse, Z, batch_tolerance=1e-3).deterministic
    coarse.batch_tolerance = float("nan")
    with pytest.raises(ArgumentError, match="batch_tolerance=nan"):
        check_determinism(coarse, Z)


def test_deterministic_generators_pass_with_differences_of_zero():
    report = require_determinism(Model(lambda z: 2 * z), Z)
    assert (report.again_difference, report.batch_difference) == (0.0, 0.0)
    assert report.draws_from == ()


def test_a_noise_that_is_the_same_each_time_passes_though_it_draws():
    def seeded(z):
        rng = np.random.default_rng(0)
        return z + rng.standard_normal(z.shape[1:])

    assert require_determinism(Model(seeded), Z).deterministic


def test_outputs_that_are_no_arrays_are_compared_as_they_are():
    assert check_determinism(Model(lambda z: [f"{row}" for row in z]), Z).deterministic
    things = check_determinism(Model(lambda z: [object() for _ in z]), Z)
    assert np.isnan(things.again_difference)
    assert things.deterministic  # nothing can be said against it


def test_values_that_are_not_numbers_and_shapes_that_change():
    assert check_determinism(Model(lambda z: np.full(z.shape, np.nan)), Z).deterministic
    sizes = iter((2, 3, 2))
    changing = Model(lambda z: [np.zeros(size) for size in [next(sizes)] * len(z)])
    assert check_determinism(changing, Z).again_difference == np.inf


def test_too_few_latents_and_a_negative_tolerance_are_refused():
    with pytest.raises(ArgumentError, match="at least 2"):
        check_determinism(Model(lambda z: z), Z[:1])
    with pytest.raises(ArgumentError, match="batch_tolerance"):
        check_determinism(Model(lambda z: z), Z, batch_tolerance=-1.0)


def score(outputs):
    return [float(np.sum(x)) for x in outputs]


def test_a_study_stops_before_it_has_made_anything(tmp_path):
    noisy = Model(NOISY["NumPy's global generator"])
    with pytest.raises(GeneratorError, match="not a function of its latents"):
        lsbe.optimise(noisy, score, budget=3, out=tmp_path / "run", check_generator=True)
    assert not (tmp_path / "run").exists()


def test_a_study_goes_on_when_told_to():
    noisy = Model(NOISY["NumPy's global generator"])
    study = lsbe.optimise(noisy, score, budget=3, check_generator=False)
    assert len(study.scores) == 3


def test_the_checks_generations_are_no_evaluations():
    study = lsbe.optimise(Model(lambda z: 2 * z), score, budget=3, check_generator=True)
    assert len(study.scores) == 3
