import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import optuna
import pytest

import latent_spaces_by_example as lsbe
from drawn import Drawn
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.study import archive as archive_module
from toys import Stretch, height, propose

EXAMPLES = ["1", "2", "3"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run folder; looked at, never changed."""
    out = tmp_path_factory.mktemp("made") / "wing"
    study = lsbe.optimise(Drawn(), height, budget=8, search="random", examples=EXAMPLES, out=out)
    propose(study, study.weights[7])  # one that was being evaluated
    study.save()
    (out / "report.html").write_text("<p>the report</p>", encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def exported(made):
    return lsbe.export_study(made, made.parent / "wing.zip")


class TestThereAndBack:
    def test_the_study_is_the_same(self, made, exported, tmp_path):
        before = lsbe.open_study(made, generator=Drawn())
        folder = lsbe.import_study(exported, tmp_path / "new" / "wing2")
        after = lsbe.open_study(folder, generator=Drawn())
        assert after.name == before.name == "wing"
        assert after.settings == before.settings
        assert [t.error for t in after.trials] == [t.error for t in before.trials]
        np.testing.assert_array_equal(after.scores, before.scores)
        np.testing.assert_array_equal(after.weights, before.weights)
        np.testing.assert_array_equal(after.best_output, before.best_output)
        for number in range(8):
            for name, path in before.artifacts.paths(number).items():
                assert after.artifacts.paths(number)[name].read_bytes() == path.read_bytes()
        times = [t.datetime_complete for t in before.optuna_study.get_trials()]
        assert [t.datetime_complete for t in after.optuna_study.get_trials()] == times

    def test_it_goes_on_as_it_would_have(self, made, exported, tmp_path):
        shutil.copytree(made, tmp_path / "same")
        same = lsbe.open_study(tmp_path / "same", generator=Drawn()).run(height, budget=11)
        folder = lsbe.import_study(exported, tmp_path / "new")
        moved = lsbe.open_study(folder, generator=Drawn()).run(height, budget=11)
        np.testing.assert_array_equal(moved.weights, same.weights)
        np.testing.assert_array_equal(moved.scores, same.scores)
        assert moved.artifacts.picture(10) is not None
        assert write_report(moved, folder / "report.html").stat().st_size > 1000

    def test_what_is_in_it(self, exported):
        with zipfile.ZipFile(exported) as archive:
            names = set(archive.namelist())
            settings = json.loads(archive.read("study.json"))["settings"]
            history = archive.read("history.csv").decode()
            assert archive.read("report.html") == b"<p>the report</p>"
        assert {"study.db", "seed_latents.safetensors", "best.npy"} <= names
        assert sum(name.startswith("artifacts/") for name in names) == 16
        assert settings["generator"] == "tests.drawn"
        assert len(history.splitlines()) == 10

    def test_pages_and_files_of_no_trial_are_left_in_it(self, exported, tmp_path):
        folder = lsbe.import_study(exported, tmp_path / "new")
        assert sorted(path.name for path in folder.iterdir()) == [
            "artifacts",
            "history.csv",
            "seed_latents.safetensors",
            "study.db",
        ]

    def test_a_study_that_is_running_is_exported_as_it_stands(self, tmp_path):
        finished = []

        def exporting(outputs):
            if len(finished) == 5:
                lsbe.export_study(tmp_path / "run", tmp_path / "run.zip")
            finished.append(1)
            return height(outputs)

        lsbe.optimise(
            Drawn(), exporting, budget=7, search="random", examples=EXAMPLES, out=tmp_path / "run"
        )
        lsbe.import_study(tmp_path / "run.zip", tmp_path / "new")
        trials = lsbe.open_study(tmp_path / "new", generator=Drawn()).trials
        assert [trial.pending for trial in trials] == [False] * 5 + [True]

    def test_of_a_storage_that_is_not_sqlite(self, tmp_path):
        storage = optuna.storages.InMemoryStorage()
        for name in ("a", "b"):
            study = lsbe.optimise(
                Stretch(), height, budget=5, search="random", storage=storage, name=name
            )
        lsbe.export_study(None, tmp_path / "b.zip", storage=storage, name="b")
        lsbe.import_study(tmp_path / "b.zip", tmp_path / "new")
        moved = lsbe.open_study(tmp_path / "new", generator=Stretch())
        assert moved.name == "b"
        np.testing.assert_array_equal(moved.scores, study.scores)

    def test_one_of_several_in_a_database(self, tmp_path):
        storage = f"sqlite:///{tmp_path}/both.db"
        for name, budget in (("a", 4), ("b", 5)):
            lsbe.optimise(
                Stretch(), height, budget=budget, search="random", storage=storage, name=name
            )
        with pytest.raises(StudyError, match="the storage holds a, b"):
            lsbe.export_study(None, tmp_path / "b.zip", storage=storage)
        lsbe.export_study(None, tmp_path / "b.zip", storage=storage, name="b")
        lsbe.import_study(tmp_path / "b.zip", tmp_path / "new")
        assert len(lsbe.open_study(tmp_path / "new", generator=Stretch()).scores) == 5


class TestExportOfBadInput:
    def test_no_study(self, tmp_path):
        with pytest.raises(StudyError, match="no study in run folder"):
            lsbe.export_study(tmp_path, tmp_path / "a.zip")
        with pytest.raises(ArgumentError, match="give out"):
            lsbe.export_study(None, tmp_path / "a.zip")
        with pytest.raises(StudyError, match="no database"):
            lsbe.export_study(None, tmp_path / "a.zip", storage=f"sqlite:///{tmp_path}/no.db")
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_is_there(self, made, tmp_path):
        (tmp_path / "a.zip").write_text("mine")
        with pytest.raises(StudyError, match="exists"):
            lsbe.export_study(made, tmp_path / "a.zip")
        assert (tmp_path / "a.zip").read_text() == "mine"
        lsbe.export_study(made, tmp_path / "a.zip", overwrite=True)
        assert zipfile.is_zipfile(tmp_path / "a.zip")

    def test_a_place_that_cannot_be_written(self, made, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StudyError, match="cannot be written"):
            lsbe.export_study(made, tmp_path / "file" / "a.zip")

    @pytest.mark.parametrize("failing", ["copyfile", "replace"])
    def test_a_full_disk_leaves_nothing_and_keeps_what_was_there(
        self, made, tmp_path, monkeypatch, failing
    ):
        (tmp_path / "a.zip").write_text("mine")

        def full(*_):
            raise OSError(28, "No space left on device")

        where = archive_module.shutil if failing == "copyfile" else archive_module.os
        with monkeypatch.context() as patch:
            patch.setattr(where, failing, full)
            with pytest.raises(StudyError, match="No space left"):
                lsbe.export_study(made, tmp_path / "a.zip", overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
        assert (tmp_path / "a.zip").read_text() == "mine"

    @pytest.mark.slow
    def test_writes_that_the_system_refuses(self, made, exported, tmp_path):
        # no mock: the process may write no file beyond 20 kB
        code = (
            "import resource, latent_spaces_by_example as lsbe\n"
            "from latent_spaces_by_example.errors import StudyError\n"
            "import latent_spaces_by_example.study\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
            f"for act in [lambda: lsbe.export_study({str(made)!r}, 'a.zip'),\n"
            f"            lambda: lsbe.import_study({str(exported)!r}, 'new')]:\n"
            "    try: act()\n"
            "    except StudyError as error: print('refused:', error)\n"
        )
        paths = {"PYTHONPATH": str(Path(lsbe.__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True, text=True, check=True, cwd=tmp_path, env=paths,
        )  # fmt: skip
        assert result.stdout.count("refused:") == 2, result.stdout + result.stderr
        assert list(tmp_path.iterdir()) == []

    def test_a_run_folder_that_cannot_be_written_any_more(self, made, tmp_path):
        shutil.copytree(made, tmp_path / "run")
        study = lsbe.open_study(tmp_path / "run", generator=Drawn())
        (tmp_path / "run" / "history.csv").unlink()
        (tmp_path / "run" / "history.csv").mkdir()
        with pytest.raises(StudyError, match=r"history.csv' cannot be written: .* in the database"):
            study.save()
        assert not list((tmp_path / "run").glob(".*.partial"))

    def test_seed_latents_that_are_not_there(self, made, tmp_path):
        shutil.copytree(made, tmp_path / "run")
        (tmp_path / "run" / "seed_latents.safetensors").unlink()
        with pytest.raises(StudyError, match=r"seed latents of its own.*there is no seed_latents"):
            lsbe.export_study(tmp_path / "run", tmp_path / "a.zip")

    @pytest.mark.parametrize("size", [10, 5000, 100_000])
    def test_a_damaged_database(self, made, tmp_path, size):
        shutil.copytree(made, tmp_path / "run")
        database = tmp_path / "run" / "study.db"
        content = bytearray(database.read_bytes())
        content[size : size + 4096] = b"\xff" * len(content[size : size + 4096])
        database.write_bytes(content)
        with pytest.raises(StudyError, match=r"cannot be|damaged"):
            lsbe.export_study(tmp_path / "run", tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()


def _column(path, query):
    with closing(sqlite3.connect(path)) as database:
        return [value for (value,) in database.execute(query)]


def test_the_copy_holds_no_attribute_that_a_sampler_would_unpickle(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    with closing(sqlite3.connect(tmp_path / "run" / "study.db")) as database, database:
        database.execute(
            "INSERT INTO trial_system_attributes (trial_id, key, value_json) "
            "VALUES (1, 'cma:optimizer:0', '\"80049500\"')"
        )
        database.execute(
            "INSERT INTO study_system_attributes (study_id, key, value_json) "
            "VALUES (1, 'cma:optimizer', '\"80049500\"')"
        )
    lsbe.export_study(tmp_path / "run", tmp_path / "a.zip")
    folder = lsbe.import_study(tmp_path / "a.zip", tmp_path / "new")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extract("study.db", tmp_path)
    for path in (tmp_path / "study.db", folder / "study.db"):
        keys = _column(path, "SELECT key FROM trial_system_attributes")
        assert keys
        assert all(key.startswith("artifacts:") for key in keys)
        assert _column(path, "SELECT key FROM study_system_attributes") == []
