"""The best trials of a study, and the best ones that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.space import angles_between, choose, distances_between
from latent_spaces_by_example.study.feasibility import ranked as ranked_trials
from latent_spaces_by_example.study.noise import expecting
from latent_spaces_by_example.study.positions import positions
from latent_spaces_by_example.study.trial import Trial

if TYPE_CHECKING:
    from latent_spaces_by_example.study.study import Study

_BETTER_SHARE = 0.25
_BATCH = 16


def top_trials(
    study: Study, num: int, *, diverse: bool, by_output: bool, expected: bool
) -> list[Trial]:
    """See :meth:`latent_spaces_by_example.Study.top`."""
    finished = [trial for trial in study.records.trials() if trial.score is not None]
    if not finished:
        raise StudyError(f"study {study.name!r} has no finished evaluation yet")
    if expected:
        finished = expecting(finished, study.expected_scores())
    ranked = ranked_trials(finished)
    num = min(num, len(ranked))
    if not diverse:
        return ranked[:num]
    candidates = ranked[: max(num, int(np.ceil(_BETTER_SHARE * len(ranked))))]
    measure = _between_outputs if by_output else _between_latents
    scores = [trial.worth or 0.0 for trial in candidates]
    if not all(trial.feasible for trial in candidates):
        scores = [-float(rank) for rank in range(len(candidates))]
    chosen = choose(
        scores,
        num=num,
        distances=measure(study, candidates),
        rule="diverse",
        among=1.0,
    )
    return [candidates[index] for index in chosen]


def _between_latents(study: Study, trials: list[Trial]) -> Float64[np.ndarray, "n n"]:
    weights = study.weights[[trial.number for trial in trials]]
    points = positions(study.space, weights)
    return angles_between(points @ points.T)


def _between_outputs(study: Study, trials: list[Trial]) -> Float64[np.ndarray, "n n"]:
    outputs = []
    for first in range(0, len(trials), _BATCH):
        weights = study.weights[[trial.number for trial in trials[first : first + _BATCH]]]
        outputs.extend(study.generator.generate(study.latents(weights)))
    return distances_between(outputs)
