"""Rivals of the search that looks at outputs: each begins with the same eight prior draws.

Models are written anew in ``rival_models.py``; the recipes are those of

- ``vanilla-bo-on-z``: Hvarfner et al. 2024 (2402.02229) as in BoTorch's ``SingleTaskGP``: an RBF
  kernel with a length for each dimension and their prior scaled by the number of dimensions, LogEI.
- ``linear-on-z``: Doumont et al. 2025 (2512.00170): a linear kernel after a map to the sphere, with
  the priors of the authors' code, LogEI.
- ``turbo-on-z``: TuRBO-1, Eriksson et al. 2019, as in BoTorch's tutorial: Thompson sampling in a
  region that shrinks after as many failures as there are dimensions. A sample is of 1,000 points,
  not of up to 5,000.
- ``cowboys``: in the manner of Moss et al. 2025 (2507.03910): a Gaussian process on the output, and
  preconditioned Crank-Nicolson chains over latents, towards outputs that improve. The output is
  what its features say, and of the chains' ends the one of largest LogEI is scored.
- ``forest``: prior draws, steps from the best and their children, chosen by the
  mean plus one deviation over the trees of a random forest on features.

The first three search a box of 2.5 standard deviations about 0, and every point of it is projected
to the shell before a model sees it. The last two generate 256 outputs for each one that is scored.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from black_box import BlackBox, on_shell
from rival_models import (
    Kernel,
    Posterior,
    dimension_scaled,
    features_matern,
    fit,
    spherical_linear,
    trust_region_matern,
)
from scipy.optimize import minimize
from sklearn.ensemble import RandomForestRegressor
from torch import Tensor

Propose = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray | None]

_NUM_FIRST = 8
_HALF = 2.5  # standard deviations, from the box's centre to a face


def _search(box: BlackBox, propose: Propose) -> None:
    """Score prior draws, then what is proposed from scored latents, until that is None."""
    begin = len(box.observed)
    latents: list[np.ndarray] = []
    while True:
        observed = np.array(box.observed[begin:])
        finite = np.isfinite(observed)
        latent: np.ndarray | None = box.draw(begin + len(latents))
        if len(latents) >= _NUM_FIRST and len(np.unique(observed[finite])) > 1:
            rng = box.rng(begin + len(latents))
            latent = propose(np.stack(latents)[finite], observed[finite], rng)
        if latent is None:
            return
        box(latent)
        latents.append(latent)


# ---- on the latent, in a box


def _in_cube(latents: np.ndarray) -> np.ndarray:
    return latents / (2 * _HALF) + 0.5


def _by_log_ei(family: Callable[[int], Kernel]) -> Callable[[BlackBox], None]:
    """Score the point of largest log expected improvement under a kernel on the cube."""

    def method(box: BlackBox) -> None:
        kernel = family(box.dims)

        def propose(
            latents: np.ndarray, scores: np.ndarray, rng: np.random.Generator
        ) -> np.ndarray:
            posterior = fit(kernel, _in_cube(latents), scores)
            return on_shell(_most_promising(posterior, latents[int(np.argmax(scores))], rng))

        _search(box, propose)

    return method


def _most_promising(posterior: Posterior, best: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Climb from the best two of 512 uniform points, and of 512 steps from the best latent."""
    dims = len(best)

    def log_ei(z: Tensor) -> Tensor:
        shell = z * (math.sqrt(dims) / z.norm(dim=1, keepdim=True))
        return posterior.log_ei(shell / (2 * _HALF) + 0.5)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        z = torch.from_numpy(flat.reshape(-1, dims).copy()).requires_grad_()
        value = -log_ei(z).sum()
        value.backward()
        return value.item(), z.grad.numpy().ravel()

    anywhere = rng.uniform(-_HALF, _HALF, size=(512, dims))
    is_moved = rng.uniform(size=(512, dims)) < min(1.0, 20 / dims)
    near = best + is_moved * rng.normal(scale=0.1 * 2 * _HALF, size=(512, dims))
    starts = []
    for points in (anywhere, np.clip(near, -_HALF, _HALF)):
        with torch.no_grad():
            values = log_ei(torch.from_numpy(points)).numpy()
        starts.append(points[np.argsort(-values)[:2]])
    result = minimize(
        loss,
        np.concatenate(starts).ravel(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_HALF, _HALF)] * (4 * dims),
        options={"maxiter": 60},
    )
    ends = result.x.reshape(-1, dims)
    with torch.no_grad():
        return ends[int(log_ei(torch.from_numpy(ends)).argmax())]


