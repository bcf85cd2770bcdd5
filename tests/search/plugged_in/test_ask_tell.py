"""The adapter itself, with optimisers small enough to say what they must do."""

from types import SimpleNamespace

import numpy as np
import pytest
from cmaes import CMA

import latent_spaces_by_example as lsbe
from latent_spaces_by_example import search
from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search import AskTellSearch
from latent_spaces_by_example.search.ask_tell import has_converged, tell_one_or_many
from latent_spaces_by_example.study import open_study
from latent_spaces_by_example.testing.search import SearchContract, SimulatedStudy
from toys import Stretch, height

MADE = []


class Walk:
    """Steps from the best point it was told, ``size`` at a time; notes what it is told."""

    def __init__(self, dims, seed, size=3, step=0.1):
        self.rng, self.size, self.step = np.random.default_rng(seed), size, step
        self.best, self.centre = np.inf, np.full(dims, 0.5)
        self.told, self.added, self.seed = [], [], seed
        MADE.append(self)

    def ask(self):
        steps = self.step * self.rng.standard_normal((self.size, len(self.centre)))
        return np.clip(self.centre + steps, 0, 1)

    def tell(self, points, values):
        self.told.append((points, values))
        best = int(np.argmin(values))
        if values[best] < self.best:
            self.best, self.centre = values[best], points[best]


class WalkOfOne(Walk):
    """One object at a time, which holds the point as its value; drawn from global generators."""

    def ask(self):
        step = self.step * np.random.standard_normal(len(self.centre))  # noqa: NPY002
        return SimpleNamespace(value=np.clip(self.centre + step, 0, 1))

    def tell(self, candidate, value):
        assert isinstance(value, float)
        super().tell([candidate.value], [value])


class TestWalk(SearchContract):
    def make_search(self):
        return AskTellSearch(Walk)


class TestWalkOfOne(SearchContract):
    def make_search(self):
        return AskTellSearch(WalkOfOne)


def make_cmaes(dims, seed):
    return CMA(np.full(dims, 0.5), 0.25, np.tile([0.0, 1.0], (dims, 1)), seed=seed)


def ask_cmaes(optimiser):
    return [optimiser.ask() for _ in range(optimiser.population_size)]


def tell_cmaes(optimiser, points, values):
    optimiser.tell(list(zip(points, values, strict=True)))


class TestCMAES(SearchContract):
    def make_search(self):
        return AskTellSearch(make_cmaes, ask=ask_cmaes, tell=tell_cmaes)


def test_the_package_cmaes_says_when_it_has_converged():
    optimiser = make_cmaes(3, 1)
    assert not has_converged(optimiser)
    for _ in range(300):
        tell_cmaes(optimiser, (points := ask_cmaes(optimiser)), [float(x @ x) for x in points])
    assert has_converged(optimiser)
    assert not has_converged(Walk(3, 1))


def run(chosen, study, until):
    while len(study.scores) < until:
        n = min(study.batch_size, until - len(study.scores))
        study.add(chosen().propose(study.history(), n, np.random.default_rng(len(study.scores))))
    return np.stack(study.weights)


@pytest.mark.parametrize("cls", [Walk, WalkOfOne])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
def test_what_is_kept_between_proposals_changes_nothing(cls, batch_size):
    kept = AskTellSearch(cls, add=lambda walk, u, value: walk.tell(*told(walk, u, value)))

    def told(walk, u, value):
        return ([u], [value]) if type(walk) is Walk else (SimpleNamespace(value=u), value)

    studies = [
        SimulatedStudy(lambda x: float(x[0]), batch_size=batch_size, within_span=True)
        for _ in range(2)
    ]
    for study in studies:
        study.add(np.eye(4))
    MADE.clear()
    first = run(lambda: kept, studies[0], 25)
    num_made = len(MADE)
    second = run(lambda: AskTellSearch(cls, add=kept.add), studies[1], 25)
    np.testing.assert_array_equal(first, second)
    if batch_size == 1:
        assert num_made == 1
        assert len(MADE) == 1 + 21


