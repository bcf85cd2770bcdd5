"""``lsbe optimise diffusers:...``, with a tiny FLUX and a tiny CLIP of random weights."""

import shlex

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

from click.testing import CliRunner

from latent_spaces_by_example import generators, open_study
from latent_spaces_by_example.cli import main

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

PROMPT = "a car, red = fast"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    from tiny.pipelines import save_tiny_clip, save_tiny_pipeline

    home = tmp_path_factory.mktemp("models")
    save_tiny_pipeline("flux", home / "flux")
    save_tiny_clip(home / "clip")
    return home


def run(*words):
    return CliRunner().invoke(main, list(map(str, words)))


def optimise(models, out, budget):
    return run(
        *("optimise", f"diffusers:{models / 'flux'}:height=32,width=32,steps=1"),
        *("--prompt", PROMPT, "--objective", f"clip:prompt=a red car,model={models / 'clip'}"),
        *("--seeds", 3, "--search", "direct", "--budget", budget, "--out", out),
    )


def test_optimise_then_resume(models, tmp_path):
    done = optimise(models, tmp_path / "run", 3)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "run" / "best.png").stat().st_size > 0
    assert (tmp_path / "run" / "report.html").stat().st_size > 0
    generator = generators.diffusers(models / "flux", prompt=PROMPT, height=32, width=32, steps=1)
    study = open_study(tmp_path / "run", generator=generator)
    assert study.settings.num_given == 3
    np.testing.assert_array_equal(study.best_output, generator.generate(study.best_latent[None])[0])
    assert np.isfinite(study.scores).all()
    assert study.seeds.all().dtype == np.float32

    refused = run("resume", tmp_path / "run", "--budget", 4)
    assert refused.exit_code == 2
    assert f"--generator {shlex.quote(generator.name)}" in refused.output
    # neither may name a model because a database says so
    objective = study.settings.objective
    named = ("--generator", generator.name, "--objective", objective)
    again = run("resume", tmp_path / "run", "--budget", 4, *named)
    assert again.exit_code == 0, again.output
    assert len(open_study(tmp_path / "run", generator=generator).trials) == 4


def test_random_seeds_of_the_pipeline_span_the_space(models, tmp_path):
    done = run(
        *("optimise", f"diffusers:{models / 'flux'}:height=32,width=32,steps=1"),
        *("--prompt", PROMPT, "--objective", f"clip:prompt=a red car,model={models / 'clip'}"),
        *("--seed-latents", "1234567,42", "--budget", 3, "--out", tmp_path / "run"),
    )
    assert done.exit_code == 0, done.output
    generator = generators.diffusers(models / "flux", prompt=PROMPT, height=32, width=32, steps=1)
    study = open_study(tmp_path / "run", generator=generator)
    assert study.seed_names == ["seed 1234567", "seed 42"]
    np.testing.assert_array_equal(
        study.latents([[0.0, 1.0]])[0], generator.latent_from_random_seed(42)
    )


def test_prompt_is_for_pipelines(tmp_path):
    refused = run("optimise", "airfoil", "--prompt", PROMPT, "--out", tmp_path / "run")
    assert refused.exit_code == 2
    assert "--prompt is for diffusers:" in refused.output