class _TrustRegion:
    """TuRBO's box about the best point, in the unit cube; None is proposed when it has vanished."""

    _LONGEST, _SHORTEST, _SUCCESSES, _CANDIDATES = 1.6, 0.5**7, 10, 1000

    def __init__(self, dims: int) -> None:
        self._kernel = trust_region_matern(dims)
        self._patience = max(4, dims)
        self._length, self._best = 0.8, -np.inf
        self._successes, self._failures = 0, 0

    def __call__(
        self, latents: np.ndarray, scores: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray | None:
        if np.isfinite(self._best):
            self._resize(float(scores.max()))
        self._best = float(scores.max())
        if self._length < self._SHORTEST:
            return None
        points = np.clip(_in_cube(latents), 0, 1)
        posterior = fit(self._kernel, points, scores)
        candidates = self._candidates(points[int(np.argmax(scores))], posterior, rng)
        with torch.no_grad():
            sample = posterior.sample(torch.from_numpy(candidates), rng)
        return on_shell((candidates[int(sample.argmax())] - 0.5) * (2 * _HALF))

    def _resize(self, best: float) -> None:
        improved = best > self._best + 1e-3 * abs(self._best)
        self._successes = self._successes + 1 if improved else 0
        self._failures = 0 if improved else self._failures + 1
        if self._successes == self._SUCCESSES:
            self._length, self._successes = min(2 * self._length, self._LONGEST), 0
        elif self._failures == self._patience:
            self._length, self._failures = self._length / 2, 0

    def _candidates(
        self, centre: np.ndarray, posterior: Posterior, rng: np.random.Generator
    ) -> np.ndarray:
        """Move some 20 coordinates of the centre, at least one, within the region."""
        dims, shape = len(centre), (self._CANDIDATES, len(centre))
        logs = posterior.parameters[:dims].numpy()
        half = np.exp(logs - logs.mean()) * self._length / 2
        low, high = np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
        is_moved = rng.uniform(size=shape) <= min(1.0, 20 / dims)
        is_moved[np.arange(len(is_moved)), rng.integers(dims, size=len(is_moved))] = True
        return np.where(is_moved, rng.uniform(low, high, size=shape), centre)


def turbo(box: BlackBox) -> None:
    """Search one trust region; the next call begins another with prior draws of its own."""
    _search(box, _TrustRegion(box.dims))


# ---- on outputs

_CHAINS, _STEPS = 16, 16
_FIRST, _PRIOR, _ROUNDS, _NUM_CANDIDATES = 102, 34, 4, 256
_NUM_BEST, _NUM_PARENTS = 6, 16
_WIDE, _NARROW = (0.03, 1.2), (0.01, 0.5)  # radians


def _on_shell(rows: np.ndarray) -> np.ndarray:
    return rows * (math.sqrt(rows.shape[1]) / np.linalg.norm(rows, axis=1, keepdims=True))


def cowboys(box: BlackBox) -> None:
    """Walk towards latents whose outputs improve on the best, by their features."""
    features = _features_of(box)
    kernel = features_matern()

    def propose(latents: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        seen = features(latents)
        middle = seen.mean(axis=0)
        size = math.sqrt(((seen - middle) ** 2).sum(axis=1).mean())
        posterior = fit(kernel, (seen - middle) / size, scores)

        def points(z: np.ndarray) -> Tensor:
            return torch.from_numpy((features(_on_shell(z)) - middle) / size)

        with torch.no_grad():
            return _walk(posterior, points, latents[np.argsort(-scores)[:_CHAINS]], rng)

    _search(box, propose)


def _walk(
    posterior: Posterior,
    points: Callable[[np.ndarray], Tensor],
    z: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the chains' most promising end; a step's length tends to one acceptance in four."""
    num_steps = _STEPS * _CHAINS // len(z)
    length, has_moved = np.full((len(z), 1), 0.3), np.zeros(len(z), dtype=bool)
    log_density = posterior.log_improves(points(z)).numpy()
    moved = z
    for _ in range(num_steps):
        moved = np.sqrt(1 - length**2) * z + length * rng.standard_normal(z.shape)
        new = posterior.log_improves(points(moved)).numpy()
        accepted = np.log(rng.uniform(size=len(z))) < new - log_density
        z = np.where(accepted[:, None], moved, z)
        log_density = np.where(accepted, new, log_density)
        length = np.clip(np.where(accepted[:, None], 1.2 * length, length / 1.07), 0.02, 1.0)
        has_moved |= accepted
    ends = np.where(has_moved[:, None], z, moved)
    return on_shell(ends[int(posterior.log_ei(points(ends)).argmax())])


def forest(box: BlackBox) -> None:
    """Generate 256 candidates, and score the one that a random forest thinks most of."""
    features = _features_of(box)

    def propose(latents: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        trees = RandomForestRegressor(100, random_state=int(rng.integers(2**31)))
        trees.fit(features(latents), scores)

        def judge(rows: np.ndarray) -> np.ndarray:
            seen = features(rows).astype(np.float32)
            each = np.stack([tree.predict(seen, check_input=False) for tree in trees.estimators_])
            return each.mean(axis=0) + each.std(axis=0)

        best = latents[np.argsort(-scores)[:_NUM_BEST]]
        centres = best[rng.integers(len(best), size=_FIRST - _PRIOR)]
        drawn = _on_shell(rng.standard_normal((_PRIOR, box.dims)))
        pool = np.concatenate([drawn, _steps(centres, _WIDE, rng)])
        values = judge(pool)
        for count in np.diff(np.linspace(_FIRST, _NUM_CANDIDATES, _ROUNDS + 1).astype(int)):
            parents = pool[np.argsort(-values, kind="stable")[:_NUM_PARENTS]]
            pair = parents[rng.integers(len(parents), size=(2, count))]
            share = rng.uniform(size=(count, 1)) * (rng.uniform(size=(count, 1)) < 0.5)
            children = _steps((1 - share) * pair[0] + share * pair[1], _NARROW, rng)
            pool, values = np.concatenate([pool, children]), np.append(values, judge(children))
        return pool[int(np.argmax(values))]

    _search(box, propose)


def _steps(
    centres: np.ndarray, bounds: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """Step along the shell by angles whose logarithms are uniform."""
    angles = np.exp(rng.uniform(*np.log(bounds), size=(len(centres), 1)))
    centres = _on_shell(centres)
    noise = rng.standard_normal(centres.shape)
    along = (noise * centres).mean(axis=1, keepdims=True) * centres
    return np.cos(angles) * centres + np.sin(angles) * _on_shell(noise - along)


def _features_of(box: BlackBox) -> Callable[[np.ndarray], np.ndarray]:
    if box.task.features is None:
        raise ValueError(f"the task {box.task.name!r} has no features; choose one that has outputs")
    return box.task.features


RIVALS: dict[str, Callable[[BlackBox], None]] = {
    "vanilla-bo-on-z": _by_log_ei(dimension_scaled),
    "linear-on-z": _by_log_ei(spherical_linear),
    "turbo-on-z": turbo,
    "cowboys": cowboys,
    "forest": forest,
}
