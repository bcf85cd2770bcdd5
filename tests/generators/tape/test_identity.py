"""A study goes on with the sampler that it was made with, in this process and in workers."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import EvaluationError, StudyError
from latent_spaces_by_example.study.executors import Model, load_model

noise_tape = lsbe.generators.noise_tape


def taped(*, scale=1.0, held_seed=0, size=3):
    def sampler():
        order = torch.randperm(size)
        return scale * torch.randn(size)[order]

    return noise_tape(sampler, held_seed=held_seed, name="mine")


def score(outputs):
    return [float(x[0]) for x in outputs]


@pytest.mark.parametrize("change", [{"scale": 1.1}, {"held_seed": 1}, {"size": 4}])
def test_a_study_is_not_resumed_with_another_sampler(change, tmp_path):
    torch.manual_seed(1)
    lsbe.optimise(taped(), score, budget=3, out=tmp_path / "study")
    with pytest.raises(StudyError, match=r"of the generator mine \["):
        lsbe.open_study(tmp_path / "study", generator=taped(**change))


def test_a_study_goes_on_with_the_same_sampler_recorded_again(tmp_path):
    torch.manual_seed(1)
    first = lsbe.optimise(taped(), score, budget=3, out=tmp_path / "study", random_seed=0)
    torch.manual_seed(2)
    again = lsbe.open_study(tmp_path / "study", generator=taped())
    (output,) = again.generator.generate(np.asarray(again.best_latent)[None])
    assert float(output[0]) == first.best_score


class Printed:
    latent_shape = (2,)
    fingerprint = "a"

    def generate(self, z):
        return z


def test_a_worker_with_another_sampler_is_refused():
    model = Model.of(Printed(), len)
    assert load_model(model)[0].fingerprint == "a"
    with pytest.raises(EvaluationError, match="fingerprint a, the study's b"):
        load_model(replace(model, fingerprint="b"))
