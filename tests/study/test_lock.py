"""One driver for each study: beside a SQLite file, in PostgreSQL, and in memory."""

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.database import database_url, open_storage
from latent_spaces_by_example.study.lock import PostgresLock, driver_lock, holder
from postgres import PASSWORD


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/study.db"
    return request.getfixturevalue("server").url


@contextmanager
def _other_driver(storage, name, *, forks=False):
    """Hold the lock in another process, and in no child that it forks; yield its number."""
    reading, writing = os.pipe()
    driver = os.fork()
    if driver == 0:
        try:
            with driver_lock(storage, study_name=name):
                child = os.fork() if forks else 0
                if child or not forks:
                    os.write(writing, f"{child}\n".encode())
                time.sleep(60)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as lines:
        child = int(lines.readline())
        try:
            yield driver
        finally:
            for process in (driver, child):
                if process:
                    os.kill(process, signal.SIGKILL)
            os.waitpid(driver, 0)


def test_a_second_driver_is_told_who_runs_the_study(storage, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/lsbe", "resume", "runs/wing", "--storage", storage])
    with _other_driver(storage, "wing") as driver:
        told = holder(storage, study_name="wing")
        assert f":{driver} since " in told
        assert "(lsbe resume runs/wing" in told
        with (
            pytest.raises(
                StudyError,
                match=rf"study 'wing' in runs/wing is being run by .*:{driver} since "
                r"\d\d:\d\d \(lsbe resume runs/wing.*; wait for it, or stop it",
            ) as raised,
            driver_lock(storage, study_name="wing", folder="runs/wing", wait=0.0),
        ):
            pass
        assert "s3cret" not in str(raised.value)
        assert PASSWORD not in str(raised.value)


def test_a_driver_that_was_killed_holds_nothing_though_its_children_live(storage):
    with _other_driver(storage, "wing", forks=True) as driver:
        os.kill(driver, signal.SIGKILL)
        with driver_lock(storage, study_name="wing", wait=5.0):
            assert f":{os.getpid()} since " in holder(storage, study_name="wing")
    assert holder(storage, study_name="wing") is None


def _refused_in_a_thread(storage, name):
    errors = []

    def drive():
        try:
            with driver_lock(storage, study_name=name, wait=0.0):
                pass
        except StudyError as error:
            errors.append(str(error))

    thread = threading.Thread(target=drive)
    thread.start()
    thread.join()
    return errors


def test_it_lasts_while_it_is_held_and_another_thread_waits_like_another_process(storage):
    assert holder(storage, study_name="wing") is None
    # the storage object and its URL are one
    with driver_lock(open_storage(storage), study_name="wing") as held:
        held.confirm()
        # a callback of a run asks
        with driver_lock(storage, study_name="wing", wait=0.0):
            assert f":{os.getpid()} since " in holder(storage, study_name="wing")
        assert f":{os.getpid()} since " in holder(storage, study_name="wing")
        (message,) = _refused_in_a_thread(storage, "wing")
        assert f":{os.getpid()}" in message
    assert holder(storage, study_name="wing") is None
    assert _refused_in_a_thread(storage, "wing") == []


def test_whoever_asks_meanwhile_is_waited_for(storage):
    begun, ended = threading.Event(), []

    def asks():
        with driver_lock(storage, study_name="wing"):
            begun.set()
            time.sleep(0.1)
            ended.append(1)

    thread = threading.Thread(target=asks)
    thread.start()
    begun.wait()
    with driver_lock(storage, study_name="wing", wait=5.0):
        assert ended
    thread.join()


def test_in_memory_it_keeps_threads_apart():
    storage = open_storage(None)
    assert holder(storage, study_name="wing") is None
    with driver_lock(storage, study_name="wing") as held:
        held.confirm()
        assert _refused_in_a_thread(storage, "wing")
        with driver_lock(open_storage(None), study_name="wing", wait=0.0):
            pass
    assert holder(storage, study_name="wing") is None


def test_two_studies_in_one_database(storage):
    storage = storage.replace("study.db", "both.db")
    with driver_lock(storage, study_name="a"), driver_lock(storage, study_name="b"):
        assert holder(storage, study_name="b") is not None
        assert holder(storage, study_name="c") is None


class TestBesideAFile:
    def test_what_is_there(self, tmp_path):
        storage = f"sqlite:///{tmp_path}/study.db"
        assert holder(storage, study_name="wing") is None
        assert list(tmp_path.iterdir()) == []
        with driver_lock(storage, study_name="wing"):
            names = {path.name for path in tmp_path.iterdir()}
        assert names == {"study.db.lock", "study.db.lock.txt"}
        assert {path.name for path in tmp_path.iterdir()} <= {"study.db.lock"}

    @pytest.mark.parametrize("note", [b"", b"\xff"])
    def test_a_note_that_is_damaged(self, tmp_path, note):
        storage = f"sqlite:///{tmp_path}/study.db"
        with _other_driver(storage, "wing"):
            (tmp_path / "study.db.lock.txt").write_bytes(note)
            assert str(holder(storage, study_name="wing")) == "another process"

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        with (
            pytest.raises(StudyError, match="cannot be locked"),
            driver_lock(f"sqlite:///{tmp_path}/file/study.db", study_name="wing"),
        ):
            pass


class TestPostgres:
    def test_a_restart_of_the_server_costs_nothing(self, server):
        with driver_lock(server.url, study_name="wing") as held:
            server.stop()
            server.start()
            held.confirm()
            asked = PostgresLock(database_url(server.url), study_name="wing")
            assert f":{os.getpid()} since " in asked.holder()

    def test_a_driver_that_took_it_meanwhile_is_named(self, server):
        with driver_lock(server.url, study_name="wing") as held:
            server.stop()
            server.start()
            with (
                _other_driver(server.url, "wing") as driver,
                pytest.raises(StudyError, match=rf"was lost, .*now being run by .*:{driver}"),
            ):
                held.confirm()

    def test_a_server_that_is_away(self, server):
        wrong = server.url.replace("127.0.0.1", "nowhere.invalid")
        with pytest.raises(StudyError, match="refuses") as raised:
            holder(wrong, study_name="wing")
        assert "s3cret" not in str(raised.value)
