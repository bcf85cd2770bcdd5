import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr
from scipy.stats import chi2, kstest

from latent_spaces_by_example.validity.candidates import (
    candidate_validity,
    is_typical,
    law_metrics,
)

SCORES = ("norm_z", "mean_z", "kurtosis_z", "neighbours_z")


def look_at(x, *, promised=None, shape=None, **explained):
    promised = float(np.linalg.norm(x) / np.sqrt(x.size)) if promised is None else promised
    shape = (x.size,) if shape is None else shape
    return candidate_validity(x, latent_shape=shape, promised_norm=promised, explained=explained)


@pytest.mark.parametrize(("d", "shape"), [(64, (8, 8)), (512, (2, 16, 16))])
def test_scores_are_standard_gaussian(d, shape):
    rng = np.random.default_rng(d)
    found = [law_metrics(rng.standard_normal(d), shape) for _ in range(150)]
    for name in SCORES:
        z = np.array([figures[name] for figures in found])
        if name == "kurtosis_z":  # cautious: smaller than standard
            assert z.std() < 1.05
        else:
            assert stats.kstest(z, "norm").pvalue > 1e-3, name


@pytest.mark.parametrize("d", [1, 2, 8, 24])
def test_in_few_dimensions_prior_draws_are_not_off_the_law(d):
    """Of 600 draws none is, where two in a million may be; of Student's t every eighth would."""
    rng = np.random.default_rng(d)
    found = [law_metrics(rng.standard_normal(d), (d,)) for _ in range(600)]
    assert all(map(is_typical, found))
    for name in SCORES:
        z = np.array([figures[name] for figures in found if name in figures])
        # a share of 0.01 is expected; 18 of 600 are five standard errors more
        assert (np.abs(z) > 2.576).sum() <= 18, name


def test_float32_and_float64_agree():
    x = np.random.default_rng(0).standard_normal(40_000).astype(np.float32)
    single, double = law_metrics(x, (200, 200)), law_metrics(x.astype(float), (200, 200))
    assert single == pytest.approx(double)
    assert double["norm"] == pytest.approx(np.sqrt(np.mean(x.astype(float) ** 2)))


def test_a_prior_draw_is_typical():
    found = look_at(np.random.default_rng(0).standard_normal(4096))
    assert found.fault is None
    assert is_typical(found.metrics)


def test_off_the_shell_because_the_examples_are():
    x = 1.5 * np.random.default_rng(0).standard_normal(4096)
    found = look_at(x, norm_z=30.0)
    assert found.fault is None
    assert not is_typical(found.metrics)


def test_off_the_shell_and_no_example_is():
    x = 1.5 * np.random.default_rng(0).standard_normal(4096)
    assert "norm is off the model's law" in look_at(x, norm_z=1.0).fault


def test_not_the_norm_that_was_promised():
    x = np.random.default_rng(0).standard_normal(4096)
    found = look_at(x, promised=1.5, norm_z=30.0)
    assert "where 1.500 was promised" in found.fault


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda x: x + 0.3, "mean of the elements"),
        (np.sinh, "norm"),
        (lambda x: np.sinh(x) / np.std(np.sinh(x)), "weight of the tails"),
        (lambda x: (x + np.roll(x, 1)) / np.sqrt(2), "correlation of neighbouring elements"),
    ],
)
def test_every_figure_can_fail_or_be_the_examples(spoilt, words):
    x = spoilt(np.random.default_rng(0).standard_normal(4096))
    assert words in look_at(x, norm_z=3.0 if words != "norm" else 0.0).fault
    assert look_at(x, **dict.fromkeys(SCORES, 1e3)).fault is None


def test_what_cannot_be_measured_is_said():
    x = np.random.default_rng(0).standard_normal(64)
    x[7] = np.inf
    assert look_at(x, promised=1.0).fault == "inner latent holds inf at element 7"
    assert look_at(np.zeros(64), promised=1.0).fault == "inner latent is all zeros"
    assert look_at(np.ones(64), norm_z=1.0).fault is not None
    assert set(law_metrics(np.array([1.0, -1.0]), (2,))) >= {"norm", "norm_z"}


def test_norm_z_is_the_distance_of_the_norm_from_its_law_in_deviations():
    rng = np.random.default_rng(0)
    for d in (8, 64, 4096):
        # Wilson and Hilferty: the cube root of chi-square over d is nearly Gaussian
        z = np.array([law_metrics(rng.standard_normal(d), (d,))["norm_z"] for _ in range(400)])
        assert kstest(z, "norm").pvalue > 1e-3
        ratio = np.sqrt(chi2.ppf(ndtr(3.0), d) / d)
        x = rng.standard_normal(d)
        scaled = x * ratio * np.sqrt(d) / np.linalg.norm(x)
        assert law_metrics(scaled, (d,))["norm_z"] == pytest.approx(3.0, abs=0.05)
