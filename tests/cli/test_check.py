import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from latent_spaces_by_example.cli import main
from latent_spaces_by_example.cli.check import BAD_VERDICT

TESTS = Path(__file__).parents[1]


@pytest.fixture
def check(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        return CliRunner().invoke(main, ["check", *(str(a) for a in arguments)])

    return run


def draws(k, shape=(4, 8)):
    return np.random.default_rng(0).standard_normal((k, *shape))


def test_good_latents(check):
    save_file({"z": draws(3)}, "z.safetensors")
    result = check("z.safetensors", "--generator", "toys:stretch")
    assert result.exit_code == 0, result.output
    assert "These 3 latents are what the model would draw" in result.output
    assert "3 latents of shape (4, 8), 32 inner dimensions" in result.output
    assert "norm between them, linear" in result.output


def test_bad_latents_exit_with_their_own_code_and_a_picture(check):
    np.save("z.npy", 3.0 * draws(3))
    result = check("z.npy", "--picture", "z.png")
    assert result.exit_code == BAD_VERDICT, result.output
    assert "none of the 3 latents is what the model would draw" in result.output.lower()
    assert "divide its inner latent by" in result.output
    assert Path("z.png").stat().st_size > 5000


def test_json(check):
    np.save("z.npy", 3.0 * draws(2))
    result = check("z.npy", "--json", "--level", "0.001")
    assert result.exit_code == BAD_VERDICT
    values = json.loads(result.output)
    assert values["ok"] is False
    assert values["level"] == 0.001
    assert values["latents"][1]["name"] == "latent 1"


def test_run_folder_and_its_names(check):
    study = ["optimise", "toys:stretch", "--objective", "toys:height", "--examples", "1,2,3"]
    made = CliRunner().invoke(
        main, [*study, "--budget", "4", "--search", "random", "--out", "wing"]
    )
    assert made.exit_code == 0, made.output
    assert "validity: 4 of 4 candidates follow the model's law" in made.output
    for place in ("wing", "wing/seed_latents.safetensors"):
        result = check(place, "--generator", "toys:stretch", "--json")
        assert [latent["name"] for latent in json.loads(result.output)["latents"]] == [
            "1",
            "2",
            "3",
        ]


def test_norms_that_inversion_left_are_no_reason_in_a_run_folder(check):
    z = draws(3) * np.array([0.36, 0.8, 1.2])[:, None, None]
    Path("wing").mkdir()
    save_file({"seed_latents": z}, "wing/seed_latents.safetensors")
    of_study = check("wing")
    assert of_study.exit_code == 0, of_study.output
    assert "Only norms are off the model's law: latent 0 (0." in of_study.output
    assert "Nothing needs to be done" in of_study.output
    of_file = check("wing/seed_latents.safetensors")
    assert of_file.exit_code == BAD_VERDICT
    assert "--repair rescale" in of_file.output


def test_a_file_of_one_latent(check):
    np.save("z.npy", draws(1)[0])
    result = check("z.npy", "--generator", "toys:stretch")
    assert result.exit_code == 0, result.output
    assert "1 latent of shape (4, 8)" in result.output


def test_many_latents_show_the_bad_ones(check):
    z = draws(70)
    z[69] *= 4.0
    np.save("z.npy", z)
    result = check("z.npy")
    assert "latent 69 " in result.output
    assert "6 more: --json" in result.output


def test_markup_in_names_is_text(check):
    save_file({"z": draws(1)}, "z.safetensors", metadata={"name_0": "[red]x[/]"})
    assert "[red]x[/]" in check("z.safetensors").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.npy"], "there is no file 'none.npy'"),
        (["z.npy", "--generator", "toys:nothing"], "has no 'nothing'"),
        (["z.npy", "--generator", "digits"], "latents has shape"),
        (["z.npy", "--level", "7"], "level=7"),
    ],
)
def test_errors_are_one_message_and_not_a_verdict(check, arguments, message):
    np.save("z.npy", draws(2))
    result = check(*arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


BROKEN = """
import numpy as np
from latent_spaces_by_example.transport_maps import TransportMap
from toys import Stretch


class Half(TransportMap):
    def num_inner_dims(self, latent_shape):
        return int(np.prod(latent_shape))

    def _to_inner(self, z, latent_shape):
        return z

    def _to_latent(self, inner, latent_shape):
        return 0.5 * inner


class Model(Stretch):
    transport_map = Half()


model = Model()
"""


def test_a_candidate_that_fails_says_so_while_the_study_runs(check):
    Path("broken.py").write_text(BROKEN, encoding="utf-8")
    study = ["optimise", "broken:model", "--objective", "toys:height", "--examples", "1,2,3"]
    result = CliRunner().invoke(main, [*study, "--budget", "4", "--search", "random"])
    assert result.exit_code == 0, result.output
    assert "the latent of trial 3 is not valid: norm is" in result.output
    assert (
        "0 of 4 candidates follow the model's law; 4 fail the check (trials 0, 1, 2, 3)"
        in result.output
    )
