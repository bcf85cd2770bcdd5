from click.testing import CliRunner

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.cli import main
from toys import Stretch, height


def _run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_best_and_different_ones_of_a_run_folder(tmp_path):
    generator = lsbe.generators.load("airfoil")
    lsbe.optimise(
        generator, lambda x: [float(s[:, 1].max()) for s in x], budget=10, out=tmp_path / "run"
    )
    best = _run("top", tmp_path / "run", "-n", 3)
    assert best.exit_code == 0, best.output
    differing = _run(
        "top", tmp_path / "run", "-n", 2, "--diverse", "--by-output", "--save", tmp_path / "out"
    )
    assert differing.exit_code == 0, differing.output
    saved = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(saved) == 2
    assert saved[0].startswith("01-trial-")
    assert saved[0].endswith(".dat")
    assert saved[0].split(".")[0].removeprefix("01-").replace("-", " ") in differing.output


def test_by_what_is_expected(tmp_path):
    study = lsbe.optimise(Stretch(), height, budget=12, out=tmp_path / "run")
    plain = _run("top", tmp_path / "run", "--generator", "toys:stretch", "-n", 2)
    assert "expected" not in plain.output
    result = _run("top", tmp_path / "run", "--generator", "toys:stretch", "-n", 1, "--expected")
    assert result.exit_code == 0, result.output
    best = study.top(1, expected=True)[0]
    assert f"trial {best.number}" in result.output
    assert f"{study.expected_scores()[best.number]:.4g}" in result.output


def test_a_generator_that_cannot_save(tmp_path):
    lsbe.optimise(Stretch(), height, budget=9, out=tmp_path / "run")
    result = _run(
        "top", tmp_path / "run", "--generator", "toys:stretch", "--save", tmp_path / "out"
    )
    assert result.exit_code != 0
    assert "does not say how to save" in result.output
    assert not (tmp_path / "out").exists()
