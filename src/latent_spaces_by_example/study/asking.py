"""Opening trials for the user, with their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.charts.domain import cube_coordinates
from latent_spaces_by_example.errors import ArgumentError, EvaluationError
from latent_spaces_by_example.search.base import Search
from latent_spaces_by_example.study.evaluation import (
    BrokenContractError,
    failure,
    generated,
    one_by_one,
)
from latent_spaces_by_example.study.output_files import files_of
from latent_spaces_by_example.study.proposals import checked_weights
from latent_spaces_by_example.study.results import failed_result
from latent_spaces_by_example.study.trial import Trial
from latent_spaces_by_example.study.view import StudyView
from latent_spaces_by_example.transport_maps.layout import rows_of

_MOST_FAILURES = 10


class Asking:
    """Opens trials of one study and makes their outputs.

    A trial that the generator fails at is failed, with the reason. Where nothing is to be generated
    trials stay without outputs.
    """

    def __init__(self, study: StudyView, *, generate: bool = True) -> None:
        self._study, self._proposals = study, study.proposals
        self._generates = generate
        self._exception: Exception | None = None

    def proposed(self, n: int, *, engine: Search) -> list[Trial]:
        """Open trials, examples first, until ``n`` have an output.

        Raises:
            EvaluationError: the generator failed at ten latents in a row.
        """
        ready: list[Trial] = []
        failures = 0
        while len(ready) < n:
            missing = n - len(ready)
            opened = self._proposals.examples(missing, asked_by="user")
            if rest := missing - len(opened):
                opened += self._proposals.searched(engine, rest, room=rest, asked_by="user")
            for trial in self._with_outputs(opened):
                failures = failures + 1 if trial.error is not None else 0
                if failures >= _MOST_FAILURES:
                    raise EvaluationError(
                        f"the generator failed at {failures} latents in a row, the last one with: "
                        f"{trial.error}"
                    ) from self._exception
                if trial.pending:
                    ready.append(trial)
        return ready

    def own(self, weights: Float64[np.ndarray, "n K"]) -> list[Trial]:
        """Open trials at points of the user's own; those that the generator makes come back."""
        return [t for t in self._with_outputs(self._proposals.own(weights)) if t.pending]

    def _with_outputs(self, trials: Sequence[Trial]) -> list[Trial]:
        if not trials or not self._generates:
            return list(trials)
        latents, generator = self._proposals.latents(trials), self._study.generator
        try:
            made = one_by_one(
                lambda rows: generated(generator, rows_of(latents, rows)),
                len(trials),
                failed=lambda error: error,
            )
        except BrokenContractError as error:
            for trial in trials:  # nobody is given them, so nobody would tell their results
                self._failed(trial, error)
            raise
        return [
            self._with_output(trial, rows_of(latents, place), output)
            for place, (trial, output) in enumerate(zip(trials, made, strict=True))
        ]

    def _with_output(self, trial: Trial, latent: Any, output: Any) -> Trial:
        if isinstance(output, Exception):
            return self._failed(trial, output)
        if (artifacts := self._study.artifacts) is not None and artifacts.wanted:
            artifacts.keep(trial.number, files_of(self._study.generator, output))
        return replace(trial, latent=latent, output=output)

    def _failed(self, trial: Trial, error: Exception) -> Trial:
        self._exception = error
        # as of the trials that the user evaluates, no worker is recorded
        outcome = replace(failure(error), worker="")
        return self._study.records.tell(trial.number, failed_result(outcome))


def own_points(u: Any, weights: Any, *, num_given: int, most: int) -> Float64[np.ndarray, "n K"]:
    """Return a user's points, given as u or as weights, as weights.

    Args:
        u: shape (n, K - 1), in the unit hypercube over the K given seed latents; or None.
        weights: shape (n, k), rows of unit norm; or None.
        num_given: K.
        most: how many seed latents the study has so far.

    Raises:
        ArgumentError: a wrong shape or value.
    """
    if weights is not None:
        return checked_weights(weights, who="weights is", most=max(num_given, most, 1))
    if num_given < 2:
        raise ArgumentError(
            f"u needs at least two given seed latents, and this study has {num_given}; make it "
            "with examples, seed_latents or num_seeds, or give weights"
        )
    return KnotheRosenblattChart().forward(cube_coordinates(u, num_seeds=num_given))
