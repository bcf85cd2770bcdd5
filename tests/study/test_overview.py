import os
from datetime import datetime, timedelta

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study import overview as overview_module
from latent_spaces_by_example.study.overview import (
    Overview,
    open_records,
    studies_below,
    studies_in,
)
from latent_spaces_by_example.study.trial import Trial
from toys import Stretch, height

START = datetime(2026, 1, 1, 12, 0, 0)


def after(seconds):
    return START + timedelta(seconds=seconds)


def trial(number, *, worker="a:1", begun=0.0, ended=None, error=None):
    score = float(number) if ended is not None and error is None else None
    return Trial(
        number=number,
        weights=np.array([0.6, 0.8]),
        score=score,
        error=error,
        seconds=None if ended is None else ended - begun,
        worker=worker,
        begun=after(begun),
        ended=None if ended is None else after(ended),
    )


@pytest.fixture
def overview():
    """Two workers, three seconds a trial, and an open trial."""
    study = lsbe.create_study(Stretch(), search="random", num_seeds=2)
    trials = [
        trial(i, worker=("a:1", "b:2")[i % 2], begun=3 * i, ended=3 * i + 3) for i in range(10)
    ]
    trials += [trial(10, worker="b:2", begun=30, ended=33, error="no")]
    trials += [trial(11, worker=None, begun=33)]
    return Overview("wing", study.settings, trials)


class _Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return after(36)


class TestOverview:
    def test_counts_and_best(self, overview):
        assert (overview.finished, overview.failed, overview.pending) == (10, 1, 1)
        assert overview.done == 11
        assert overview.ranking.best_in_words(overview.trials) == "9"
        assert overview.oldest_pending == after(33)
        assert overview.last == after(33)
        assert overview.seconds == pytest.approx(3.0)

    def test_rate_falls_while_nothing_is_done(self, overview, monkeypatch):
        monkeypatch.setattr(overview_module, "datetime", _Clock)
        # eleven were done in 30 s, and 3 s later nothing more is
        assert overview.per_minute == pytest.approx(60 * 10 / 33)

    @pytest.mark.parametrize(
        ("ends", "rate"),
        [
            ([3 * i for i in range(100)], 20.0),
            # a pause of a day long ago is not in it
            ([3 * i - 86_400 * (i < 50) for i in range(100)], 20.0),
            ([], None),
            ([0], None),
            ([0, 0], None),  # the clock was set back
        ],
    )
    def test_rate_is_of_the_recent_ones(self, overview, ends, rate):
        done = [trial(number, ended=end) for number, end in enumerate(ends)]
        assert Overview("wing", overview.settings, done).per_minute == rate


class TestOpening:
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
