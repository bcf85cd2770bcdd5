"""Archives that somebody else made, with whatever intent."""

import hashlib
import json
import sqlite3
import stat
import sys
import warnings
import zipfile
from contextlib import closing

import pytest
from optuna.artifacts import get_all_artifact_meta

import latent_spaces_by_example as lsbe
from drawn import Drawn
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study import unpacking
from latent_spaces_by_example.study.foreign import kind_of
from latent_spaces_by_example.study.schema import SCHEMA
from toys import height

ID = "03c53581-1620-46bf-b2b2-3f3f09b5a378"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    out = tmp_path_factory.mktemp("good") / "wing"
    lsbe.optimise(Drawn(), height, budget=4, search="random", examples=["1", "2", "3"], out=out)
    return lsbe.export_study(out, out.parent / "wing.zip")


@pytest.fixture
def refused(good, tmp_path):
    """Change a good archive, and expect that it is refused with nothing left behind."""

    def check(match, *, path=None, **changes):
        path = path or _changed(good, tmp_path / "bad.zip", **changes)
        (tmp_path / "in").mkdir(exist_ok=True)
        with pytest.raises(StudyError, match=match):
            lsbe.import_study(path, tmp_path / "in" / "new")
        assert list((tmp_path / "in").iterdir()) == []
        assert {p.name for p in tmp_path.iterdir()} <= {"in", "bad.zip", "source.db"}

    return check


def _changed(good, path, *, put=(), drop=(), manifest=None, sign=True):
    """A copy with files put in, whose manifest vouches for them all."""
    with zipfile.ZipFile(good) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content = {name: data for name, data in content.items() if name not in drop}
    content |= {name: data for name, data in put if isinstance(name, str)}
    if "study.json" in content and sign:
        said = json.loads(content["study.json"])
        said["files"] = {n: hashlib.sha256(data).hexdigest() for n, data in content.items()}
        content["study.json"] = json.dumps({**said, **(manifest or {})}).encode()
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


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "../evil",
            "../../evil",
            "/tmp/evil",
            "artifacts/../../evil",
            f"artifacts/../{ID}",
            f"artifacts/{ID}/../../evil",
            "artifacts\\..\\evil",
            "C:\\evil",
            "C:evil",
            "artifacts/",
            f"artifacts/{ID}/x",
            f"artifacts/{ID}.png",
            f" artifacts/{ID}",
            "study.db/x",
            "study.db\n",
            "./study.db",
            "STUDY.DB",
            "sitecustomize.py",
            "toys.py",
            "best/x",
            "best.../x",
            "",
            "best.é",
        ],
    )
    def test_a_file_that_no_export_has(self, refused, name):
        refused(r"not among the files of an export", put=[(zipfile.ZipInfo(name), b"x")])

    def test_a_name_that_ends_before_it_seems_to(self, good, refused, tmp_path):
        path = _changed(good, tmp_path / "bad.zip", put=[("best.aXpy", b"x")])
        path.write_bytes(path.read_bytes().replace(b"best.aXpy", b"best.a\0py"))
        refused("not among the files", path=path)

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
    def test_links_and_devices(self, refused, kind):
        info = zipfile.ZipInfo("best.txt")
        info.external_attr = (kind | 0o777) << 16
        refused("a link or no plain file", put=[(info, b"/etc/passwd")])

    def test_two_files_of_one_name(self, refused):
        refused("two files of one name", put=[(zipfile.ZipInfo("study.db"), b"x")])


class TestSizes:
    def test_a_bomb_is_refused_before_it_is_unpacked(self, refused, monkeypatch):
        monkeypatch.setattr(unpacking, "MOST_BYTES", 2**20)
        refused(r"would unpack to 30 MiB, \d+ times", put=[("history.csv", bytes(30 * 2**20))])

    def test_a_size_that_lies(self, good, refused, tmp_path):
        path = _changed(good, tmp_path / "bad.zip", put=[("study.db", bytes(2**20))])
        size = (2**20).to_bytes(4, "little")
        path.write_bytes(path.read_bytes().replace(size, (1000).to_bytes(4, "little")))
        refused("damaged", path=path)

    def test_too_many_files(self, refused, monkeypatch):
        monkeypatch.setattr(unpacking, "MOST_FILES", 5)
        refused("more than 5", drop=())

    def test_a_manifest_that_is_too_large(self, refused, monkeypatch):
        monkeypatch.setattr(unpacking, "MOST_MANIFEST_BYTES", 100)
        refused("larger than any export's", drop=())


