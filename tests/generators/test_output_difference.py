from dataclasses import dataclass

import numpy as np
import pytest

from latent_spaces_by_example.generators.output_difference import (
    largest_difference,
    leaves_of,
    share_changed,
)


@dataclass
class Structure:
    name: str
    positions: np.ndarray


class Plain:
    def __init__(self, values):
        self.values = values
        self.itself = self


class Slotted:
    __slots__ = ("value",)


X = np.linspace(1.0, 2.0, 20)


def difference(first, other):
    return largest_difference(leaves_of(first), leaves_of(other))


@pytest.mark.parametrize(
    ("first", "other", "expected"),
    [
        (X, X + 1.0, 0.5),
        (X.astype(np.uint8), X.astype(np.uint8), 0.0),
        ([1.0, 2.0], [1.0, 2.5], 0.25),
        ({"a": X, "b": "text"}, {"b": "text", "a": X + 1.0}, 0.5),
        ({"a": X}, {"b": X}, np.inf),
        ("text", "text", 0.0),
        ("text", "other", np.inf),
        (("text", X), ("text", X + 1.0), 0.5),
        ([np.ones(2), np.ones(3)], [np.ones(2), 3 * np.ones(3)], 2.0),
        ([np.ones(2), np.ones(3)], [np.ones(2), np.ones(2)], np.inf),
        (Structure("a", X), Structure("a", X + 1.0), 0.5),
        (Structure("a", X), Structure("b", X), np.inf),
        (Plain([X, None]), Plain([X + 1.0, None]), 0.5),
        (Plain(X), Plain(X), 0.0),
        (np.array([{"a": 1}, "b"], dtype=object), np.array([{"a": 2}, "b"], dtype=object), 1.0),
        (np.full(3, np.nan), np.full(3, np.nan), 0.0),
        (np.ones(3), np.array([1.0, np.nan, 1.0]), np.inf),
        (np.ones(3), np.ones(3, dtype=int), np.inf),
        (1j * X, 1j * X + 2.0, 1.0),
        (10**400, 10**400, 0.0),
        (frozenset("ab"), frozenset("abc"), np.inf),
        (Slotted(), Slotted(), np.nan),
        ([Slotted(), 1.0], [Slotted(), 2.0], 1.0),
        (None, 1.0, np.inf),
    ],
)
def test_difference_of_anything(first, other, expected):
    np.testing.assert_allclose(difference(first, other), expected)


def test_leaves_are_copies():
    buffer = np.zeros(3)
    before = leaves_of({"buffer": buffer})
    buffer += 1.0
    assert largest_difference(before, leaves_of({"buffer": buffer})) > 0.0


def test_the_share_that_changes_is_of_the_spread():
    def share(first, other):
        return share_changed(leaves_of(first), leaves_of(other))

    assert share(X, X) == 0.0
    assert share(100.0 + X, 100.0 + X + 0.01 * X.std()) == pytest.approx(0.01)
    assert share("text", "other") == np.inf
    assert share([1.0], [1.0001]) == np.inf  # too few numbers to know what is little


def test_tensors_anywhere():
    torch = pytest.importorskip("torch")
    weight = torch.ones(20, requires_grad=True)
    for dtype in (torch.float32, torch.bfloat16, torch.int64):
        x = torch.arange(20).to(dtype)
        assert difference({"x": [x]}, {"x": [x]}) == 0.0
        assert difference({"x": (x, "a")}, {"x": (x + 19, "a")}) == pytest.approx(1.0)
    assert difference([weight * 2], [weight * 3]) == pytest.approx(0.5)
    assert difference(torch.eye(3).to_sparse(), 2 * torch.eye(3).to_sparse()) == 1.0
