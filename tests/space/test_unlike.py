import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.space import invert_examples, spanned_by


class Doubling:
    """Makes twice its latent, but nothing above 40."""

    latent_shape = (100,)
    name = "doubling"

    def generate(self, z):
        return np.minimum(2.0 * np.asarray(z), 40.0)

    def invert(self, outputs):
        return np.asarray(outputs) / 2.0


def examples():
    """A usual one, one with a latent of 3.6 times the norm, and one that cannot be made."""
    x = 2.0 * np.random.default_rng(0).standard_normal((3, 100))
    x[1] *= 3.6 * 20.0 / np.linalg.norm(x[1])
    x[2] *= 20.0 / np.linalg.norm(x[2])
    x[2, 0] = 50.0
    return list(x)


def test_examples_unlike_what_the_model_makes_are_named_with_the_reason():
    usual, long, clipped = spanned_by(Doubling(), examples=examples()).seeds.unlike
    assert usual is None
    assert "3.60 times the usual norm" in long
    assert "what its latent gives back differs" in clipped


def test_an_example_that_does_not_come_back_has_its_error_beside_what_examples_differ_by():
    x = examples()
    found = invert_examples(Doubling(), x)
    differences = [np.sqrt(((x[i] - x[j]) ** 2).mean()) for i in range(3) for j in range(i)]
    error = 10.0 / np.sqrt(100)
    np.testing.assert_allclose(found[2].rms_error, error)
    np.testing.assert_allclose(found[2].relative_error, error / np.median(differences))
    assert np.isnan(invert_examples(Doubling(), x[:1])[0].relative_error)


def test_a_study_keeps_and_shows_why(tmp_path):
    study = lsbe.optimise(
        Doubling(), lambda x: [-abs(row[0]) for row in x], examples=examples(), budget=4
    )
    usual, long, _ = study.settings.examples
    assert usual.unlike is None
    assert "3.60 times" in long.unlike
    page = write_report(study, tmp_path / "report.html").read_text()
    assert "example 2 is unlike what the model makes: its latent has 3.60 times" in page
    assert "example 1 is unlike" not in page


@pytest.mark.parametrize("repair", ["rescale", "gaussianise"])
def test_a_repair_is_done_before_the_space_is_spanned(repair):
    seeds = spanned_by(Doubling(), examples=examples(), repair=repair).seeds
    np.testing.assert_allclose(seeds.relative_norms, 1.0)
    assert seeds.unlike == (None, None, None)
    np.testing.assert_allclose(seeds.moved[1], 2.6 / 3.6 if repair == "rescale" else 0.73, rtol=0.1)
    assert seeds.rms_errors[1] > 1.0


def test_unknown_repairs_and_repairs_of_nothing_are_named():
    with pytest.raises(ArgumentError, match="repair='polish'; expected one of 'rescale'"):
        spanned_by(Doubling(), examples=examples(), repair="polish")
    with pytest.raises(ArgumentError, match=r"repairs\.rescale\(seed_latents\)\.latents"):
        spanned_by(Doubling(), seed_latents=examples(), repair="rescale")
