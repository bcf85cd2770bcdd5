"""A generator of translations and rotations, whose latents are dictionaries, through studies."""

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.space import (
    SeedLatents,
    invert_examples,
    latent_from_random_seed,
    spanned_by,
)
from latent_spaces_by_example.transport_maps import (
    GaussianTransportMap,
    NamedProductTransportMap,
    RotationTransportMap,
)


class Frames:
    """Frames of 6 residues: z scaled and written side by side, so that it can be inverted."""

    name = "frames"
    latent_shape = {"turn": (6, 4), "move": (6, 3)}  # noqa: RUF012 -- a generator's own attribute
    transport_map = NamedProductTransportMap(
        {"move": GaussianTransportMap(scale=8.0), "turn": RotationTransportMap()}
    )

    def generate(self, z):
        return np.concatenate([z["turn"], 0.5 * z["move"]], axis=-1)

    def invert(self, outputs):
        outputs = np.stack(outputs)
        return {"move": 2.0 * outputs[..., 4:], "turn": outputs[..., :4]}

    def latent(self, random_seed):
        return latent_from_random_seed(self, random_seed)


def spread(outputs):
    return [float(x[:, 4:].std() + x[:, 0].sum()) for x in outputs]


def stacked(latents):
    return {part: np.stack([z[part] for z in latents]) for part in latents[0]}


def seeds(n=4):
    return stacked([Frames().latent(i) for i in range(n)])


def test_a_study_of_seed_latents(tmp_path):
    given = seeds()
    study = lsbe.optimise(
        Frames(),
        spread,
        budget=10,
        seed_latents=given,
        search="sobol",
        batch_size=3,
        out=tmp_path / "run",
    )
    assert study.scores.shape == (10,)
    corners = spread(Frames().generate(given))
    np.testing.assert_allclose(study.scores[:4], corners, rtol=1e-10)
    best = study.best_latent
    assert {part: array.shape for part, array in best.items()} == Frames.latent_shape
    assert spread([study.best_output]) == [pytest.approx(study.best_score, rel=1e-12)]

    again = lsbe.open_study(tmp_path / "run", generator=Frames())
    assert again.settings.latent_shape == Frames.latent_shape
    np.testing.assert_array_equal(again.scores, study.scores)
    again.run(spread, budget=14)
    whole = lsbe.optimise(
        Frames(), spread, budget=14, seed_latents=given, search="sobol", batch_size=3
    )
    np.testing.assert_array_equal(again.scores, whole.scores)
    again.save()
    assert lsbe.open_study(tmp_path / "run", generator=Frames()).best_score == again.best_score
    given["turn"] = given["turn"][::-1]
    with pytest.raises(StudyError, match="digests differ"):
        _ = lsbe.open_study(tmp_path / "run", generator=Frames(), seed_latents=given).best_latent


def test_a_study_of_examples():
    examples = list(Frames().generate(seeds(3)))
    inverted = invert_examples(Frames(), examples)
    assert inverted[1].rms_error < 1e-12
    assert inverted[1].latent["turn"].shape == (6, 4)
    study = lsbe.optimise(Frames(), spread, budget=6, examples=examples, search="random")
    np.testing.assert_allclose(study.scores[:3], spread(examples), rtol=1e-10)


@pytest.mark.parametrize("search", ["latent-gp", "random"])
def test_a_study_of_the_prior(search):
    study = lsbe.optimise(Frames(), spread, budget=8, search=search, num_seeds=4)
    assert np.isfinite(study.scores).all()
    z = study.latents(study.weights)
    np.testing.assert_allclose(np.linalg.norm(z["turn"], axis=-1), 1.0, rtol=1e-13)


def test_a_failing_latent_fails_alone():
    def fussy(outputs):
        scores = spread(outputs)
        if np.isclose(scores, refused).any():
            raise ValueError("not this one")
        return scores

    refused = spread(Frames().generate(seeds()))[2]
    study = lsbe.optimise(
        Frames(), fussy, budget=6, seed_latents=seeds(), search="random", batch_size=4
    )
    assert [trial.error is not None for trial in study.trials] == [False, False, True, *[False] * 3]


def test_what_a_generator_gives_for_the_seeds_is_of_their_dtype():
    single = {part: array.astype(np.float32) for part, array in seeds().items()}
    space = spanned_by(Frames(), seed_latents=single, random_seed=1)
    z = space.from_w_to_z(np.full((1, 6), 6**-0.5))
    assert {array.dtype for array in z.values()} == {np.dtype(np.float32)}
    # the parts side by side by name, as they are saved
    assert space.seeds.all().shape == (6, 18 + 24)
    np.testing.assert_array_equal(space.seeds.all()[0, :18], single["move"][0].ravel())


def test_a_generator_that_draws_its_own_dictionaries():
    class Own(Frames):
        def latent_from_random_seed(self, random_seed):
            return {"move": np.full((6, 3), float(random_seed % 97)), "turn": TURNS}

    TURNS = np.tile([0.6, 0.8, 0.0, 0.0], (6, 1))
    drawn = SeedLatents(Own(), random_seed=0).prior_draws([5, 7])
    np.testing.assert_array_equal(drawn["move"][1], 7.0)
    np.testing.assert_array_equal(drawn["turn"][0], TURNS)
