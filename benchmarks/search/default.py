"""The library's default search on a black box, as a study runs it: alone, in batches, shared."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
from black_box import BlackBox, on_shell

from latent_spaces_by_example.search import History, SearchSpace, load
from latent_spaces_by_example.space.hidden import num_hidden_dims_for, with_hidden


class SeedLatents:
    """The examples, then prior draws, made as they are asked for; and their cosines.

    Of few dimensions they have hidden numbers, as in a study.
    """

    def __init__(self, box: BlackBox) -> None:
        self._box = box
        self._latents = [] if box.task.given is None else list(box.task.given)
        self.num_given = len(self._latents)
        self._num_hidden = num_hidden_dims_for(box.dims, with_examples=self.num_given > 0)
        self.num_dims = box.dims + self._num_hidden
        self._gram = np.zeros((0, 0))

    def _draw(self, index: int) -> np.ndarray:
        seed = (self._box.repeat << 32) + index
        return with_hidden(self._box.draw(index), self._num_hidden, random_seed=seed)

    def correlation(self, size: int) -> np.ndarray:
        """Cosines between the first ``size`` of them."""
        while len(self._latents) < size:
            self._latents.append(self._draw(len(self._latents) - self.num_given))
        while len(self._gram) < size:
            row = len(self._gram)
            new = np.array([self._latents[row] @ z for z in self._latents[: row + 1]])
            self._gram = np.pad(self._gram, (0, 1))
            self._gram[-1], self._gram[:, -1] = new, new
        norms = np.sqrt(np.diag(self._gram)[:size])
        return self._gram[:size, :size] / np.outer(norms, norms)

    def latent(self, weights: np.ndarray) -> np.ndarray:
        """The latent at weights, its squared norm that of the seed latents by squared weight."""
        return combined(weights, self._latents)[: self._box.dims]


def combined(weights: np.ndarray, latents: list[np.ndarray]) -> np.ndarray:
    direction, square = np.zeros(latents[0].size), 0.0
    for w, z in zip(weights, latents, strict=False):
        if w:
            norm = np.linalg.norm(z)
            direction += (w / norm) * z
            square += w**2 * norm**2
    return on_shell(direction) * np.sqrt(square / direction.size)


def default(
    box: BlackBox,
    *,
    batch_size: int = 1,
    workers: int = 1,
    noise_said: bool = True,
    looks: bool = False,
) -> None:
    """Spend the budget with the default search.

    Args:
        box: what is searched.
        batch_size: how many points are proposed at a time.
        workers: how many propose and evaluate at once, each as soon as it is free. Evaluations
            take log-normal times (sigma 0.5) on a clock that exists in here alone.
        noise_said: whether a noisy task says that it is, as a user who knows it would.
        looks: whether it may look at outputs before they are scored, where the task has features.
    """
    search, seeds = load("latent-gp"), SeedLatents(box)
    width = seeds.num_given
    proposed: list[np.ndarray] = []
    num_known: list[int] = []
    pending: set[int] = set()
    clock, now = np.random.default_rng([box.repeat, 4]), 0.0
    running: list[tuple[float, list[int]]] = []
    see = box.task.features if looks else None

    def look(weights: np.ndarray) -> np.ndarray:
        seeds.correlation(weights.shape[1])
        return see(np.stack([seeds.latent(row) for row in weights]))

    features: list[np.ndarray] = []
    while True:
        first, n = len(proposed), min(batch_size, box.budget - len(proposed)) or 1
        history = _history(
            box, seeds, width=width, proposed=proposed, pending=pending, num_known=num_known
        )
        history = replace(history, noisy=noise_said and box.task.noise > 0)
        if see is not None and features:
            number = box.task.num_candidates
            space = replace(history.space, look=look, num_candidates=number)
            history = replace(history, space=space, features=np.stack(features))
        proposal = search.propose(history, n, box.rng(first))
        width = max(width, proposal.shape[1])
        seeds.correlation(width)
        num_known += [first - len(pending)] * n
        for weights in proposal:
            box(seeds.latent(weights))
            proposed.append(weights)
            if see is not None:
                features.append(look(weights[None])[0])
        batch = list(range(first, first + n))
        pending.update(batch)
        heapq.heappush(running, (now + clock.lognormal(0.0, 0.5), batch))
        if len(running) == workers:
            now, done = heapq.heappop(running)
            pending.difference_update(done)


def _history(
    box: BlackBox,
    seeds: SeedLatents,
    *,
    width: int,
    proposed: list[np.ndarray],
    pending: set[int],
    num_known: list[int],
) -> History:
    table = np.zeros((len(proposed), width))
    for row, weights in zip(table, proposed, strict=True):
        row[: len(weights)] = weights
    settled = np.array([number not in pending for number in range(len(proposed))], dtype=bool)
    finished = np.isfinite(box.observed) & settled
    return History(
        space=SearchSpace(
            correlation=seeds.correlation(width),
            num_given=seeds.num_given,
            num_latent_dims=seeds.num_dims,
            within_span=box.task.given is not None,
            draw=lambda m: seeds.correlation(width + m),
        ),
        weights=table,
        scores=np.where(finished, box.observed, np.nan),
        finished=finished,
        failed=settled & ~finished,
        random_seed=box.repeat,
        num_known=np.array(num_known, dtype=int),
    )