def test_one_object_for_two_studies_is_two_optimisers():
    shared = AskTellSearch(Walk)
    together = [SimulatedStudy(lambda x: float(x[0]), random_seed=seed) for seed in (0, 1)]
    alone = [SimulatedStudy(lambda x: float(x[0]), random_seed=seed) for seed in (0, 1)]
    for until in range(1, 12):
        for study in together:
            study.run(shared, until=until)
    for study, expected in zip(together, alone, strict=True):
        expected.run(AskTellSearch(Walk), until=11)
        np.testing.assert_array_equal(np.stack(study.weights), np.stack(expected.weights))
    # back to where the study was five trials ago
    together[1].go_back(to=6)
    together[1].run(shared, until=11)
    np.testing.assert_array_equal(np.stack(together[1].weights), np.stack(alone[1].weights))


def test_it_is_told_exactly_what_it_asked_for_and_what_came_of_it():
    study = SimulatedStudy(lambda x: float(x[0]), within_span=True)
    MADE.clear()
    study.run(AskTellSearch(Walk), until=10)
    (walk,) = MADE
    assert len(walk.told) == 3
    points = np.concatenate([points for points, _ in walk.told])
    u = KnotheRosenblattChart().inverse(np.stack(study.weights[:9]))
    np.testing.assert_allclose(points, u, atol=1e-9)
    assert [v for _, values in walk.told for v in values] == [-s for s in study.scores[:9]]
    study.run(AskTellSearch(Walk, minimise=False), until=11)
    assert MADE[-1].told[0][1] == study.scores[:3]


def test_a_batch_of_one_is_told_as_a_batch():
    batches = []
    for batch in ([SimpleNamespace(value=[0.2, 0.3, 0.4])], [[0.2, 0.3, 0.4]]):
        optimiser = SimpleNamespace(tell=lambda asked, values: batches.append((asked, values)))
        tell_one_or_many(optimiser, batch, np.array([1.5]))
        assert batches[-1] == (batch, [1.5])
        tell_one_or_many(optimiser, batch[0], np.array([1.5]))
        assert batches[-1] == (batch[0], 1.5)


def test_a_batch_waits_for_its_pending_trials():
    study = SimulatedStudy(lambda x: float(x[0]))
    study.run(AskTellSearch(Walk), until=6)
    MADE.clear()
    AskTellSearch(Walk).propose(study.history(num_pending=3), 1, np.random.default_rng(0))
    lies = MADE[-1].told[1][1]
    assert len(MADE[-1].told) == 2
    # asked on, as if the pending ones had the worst score so far
    assert lies == [-min(study.scores[:3])] * 3
    AskTellSearch(Walk).propose(study.history(), 1, np.random.default_rng(0))
    assert MADE[-1].told[1][1] == [-score for score in study.scores[3:]]


def test_trials_of_another_search_are_left_out_or_added():
    study = SimulatedStudy(lambda x: float(x[0]), within_span=True)
    study.add(np.eye(4))
    study.run(AskTellSearch(Walk), until=7)
    study.run(search.load("random"), until=12)
    study.run(AskTellSearch(Walk), until=16)
    MADE.clear()
    noting = AskTellSearch(Walk, add=lambda walk, u, value: walk.added.append(value))
    noting.propose(study.history(), 1, np.random.default_rng(0))
    (walk,) = MADE
    assert len(walk.told) == 3 - 1
    assert walk.added == [-score for score in study.scores[:4] + study.scores[7:12]]


def test_a_known_point_is_told_without_being_evaluated_again():
    class Twice(Walk):
        """Every other batch is the first one again."""

        def ask(self):
            points = super().ask()
            self.first = getattr(self, "first", points)
            return self.first if len(self.told) % 2 else points

    study = SimulatedStudy(lambda x: float(x[0]))
    study.run(AskTellSearch(Twice), until=12)
    assert len(np.unique(np.stack(study.weights).round(8), axis=0)) == 12
    assert MADE[-1].told[1][1] == MADE[-1].told[0][1]


