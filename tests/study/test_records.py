"""What is stored, and what other programs do to it."""

import shutil

import optuna
import pytest
from optuna.trial import TrialState, create_trial

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.records import POINT, RESULT, SETTINGS, Records
from latent_spaces_by_example.study.settings import SCHEMA, Point, Settings
from toys import Stretch, height

OPTIONS = {"examples": ["6", "17", "18"], "search": "random"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records") / "run"
    lsbe.optimise(Stretch(), height, budget=5, out=folder, **OPTIONS)
    return folder


@pytest.fixture
def study(made, tmp_path):
    shutil.copytree(made, tmp_path / "run")
    return lsbe.open_study(tmp_path / "run", generator=Stretch())


def reopened(study):
    return lsbe.open_study(study.folder.path, generator=Stretch())


class TestOtherPrograms:
    def test_a_trial_that_they_added_is_named_and_left_out(self, study, caplog):
        study.optuna_study.add_trial(create_trial(value=123.0))
        again = reopened(study)
        assert again.best_score == study.best_score
        assert "trial 5 of study 'run' is left out: another program added it" in caplog.text
        again.run(height, budget=7)
        assert [t.number for t in again.trials] == [0, 1, 2, 3, 4, 6, 7]
        with pytest.raises(StudyError, match=r"no trial 5 of this library"):
            again.tell(5, 1.0)

    @pytest.mark.parametrize("state", [TrialState.PRUNED, TrialState.FAIL])
    def test_an_open_trial_that_they_ended(self, study, state):
        [trial] = study.ask()
        study.optuna_study.tell(trial.number, state=state)
        again = reopened(study)
        assert len(again.trials) == 5
        with pytest.raises(StudyError, match="another program set it to"):
            again.records.trial(5)
        again.run(height, budget=6)
        assert len(again.finished_trials) == 6

    def test_a_trial_that_they_deleted(self, study):
        import sqlite3

        with sqlite3.connect(study.folder.database) as database:
            database.execute("DELETE FROM trials WHERE number = 2")
        assert [t.number for t in reopened(study).trials] == [0, 1, 3, 4]
        reopened(study).run(height, budget=5)
        assert len(reopened(study).finished_trials) == 5

    def test_another_program_s_study(self, tmp_path):
        storage = f"sqlite:///{tmp_path}/a.db"
        optuna.create_study(storage=storage, study_name="theirs")
        with pytest.raises(StudyError, match="another program made it"):
            lsbe.open_study(storage=storage, name="theirs")
        with pytest.raises(StudyError, match="no study of this library"):
            lsbe.open_study(storage=storage)


def test_a_result_without_its_state_counts_as_told(study):
    [trial] = study.ask()
    records = study.records
    trial_id = records.storage.get_trial_id_from_study_id_trial_number(1, trial.number)
    records.storage.set_trial_user_attr(trial_id, RESULT, {"scores": [0.25]})
    again = reopened(study)
    assert again.trials[5].score == 0.25
    again.run(height, budget=6)
    assert again.optuna_study.trials[5].state == TrialState.COMPLETE
    assert len(again.trials) == 6


BAD_SETTINGS = [
    ("budget", "abc", r"budget"),
    ("budget", -1, r"budget"),
    ("batch_size", 0, "batch_size"),
    ("generator", 5, "generator"),
    ("random_seed", -1, "random_seed"),
    ("score_names", ["x"], "directions|score_names"),
    ("num_given", "4", "num_given"),
    ("num_given", 10**9, "num_given"),
    ("num_hidden_dims", 10**9, "num_hidden_dims"),
    ("latent_shape", [10**6, 10**6], "latent_shape"),
    ("directions", ["sideways"], "directions"),
    ("artifacts", "some", "artifacts"),
    ("schema", 4, "schema 4"),
    ("schema", SCHEMA + 1, "install a newer one"),
    ("schema", "x", "schema"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD_SETTINGS)
def test_settings_that_are_wrong_name_their_field(study, field, value, message):
    values = study.settings.to_json()
    with pytest.raises(StudyError, match=message):
        Settings.from_json({**values, field: value})
    study.records.store_attribute(SETTINGS, {**values, field: value})
    with pytest.raises(StudyError, match=message):
        _ = lsbe.open_study(study.folder.path).trials


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"weights": [1.0] * 50_001}, "weights"),
        ({"weights": ["a"]}, "weights"),
        ({"weights": []}, "weights"),
        ({"weights": [2.0]}, "norm 2"),
        ({"weights": [float("nan")]}, "norm nan"),
        ({"weights": [1.0], "source": "nobody"}, "source"),
        ("text", "object"),
    ],
)
def test_trials_that_are_wrong_name_their_field(study, point, message):
    rest = {"source": "user", "asked_by": "user", "batch": [5, 1]}
    stored = {**rest, **point} if isinstance(point, dict) else point
    template = create_trial(state=TrialState.RUNNING, user_attrs={POINT: stored})
    study.records.storage.create_new_trial(1, template_trial=template)
    with pytest.raises(StudyError, match=rf"trial 5 are damaged.*{message}"):
        _ = lsbe.open_study(study.folder.path).trials


def test_a_point_and_its_settings_go_round(study):
    records = Records.open(study.folder.storage)
    assert records.settings == study.settings
    point = Point(weights=(0.6, 0.8), source="search", asked_by="run", batch=(5, 1), waiting=(3, 4))
    trial = records.add(point)
    again = Records.open(study.folder.storage).trial(trial.number)
    assert (again.waiting, again.batch, again.weights.tolist()) == ((3, 4), (5, 1), [0.6, 0.8])


def test_optuna_says_nothing_of_our_studies(caplog, tmp_path):
    optuna.logging.enable_propagation()
    try:
        lsbe.create_study(Stretch(), out=tmp_path / "quiet", **OPTIONS)
        assert "A new study" not in caplog.text
        optuna.create_study()
        assert "A new study" in caplog.text
    finally:
        optuna.logging.disable_propagation()
