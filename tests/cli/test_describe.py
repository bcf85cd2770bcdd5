import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main

pytest.importorskip("onnxruntime")


def lsbe(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_describe_prints_the_table_and_writes_the_pictures(tmp_path):
    folder = tmp_path / "space"
    shown = lsbe(
        "describe", "airfoil", "--examples", "naca2412,naca0012,naca4415",
        "--points", 12, "--out", folder,
    )  # fmt: skip
    assert shown.exit_code == 0, shown.output
    for heading in ("Validity", "Uniqueness", "Stationarity", "Angular"):
        assert heading in shown.output
    assert "Warnings" not in shown.output
    assert "Verdict: Good to search" in shown.output
    written = {path.name for path in folder.iterdir()}
    assert written == {
        "description.txt", "metrics.json", "stationarity.png", "uniqueness.png", "validity.png"
    }  # fmt: skip


def test_describe_of_prior_draws_without_outputs():
    shown = lsbe("describe", "airfoil", "--seeds", 4, "--points", 20, "--latents-only")
    assert shown.exit_code == 0, shown.output
    assert "3 coordinates, combination 'shell'" in shown.output
    assert "outputs" not in shown.output


def test_describe_needs_something_that_spans_a_space():
    assert "give --examples, or --seeds" in lsbe("describe", "airfoil").output
    assert "1 seed latents span no space" in lsbe("describe", "airfoil", "--seeds", 1).output


def test_optimise_with_a_repair_moves_the_latents_and_says_how_far(tmp_path):
    folder = tmp_path / "wing"
    shown = lsbe(
        "optimise", "airfoil", "--examples", "naca2412,naca0012,naca4415",
        "--repair", "rescale", "--budget", 3, "--out", folder,
    )  # fmt: skip
    assert shown.exit_code == 0, shown.output
    assert "1.75" in shown.output
    assert "is unlike what the model makes" not in shown.output


def test_a_repair_without_examples_is_named(tmp_path):
    shown = lsbe("optimise", "airfoil", "--repair", "whiten", "--out", tmp_path / "wing")
    assert shown.exit_code != 0
    assert "repair='whiten' is for examples" in shown.output
