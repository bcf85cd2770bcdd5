"""DIRECT: dividing rectangles, SciPy's implementation, replayed from the history."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.optimize import Bounds, direct

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch

_SAME = 1e-7  # u comes back from w to about 1e-12; DIRECT's points are 1e-6 apart or more


@dataclass(frozen=True)
class DirectSearch(HypercubeSearch):
    """Divide the rectangles that could hold the best score for some Lipschitz constant.

    SciPy's ``direct`` is run from the start on each call, looking up scores that the history
    has; the first points that it has not are the proposal. Points that are being evaluated
    count as the worst so far, so that other rectangles are divided meanwhile. Once the best
    rectangle is smaller than 1e-6, and where all of it is known, proposals alternate between
    uniform points and ever smaller steps from the best point.

    Attributes:
        locally_biased: divide fewer, better rectangles at a time.

    References:
        Jones, Perttunen, Stuckman, "Lipschitzian optimization without the Lipschitz constant",
        J. Optimization Theory and Applications 79 (1993); Gablonsky and Kelley, "A
        locally-biased form of the DIRECT algorithm", J. Global Optimization 21 (2001).
    """

    locally_biased: bool = True

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Return the next n points that DIRECT would evaluate."""
        replay = _Replay(trials, n)
        with suppress(_EnoughError):
            direct(
                replay,
                Bounds(np.zeros(trials.dims), np.ones(trials.dims)),
                maxfun=2 * len(trials.u) + 100 * n + 100 * trials.dims,
                maxiter=100_000,
                vol_tol=0.0,
                len_tol=1e-6,
                locally_biased=self.locally_biased,
            )
        new = replay.unknown
        while len(new) < n:
            new.append(_after_the_end(trials, len(new), rng))
        return np.stack(new)


class _EnoughError(Exception):
    """DIRECT has asked for as many new points as are wanted."""


class _Replay:
    """The function that DIRECT minimises: minus the score where known, noting where not."""

    def __init__(self, trials: CubeHistory, n: int) -> None:
        self.trials, self.n = trials, n
        self.unknown: list[Float64[np.ndarray, " dims"]] = []

    def __call__(self, u: Float64[np.ndarray, " dims"]) -> float:
        if len(self.trials.u):
            distance = np.abs(self.trials.u - u).max(axis=1)
            nearest = int(distance.argmin())
            if distance[nearest] < _SAME:
                return -float(self.trials.scores[nearest])
        self.unknown.append(u.copy())
        if len(self.unknown) == self.n:
            raise _EnoughError
        return -float(self.trials.scores.min(initial=np.inf)) if len(self.trials.u) else 0.0


def _after_the_end(
    trials: CubeHistory, index: int, rng: np.random.Generator
) -> Float64[np.ndarray, " dims"]:
    if (trials.num_trials + index) % 2 or not len(trials.u):
        return rng.random(trials.dims)
    step = 10.0 ** -rng.uniform(1, 5) * rng.standard_normal(trials.dims)
    near: Float64[np.ndarray, " dims"] = np.clip(trials.u[trials.scores.argmax()] + step, 0, 1)
    return near
