import math

import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives import Evaluation, read_scores


@pytest.mark.parametrize(
    "returned",
    [
        [1, 2.0, 3],
        (1, 2, 3),
        np.array([1, 2, 3]),
        np.array([1, 2, 3], dtype=np.float32),
        [np.float32(1), np.int8(2), np.array(3.0)],
        [np.array(1.0), {"score": np.float32(2.0)}, {"score": np.float64(3)}],
        (float(value) for value in (1, 2, 3)),
        {1.0: None, 2.0: None, 3.0: None}.keys(),
    ],
)
def test_forms_of_scores(returned):
    evaluations = read_scores(returned, n=3)
    assert [evaluation.score for evaluation in evaluations] == [1.0, 2.0, 3.0]
    assert all(type(evaluation.score) is float for evaluation in evaluations)


def test_tensors_are_scores():
    torch = pytest.importorskip("torch")
    whole = read_scores(torch.tensor([1.0, 2.0]), n=2)
    single = read_scores([torch.tensor(1.0), {"score": torch.tensor(2.0)}], n=2)
    assert [e.score for e in whole] == [e.score for e in single] == [1.0, 2.0]


def test_metrics_are_kept_as_plain_python():
    given = {"score": 1, "cd": np.float32(0.5), "n": np.int64(3), "ok": np.True_, "why": "because"}
    (found,) = read_scores([given], n=1)
    assert found == Evaluation(1.0, {"cd": 0.5, "n": 3, "ok": True, "why": "because"})
    assert [type(value) for value in found.metrics.values()] == [float, int, bool, str]
    assert set(given) == {"score", "cd", "n", "ok", "why"}


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_scores_that_are_not_finite_are_reported(score):
    (plain,), (with_metrics,) = (
        read_scores([score], n=1),
        read_scores([{"score": score, "a": 1}], n=1),
    )
    assert not plain.finite
    assert not with_metrics.finite
    assert with_metrics.metrics == {"a": 1}
    assert Evaluation(0.0).finite


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([1.0, 2.0], r"3 outputs, 2 scores"),
        ([1.0] * 4, r"3 outputs, 4 scores"),
        ([], r"3 outputs, 0 scores"),
        (1.0, r"not a float; for a single output return \[score\]"),
        (None, r"not a NoneType"),
        (np.array(1.0), r"not a ndarray"),
        ({"score": [1, 2, 3]}, r"not a dict"),
        ("abc", r"not a str"),
        ([1.0, None, 2.0], r"score 1 .* not a NoneType; .*float\('nan'\)"),
        ([1.0, "2", 2.0], r"score 1 .* not a str"),
        ([1.0, 10**400, 2.0], r"score 1 .* an integer too large"),
        ([1.0, 2j, 2.0], r"score 1 .* not a complex"),
        ([1.0, [2.0], 2.0], r"score 1 .* not a list"),
        (np.ones((3, 2)), r"score 0 .* not a ndarray of shape \(2,\)"),
        ([1.0, {"cd": 2.0, "cl": 1}, 3.0], r"score 1 .*without 'score'; it has 'cd', 'cl'"),
        ([{}, 1, 1], r"score 0 .*it has nothing"),
        ([{"score": "x"}, 1, 1], r"score 0 .* must be a number"),
        ([1, 1, {"score": 1, 2: 3}], r"metric 2 beside score 2 .* by an int"),
        ([1, 1, {"score": 1, "a": [3]}], r"metric 'a' beside score 2 .* not a list"),
        ([1, 1, {"score": 1, "a": np.ones(2)}], r"metric 'a' .* of shape \(2,\)"),
        ([1, 1, {"score": 1, "a": None}], r"metric 'a' .* not a NoneType"),
        ([1, 1, {"score": 1, "a": 2j}], r"metric 'a' .* not a complex"),
        ([1, 1, {"score": 1, "a": -(10**400)}], r"metric 'a' .* integer too large"),
        ([1, 1, {"scores": {"a": 1, "b": 10**400}}], r"score 'b' .* integer too large"),
        ([1, 1, {"scores": {"a": 1}}], r"two or more names"),
        ([1, 1, {"score": 1, "scores": {"a": 1, "b": 2}}], r"give one of the two"),
    ],
)
def test_what_is_no_list_of_scores(returned, message):
    with pytest.raises(ArgumentError, match=message):
        read_scores(returned, n=3)


def test_constraints_are_read_as_numbers():
    given = {"score": 1, "a": 2, "constraints": {"a": np.float32(0.5), "b": np.array(-3), "c": 0}}
    (found,) = read_scores([given], n=1)
    assert found == Evaluation(1.0, {"a": 2}, {"a": 0.5, "b": -3.0, "c": 0.0})
    assert all(type(value) is float for value in found.constraints.values())
    assert given["constraints"]["c"] == 0


def test_what_could_not_be_evaluated_has_no_constraints():
    good = {"score": 1.0, "constraints": {"a": 1}}
    bad = {"score": math.nan, "constraints": {"a": math.nan}}
    found = read_scores([good, bad, math.nan, good], n=4)
    assert [evaluation.constraints for evaluation in found] == [{"a": 1.0}, {}, {}, {"a": 1.0}]


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        (3.0, r"'constraints' beside score 0 .* must be a mapping .*, not a float"),
        ([1, 2], r"not a list"),
        ({"a": "1"}, r"constraint 'a' beside score 0 .* not a str"),
        ({"a": None}, r"not a NoneType"),
        ({"a": np.ones(2)}, r"not a ndarray"),
        ({1: 0.5}, r"constraint 1 .* by an int"),
        ({"a": 10**400}, r"constraint 'a' .* integer too large"),
        ({"a": True}, r"constraint 'a' .* is True, and whether that means met is unclear"),
        ({"a": np.False_}, r"is False"),
        ({"a": math.nan}, r"constraint 'a' .* is nan, not finite"),
        ({"a": -math.inf}, r"is -inf, not finite"),
    ],
)
def test_what_is_no_constraint(constraints, message):
    with pytest.raises(ArgumentError, match=message):
        read_scores([{"score": 1.0, "constraints": constraints}], n=1)


def test_every_output_has_the_same_constraints():
    first = {"score": 1.0, "constraints": {"a": 1, "b": 2}}
    with pytest.raises(ArgumentError, match=r"the constraints 'a', and 'a', 'b' before"):
        read_scores([first, {"score": 1.0, "constraints": {"a": 1}}], n=2)
    with pytest.raises(ArgumentError, match=r"the constraints none, and 'a', 'b' before"):
        read_scores([first, 1.0], n=2)
    turned = {"score": 1.0, "constraints": {"b": 1, "a": 2}}
    assert len(read_scores([first, turned], n=2)) == 2
