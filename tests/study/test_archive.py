"""A study there and back, while it runs, from any storage, and from anybody."""

import os
import shutil
import sqlite3
import stat
import sys
import warnings
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta

import latent_spaces_by_example as lsbe
from drawn import Drawn
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study import archive as archive_module
from latent_spaces_by_example.study.copying import media_type
from toys import Stretch, height

EXAMPLES = ["1", "2", "3"]
ID = "03c53581-1620-46bf-b2b2-3f3f09b5a378"
PAGE = b"<script>alert(1)</script>"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run folder of five trials and an open one; looked at, never changed."""
    out = tmp_path_factory.mktemp("made") / "wing"
    study = lsbe.optimise(Drawn(), height, budget=5, search="random", examples=EXAMPLES, out=out)
    study.ask(1)
    (out / "report.html").write_bytes(PAGE)
    (out / "best.npy").write_bytes(b"the best output")
    return out


@pytest.fixture(scope="module")
def exported(made):
    return lsbe.export_study(made, made.parent / "wing.zip")


def _of(study):
    return [(t.number, t.score, t.error, t.pending, t.weights.tolist()) for t in study.trials]


def _left(folder):
    return sorted(path.name for path in folder.iterdir())


class TestThereAndBack:
    def test_the_study_is_the_same_and_goes_on(self, made, exported, tmp_path):
        before = lsbe.open_study(made, generator=Drawn())
        folder = lsbe.import_study(exported, tmp_path / "new" / "wing2")
        unpacked = ["artifacts", "history.csv", "seed_latents.safetensors", "study.db"]
        assert _left(folder) == unpacked
        after = lsbe.open_study(folder, generator=Drawn())
        assert (after.name, after.settings) == (before.name, before.settings)
        assert _of(after) == _of(before)
        assert [t.pending for t in after.trials] == [False] * 5 + [True]
        np.testing.assert_array_equal(after.best_output, before.best_output)
        for number in range(5):
            paths = before.artifacts.paths(number)
            assert len(paths) == 2
            for name, path in paths.items():
                assert after.artifacts.paths(number)[name].read_bytes() == path.read_bytes()
        times = [t.datetime_complete for t in before.optuna_study.get_trials()]
        assert [t.datetime_complete for t in after.optuna_study.get_trials()] == times
        shutil.copytree(made, tmp_path / "same")
        same = lsbe.open_study(tmp_path / "same", generator=Drawn())
        for study in (same, after):
            study.run(height, budget=8)
        assert _of(after) == _of(same)

    def test_what_is_in_it(self, exported):
        with zipfile.ZipFile(exported) as archive:
            names = set(archive.namelist())
            history = archive.read("history.csv").decode()
            assert archive.read("report.html") == PAGE
        assert {"study.db", "seed_latents.safetensors", "best.npy"} <= names
        assert sum(name.startswith("artifacts/") for name in names) == 12
        assert len(history.splitlines()) == 7

    def test_one_of_several_and_of_any_storage(self, tmp_path):
        memory = optuna.storages.InMemoryStorage()
        for storage in (memory, f"sqlite:///{tmp_path}/both.db"):
            for name, budget in (("a", 2), ("b", 3)):
                options = {"storage": storage, "name": name, "search": "random"}
                study = lsbe.optimise(Stretch(), height, budget=budget, **options)
            with pytest.raises(StudyError, match="the storage holds a, b"):
                lsbe.export_study(None, tmp_path / "b.zip", storage=storage, overwrite=True)
            lsbe.export_study(None, tmp_path / "b.zip", storage=storage, name="b", overwrite=True)
            lsbe.import_study(tmp_path / "b.zip", tmp_path / "new")
            moved = lsbe.open_study(tmp_path / "new", generator=Stretch())
            assert moved.name == "b"
            assert _of(moved) == _of(study)
            shutil.rmtree(tmp_path / "new")

    def test_trials_of_others_and_attributes_of_samplers_stay_behind(self, made, tmp_path):
        shutil.copytree(made, tmp_path / "run")
        study = lsbe.open_study(tmp_path / "run", generator=Drawn())
        study.optuna_study.add_trial(optuna.trial.create_trial(value=123.0))
        with closing(sqlite3.connect(tmp_path / "run" / "study.db")) as database, database:
            database.execute("INSERT INTO trial_system_attributes (trial_id, key, value_json) "
                             "VALUES (1, 'cma:optimizer:0', '\"80049500\"')")  # fmt: skip
            database.execute("INSERT INTO study_system_attributes (study_id, key, value_json) "
                             "VALUES (1, 'cma:optimizer', '\"80049500\"')")  # fmt: skip
            database.execute("DELETE FROM trials WHERE number = 3")
        lsbe.export_study(tmp_path / "run", tmp_path / "a.zip")
        folder = lsbe.import_study(tmp_path / "a.zip", tmp_path / "new")
        moved = lsbe.open_study(folder, generator=Drawn())
        assert [trial.number for trial in moved.trials] == [0, 1, 2, 4, 5]
        entries = moved.optuna_study.get_trials()
        assert 123.0 not in [entry.value for entry in entries]
        keys = {key for entry in entries for key in entry.system_attrs}
        assert keys
        assert all(key.startswith("artifacts:") for key in keys)
        with closing(sqlite3.connect(folder / "study.db")) as database:
            assert not database.execute("SELECT * FROM study_system_attributes").fetchall()


class TestExportOfBadInput:
    def test_places_that_are_taken_or_cannot_be_written(self, made, tmp_path):
        (tmp_path / "a.zip").write_text("mine")
        for path, message in (("a.zip", "exists"), ("a.zip/below.zip", "cannot be written")):
            with pytest.raises(StudyError, match=message):
                lsbe.export_study(made, tmp_path / path)
        assert (tmp_path / "a.zip").read_text() == "mine"

    @pytest.mark.parametrize("failing", ["write", "replace"])
    def test_a_full_disk_leaves_nothing_and_keeps_what_was_there(
        self, made, tmp_path, monkeypatch, failing
    ):
        (tmp_path / "a.zip").write_text("mine")

        replace = os.replace

        def full(*arguments, **_):
            if failing == "replace" and Path(arguments[1]).suffix != ".zip":
                return replace(*arguments)
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(zipfile.ZipFile if failing == "write" else os, failing, full)
            with pytest.raises(StudyError, match="No space left"):
                lsbe.export_study(made, tmp_path / "a.zip", overwrite=True)
        assert _left(tmp_path) == ["a.zip"]
        assert (tmp_path / "a.zip").read_text() == "mine"

    @pytest.mark.parametrize("size", [10, 5000])
    def test_a_damaged_database(self, made, tmp_path, size):
        (tmp_path / "run").mkdir()
        content = bytearray((made / "study.db").read_bytes())
        # to its end: tables lie in any order, and one page may hold none that is read
        content[size:] = b"\xff" * len(content[size:])
        (tmp_path / "run" / "study.db").write_bytes(content)
        with pytest.raises(StudyError, match=r"cannot be|damaged|refuses"):
            lsbe.export_study(tmp_path / "run", tmp_path / "a.zip")
        assert _left(tmp_path) == ["run"]


def _changed(good, path, *, put=(), drop=()):
    """Copy an archive with files put in."""
    with zipfile.ZipFile(good) as archive:
        content = {name: archive.read(name) for name in archive.namelist() if name not in drop}
    content |= {name: data for name, data in put if isinstance(name, str)}
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
        for info, data in put:
            if not isinstance(info, str):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of two files with one name
                    archive.writestr(info, data)
    return path


def _database(good, tmp_path, *statements):
    path = tmp_path / "source.db"
    with zipfile.ZipFile(good) as archive:
        path.write_bytes(archive.read("study.db"))
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(*statement if isinstance(statement, tuple) else (statement,))
    return path.read_bytes()


@pytest.fixture
def refused(exported, tmp_path):
    """Change a good archive, and expect that it is refused with nothing left behind."""

    def check(match, *, path=None, **changes):
        path = path or _changed(exported, tmp_path / "bad.zip", **changes)
        (tmp_path / "in").mkdir(exist_ok=True)
        with pytest.raises(StudyError, match=match):
            lsbe.import_study(path, tmp_path / "in" / "new")
        assert _left(tmp_path / "in") == []
        assert set(_left(tmp_path)) <= {"in", "bad.zip", "source.db"}

    return check


class TestArchivesOfAnybody:
    @pytest.mark.parametrize(
        "name",
        [
            "../evil",
            "/tmp/evil",
            "artifacts/../../evil",
            f"artifacts/{ID}/../../evil",
            "artifacts\\..\\evil",
            "C:\\evil",
            "artifacts/",
            f"artifacts/{ID}.png",
            "study.db\n",
            "./study.db",
            "STUDY.DB",
            "sitecustomize.py",
            "front/../x",
            "best.é",
            "",
        ],
    )
    def test_a_file_that_no_export_has(self, refused, name):
        refused("which no export does", put=[(zipfile.ZipInfo(name), b"x")])

    def test_a_name_that_ends_before_it_seems_to(self, exported, refused, tmp_path):
        path = _changed(exported, tmp_path / "bad.zip", put=[("best.aXpy", b"x")])
        path.write_bytes(path.read_bytes().replace(b"best.aXpy", b"best.a\0py"))
        refused("which no export does", path=path)

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
    def test_links_and_devices(self, refused, kind):
        info = zipfile.ZipInfo("best.txt")
        info.external_attr = (kind | 0o777) << 16
        refused("a link or no plain file", put=[(info, b"/etc/passwd")])

    def test_two_files_of_one_name_and_other_compression(self, refused):
        refused("two files of one name", put=[(zipfile.ZipInfo("study.db"), b"x")])
        info = zipfile.ZipInfo("best.txt")
        info.compress_type = zipfile.ZIP_LZMA
        refused("compressed as no export is", put=[(info, b"x")])

    @pytest.mark.parametrize(
        ("bound", "value", "match", "put"),
        [
            ("MOST_BYTES", 2**20, r"unpack to 30 MiB, \d+", [("history.csv", bytes(30 * 2**20))]),
            ("MOST_FILES", 5, "more than 5", []),
            ("MOST_DATABASE_BYTES", 100, "study.db in the archive is larger", []),
        ],
    )
    def test_sizes_are_bounded(self, refused, monkeypatch, bound, value, match, put):
        monkeypatch.setattr(archive_module, bound, value)
        refused(match, put=put)

    def test_a_size_that_lies(self, exported, refused, tmp_path):
        path = _changed(exported, tmp_path / "bad.zip", put=[("study.db", bytes(2**20))])
        size = (2**20).to_bytes(4, "little")
        path.write_bytes(path.read_bytes().replace(size, (1000).to_bytes(4, "little")))
        refused("damaged", path=path)

    @pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100, None])
    def test_what_is_no_zip(self, refused, tmp_path, content):
        if content is None:
            refused("there is no archive", path=tmp_path / "missing.zip")
            return
        (tmp_path / "bad.zip").write_bytes(content)
        refused("no export of a study, or damaged", path=tmp_path / "bad.zip")

    def test_bytes_that_were_cut_or_flipped(self, exported, tmp_path):
        content = exported.read_bytes()
        rng = np.random.default_rng(0)
        for trial, place in enumerate(rng.integers(0, len(content), size=8)):
            flipped = bytearray(content if trial % 4 else content[:place])
            if trial % 4:
                flipped[place] ^= 1 << int(rng.integers(8))
            (tmp_path / "bad.zip").write_bytes(flipped)
            try:
                lsbe.import_study(tmp_path / "bad.zip", tmp_path / "new")
                shutil.rmtree(tmp_path / "new")  # it was in a file that is not unpacked
            except StudyError:
                assert _left(tmp_path) == ["bad.zip"]

    def test_a_file_that_is_not_the_one_written(self, refused, exported, tmp_path):
        refused("no export of a study", put=[("study.db", b"other")])
        path = _changed(exported, tmp_path / "bad.zip", put=[("seed_latents.safetensors", b"no")])
        study = lsbe.open_study(lsbe.import_study(path, tmp_path / "in" / "it"), generator=Drawn())
        with pytest.raises(StudyError, match="the seed latents cannot be read"):
            study.latents(study.weights)
        shutil.rmtree(tmp_path / "in")
        refused("no study.db", drop=["study.db"])

    def test_a_name_that_is_no_text(self, exported, refused, tmp_path):
        half = "UPDATE studies SET study_name = CAST(x'eda080' AS TEXT)"
        refused("cannot be read", put=[("study.db", _database(exported, tmp_path, half))])

    def test_other_versions(self, exported, refused, tmp_path):
        newer = _database(
            exported, tmp_path,
            "UPDATE study_user_attributes SET value_json = "
            "json_set(value_json, '$.schema', 77) WHERE key = 'lsbe:settings'",
        )  # fmt: skip
        refused(r"schema 77.*pip install --upgrade", put=[("study.db", newer)])
        other = _database(exported, tmp_path, "UPDATE alembic_version SET version_num = 'v99'")
        refused("cannot be opened", put=[("study.db", other)])

    def test_a_folder_that_is_taken(self, exported, tmp_path):
        (tmp_path / "mine").write_text("")
        for place in (tmp_path, tmp_path / "mine"):
            with pytest.raises(StudyError, match="not empty"):
                lsbe.import_study(exported, place)


class TestDatabasesOfAnybody:
    def test_that_are_none(self, refused, tmp_path):
        with closing(sqlite3.connect(tmp_path / "source.db")) as database, database:
            database.execute("CREATE TABLE a (b)")
        for content in (
            b"SQLite format 3\0" + bytes(4000),
            b"#!/bin/sh\n" * 1000,
            (tmp_path / "source.db").read_bytes(),
        ):
            refused(r"damaged|no SQLite database|holds no study", put=[("study.db", content)])

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE VIEW v AS SELECT * FROM trials",
            "CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM studies; END",
            "CREATE VIRTUAL TABLE f USING fts5(a)",
        ],
    )
    def test_with_more_than_tables(self, exported, refused, tmp_path, statement):
        content = _database(exported, tmp_path, statement)
        refused("no plain table", put=[("study.db", content)])

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE trial_user_attributes SET value_json = 'not json'",
            "UPDATE trial_user_attributes SET value_json = "
            "json_set(value_json, '$.weights', json('[2.0, 0.0]')) WHERE key = 'lsbe:point'",
            "UPDATE trial_user_attributes SET value_json = '\"x\"' WHERE key = 'lsbe:point'",
            "UPDATE trial_user_attributes SET value_json = '[1]' WHERE key = 'lsbe:result'",
            "UPDATE study_user_attributes SET value_json = "
            "json_set(value_json, '$.num_given', 1000000000) WHERE key = 'lsbe:settings'",
            "UPDATE study_user_attributes SET value_json = "
            "json_set(value_json, '$.budget', 'abc') WHERE key = 'lsbe:settings'",
            "UPDATE trials SET state = 'UNHEARD OF'",
            "DELETE FROM study_user_attributes",
            "DELETE FROM studies",
            ("UPDATE trial_user_attributes SET value_json = ?", ("[" * 50_000,)),
            "UPDATE trial_system_attributes SET value_json = '1'",
            "UPDATE trial_system_attributes SET value_json = replace(value_json, 'trial-', '../')",
            "UPDATE trial_system_attributes SET key = 'artifacts:../../evil' "
            "WHERE trial_system_attribute_id = 1",
        ],
    )
    def test_with_values_that_no_study_holds(self, exported, refused, tmp_path, statement):
        content = _database(exported, tmp_path, statement)
        refused(r"damaged|cannot be read|no settings|there is no", put=[("study.db", content)])


class TestNoCodeOfTheirs:
    def test_pages_are_not_taken_for_pictures(self, exported, tmp_path):
        with zipfile.ZipFile(exported) as archive:
            kept = [name for name in archive.namelist() if name.startswith("artifacts/")]
            picture = next(name for name in kept if archive.read(name).startswith(PNG))
            other = next(name for name in kept if not archive.read(name).startswith(PNG))
        content = _database(
            exported, tmp_path,
            "UPDATE trial_system_attributes SET value_json = replace(replace("
            "value_json, 'application/octet-stream', 'text/html'), '.npy', '.html')",
        )  # fmt: skip
        put = [("study.db", content), (picture, PAGE), (other, PAGE), (f"artifacts/{ID}", b"stray")]
        put += [("report.html", PAGE), ("best.html", PAGE)]
        path = _changed(exported, tmp_path / "a.zip", put=put)
        folder = lsbe.import_study(path, tmp_path / "new")
        assert not (folder / picture).exists()
        assert not (folder / "artifacts" / ID).exists()
        files = [p.name for p in folder.rglob("*") if p.is_file() and p.read_bytes() == PAGE]
        assert files == [other.split("/")[1]]
        study = lsbe.open_study(folder, generator=Drawn()).optuna_study
        storage = optuna.storages.RDBStorage(f"sqlite:///{folder}/study.db")
        kinds = {
            meta.artifact_id: meta.mimetype
            for trial in study.get_trials()
            for meta in get_all_artifact_meta(trial, storage=storage)
        }
        storage.engine.dispose()
        assert kinds[files[0]] == "application/octet-stream"
        assert set(kinds.values()) == {"image/png", "application/octet-stream"}
        assert len(kinds) == 11

    def test_the_objective_and_generator_it_names_are_not_imported(
        self, exported, tmp_path, monkeypatch
    ):
        (tmp_path / "their_module.py").write_text("raise SystemExit('ran')")
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(tmp_path)
        content = _database(
            exported, tmp_path,
            "UPDATE study_user_attributes SET value_json = json_set(value_json, "
            "'$.generator', 'their_module:generator', '$.objective', 'their_module:objective')"
            "WHERE key = 'lsbe:settings'",
        )  # fmt: skip
        path = _changed(exported, tmp_path / "a.zip", put=[("study.db", content)])
        lsbe.import_study(path, tmp_path / "new")
        assert len(lsbe.open_study(tmp_path / "new").trials) == 6
        assert "their_module" not in sys.modules


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF....WAVEfmt ", "audio/wav"),
        (b"RIFF....WEBPVP8 ", "image/webp"),
        (b"RIFF....AVI ", "application/octet-stream"),
        (b"<svg xmlns=", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_kinds_by_first_bytes(tmp_path, head, kind):
    (tmp_path / "a").write_bytes(head)
    assert media_type(tmp_path / "a") == kind
