import os
from datetime import datetime, timedelta

import pytest
from optuna.trial import TrialState, create_trial

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study import overview as overview_module
from latent_spaces_by_example.study.overview import (
    open_records,
    overview_of,
    studies_below,
    studies_in,
)
from toys import Stretch, height

START = datetime(2026, 1, 1, 12, 0, 0)


def _trial(state, *, worker=None, start=0.0, end=None, score=None):
    point = {"weights": [0.6, 0.8], "source": "search", "asked_by": "run", "batch": [0, 1]}
    attributes = {"lsbe:point": point}
    if end is not None:
        scores = {"error": "no"} if score is None else {"scores": [score]}
        attributes["lsbe:result"] = {"seconds": float(end - start), "worker": worker, **scores}
    trial = create_trial(state=state, value=score, user_attrs=attributes)
    trial.datetime_start = START + timedelta(seconds=start)
    trial.datetime_complete = None if end is None else START + timedelta(seconds=end)
    return trial


@pytest.fixture
def records():
    """Three seconds a trial, and an open trial."""
    study = lsbe.optimise(Stretch(), height, budget=1, search="random", num_seeds=2)

    def add(*arguments, **values):
        trial = _trial(*arguments, **values)
        study.records.storage.create_new_trial(0, template_trial=trial)

    for i in range(10):
        add(TrialState.COMPLETE, start=3 * i, end=3 * i + 3, score=float(i))
    add(TrialState.FAIL, start=30, end=33)
    add(TrialState.RUNNING, start=33)
    return study.records


class _Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return START + timedelta(seconds=36)


class TestOverview:
    def test_counts_and_best(self, records):
        overview = overview_of(records)
        assert (overview.finished, overview.failed, overview.pending) == (11, 1, 1)
        assert overview.done == 12
        assert overview.ranking.best_in_words(overview.trials) == "9"
        assert overview.oldest_pending == START + timedelta(seconds=33)
        assert overview.seconds == pytest.approx(3.0, abs=0.01)

    def test_rate_is_of_the_recent_ones(self):
        ends = [START + timedelta(seconds=3 * i) for i in range(100)]
        assert overview_module._per_minute(ends, running=False) == pytest.approx(20.0)
        # a pause of a day long ago is not in it
        ends = [END - timedelta(days=1) for END in ends[:50]] + ends[50:]
        assert overview_module._per_minute(ends, running=False) == pytest.approx(20.0)

    def test_rate_falls_while_nothing_is_done(self, monkeypatch):
        monkeypatch.setattr(overview_module, "datetime", _Clock)
        ends = [START, START + timedelta(seconds=4)]
        assert overview_module._per_minute(ends, running=True) == pytest.approx(60 / 36)

    def test_rate_where_the_clock_was_set_back_or_nothing_is_known(self):
        assert overview_module._per_minute([], running=True) is None
        assert overview_module._per_minute([START], running=True) is None
        assert overview_module._per_minute([START, START], running=False) is None


class TestOpening:
    def test_needs_no_generator(self, tmp_path):
        class Own(Stretch):
            name = "nowhere:to_be_found"

        lsbe.optimise(Own(), height, budget=3, search="random", out=tmp_path / "run")
        assert overview_of(open_records(tmp_path / "run")).finished == 3

    def test_makes_no_database(self, tmp_path):
        with pytest.raises(StudyError, match="there is no database"):
            open_records(storage=f"sqlite:///{tmp_path}/no.db")
        with pytest.raises(StudyError, match="no study in run folder"):
            open_records(tmp_path)
        with pytest.raises(ArgumentError, match="give out"):
            open_records()
        assert list(tmp_path.iterdir()) == []

    def test_a_damaged_one(self, tmp_path):
        (tmp_path / "study.db").write_bytes(os.urandom(5000))
        with pytest.raises(StudyError, match="no SQLite database"):
            open_records(tmp_path)


class TestLists:
    def test_below_a_folder_with_those_that_cannot_be_read(self, tmp_path):
        for name in ("b", "deep/er/a"):
            lsbe.optimise(Stretch(), height, budget=2, search="random", out=tmp_path / name)
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken" / "study.db").write_bytes(b"no database" * 1000)
        (tmp_path / "other").mkdir()
        (tmp_path / "loop").symlink_to(tmp_path)
        studies = dict(studies_below(tmp_path))
        assert [path.name for path in studies] == ["b", "broken", "a"]
        assert isinstance(studies[tmp_path / "broken"], StudyError)
        assert studies[tmp_path / "b"].finished == 2
        with pytest.raises(StudyError, match="no folder"):
            list(studies_below(tmp_path / "nowhere"))

    def test_in_a_storage_ours_only(self, tmp_path):
        import optuna

        storage = f"sqlite:///{tmp_path}/a.db"
        lsbe.optimise(Stretch(), height, budget=2, search="random", storage=storage, name="ours")
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        optuna.create_study(storage=storage, study_name="theirs")
        optuna.logging.set_verbosity(verbosity)
        ((name, overview),) = studies_in(storage)
        assert name == "ours"
        assert overview.finished == 2
