"""Every method as a function that spends a black box's budget; third-party code where it exists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from black_box import BlackBox, BudgetSpentError, on_shell
from default import combined, default

from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.search import History, SearchSpace, load
from latent_spaces_by_example.space import angles_between, choose

Method = Callable[[BlackBox], None]

# budget -> (prior draws, seed latents kept of them), as published for the O3 recipe
_O3_TABLE = {
    20: (10, 5),
    50: (25, 7),
    100: (50, 5),
    200: (100, 10),
    500: (250, 30),
    1000: (400, 50),
}


def spend(method: Method, box: BlackBox) -> None:
    """Run a method until the budget is spent."""
    try:
        while True:
            method(box)
    except BudgetSpentError:
        return


def best_of_n(box: BlackBox) -> None:
    """Prior draws only."""
    for index in range(box.budget + 1):
        box(box.draw(index))


def hill_climb(box: BlackBox) -> None:
    """z' = cos(t) z + sin(t) noise, kept if better; t grows by 1.3 or shrinks so as to balance
    at one success in five."""
    draws = [box.draw(index) for index in range(5)]
    scores = [box(z) for z in draws]
    best = int(np.nanargmax(scores))
    z, score, t, index = draws[best], scores[best], 1.0, 5
    while True:
        candidate = on_shell(np.cos(t) * z + np.sin(t) * box.draw(index))
        new, index = box(candidate), index + 1
        if new > score:
            z, score, t = candidate, new, min(1.3 * t, 1.4)
        else:
            t = max(t * 1.3**-0.25, 0.02)


def elliptical_slice(box: BlackBox) -> None:
    """Elliptical slice sampling with the slice at the present score, so that it only rises."""
    rng = box.rng()
    z, index = box.draw(0), 1
    score = box(z)
    while True:
        noise, index = box.draw(index), index + 1
        angle = rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        for _ in range(30):
            candidate = np.cos(angle) * z + np.sin(angle) * noise
            new = box(candidate)
            if new > score:
                z, score = candidate, new
                break
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = rng.uniform(low, high)


def cma_es_on_z(box: BlackBox) -> None:
    """CMA-ES over the latent itself; with a diagonal covariance above 500 dimensions."""
    from cmaes import CMA, SepCMA

    kind = CMA if box.dims <= 500 else SepCMA
    strategy = kind(mean=np.zeros(box.dims), sigma=1.0, seed=box.repeat)
    while True:
        asked = [strategy.ask() for _ in range(strategy.population_size)]
        strategy.tell([(z, -box(on_shell(z))) for z in asked])


def _seeds(box: BlackBox, rule: str = "best") -> tuple[np.ndarray, np.ndarray]:
    """Seed latents and their scores: the examples, or some of half the budget's draws."""
    if box.task.given is not None:
        return box.task.given, np.array([box(z) for z in box.task.given])
    num_draws, num_seeds = _O3_TABLE[box.budget]
    draws = np.stack([box.draw(index) for index in range(num_draws)])
    scores = np.array([box(z) for z in draws])
    unit = draws / np.linalg.norm(draws, axis=1, keepdims=True)
    chosen = choose(scores, num=num_seeds, rule=rule, distances=angles_between(unit @ unit.T))
    return draws[chosen], scores[chosen]


def _latent(box: BlackBox, weights: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """As published for prior draws; between examples by the rule that the library has for them."""
    if box.task.given is not None:
        return combined(weights, list(seeds))
    return on_shell(weights @ seeds)


def cube_search(name: str, rule: str = "best") -> Method:
    """One of the library's searches of the hypercube, with the O3 recipe's seed latents.

    The recipe takes the best draws; another rule takes good ones that differ.
    """
    search = load(name)

    def method(box: BlackBox) -> None:
        seeds, scores = _seeds(box, rule)
        size = len(seeds)
        weights = np.eye(size)
        while True:
            finished = np.isfinite(scores)
            history = History(
                space=SearchSpace(
                    correlation=np.eye(size),
                    num_given=size,
                    num_latent_dims=box.dims,
                    within_span=True,
                    draw=lambda m: np.eye(size + m),
                ),
                weights=weights,
                scores=np.where(finished, scores, np.nan),
                finished=finished,
                failed=~finished,
                random_seed=box.repeat,
            )
            w = search.propose(history, 1, box.rng(len(scores)))[0]
            score = box(_latent(box, w, seeds))
            weights, scores = np.vstack([weights, w]), np.append(scores, score)

    return method


def _optuna_gp(box: BlackBox) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seeds, scores = _seeds(box)
    dims = len(seeds) - 1
    chart = KnotheRosenblattChart()
    sampler = optuna.samplers.GPSampler(seed=box.repeat, n_startup_trials=len(seeds))
    study = optuna.create_study(direction="maximize", sampler=sampler)
    space = {f"u{k}": optuna.distributions.FloatDistribution(0, 1) for k in range(dims)}
    for u, score in zip(chart.inverse(np.eye(len(seeds))), scores, strict=True):
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(zip(space, u.tolist(), strict=True)), distributions=space, value=score
            )
        )
    while True:
        trial = study.ask(space)
        u = np.array([[trial.params[name] for name in space]])
        study.tell(trial, box(_latent(box, chart.forward(u)[0], seeds)))


def o3(box: BlackBox) -> None:
    """The published recipe: a Gaussian process with an RBF kernel on u, by BoTorch."""
    from o3 import propose

    seeds, y = _seeds(box)
    chart = KnotheRosenblattChart()
    u = chart.inverse(np.eye(len(seeds)))
    while True:
        new = propose(u, y, num_seeds=len(seeds), rng=box.rng(len(box.observed)))
        score = box(_latent(box, chart.forward(new[None])[0], seeds))
        u, y = np.vstack([u, new]), np.append(y, score)


def _rival(name: str) -> Method:
    """One of ``rivals.py``, which alone needs PyTorch and scikit-learn."""

    def method(box: BlackBox) -> None:
        from rivals import RIVALS

        RIVALS[name](box)

    return method


METHODS: dict[str, Method] = {
    "default": default,
    "default-looking": lambda box: default(box, looks=True),
    "best-of-n": best_of_n,
    "hill-climb": hill_climb,
    "elliptical-slice": elliptical_slice,
    "cma-es-on-z": cma_es_on_z,
    "uniform-in-u": cube_search("random"),
    "cma-es-on-u": cube_search("cma-es"),
    "cma-es-on-u-diverse": cube_search("cma-es", "diverse"),
    "cma-es-on-u-mix": cube_search("cma-es", "mix"),
    "direct-on-u": cube_search("direct"),
    "tpe-on-u": cube_search("tpe"),
    "optuna-gp-on-u": _optuna_gp,
    "o3": o3,
    "vanilla-bo-on-z": _rival("vanilla-bo-on-z"),
    "linear-on-z": _rival("linear-on-z"),
    "turbo-on-z": _rival("turbo-on-z"),
    "cowboys": _rival("cowboys"),
    "forest": _rival("forest"),
    "default-batch-8": lambda box: default(box, batch_size=8),
    "default-8-workers": lambda box: default(box, workers=8),
    "default-noise-unsaid": lambda box: default(box, noise_said=False),
}
