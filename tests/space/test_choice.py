import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space import angles_between, choose, distances_between

SCORES = np.array([1.0, 9.0, 8.9, 8.0, 2.0, np.nan])
PLACES = np.array([5.0, 0.0, 0.1, 3.0, 9.0, 20.0])
DISTANCES = np.abs(PLACES[:, None] - PLACES)


def test_best_is_by_score_alone():
    assert choose(SCORES, num=3, rule="best").tolist() == [1, 2, 3]


def test_diverse_takes_the_farthest_of_the_better_ones():
    chosen = choose(SCORES, num=3, rule="diverse", distances=DISTANCES, among=0.6)
    assert chosen.tolist() == [1, 3, 2]
    everything = choose(SCORES, num=3, rule="diverse", distances=DISTANCES, among=1.0)
    assert everything.tolist() == [1, 4, 0]


def test_mix_weighs_both():
    # by hand, after the best: 2 -> 0.1/9 + 0.8, 3 -> 3/9 + 0.6, 4 -> 1 + 0.4, 0 -> 5/9 + 0.2
    assert choose(SCORES, num=2, rule="mix", distances=DISTANCES).tolist() == [1, 4]
    # then, to the nearest of places 0 and 9: 2 -> 0.811, 3 -> 3/9 + 0.6, 0 -> 4/9 + 0.2
    assert choose(SCORES, num=3, rule="mix", distances=DISTANCES).tolist() == [1, 4, 3]


@pytest.mark.parametrize("rule", ["best", "diverse", "mix"])
@given(data=st.data())
def test_any_rule_gives_distinct_known_ones_and_the_best_first(rule, data):
    n = data.draw(st.integers(1, 12))
    scores = data.draw(st.lists(st.floats(-1e6, 1e6) | st.just(np.nan), min_size=n, max_size=n))
    finite = np.isfinite(scores)
    if not finite.any():
        return
    num = data.draw(st.integers(1, int(finite.sum())))
    places = np.array(data.draw(st.lists(st.floats(-10, 10), min_size=n, max_size=n)))
    chosen = choose(scores, num=num, rule=rule, distances=np.abs(places[:, None] - places))
    assert len(set(chosen.tolist())) == num
    assert finite[chosen].all()
    assert scores[chosen[0]] == np.nanmax(scores)


def test_angles_are_those_between_the_latents():
    latents = np.random.default_rng(1).standard_normal((4, 50))
    unit = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    angles = angles_between(unit @ unit.T)
    np.testing.assert_allclose(np.cos(angles), unit @ unit.T, atol=1e-7)
    assert (np.diag(angles) == 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num": 0}, "num=0; give a whole number"),
        ({"num": 6}, "num=6.*5 candidates"),
        ({"rule": "worst"}, "rule='worst'.*best, diverse, mix"),
        ({"among": 0.0}, "among=0.0"),
        ({"distances": None}, r"needs distances of shape \(6, 6\)"),
        ({"distances": np.zeros((2, 2))}, r"shape \(2, 2\); expected \(6, 6\)"),
        ({"distances": DISTANCES - 1}, "negative"),
        ({"scores": np.zeros((2, 3))}, r"scores has shape \(2, 3\)"),
    ],
)
def test_bad_arguments(changes, message):
    options = {"scores": SCORES, "num": 2, "rule": "diverse", "distances": DISTANCES} | changes
    with pytest.raises(ArgumentError, match=message):
        choose(options.pop("scores"), **options)


@pytest.mark.parametrize("outputs", [[np.zeros(2), np.zeros(3)], ["a", "b"], [{"x": 1}]])
def test_outputs_that_cannot_be_compared(outputs):
    with pytest.raises(ArgumentError, match="cannot be compared"):
        distances_between(outputs)
