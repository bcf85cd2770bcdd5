import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.cli import main
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.schema import SCHEMA, migrated
from latent_spaces_by_example.study.settings import Settings

# Made by version 0.2.0, stopped while trial 8 was being evaluated; trial 5 had failed. One is
# added for each schema that a release leaves behind.
OLD = sorted((Path(__file__).parent / "data").glob("schema-*"))
SCORES = {
    "schema-1": [0.0198, 0.17920, 0.0198, 0.0198, 0.0198, np.nan, 0.0198, 0.025165],
    "schema-2": [0.0198, 0.17920, 0.0198, 0.0198, 0.0198, np.nan, 0.0198, 0.0198],
    "schema-3": [0.24915, 0.18836, 0.24861, 0.16506, 0.16351, np.nan, 0.18033, 0.17359],
}


@pytest.fixture(params=OLD, ids=lambda path: path.name)
def old(request, tmp_path):
    return Path(shutil.copytree(request.param, tmp_path / request.param.name))


class TestAStudyOfAnOlderVersion:
    def test_opens(self, old):
        study = lsbe.open_study(old)
        assert study.settings.schema == SCHEMA
        assert study.settings.version == "0.2.0"
        np.testing.assert_allclose(study.scores[:8], SCORES[old.name], rtol=1e-2)
        assert study.trials[5].error == "RuntimeError: the solver diverged"
        assert study.trials[8].pending

    def test_looking_at_it_changes_nothing(self, old):
        before = lsbe.study.records.Records.open(f"sqlite:///{old}/study.db").settings
        lsbe.open_study(old)
        after = lsbe.study.records.Records.open(f"sqlite:///{old}/study.db").settings
        assert after == before

    def test_its_scores_are_what_this_version_finds(self, old):
        study = lsbe.open_study(old)
        again = lsbe.objectives.load(study.settings.objective)
        scores = [found["score"] for found in again(study.generator.generate(study.latents(
            study.weights[[0, 1, 7]]
        )))]  # fmt: skip
        np.testing.assert_allclose(scores, study.scores[[0, 1, 7]], rtol=1e-6)

    def test_is_reported(self, old):
        result = CliRunner().invoke(main, ["report", str(old)])
        assert result.exit_code == 0, result.output
        page = (old / "report.html").read_text(encoding="utf-8")
        assert "effective-conductivity" in page
        assert "the solver diverged" in page

    def test_is_resumed(self, old):
        done = lsbe.open_study(old).scores[:8]
        result = CliRunner().invoke(main, ["resume", str(old), "--budget", "11"])
        assert result.exit_code == 0, result.output
        study = lsbe.open_study(old)
        assert len(study.scores) == 11
        np.testing.assert_array_equal(study.scores[:8], done)
        assert np.isfinite(study.scores[8:]).all()
        assert study._records.settings["schema"] == SCHEMA
        assert study.artifacts.picture(10) is not None

    def test_is_exported_and_imported(self, old, tmp_path):
        lsbe.export_study(old, tmp_path / "old.zip")
        lsbe.import_study(tmp_path / "old.zip", tmp_path / "new")
        assert len(lsbe.open_study(tmp_path / "new").trials) == 9


def test_there_is_one_for_every_schema_left_behind():
    assert [path.name for path in OLD] == [f"schema-{n}" for n in range(1, SCHEMA)]


class Plane:
    latent_shape = (2,)

    def generate(self, z):
        return np.asarray(z)


def test_a_study_of_few_dimensions_keeps_the_latents_that_it_had(tmp_path):
    """Before schema 3 there were no hidden numbers."""
    study = lsbe.optimise(Plane(), lambda z: z[:, 0], budget=3, out=tmp_path / "study")
    assert study.settings.num_hidden_dims == 6
    settings = study._records.settings
    del settings["num_hidden_dims"]
    study._records.store_settings({**settings, "schema": 2})
    old = lsbe.open_study(tmp_path / "study", generator=Plane())
    assert old.settings.num_hidden_dims == 0
    old.seeds.extend_to(2)
    draws = old.seeds.all()
    np.testing.assert_array_equal(draws, study.seeds.all()[:2])
    w = np.array([[0.6, 0.8]])
    chart = lsbe.SurrogateChart(draws, combination="shell")
    np.testing.assert_allclose(old.latents(w), chart.from_w_to_z(w), rtol=1e-12)
    assert np.abs(old.latents(w) - study.latents(w)).max() > 1e-3


def test_every_schema_leads_to_this_one():
    for schema in range(1, SCHEMA + 1):
        assert migrated({"schema": schema, "mine": 1})["schema"] == SCHEMA


def test_a_migration_keeps_what_was_stored():
    values = {"schema": 1, "array_library": "torch", "batch_size": 4}
    assert migrated(values)["array_library"] == "torch"
    assert migrated(values)["batch_size"] == 4
    assert values == {"schema": 1, "array_library": "torch", "batch_size": 4}


def test_a_newer_one_says_what_to_do():
    with pytest.raises(StudyError, match=r"schema 99, made by version 7\.1.*pip install --upgrade"):
        migrated({"schema": 99, "version": "7.1"})


@pytest.mark.parametrize("schema", [None, "1", 0, -1, 1.5, True])
def test_no_schema_is_damage(schema):
    with pytest.raises(StudyError, match="damaged"):
        migrated({"schema": schema})


@pytest.mark.parametrize(
    "change",
    [
        {"latent_shape": "wide"},
        {"latent_shape": None},
        {"examples": [{"name": "a", "surprise": 1}]},
        {"examples": 3},
    ],
)
def test_damaged_settings(old, change):
    values = lsbe.study.records.Records.open(f"sqlite:///{old}/study.db").settings
    with pytest.raises(StudyError, match="damaged"):
        Settings.from_json({**values, **change})
    values.pop("random_seed")
    with pytest.raises(StudyError, match="lack random_seed"):
        Settings.from_json(values)
