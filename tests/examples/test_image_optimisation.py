"""The example of FLUX and CLIP, with models of random weights that were saved to disk."""

import csv
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

from PIL import Image

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

EXAMPLE = Path(__file__).parents[2] / "examples" / "image_optimisation.py"


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *map(str, words)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")


def check_files(out, *, budget, grid, size):
    with open(out / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    assert [row["search"] for row in history] == ["direct"] * budget + ["latent-gp"] * budget
    with open(out / "grid.csv", newline="") as file:
        points = list(csv.DictReader(file))
    scores = [float(row["score"]) for row in [*history, *points]]
    assert len(points) == grid**2
    assert np.isfinite(scores).all()
    assert len(set(scores)) > grid
    for name in ("contour.png", "montage.png", "best.png"):
        with Image.open(out / name) as picture:
            assert np.ptp(np.asarray(picture)) > 0
    with Image.open(out / "best.png") as best:
        assert best.size == (size, size)
    return history


def test_models_on_disk(monkeypatch, tmp_path, capsys):
    from latent_spaces_by_example import generators, open_study
    from tiny.pipelines import save_tiny_clip, save_tiny_pipeline

    flux = save_tiny_pipeline("flux", tmp_path / "flux")
    clip = save_tiny_clip(tmp_path / "clip, one")
    words = ["--pipeline", flux, "--clip", clip, "--size", 32, "--steps", 1, "--device", "cpu"]
    words += ["--prompt", "a car, in a street", "--score-prompt", "a red car, fast = good"]
    words += ["--seed-latents", 1234567, 42, 7, "--grid", 2, "--budget", 4, "--out"]
    run(monkeypatch, *words, tmp_path / "out")
    history = check_files(tmp_path / "out", budget=4, grid=2, size=32)
    assert float(history[0]["weight seed 1234567"]) == 1.0

    # the best image is what the pipeline makes of the best latent that either search found
    generator = generators.diffusers(
        flux, prompt="a car, in a street", height=32, width=32, steps=1, guidance=0.0, device="cpu"
    )
    studies = [
        open_study(tmp_path / "out" / search, generator=generator)
        for search in ("direct", "latent-gp")
    ]
    best = max(studies, key=lambda study: study.best_score)
    assert best.best_score == max(float(row["score"]) for row in history)
    assert f"best score {best.best_score:.4g}" in capsys.readouterr().out
    with Image.open(tmp_path / "out" / "best.png") as picture:
        np.testing.assert_array_equal(picture, generator.render(best.best_output))

    with pytest.raises(SystemExit, match=r"Error: out=.*exists and holds a study"):
        run(monkeypatch, *words, tmp_path / "out")


def test_dry_run_has_flux_s_shapes(monkeypatch, tmp_path, capsys):
    options = ["--size", 64, "--steps", 1, "--device", "cpu", "--grid", 2, "--budget", 4]
    run(monkeypatch, "--dry-run", *options, "--out", tmp_path / "out")
    check_files(tmp_path / "out", budget=4, grid=2, size=64)
    printed = capsys.readouterr().out
    assert "dry run on a FLUX and a CLIP of random weights" in printed
    assert "latents of shape (16, 8, 8)" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pipeline", "/no/such/folder"], "/no/such/folder"),
        (["--dry-run", "--size", 100], "100"),
        (["--dry-run", "--size", 64, "--seed-latents", 1, 1, 2], "given twice"),
        (["--seed-latents", 1, 2], "3 values|not a valid integer|requires 3"),
        (["--grid", 1], "1 is not in the range"),
        (["--dry-run", "--size", 64, "--memory", "magic"], "magic"),
        (["--budget", "many"], "many"),
    ],
)
def test_errors_are_one_message(monkeypatch, tmp_path, words, message):
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, *words, "--steps", 1, "--out", tmp_path / "out")


def test_it_is_short():
    assert len(EXAMPLE.read_text().splitlines()) < 80
