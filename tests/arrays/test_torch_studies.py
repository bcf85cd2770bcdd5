import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import GaussianTransportMap

SHAPE = (4, 8)


class TensorsOnly:
    """x = 2 z, of tensors of one dtype alone."""

    name = "tests.arrays:tensors-only"
    latent_shape = SHAPE
    dtype = torch.float32

    def generate(self, z):
        assert isinstance(z, torch.Tensor), type(z)
        assert z.dtype == self.dtype
        return 2.0 * z

    def latents_of(self, normal):
        """Latents of this model, of standard normal numbers."""
        return normal

    def example(self, name):
        return torch.randn(SHAPE, generator=torch.Generator().manual_seed(int(name)))


class Drawing(TensorsOnly):
    """Also draws latents by a convention of its own."""

    def latent_from_random_seed(self, random_seed):
        generator = torch.Generator().manual_seed(random_seed)
        return torch.randn(SHAPE, generator=generator).to(self.dtype)


class Inverting(TensorsOnly):
    def invert(self, outputs):
        return torch.stack([x / 2.0 for x in outputs])


class Half(Drawing):
    dtype = torch.bfloat16


class Shifted(Drawing):
    transport_map = GaussianTransportMap(3.0, scale=0.5)

    def latents_of(self, normal):
        return 3.0 + 0.5 * normal


def height(outputs):
    return outputs[:, 0, 0] + 0.5 * outputs[:, 1, 1]


def seeds_of(num_seeds, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(num_seeds, *SHAPE, generator=generator).to(dtype)


@pytest.mark.parametrize(
    ("generator", "search"),
    [(TensorsOnly(), "latent-gp"), (Drawing(), "random"), (Shifted(), "random")],
)
def test_seed_latents_that_are_tensors_reach_the_model_as_tensors(generator, search):
    seed_latents = generator.latents_of(seeds_of(3))
    study = lsbe.optimise(
        generator, height, budget=8, seed_latents=seed_latents, search=search, batch_size=2
    )
    assert not [trial.error for trial in study.trials if trial.error]
    np.testing.assert_allclose(study.scores[:3], height(2.0 * seed_latents), rtol=1e-5)
    assert study.best_latent.dtype == torch.float32
    torch.testing.assert_close(study.best_output, 2.0 * study.best_latent)
    assert study.best_score == pytest.approx(float(height(study.best_output[None])))


def test_it_is_the_study_that_arrays_would_make():
    class Arrays(TensorsOnly):
        def generate(self, z):
            return 2.0 * z

    options = {"budget": 6, "search": "random"}
    tensors = lsbe.optimise(TensorsOnly(), height, seed_latents=seeds_of(3), **options)
    arrays = lsbe.optimise(Arrays(), height, seed_latents=seeds_of(3).numpy(), **options)
    np.testing.assert_array_equal(tensors.weights, arrays.weights)
    np.testing.assert_allclose(tensors.scores, arrays.scores, rtol=1e-6)


@pytest.mark.parametrize(
    ("generator", "seed_latents"),
    [
        (Drawing(), None),
        (Half(), seeds_of(3).numpy()),
        (Shifted(), Shifted().latents_of(seeds_of(3)).numpy()),
    ],
)
def test_a_generator_that_draws_tensors_is_given_tensors(generator, seed_latents):
    study = lsbe.optimise(generator, height, budget=5, seed_latents=seed_latents, search="random")
    assert np.isfinite(study.scores).all()
    assert study.best_latent.dtype == generator.dtype


def test_prior_draws_are_the_model_s_own():
    space = lsbe.seeds.spanned_by(Drawing(), num_prior_seeds=2, random_seed=4)
    integer = lsbe.seeds.random_seed_of_draw(4, 1)
    expected = Drawing().latent_from_random_seed(integer)
    torch.testing.assert_close(space.from_w_to_z([[0.0, 1.0]])[0], expected)


def test_examples_are_inverted_to_tensors(tmp_path):
    out = tmp_path / "run"
    options = {"budget": 6, "examples": ["1", "2"], "search": "random"}
    study = lsbe.optimise(Inverting(), height, out=out, **options)
    assert np.isfinite(study.scores).all()
    assert study.settings.examples[0].rms_error == pytest.approx(0.0, abs=1e-6)
    again = lsbe.open_study(out, generator=Inverting())
    torch.testing.assert_close(again.best_latent, study.best_latent)
    again.run(height, budget=9)
    assert np.isfinite(again.scores).all()


@pytest.mark.parametrize("generator", [Half(), TensorsOnly()], ids=type)
def test_a_study_that_is_opened_again_goes_on_as_if_uncut(generator, tmp_path):
    options = {"search": "random", "seed_latents": seeds_of(3, generator.dtype)}
    whole = lsbe.optimise(generator, height, budget=7, **options)
    lsbe.optimise(generator, height, budget=5, out=tmp_path / "cut", **options)
    study = lsbe.open_study(tmp_path / "cut", generator=generator)
    study.run(height, budget=7)
    np.testing.assert_array_equal(study.weights, whole.weights)
    np.testing.assert_allclose(study.scores, whole.scores, rtol=1e-6)


def test_seed_latents_that_require_a_gradient_are_refused():
    with pytest.raises(ArgumentError, match=r"seed_latents requires a gradient"):
        lsbe.optimise(TensorsOnly(), height, budget=3, seed_latents=seeds_of(3).requires_grad_())
