import errno
import os
import shutil
import sqlite3
import sys
import time
import traceback
from contextlib import closing
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError
from optuna.study import StudyDirection
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError, StudyError
from latent_spaces_by_example.study import database
from latent_spaces_by_example.study.database import (
    is_passing,
    open_storage,
    patiently,
    storage_errors,
)
from postgres import PASSWORD

MAXIMIZE = [StudyDirection.MAXIMIZE]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(database, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(database, "_OPENING_PATIENCE", 0.1)


def _error(message, kind=OperationalError):
    return kind("SELECT 1", {}, Exception(message))


def _names(storage):
    return [study.study_name for study in storage.get_all_studies()]


class Fails:
    def __init__(self, times, error):
        self.left, self.error, self.calls = times, error, 0

    def __call__(self):
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "done"


class TestPatiently:
    def test_a_storage_that_comes_back_is_logged_once(self, caplog):
        call = Fails(4, _error("server closed the connection unexpectedly"))
        assert patiently(call, shown="postgresql://...") == "done"
        assert call.calls == 5
        assert caplog.text.count("does not answer") == 1

    def test_one_that_stays_away(self):
        call = Fails(100, _error("refused by postgresql://ann:SECRET@h/d"))
        with pytest.raises(
            StudyError, match=r"a://... has not answered.*stored before is"
        ) as raised:
            patiently(call, shown="a://...", patience=0.05)
        assert call.calls > 3
        assert "SECRET" not in str(raised.value)

    def test_what_waiting_does_not_mend_is_raised_at_once(self):
        call = Fails(1, _error("attempt to write a readonly database"))
        with pytest.raises(StudyError, match=r"storage=a refuses: .*readonly"):
            patiently(call, shown="a")
        assert call.calls == 1
        with pytest.raises(KeyError):
            patiently(Fails(1, KeyError("study")), shown="a")

    @pytest.mark.parametrize(
        ("error", "passing"),
        [
            (_error("database or disk is full"), True),
            (_error("database is locked"), True),
            (_error("the database system is starting up"), True),
            (_error('password authentication failed for user "me"'), False),
            (_error('database "studies" does not exist'), False),
            (_error("UNIQUE constraint failed", IntegrityError), False),
            (OSError(errno.ENOSPC, "no space left on device"), True),
            (PermissionError("no"), False),
            (ConnectionResetError("peer"), True),
            (KeyError("study"), False),
        ],
    )
    def test_what_may_pass(self, error, passing):
        assert is_passing(error) == passing
        wrapped = StorageInternalError("commit")
        wrapped.__cause__ = error
        assert is_passing(wrapped) == passing


class TestUrls:
    @pytest.mark.parametrize("scheme", ["grpc", "mysql", "mysql+pymysql", "redis", "oracle"])
    def test_other_databases(self, scheme):
        with pytest.raises(ArgumentError, match=r"SQLite or PostgreSQL, not in .*sqlite:///FILE"):
            open_storage(f"{scheme}://host:1/d")

    @pytest.mark.parametrize(
        ("storage", "match"),
        [
            ("journal:file.log", "not in journal"),
            ("runs/a.db", "expected sqlite:///runs/a.db"),
            (Path("a.db"), "expected a URL: sqlite:///a.db"),
            ("", "no URL"),
            ("postgresql://ann:SECRET@host:port/runs", r"ann:\*\*\*@host:port/runs is no URL"),
            ("postgresql:ann:SECRET@host/runs", r"ann:\*\*\*@host/runs' is no URL"),
        ],
    )
    def test_what_is_no_url(self, storage, match):
        with pytest.raises(ArgumentError, match=match) as raised:
            open_storage(storage)
        assert "SECRET" not in str(raised.value) + repr(raised.value.__context__)

    def test_a_missing_driver(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(MissingPackageError, match=r"example\[postgres\]"):
            open_storage("postgresql://me@host/db")

    def test_objects_and_memory(self):
        memory = open_storage(None)
        assert open_storage(memory) is memory
        assert open_storage(None) is not memory


class TestSqlite:
    @pytest.fixture
    def made(self, tmp_path):
        url = f"sqlite:///{tmp_path}/study.db"
        open_storage(url).create_new_study(MAXIMIZE, "wing")
        return url, tmp_path / "study.db"

    def test_a_commit_survives_a_power_cut(
        self, made, monkeypatch, databases_that_wait_for_no_disk
    ):
        usual = databases_that_wait_for_no_disk
        monkeypatch.setattr("latent_spaces_by_example.study.database.SYNCHRONOUS", usual)
        with open_storage(made[0]).engine.connect() as connection:
            # 3 is EXTRA: the removal of the journal is on the disk too before a commit returns
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"

    def test_a_path_is_that_of_the_folder_it_was_opened_in(self, made, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        storage = open_storage("sqlite:///study.db")
        monkeypatch.chdir("/")
        assert _names(storage) == ["wing"]

    def test_reading_changes_nothing(self, made):
        url, file = made
        before = file.read_bytes()
        storage = open_storage(url, access="read")
        assert _names(storage) == ["wing"]
        with pytest.raises(StudyError, match="readonly"):
            patiently(lambda: storage.create_new_study(MAXIMIZE, "b"), shown=url)
        assert file.read_bytes() == before

    @pytest.mark.parametrize("access", ["read", "write"])
    @pytest.mark.parametrize(
        ("content", "match"),
        [
            (None, "there is no database"),
            (b"", "is empty"),
            (b"#!/bin/sh\n" * 100, "no SQLite database"),
            (b"SQLite format 3\0" + b"\xff" * 4000, "cannot be|refuses"),
        ],
    )
    def test_what_is_no_study_is_neither_made_nor_changed(self, tmp_path, access, content, match):
        file = tmp_path / "study.db"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(StudyError, match=match):
            open_storage(f"sqlite:///{file}", access=access)
        assert (file.read_bytes() if file.exists() else None) == content

    def test_a_database_of_another_program(self, tmp_path):
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            connection.execute("CREATE TABLE a (b)")
        with pytest.raises(StudyError, match="holds no study"):
            open_storage(f"sqlite:///{tmp_path}/a.db", access="read")

    @pytest.mark.parametrize("access", ["create", "read"])
    def test_a_newer_optuna(self, made, access):
        # another file in the place of one that was checked
        theirs = shutil.copy(made[1], made[1].with_name("theirs.db"))
        with closing(sqlite3.connect(theirs)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = 'v99.0.0.a'")
        os.replace(theirs, made[1])
        with pytest.raises(StudyError, match=r"cannot be opened.*v99|cannot be opened.*updating"):
            open_storage(made[0], access=access)

    def test_a_folder_that_is_missing(self, tmp_path):
        with pytest.raises(StudyError, match="there is no folder"):
            open_storage(f"sqlite:///{tmp_path}/typo/a.db")

    def test_a_database_that_was_away_for_a_while(self, made):
        url, file = made
        storage = open_storage(url)
        aside = file.with_name("aside.db")
        file.rename(aside)
        pauses = []

        def write():
            pauses.append(1)
            if len(pauses) == 3:
                aside.rename(file)
            return storage.create_new_study(MAXIMIZE, "b")

        patiently(write, shown=url)
        assert _names(open_storage(url)) == ["wing", "b"]


class TestPostgres:
    def test_there_and_back(self, server):
        storage = open_storage(server.url)
        storage.create_new_study(MAXIMIZE, "there")
        reader = open_storage(server.url.replace("postgresql:", "postgres:"), access="read")
        assert "there" in _names(reader)
        with pytest.raises(StudyError, match="read-only"):
            patiently(lambda: reader.create_new_study(MAXIMIZE, "no"), shown="server")
        with storage.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver.info.get_parameters()["keepalives_idle"] == "30"

    def test_a_database_without_tables(self, server):
        admin = open_storage(server.url)
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CREATE DATABASE bare"))
        bare = server.url.replace("/postgres", "/bare")
        with pytest.raises(StudyError, match="holds no study"):
            open_storage(bare, access="read")
        with pytest.raises(StudyError, match="holds no study"):
            open_storage(bare, access="write")
        assert _names(open_storage(bare)) == []

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [("word", "WORD"), ("/postgres", "/no_such"), ("127.0.0.1", "nowhere.invalid")],
    )
    def test_what_is_refused_is_refused_at_once(self, server, right, wrong):
        start = time.monotonic()
        with pytest.raises(StudyError, match="refuses") as raised:
            open_storage(server.url.replace(right, wrong))
        assert time.monotonic() - start < 10
        assert PASSWORD not in str(raised.value)
        assert "s3cret" not in str(raised.value).lower()


def test_errors_become_ours_and_keep_the_password_to_themselves(server, caplog):
    for error in (ValueError(server.url), _error(f"at {server.url}"), ImportError(PASSWORD)):
        with (
            pytest.raises(StudyError, match=r"lsbe:\*\*\*@127.* cannot be read: ") as raised,
            storage_errors(server.url, doing="read"),
        ):
            raise error
        shown = "".join(traceback.format_exception(raised.value)) + caplog.text
        assert PASSWORD not in shown
        assert "s3cret" not in shown.replace(repr(server.url), "")
    with pytest.raises(ArgumentError, match=r"^mine$"), storage_errors(None, doing="read"):
        raise ArgumentError("mine")
