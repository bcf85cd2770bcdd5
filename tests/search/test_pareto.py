"""Several scores: the front, one score made of them, and the searches that take them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latent_spaces_by_example.search import load
from latent_spaces_by_example.search.pareto import non_dominated, scalarised
from latent_spaces_by_example.testing.search_contract import SimulatedStudy


def two(x):
    return float(x[0]), float(0.3 * x[0] + 0.95 * x[1])


def study_of(search, *, seed=0, budget=40, constraints=None, within_span=True, batch_size=1):
    study = SimulatedStudy(
        two,
        num_given=6,
        within_span=within_span,
        num_latent_dims=12,
        budget=budget,
        batch_size=batch_size,
        random_seed=seed,
        constraints=constraints,
        num_scores=2,
    )
    study.run(load(search))
    return study


def volume(study):
    """What the feasible front dominates above (-1, -1)."""
    history = study.history()
    values = history.objectives[history.feasible]
    values = values[non_dominated(values)]
    values = values[np.argsort(-values[:, 0])]
    heights = np.diff(np.concatenate([[-1.0], values[:, 1]]))
    return float(((values[:, 0] + 1) * heights).sum())


@given(
    arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 3))
)
def test_the_front_is_what_no_row_beats(values):
    front = non_dominated(values)
    assert front.any()
    for index, row in enumerate(values):
        beaten = any((other >= row).all() and (other > row).any() for other in values)
        assert front[index] == (not beaten)


def test_the_best_of_every_scalarisation_is_on_the_front():
    history = study_of("random").history()
    front = non_dominated(history.objectives)
    leaders = set()
    for seed in range(50):
        one = scalarised(history, np.random.default_rng(seed))
        assert one.objectives.shape == (40, 0)
        leaders.add(int(np.argmax(one.scores)))
    assert all(front[leader] for leader in leaders)
    assert len(leaders) > 1


@pytest.mark.parametrize("search", ["latent-gp", "tpe"])
# three in ten random points meet it, and among them is a part of the front
@pytest.mark.parametrize("constraints", [None, lambda x: [0.4 - float(x[2])]])
def test_searches_of_several_scores(search, constraints):
    found, chance = (
        volume(study_of(name, constraints=constraints, budget=24)) for name in (search, "random")
    )
    assert found > chance


def test_nsga_ii_evolves_over_generations():
    found, chance = (
        [volume(study_of(name, seed=s, budget=120, batch_size=20)) for s in range(2)]
        for name in ("nsga-ii", "random")
    )
    assert sum(found) > sum(chance)
