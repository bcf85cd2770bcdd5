"""The best trials of a study, and the best ones that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.space import (
    SurrogateChart,
    angles_between,
    choose,
    distances_between,
)
from latent_spaces_by_example.study.trial import Trial, weights_table

_BETTER_SHARE = 0.25
_BATCH = 16


def top_trials(
    study: Any, trials: Sequence[Trial], *, num: int, diverse: bool, by_output: bool
) -> list[Trial]:
    """Return the best of these trials; see :meth:`latent_spaces_by_example.Study.top`."""
    ranked = study.ranking.ranked(trials)
    if not ranked:
        raise StudyError(f"study {study.name!r} has no finished evaluation yet")
    num = min(num, len(ranked))
    if not diverse:
        return ranked[:num]
    candidates = ranked[: max(num, int(np.ceil(_BETTER_SHARE * len(ranked))))]
    between = _between_outputs if by_output else _between_latents
    # ranks, since what is better may be lower, or violate less
    scores = [-float(rank) for rank in range(len(candidates))]
    chosen = choose(
        scores, num=num, distances=between(study, candidates), rule="diverse", among=1.0
    )
    return [candidates[index] for index in chosen]


def positions(
    space: SurrogateChart, weights: Float64[np.ndarray, "n K"]
) -> Float64[np.ndarray, "n r"]:
    """Return a unit vector for each row of weights, whose inner products are cosines of latents.

    Of hidden numbers only their norm counts, which is what the latent's norm lacks: two candidates
    that the model cannot tell apart are at the same place.

    >>> class Model:
    ...     latent_shape = (2,)
    >>> from latent_spaces_by_example.space import spanned_by
    >>> space = spanned_by(Model(), num_prior_seeds=5, random_seed=1)
    >>> positions(space, np.eye(5)).shape
    (5, 3)
    """
    if not space.seeds.num_hidden_dims:
        frame = Directions.from_correlation(space.correlation_of(weights.shape[1]))
        return frame.from_weights(weights)
    inner = space.inner_latents(weights)
    seen, hidden = np.split(inner, [space.num_latent_dims], axis=1)
    vectors = np.column_stack([seen, np.linalg.norm(hidden, axis=1)]).astype(np.float64)
    unit: Float64[np.ndarray, "n r"] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _between_latents(study: Any, trials: Sequence[Trial]) -> Float64[np.ndarray, "n n"]:
    weights = weights_table(trials, study.settings.num_given)
    points = positions(study.space, weights)
    return angles_between(points @ points.T)


def _between_outputs(study: Any, trials: Sequence[Trial]) -> Float64[np.ndarray, "n n"]:
    weights = weights_table(trials, study.settings.num_given)
    outputs: list[Any] = []
    for first in range(0, len(trials), _BATCH):
        latents = study.latents(weights[first : first + _BATCH])
        outputs.extend(study.generator.generate(latents))
    return distances_between(outputs)
