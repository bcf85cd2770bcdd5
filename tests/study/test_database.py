"""What Optuna's own storage would read and write, in fewer statements: the same."""

import math
import threading

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import event

from latent_spaces_by_example.study.claims import Claim
from latent_spaces_by_example.study.database import TrialReader, conclude, database_of
from latent_spaces_by_example.study.records import Records

RESULT = "lsbe:result"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/a.db"


@pytest.fixture
def records(url):
    return Records.create(url, name="a", settings={})


def _as_optuna_reads(url):
    storage = optuna.storages.RDBStorage(url)
    trials = storage.get_all_trials(storage.get_study_id_from_name("a"))
    storage.engine.dispose()
    return trials


def _finish(records, count, *, weights=(1.0,)):
    for number in records.claim(Claim(), count=count):
        records.set_weights(number, np.array(weights), claim=Claim())
        records.finish(number, 0.1 * number, figures={"n": number}, seconds=0.5)


class TestReading:
    def test_is_what_optuna_reads(self, records, url):
        _finish(records, 3)
        claim = Claim(attempt=1)
        failed, infinite, pending, empty = records.claim(claim, count=4)
        records.fail(failed, "no", seconds=1.0)
        records.finish(infinite, -math.inf, figures={}, seconds=1.0)
        records.set_weights(pending, np.array([0.6, 0.8]), claim=claim)
        records.attach(pending, {"artifact_id": "x", "filename": "x.png"})
        assert not records.entries()[empty].user_attrs.keys() - {"lsbe:claim"}
        assert records.entries() == _as_optuna_reads(url)
        assert Records.open(url).entries() == _as_optuna_reads(url)

    def test_sees_what_others_did_meanwhile(self, records, url):
        other = Records.open(url)
        claimed = records.claim(Claim(), count=4)
        assert [e.number for e in other.entries()] == claimed
        # the last is finished first, so that earlier ones have to be asked for by name
        for number in reversed(claimed):
            records.finish(number, float(number), figures={}, seconds=0.1)
            assert other.entries() == records.entries() == _as_optuna_reads(url)
        _finish(records, 2)
        assert other.entries() == records.entries() == _as_optuna_reads(url)

    def test_keeps_studies_of_one_storage_apart(self, records, url):
        other = Records.create(url, name="b", settings={})
        _finish(records, 2)
        _finish(other, 1)
        _finish(records, 1)
        assert records.entries() == _as_optuna_reads(url)
        assert [e.number for e in other.entries()] == [0]

    def test_asks_once_if_nothing_is_pending_and_nothing_is_new(self, records):
        _finish(records, 5)
        records.entries()
        statements = []
        engine = database_of(records._storage).engine
        event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        assert len(records.entries()) == 5
        assert len(statements) == 1

    def test_of_an_empty_study(self, records):
        database = database_of(records._storage)
        assert TrialReader(database, study_id=records._study_id).read() == []


class TestConcluding:
    def test_the_result_and_the_state_are_written_in_one_step(self, records, url):
        (number,) = records.claim(Claim())
        seen = []
        engine = database_of(records._storage).engine
        event.listen(
            engine, "commit", lambda _: seen.append(_as_optuna_reads(url)[0].state), once=True
        )
        assert records.finish(number, 2.5, figures={"mass": 2}, seconds=1.0)
        (trial,) = _as_optuna_reads(url)
        # until the one commit others saw nothing
        assert seen == [TrialState.RUNNING]
        assert (trial.state, trial.value) == (TrialState.COMPLETE, 2.5)
        assert trial.user_attrs[RESULT]["figures"] == {"mass": 2}
        assert trial.datetime_complete >= trial.datetime_start

    def test_nothing_is_written_of_a_result_that_cannot_be_stored(self, records, url):
        (number,) = records.claim(Claim())
        with pytest.raises(TypeError):
            records.finish(number, 1.0, figures={"odd": object()}, seconds=1.0)
        (trial,) = _as_optuna_reads(url)
        assert trial.state == TrialState.RUNNING
        assert RESULT not in trial.user_attrs

    def test_a_result_that_was_stored_before_is_replaced(self, records, url):
        (number,) = records.claim(Claim())
        storage, trial_id = records._storage, records._trial_id(number)
        storage.set_trial_user_attr(trial_id, RESULT, {"score": 1.0})
        assert records.finish(number, 2.0, figures={}, seconds=1.0)
        (trial,) = _as_optuna_reads(url)
        assert (trial.value, trial.user_attrs[RESULT]["score"]) == (2.0, 2.0)

    def test_of_many_at_once_one_is_first(self, records, url):
        (number,) = records.claim(Claim())
        trial_id = records._trial_id(number)
        gate, first = threading.Barrier(6), []

        def finish(score):
            database = database_of(Records.open(url)._storage)
            gate.wait()
            if conclude(database, trial_id, name=RESULT, result={"score": score}, scores=[score]):
                first.append(score)

        threads = [threading.Thread(target=finish, args=(float(k),)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (trial,) = _as_optuna_reads(url)
        assert first == [trial.value] == [trial.user_attrs[RESULT]["score"]]


def test_other_storages_have_no_database():
    assert database_of(optuna.storages.InMemoryStorage()) is None