class TestDamage:
    @pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100])
    def test_what_is_no_zip(self, refused, tmp_path, content):
        path = tmp_path / "bad.zip"
        path.write_bytes(content)
        refused("no export of a study, or damaged", path=path)

    def test_another_zip(self, refused):
        refused("no study.json", drop=["study.json"])

    def test_no_file(self, refused, tmp_path):
        refused("there is no archive", path=tmp_path / "missing.zip")

    @pytest.mark.parametrize("part", [0.3, 0.7, 0.99])
    def test_cut_short(self, good, refused, tmp_path, part):
        content = good.read_bytes()
        (tmp_path / "bad.zip").write_bytes(content[: int(part * len(content))])
        refused("damaged", path=tmp_path / "bad.zip")

    @pytest.mark.parametrize("name", ["study.db", "seed_latents.safetensors"])
    def test_a_file_that_is_not_the_one_written(self, refused, name):
        refused("is not what its study.json says", put=[(name, b"other")], sign=False)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xff",
            b"[]",
            b"{}",
            b'{"format": "other"}',
            b"[" * 100_000,
            b'{"format": "lsbe-study", "format_version": "1", "name": "a", "files": {}}',
            b'{"format": "lsbe-study", "format_version": 1, "name": "a", "files": []}',
            b'{"format": "lsbe-study", "format_version": 1, "name": 3, "files": {}}',
        ],
    )
    def test_a_manifest_that_is_none(self, refused, content):
        refused("no export of a study", put=[("study.json", content)], sign=False)

    def test_a_newer_format(self, refused):
        refused("pip install --upgrade", manifest={"format_version": 2, "version": "9"})

    def test_a_newer_schema(self, good, refused, tmp_path):
        newer = _database(
            good, tmp_path,
            "UPDATE study_user_attributes SET value_json = replace(value_json, "
            f"'\"schema\": {SCHEMA}', '\"schema\": 77') WHERE key = 'lsbe:settings'",
        )  # fmt: skip
        refused(r"schema 77.*pip install --upgrade", put=[("study.db", newer)])

    def test_no_database(self, refused):
        refused("no study.db", drop=["study.db"])

    def test_a_folder_that_is_taken(self, good, tmp_path):
        (tmp_path / "mine").write_text("")
        with pytest.raises(StudyError, match="not empty"):
            lsbe.import_study(good, tmp_path)
        with pytest.raises(StudyError, match="not empty"):
            lsbe.import_study(good, tmp_path / "mine")


