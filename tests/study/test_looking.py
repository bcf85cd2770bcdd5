"""A study that looks at outputs: what is stored, how many candidates, and the way back to it."""

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.cli import main
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.report.page import page_of
from latent_spaces_by_example.report.repeat import call
from latent_spaces_by_example.report.snapshot import read_study
from latent_spaces_by_example.study import looking as module
from latent_spaces_by_example.study import open_study
from toys import Stretch, height


def corner(outputs):
    return [[x[0, 0], x[1, 1]] for x in outputs]


class Known(Stretch):
    """Has features and says how many to look at."""

    num_candidates = 16

    def features(self, outputs):
        return corner(outputs)


def run(generator, budget=12, **options):
    return lsbe.optimise(generator, height, budget=budget, random_seed=2, **options)


@pytest.mark.parametrize(
    ("generator", "options"),
    [
        (Known(), {}),
        (Stretch(), {"features": corner, "candidates": 16}),
        (Stretch(), {"features": "components", "candidates": 16}),
    ],
)
def test_a_study_that_is_resumed_proposes_the_same(generator, options, tmp_path):
    whole = run(generator, **options)
    run(generator, budget=10, out=tmp_path / "cut", **options)
    function = {"features": corner} if callable(options.get("features")) else {}
    cut = open_study(tmp_path / "cut", generator=generator, **function)
    cut.run(height, budget=11)
    cut = open_study(tmp_path / "cut", generator=generator, **function)
    cut.run(height, budget=12)
    np.testing.assert_array_equal(cut.weights, whole.weights)
    assert cut.settings == replace(whole.settings, study_id=cut.settings.study_id)
    assert cut.settings.candidates == 16
    assert "candidates=16" in call(read_study(cut))
    assert "16 a proposal" in page_of(read_study(cut))


def test_it_finds_more_than_the_search_that_does_not_look():
    blind, seeing = (
        run(Known(), budget=18, features=features, candidates=64) for features in (None, "auto")
    )
    assert blind.settings.features == "none"
    assert seeing.best_score > blind.best_score


def test_features_are_made_once_for_each_trial(tmp_path):
    calls = []

    def counted(outputs):
        calls.append(len(outputs))
        return corner(outputs)

    run(Stretch(), features=counted, candidates=4, out=tmp_path / "run")
    # eight draws and then four candidates a proposal, and each trial but the last alone
    assert sum(calls) == 4 * 4 + 11


@pytest.mark.parametrize(
    ("seconds", "each", "number"),
    [(0.01, 1e-4, 256), (0.01, 1e-3, 16), (2.0, 1e-3, 256), (2.0, 0.05, 16), (2, 1, 1)],
)
def test_the_number_of_candidates_follows_from_what_things_take(seconds, each, number, monkeypatch):
    monkeypatch.setattr(module, "_LEAST_SECONDS", 0.2)
    monkeypatch.setattr(module, "_seconds", lambda trial: seconds)
    monkeypatch.setattr(module, "_time", lambda function, weights: each * len(weights))
    assert run(Stretch(), budget=9, features="pixels").settings.candidates == number


def test_where_nothing_can_be_made_nothing_is_seen_of_as_many_numbers_as_trials_have():
    class Breaking(Known):
        broken = False

        def generate(self, z):
            if self.broken:
                raise ValueError("cannot be made")
            return super().generate(z)

    generator = Breaking()
    study = run(generator, budget=12)
    generator.broken = True
    looking = module.Looking(study.records, generator=generator, space=study.space)
    seen = looking.look(study.weights[:3])
    assert seen.shape == (3, 2)
    assert np.isnan(seen).all()


def test_outputs_that_no_default_can_look_at_are_not_looked_at(monkeypatch):
    class Words(Stretch):
        def generate(self, z):
            return [str(x[0, 0]) for x in z]

    monkeypatch.setattr(module, "_seconds", lambda trial: 2.0)
    study = lsbe.optimise(Words(), lambda words: [float(w) for w in words], budget=10)
    assert study.settings.candidates == 1
    with pytest.raises(ArgumentError, match="not an array of numbers"):
        lsbe.optimise(
            Words(), lambda words: [float(w) for w in words], budget=10, features="pixels",
            candidates=16,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"candidates": 0}, "candidates=0; give a whole number from 1"),
        ({"candidates": 2.5}, "candidates=2.5"),
        ({"features": "pixel"}, "features='pixel'; expected one of auto, generator"),
        ({"features": 3}, "features=3"),
        ({"features": np.zeros((3, 2))}, r"features=array(.|\n)*expected one of auto"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        lsbe.create_study(Stretch(), **options)


def test_features_of_the_users_own_have_to_be_given_again(tmp_path):
    run(Stretch(), budget=10, features=corner, candidates=16, out=tmp_path / "run")
    study = open_study(tmp_path / "run", generator=Stretch())
    with pytest.raises(StudyError, match=":corner, which a database does not hold"):
        study.run(height, budget=11)
    with pytest.raises(StudyError, match=":corner, not pixels"):
        open_study(tmp_path / "run", generator=Stretch(), features="pixels")


def test_asking_looks_too_and_where_generating_fails_another_is_asked_for():
    class Fragile(Known):
        def generate(self, z):
            if any(x[0, 0] < 0 for x in z):
                raise ValueError("cannot be made")
            return super().generate(z)

    study = lsbe.create_study(Fragile(), features="generator", candidates=16, random_seed=1)
    while len(study.finished_trials) < 12:
        for trial in study.ask(4):
            study.tell(trial, height([trial.output])[0])
    late = [t for t in study.trials if t.number > 14]
    assert sum(t.error is not None for t in late) <= len(late) / 3


def test_the_command_line_names_features_and_candidates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = "def corner(outputs):\n    return [[x[0, 0], x[1, 1]] for x in outputs]\n"
    (tmp_path / "mine_of_this_test.py").write_text(mine)
    words = ["optimise", "toys:stretch", "--objective", "toys:height", "--out", "run"]
    words += ["--features", "mine_of_this_test:corner", "--candidates", "8"]
    result = CliRunner().invoke(main, [*words, "--budget", "10"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert open_study("run").settings.candidates == 8
    again = ["resume", "run", "--generator", "toys:stretch", "--objective", "toys:height"]
    again += ["--features", "mine_of_this_test:corner", "--budget", "11"]
    result = CliRunner().invoke(main, again, catch_exceptions=False)
    assert result.exit_code == 0, result.output
