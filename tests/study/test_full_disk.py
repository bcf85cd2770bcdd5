"""Storages that cannot be written any more: nothing that was finished is lost."""

import itertools
import resource
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study import database, records
from latent_spaces_by_example.study.database import patiently
from toys import Stretch, height
from users import as_somebody_else

EXAMPLES = ["6", "17", "18"]


@contextmanager
def _no_file_larger_than(size):
    """What a full disk does to a database: it cannot grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


@pytest.mark.filterwarnings("ignore:the storage sqlite")
def test_full_disk(tmp_path, monkeypatch):
    options = {"examples": EXAMPLES, "search": "random"}
    study = lsbe.optimise(Stretch(), height, budget=5, out=tmp_path / "run", **options)
    monkeypatch.setattr(records, "patiently", partial(patiently, patience=0.5))
    file = tmp_path / "run" / "study.db"
    stored = []
    # SQLite's pages are of 4096 bytes: room for a few trials more
    with (
        _no_file_larger_than(file.stat().st_size + 2 * 4096),
        pytest.raises(StudyError, match=r"sqlite:.*study\.db has not answered"),
    ):
        study.run(height, budget=400, callbacks=[lambda _, trial: stored.append(trial.number)])
    assert stored
    again = lsbe.open_study(tmp_path / "run", generator=Stretch())
    finished = {trial.number for trial in again.finished_trials}
    assert finished >= {*range(5), *stored}
    again.run(height, budget=len(finished) + 3)
    whole = lsbe.optimise(Stretch(), height, budget=len(finished) + 3, **options)
    assert (again.weights == whole.weights).all()
    assert (again.scores == whole.scores).all()


@pytest.mark.parametrize(("harm", "match"), [("delete", "is gone"), ("lock", "has not answered")])
def test_a_database_that_is_deleted_or_locked_in_the_middle(tmp_path, monkeypatch, harm, match):
    monkeypatch.setattr(records, "patiently", partial(patiently, patience=0.3))
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.1)
    study = lsbe.create_study(Stretch(), examples=EXAMPLES, search="random", out=tmp_path / "run")
    file, calls = tmp_path / "run" / "study.db", itertools.count()
    other = sqlite3.connect(file, isolation_level=None)

    def objective(outputs):
        if next(calls) == 3:
            file.unlink() if harm == "delete" else other.execute("BEGIN EXCLUSIVE")
        return height(outputs)

    with pytest.raises(StudyError, match=match) as raised:
        study.run(objective, budget=6)
    other.close()
    assert ("stored before is there" in str(raised.value)) == (harm == "lock")
    assert file.exists() == (harm == "lock")
    if harm == "lock":
        again = lsbe.open_study(tmp_path / "run", generator=Stretch()).run(height, budget=6)
        assert len(again.finished_trials) == 6


def test_a_study_that_may_be_read_and_not_written(folder):
    run = folder / "run"
    lsbe.optimise(Stretch(), height, budget=5, examples=EXAMPLES, search="random", out=run)
    run.chmod(0o555)
    (run / "study.db").chmod(0o444)
    with as_somebody_else():
        study = lsbe.open_study(run, generator=Stretch())
        assert len(study.finished_trials) == 5
        with pytest.raises(StudyError, match=r"refuses: .*readonly|cannot be locked: .*ermission"):
            study.run(height, budget=8)
    run.chmod(0o755)


def test_a_folder_that_cannot_be_written(folder):
    folder.chmod(0o555)
    with as_somebody_else(), pytest.raises(StudyError, match=r"out=.*cannot be written"):
        lsbe.optimise(Stretch(), height, budget=3, out=folder / "run")
