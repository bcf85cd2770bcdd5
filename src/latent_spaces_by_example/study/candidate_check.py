"""A check of each candidate against the promise of its seed latents, before it is generated.

The inner latent is read back from the very array that the generator is given, so a transport map
that does not invert, a dtype that overflows, or a law that is not the model's shows up here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.space import SurrogateChart, transport_map_of
from latent_spaces_by_example.study.evaluation import one_by_one
from latent_spaces_by_example.transport_maps.layout import rows_of
from latent_spaces_by_example.validity.candidates import (
    CandidateValidity,
    candidate_validity,
    is_typical,
    law_metrics,
)

if TYPE_CHECKING:
    from latent_spaces_by_example.study.trial import Trial

_SCORES = ("norm_z", "mean_z", "kurtosis_z", "neighbours_z")


class CandidateCheck:
    """Compares the candidates of one study with their promise and with the model's law."""

    def __init__(self, space: SurrogateChart, *, generator: Any) -> None:
        self._space = space
        self._seeds = space.seeds
        self._transport_map = transport_map_of(generator)
        self._scores: Float64[np.ndarray, "E 4"] | None = None

    def of(self, latents: Any, weights: Float64[np.ndarray, "n K"]) -> list[CandidateValidity]:
        """Return metrics and fault of each of n latents; no fault raises."""
        return one_by_one(
            lambda rows: self._checked(rows_of(latents, rows), weights[rows]),
            len(weights),
            # it leaves the law's support, or the map is at fault
            failed=lambda error: CandidateValidity(
                fault=f"inner latent cannot be read back: {error}"
            ),
        )

    def _checked(
        self, latents: Any, weights: Float64[np.ndarray, "n K"]
    ) -> list[CandidateValidity]:
        mapped = self._transport_map.forward(latents)
        if self._scores is None:
            self._scores = self._scores_of_examples()
        inner = library_of(mapped).on_host(mapped)
        promised = self._space.relative_norms_at(weights)
        explained = np.abs(weights[:, : len(self._scores)]) @ self._scores
        return [
            candidate_validity(
                row,
                latent_shape=self._shape_of(row),
                promised_norm=float(norm),
                explained=dict(zip(_SCORES, map(float, scores), strict=True)),
            )
            for row, norm, scores in zip(inner, promised, explained, strict=True)
        ]

    def _scores_of_examples(self) -> Float64[np.ndarray, "E 4"]:
        scores: Float64[np.ndarray, "E 4"] = np.zeros((len(self._seeds.examples), len(_SCORES)))
        for index, row in enumerate(scores):
            x = self._seeds.inner_latent(index)
            metrics = law_metrics(x, self._shape_of(x))
            row[:] = [abs(metrics.get(name, 0.0)) for name in _SCORES]
        return scores

    def _shape_of(self, inner: Float[np.ndarray, " d"]) -> tuple[int, ...]:
        """Return the latent's shape if the inner latent has as many numbers, else its own."""
        shape = self._seeds.latent_shape
        alike = isinstance(shape, tuple) and int(np.prod(shape)) == len(inner)
        return shape if alike else inner.shape


def validity_summary(trials: Sequence[Trial]) -> str:
    """Return one sentence on all candidates that were checked; empty if none was."""
    looked_at = [trial for trial in trials if trial.validity or trial.invalid]
    if not looked_at:
        return ""
    faulty = [trial for trial in looked_at if trial.invalid]
    typical = sum(is_typical(trial.validity) for trial in looked_at if not trial.invalid)
    unusual = len(looked_at) - len(faulty) - typical
    parts = [f"{typical} of {len(looked_at)} candidates follow the model's law"]
    if unusual:
        verb = "departs" if unusual == 1 else "depart"
        parts.append(f"{unusual} {verb} from it only as far as the examples do")
    if faulty:
        numbers = ", ".join(str(trial.number) for trial in faulty[:5])
        more = ", ..." if len(faulty) > 5 else ""
        verb, word = ("fails", "trial") if len(faulty) == 1 else ("fail", "trials")
        parts.append(f"{len(faulty)} {verb} the check ({word} {numbers}{more})")
    return "; ".join(parts)