class TestDatabases:
    def test_that_is_none(self, refused):
        refused("cannot be copied", put=[("study.db", b"SQLite format 3\0" + bytes(4000))])
        refused("cannot be copied", put=[("study.db", b"#!/bin/sh\n" * 1000)])

    def test_of_another_program(self, refused, tmp_path):
        with closing(sqlite3.connect(tmp_path / "source.db")) as database, database:
            database.execute("CREATE TABLE a (b)")
        content = (tmp_path / "source.db").read_bytes()
        refused("cannot be copied", put=[("study.db", content)])

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE VIEW v AS SELECT * FROM trials",
            "CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM studies; END",
            "CREATE VIRTUAL TABLE f USING fts5(a)",
        ],
    )
    def test_with_more_than_tables(self, good, refused, tmp_path, statement):
        content = _database(good, tmp_path, statement)
        refused("no plain table", put=[("study.db", content)])

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE trial_user_attributes SET value_json = 'not json'",
            "UPDATE trial_user_attributes SET value_json = '[2.0, 0.0]' WHERE key='lsbe:weights'",
            "UPDATE trial_user_attributes SET value_json = '[[1.0]]' WHERE key = 'lsbe:weights'",
            "UPDATE trial_user_attributes SET value_json = '[NaN]' WHERE key = 'lsbe:weights'",
            "UPDATE trial_user_attributes SET value_json = '\"x\"' WHERE key = 'lsbe:weights'",
            "UPDATE trial_user_attributes SET value_json = '[1]' WHERE key = 'lsbe:result'",
            "UPDATE trial_user_attributes SET value_json = "
            '\'{"figures": {"a": [1]}, "seconds": 1}\' WHERE key = \'lsbe:result\'',
            "UPDATE trials SET state = 'UNHEARD OF'",
            "UPDATE trials SET number = 9 WHERE number = 1",
            "UPDATE trial_values SET value_type = 'INF_POS'",
            "DELETE FROM study_user_attributes",
            "DELETE FROM studies",
            ("UPDATE trial_user_attributes SET value_json = ?", ("[" * 50_000,)),
            "UPDATE trial_system_attributes SET value_json = '1'",
            "UPDATE trial_system_attributes SET value_json = replace(value_json, 'trial-', '../')",
            "UPDATE trial_system_attributes SET key = 'artifacts:../../evil' "
            "WHERE trial_system_attribute_id = 1",
        ],
    )
    def test_with_values_that_no_study_holds(self, good, refused, tmp_path, statement):
        content = _database(good, tmp_path, statement)
        refused(r"damaged|cannot be read|not made by lsbe|holds no", put=[("study.db", content)])


class TestNoCodeOfTheirs:
    def test_a_page_is_not_unpacked(self, good, tmp_path):
        page = b"<script>alert(1)</script>"
        path = _changed(good, tmp_path / "a.zip", put=[("report.html", page), ("best.html", page)])
        folder = lsbe.import_study(path, tmp_path / "new")
        assert not [p for p in folder.rglob("*") if p.is_file() and b"<script" in p.read_bytes()]

    def test_a_page_that_calls_itself_a_picture_is_none(self, good, tmp_path):
        with zipfile.ZipFile(good) as archive:
            name = next(n for n in archive.namelist() if n.startswith("artifacts/"))
        content = _database(
            good, tmp_path,
            "UPDATE trial_system_attributes SET value_json = "
            "replace(replace(value_json, 'image/png', 'text/html'), '.png', '.html')",
        )  # fmt: skip
        page = b"<script>alert(1)</script>"
        path = _changed(good, tmp_path / "a.zip", put=[("study.db", content), (name, page)])
        folder = lsbe.import_study(path, tmp_path / "new")
        study = lsbe.open_study(folder, generator=Drawn())
        raw = study.optuna_study
        kinds = {
            meta.artifact_id: meta.mimetype
            for trial in raw.get_trials()
            for meta in get_all_artifact_meta(trial, storage=raw._storage)
        }
        assert kinds.pop(name.split("/")[1]) == "application/octet-stream"
        assert set(kinds.values()) == {"image/png", "application/octet-stream"}

    def test_files_of_no_trial_are_not_kept(self, good, tmp_path):
        path = _changed(good, tmp_path / "a.zip", put=[(f"artifacts/{ID}", b"stray")])
        folder = lsbe.import_study(path, tmp_path / "new")
        assert not (folder / "artifacts" / ID).exists()
        assert len(list((folder / "artifacts").iterdir())) == 8

    def test_the_objective_and_generator_it_names_are_not_imported(
        self, good, tmp_path, monkeypatch
    ):
        (tmp_path / "their_module.py").write_text("raise SystemExit('ran')")
        monkeypatch.chdir(tmp_path)
        content = _database(
            good, tmp_path,
            "UPDATE study_user_attributes SET value_json = replace(replace(value_json, "
            "'tests.drawn', 'their_module:generator'), 'toys:height', 'their_module:objective')",
        )  # fmt: skip
        path = _changed(good, tmp_path / "a.zip", put=[("study.db", content)])
        lsbe.import_study(path, tmp_path / "new")
        with pytest.raises(StudyError, match="give it as generator"):
            lsbe.open_study(tmp_path / "new")
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
    assert kind_of(tmp_path / "a") == kind
