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


def noisy(z):
    return z + np.random.standard_normal(z.shape)  # noqa: NPY002


def torch_noise(z):
    torch = pytest.importorskip("torch")
    return z + torch.randn(z.shape).numpy()


def score(outputs):
    return [float(np.sum(x)) for x in outputs]


@pytest.mark.parametrize(
    ("cause", "function"),
    [
        ("NumPy's global generator", noisy),
        ("Python's random module", lambda z: z + random.random()),
        ("torch's global generator", torch_noise),
        ("a random generator of its own", own_generator()),
    ],
)
def test_noise_is_found_and_its_source_named(cause, function):
    with pytest.raises(GeneratorError, match=r"check_generator=False") as caught:
        require_determinism(Model(function), Z)
    assert cause in str(caught.value)


@pytest.mark.parametrize(
    "kind",
    [
        lambda x: {"points": x, "name": "a"},
        lambda x: (x[:2], [x[0]]),
        lambda x: f"{x[0, 0]}",
        lambda x: {"text": [str(x[0, 0])]},
        lambda x: Thing(x),
    ],
    ids=["dictionary", "ragged tuple", "text", "text within", "object"],
)
def test_noise_is_found_in_outputs_of_any_kind(kind):
    with pytest.raises(GeneratorError, match="made twice"):
        require_determinism(Model(lambda z: [kind(x) for x in noisy(z)]), Z)
    assert require_determinism(Model(lambda z: [kind(x) for x in 2 * z]), Z).deterministic


class Thing:
    def __init__(self, points):
        self.points = points


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
    for wrong in (float("nan"), -1.0, "x"):
        coarse.batch_tolerance = wrong
        with pytest.raises(ArgumentError, match="batch_tolerance="):
            check_determinism(coarse, Z)


def test_deterministic_generators_pass_with_differences_of_zero():
    report = require_determinism(Model(lambda z: 2 * z), Z)
    assert (report.again_difference, report.batch_difference) == (0.0, 0.0)
    assert report.draws_from == ()
    assert report.share_changed > 0.5

    def seeded(z):  # draws, but the same each time
        return z + np.random.default_rng(0).standard_normal(z.shape[1:])

    assert require_determinism(Model(seeded), Z).deterministic
    opaque = check_determinism(Model(lambda z: [object() for _ in z]), Z)
    assert np.isnan(opaque.again_difference)
    assert opaque.deterministic  # nothing can be said against it


def test_a_model_that_ignores_its_latent_is_an_error_and_nearly_so_a_warning():
    fixed = np.random.default_rng(1).standard_normal((4, 4))
    with pytest.raises(GeneratorError, match="ignores its latent: 3 different latents"):
        require_determinism(Model(lambda z: np.stack([fixed] * len(z))), Z)
    with pytest.raises(GeneratorError, match="ignores its latent"):
        require_determinism(Model(lambda z: ["always"] * len(z)), Z)
    weak = Model(lambda z: fixed + 1e-4 * z)
    with pytest.warns(UserWarning, match=r"another latent changes 0\.\d+% of the output"):
        report = require_determinism(weak, Z)
    assert 0.0 < report.share_changed < 0.001
    same = check_determinism(Model(lambda z: 2 * z), np.stack([Z[0], Z[0]]))
    assert np.isnan(same.share_changed)  # the latents were equal themselves


def test_exceptions_of_the_generator_are_its_own():
    def failing(z):
        raise RuntimeError("expected Float but found Double")

    for check in (check_determinism, require_determinism):
        with pytest.raises(RuntimeError, match="expected Float"):
            check(Model(failing), Z)
    with pytest.raises(RuntimeError, match="expected Float"):
        lsbe.optimise(Model(failing), score, budget=3, check_generator=True)


@pytest.mark.parametrize(
    ("function", "returned"), [(lambda z: z[:1], "1 outputs"), (lambda z: 3.0, "float")]
)
def test_a_wrong_number_of_outputs_is_the_generators_fault(function, returned):
    with pytest.raises(GeneratorError, match=f"returned {returned} for"):
        check_determinism(Model(function), Z)


def test_too_few_latents_are_refused():
    with pytest.raises(ArgumentError, match="at least 2"):
        check_determinism(Model(lambda z: z), Z[:1])


def test_a_study_stops_before_it_has_made_anything(tmp_path):
    with pytest.raises(GeneratorError, match="not a function of its latents"):
        lsbe.optimise(Model(noisy), score, budget=3, out=tmp_path / "run", check_generator=True)
    assert not (tmp_path / "run").exists()
    study = lsbe.optimise(Model(noisy), score, budget=3, check_generator=False)
    assert len(study.scores) == 3
    checked = lsbe.optimise(Model(lambda z: 2 * z), score, budget=3, check_generator=True)
    assert len(checked.scores) == 3  # the check's generations are no evaluations


def test_a_study_checks_with_tensors_of_the_dtype_that_the_generator_takes():
    torch = pytest.importorskip("torch")

    def half(z):
        assert z.dtype == torch.bfloat16
        return [{"image": x + torch.randn_like(x)} for x in z]

    with pytest.raises(GeneratorError, match="torch's global generator"):
        lsbe.optimise(
            Model(half),
            lambda outputs: [float(x["image"].sum()) for x in outputs],
            seed_latents=torch.randn(3, 4, 4).to(torch.bfloat16),
            budget=4,
        )


def test_a_latent_of_one_number_is_warned_of_as_best_of_n():
    class Seeded:
        def generate(self, z):
            return [np.random.default_rng(int(abs(one[0]) * 1e6)).random(20) for one in z]

    latents = np.array([[0.3], [0.7]])
    with pytest.warns(UserWarning, match="no search does better than the best of N"):
        require_determinism(Seeded(), latents)
