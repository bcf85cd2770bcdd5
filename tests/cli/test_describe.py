"""``lsbe describe``, and repairs, on the airfoils of which the latents are worth a look."""

import pytest

pytest.importorskip("onnxruntime")
AIRFOIL = ["airfoil", "--examples", "naca2412,naca0012,naca4415"]


def test_describe_prints_the_table_and_writes_the_pictures(lsbe, tmp_path):
    shown = lsbe("describe", *AIRFOIL, "--points", 12, "--out", "space")
    for heading in ("Validity", "Uniqueness", "Stationarity", "Angular"):
        assert heading in shown
    assert "Warnings" not in shown
    assert "Verdict: Good to search" in shown
    names = ["description.txt", "metrics.json", "stationarity.png", "uniqueness.png"]
    written = sorted(path.name for path in (tmp_path / "space").iterdir())
    assert written == [*names, "validity.png"]


def test_describe_of_prior_draws_without_outputs(lsbe):
    shown = lsbe("describe", "airfoil", "--seeds", 4, "--points", 20, "--latents-only")
    assert "3 coordinates, combination 'shell'" in shown
    assert "outputs" not in shown


def test_describe_needs_something_that_spans_a_space(lsbe):
    assert "give --examples, or --seeds" in lsbe("describe", "airfoil", code=2)
    assert "1 seed latents span no space" in lsbe("describe", "airfoil", "--seeds", 1, code=1)


def test_describe_of_a_run_folder_names_the_report(lsbe, tmp_path):
    (tmp_path / "wing").mkdir()
    assert "lsbe report wing" in lsbe("describe", "wing", code=2)


def test_a_repair_moves_the_latents_and_says_how_far(lsbe):
    shown = lsbe("optimise", *AIRFOIL, "--repair", "rescale", "--budget", 3, "--out", "wing")
    assert "1.75" in shown
    assert "is unlike what the model makes" not in shown


def test_a_repair_without_examples_is_named(lsbe):
    message = "--repair 'whiten' is for examples"
    assert message in lsbe("optimise", "airfoil", "--repair", "whiten", "--out", "wing", code=1)
