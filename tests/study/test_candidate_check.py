import csv
from pathlib import Path

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.study.candidate_check import CandidateCheck, validity_summary
from latent_spaces_by_example.transport_maps import TransportMap, UniformTransportMap
from latent_spaces_by_example.validity.candidates import is_typical
from toys import Stretch, height


class Wide(Stretch):
    name = "tests:wide"
    latent_shape = (16, 32)


class Broken(TransportMap):
    """Loses a tenth of whatever lies on one side."""

    def num_inner_dims(self, latent_shape):
        return int(np.prod(latent_shape))

    def _to_inner(self, z, latent_shape):
        return z

    def _to_latent(self, inner, latent_shape):
        return np.where(inner[:, :1] > 0.0, 0.9 * inner, inner)


def search(generator=None, **options):
    options = {"budget": 12, "search": "random", **options}
    return lsbe.optimise(generator or Wide(), height, **options)


def seeds(k=4):
    return np.random.default_rng(0).standard_normal((k, 16, 32))


def test_every_trial_keeps_its_validity(tmp_path):
    study = search(seed_latents=seeds(), out=tmp_path / "run")
    study.save()
    again = lsbe.open_study(tmp_path / "run", generator=Wide())
    for trial in again.trials:
        latent = study.latents(trial.weights[None])[0]
        assert trial.validity["norm"] == pytest.approx(np.sqrt(np.mean(latent**2)))
        assert trial.validity["promised_norm"] == pytest.approx(trial.validity["norm"])
        assert trial.invalid is None
    assert validity_summary(again.trials) == "12 of 12 candidates follow the model's law"
    history = Path(tmp_path, "run", "history.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(history.splitlines()))
    assert float(rows[5]["latent norm"]) == again.trials[5].validity["norm"]
    assert rows[5]["latent fault"] == ""


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_figures_of_tensors(dtype):
    torch = pytest.importorskip("torch")
    given = torch.from_numpy(seeds()).to(getattr(torch, dtype))
    study = search(seed_latents=given, budget=8)
    for trial in study.trials:
        latent = study.latents(trial.weights[None])[0].to(torch.float64)
        norm = float(torch.sqrt(torch.mean(latent**2)))
        assert trial.validity["norm"] == pytest.approx(norm)
        assert trial.invalid is None


def test_prior_draws_are_valid_too():
    study = search(budget=30)
    assert all(is_typical(trial.validity) and not trial.invalid for trial in study.trials)


def test_off_because_the_examples_are():
    z = seeds()
    z[:2] *= 2.0
    trials = search(seed_latents=z).trials
    assert [trial.invalid for trial in trials] == [None] * 12
    assert not is_typical(trials[0].validity)
    assert is_typical(trials[3].validity)
    assert "depart from it only as far as the examples do" in validity_summary(trials)


def test_a_map_that_breaks_its_promise(tmp_path):
    generator = Wide()
    generator.transport_map = Broken()
    study = search(generator, seed_latents=seeds(8), budget=20, out=tmp_path / "run")
    study.save()
    faulty = [trial for trial in study.trials if trial.invalid]
    broken = [t.number for t in study.trials if study.latents(t.weights[None])[0, 0, 0] > 0.0]
    assert [trial.number for trial in faulty] == broken
    assert 0 < len(broken) < 20
    assert "was promised" in faulty[0].invalid
    assert f"{len(broken)} fail the check (trial" in validity_summary(study.trials)
    assert "was promised" in Path(tmp_path, "run", "history.csv").read_text(encoding="utf-8")


def test_outside_the_support_is_a_fault_and_no_end():
    class Clipped(Wide):
        transport_map = UniformTransportMap()

    study = search(Clipped(), seed_latents=np.random.default_rng(0).random((3, 16, 32)))
    assert not any(trial.invalid for trial in study.trials)
    check = CandidateCheck(study.space, generator=study.generator)
    bad = np.stack([np.full((16, 32), 0.5), np.full((16, 32), 1.5)])
    found = check.of(bad, np.eye(3)[:2])
    assert "was promised" in found[0].fault or "zeros" in found[0].fault
    assert "cannot be read back: z holds" in found[1].fault
    assert "outside [0, 1]" in found[1].fault


def test_failed_evaluations_keep_theirs():
    def sometimes(outputs):
        return [float("nan") if x[0, 0] > 0 else 1.0 for x in outputs]

    study = lsbe.optimise(Wide(), sometimes, budget=12, search="random")
    assert {trial.score is None for trial in study.trials} == {True, False}
    assert all("norm" in trial.validity for trial in study.trials)


def test_latents_that_were_scaled_are_warned_of():
    with pytest.warns(UserWarning, match=r"have 14\.\d+ times the norm .* Divide them by 14"):
        search(seed_latents=14.6 * seeds(), budget=4)