def test_one_that_has_stopped_or_repeats_itself_is_made_anew():
    study = SimulatedStudy(lambda x: float(x[0]))
    MADE.clear()
    study.run(AskTellSearch(Walk, stopped=lambda walk: len(walk.told) == 2), until=14)
    assert len({walk.seed for walk in MADE}) == 3
    assert [len(walk.told) for walk in MADE] == [2, 2, 0]

    class Stuck(Walk):
        def ask(self):
            return self.centre

        def tell(self, point, value):
            self.told.append(value)

    study = SimulatedStudy(lambda x: float(x[0]))
    study.run(AskTellSearch(Stuck), until=6)
    assert len(np.unique(np.stack(study.weights).round(8), axis=0)) == 6


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (np.zeros((2, 4)), r"shape \(2, 4\); expected \(n, 3\)"),
        (np.zeros(4), r"shape \(1, 4\); expected"),
        (np.zeros((2, 2, 3)), r"shape \(2, 2, 3\)"),
        ([], "shape"),
        (None, "None; expected points of 3 numbers"),
        ("abc", "'abc'; expected points"),
        ([0.1, np.nan, 0.2], "not finite"),
        ([0.1, 1.5, -0.25], r"from -0.25 to 1.5; expected all in \[0, 1\]: give the optimiser"),
    ],
)
def test_points_that_are_none(asked, message):
    chosen = AskTellSearch(Walk, ask=lambda walk: asked)
    study = SimulatedStudy(lambda x: 0.0)
    with pytest.raises(ArgumentError, match=rf"ask\(\) of ask-tell:.*:Walk returned .*{message}"):
        chosen.propose(study.history(), 1, np.random.default_rng(0))


def test_rounding_at_the_edge_and_one_dimension():
    study = SimulatedStudy(lambda x: float(x[0]), num_given=2, within_span=True)
    chosen = AskTellSearch(lambda dims, seed: Walk(dims, seed, step=3.0))
    study.run(chosen, until=9)
    fresh = SimulatedStudy(lambda x: 0.0, num_given=2)
    edge = AskTellSearch(Walk, ask=lambda walk: [1 + 1e-15])
    assert np.isfinite(edge.propose(fresh.history(), 1, np.random.default_rng(0))).all()
    alone = AskTellSearch(WalkOfOne)
    study.run(alone, until=14)
    assert len(np.unique(np.stack(study.weights).round(12), axis=0)) > 10


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (None, {}, r"make=None is not a function; give a function make\(dims, seed\)"),
        (Walk(3, 1), {}, "is an optimiser itself"),
    ],
)
def test_what_makes_no_optimiser(make, options, message):
    with pytest.raises(ArgumentError, match=message):
        AskTellSearch(make, **options)


def test_an_optimiser_without_ask_or_tell():
    study = SimulatedStudy(lambda x: 0.0)
    for options, missing in [({}, "ask"), ({"ask": lambda o: [[0.5] * 3]}, "tell")]:
        chosen = AskTellSearch(lambda dims, seed: object(), **options)
        with pytest.raises(ArgumentError, match=rf"has no {missing}\(\).*Search\(make, {missing}="):
            chosen.propose(study.history(), 1, np.random.default_rng(0))


def test_an_error_of_the_optimiser_leaves_nothing_behind():
    study = SimulatedStudy(lambda x: float(x[0]))
    fails = [False]

    def tell(walk, points, values):
        if fails[0]:
            raise RuntimeError("lost")
        walk.tell(points, values)

    chosen = AskTellSearch(Walk, tell=tell)
    study.run(chosen, until=6)
    fails[0] = True
    with pytest.raises(RuntimeError, match="lost"):
        chosen.propose(study.history(), 1, np.random.default_rng(0))
    fails[0] = False
    again = chosen.propose(study.history(), 1, np.random.default_rng(0))
    fresh = AskTellSearch(Walk).propose(study.history(), 1, np.random.default_rng(0))
    np.testing.assert_array_equal(again, fresh)


def test_a_study_goes_on_in_another_session_once_it_is_given_again(tmp_path):
    def optimise(budget, out):
        return lsbe.optimise(
            Stretch(),
            height,
            examples=[Stretch().example(k) for k in range(3)],
            budget=budget,
            search=AskTellSearch(Walk),
            batch_size=2,
            out=out,
        )

    whole = optimise(15, tmp_path / "whole")
    optimise(8, tmp_path / "cut")
    cut = open_study(tmp_path / "cut", generator=Stretch())
    assert cut.settings.search.startswith("ask-tell:")
    with pytest.raises(ArgumentError, match=r"give it again, made as it was: study\.run"):
        cut.run(height, budget=15)
    cut.run(height, search=AskTellSearch(Walk), budget=15)
    np.testing.assert_array_equal(cut.weights, whole.weights)
