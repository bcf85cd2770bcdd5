"""Whether each candidate of a study is what its seed latents promise; looked at before it is made.

The inner latent is read back from the very array that the generator is given, so a transport map
that does not invert, a dtype that overflows, or a law that is not the model's shows up here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.diagnostics.candidates import (
    CandidateValidity,
    candidate_validity,
    is_typical,
    law_figures,
)
from latent_spaces_by_example.seeds import SeedLatents, transport_map_of

if TYPE_CHECKING:
    from latent_spaces_by_example.study.records import Trial

_SCORES = ("norm_z", "mean_z", "kurtosis_z", "neighbours_z")


class CandidateCheck:
    """Looks at the candidates of one study."""

    def __init__(self, seeds: SeedLatents, *, generator: Any) -> None:
        self._seeds = seeds
        self._transport_map = transport_map_of(generator)
        self._scores: Float64[np.ndarray, "E 4"] | None = None

    def of(self, latents: Any, weights: Float64[np.ndarray, "n K"]) -> list[CandidateValidity]:
        """What is to be said of each of n latents; nothing that it finds raises."""
        promised = np.sqrt(weights**2 @ self._seeds.relative_norms[: weights.shape[1]] ** 2)
        try:
            mapped = self._transport_map.forward(latents)
            if self._scores is None:
                self._scores = self._scores_of_examples(like=latents)
        except Exception as error:  # it leaves the law's support, or the map is at fault
            if len(latents) == 1:
                return [CandidateValidity(fault=f"inner latent cannot be read back: {error}")]
            rows = range(len(latents))
            return [self.of(latents[i : i + 1], weights[i : i + 1])[0] for i in rows]
        inner = library_of(mapped).on_host(mapped)
        shape = self._seeds.latent_shape
        num_examples = len(self._seeds.examples)
        explained = np.abs(weights[:, :num_examples]) @ self._scores
        return [
            candidate_validity(
                row,
                latent_shape=shape,
                promised_norm=float(norm),
                explained=dict(zip(_SCORES, map(float, scores), strict=True)),
            )
            for row, norm, scores in zip(inner, promised, explained, strict=True)
        ]

    def _scores_of_examples(self, *, like: Any) -> Float64[np.ndarray, "E 4"]:
        examples = self._seeds.examples
        scores: Float64[np.ndarray, "E 4"] = np.zeros((len(examples), len(_SCORES)))
        if len(examples) == 0:
            return scores
        shape = self._seeds.latent_shape
        there = library_of(like).from_host(examples, like=like)
        mapped = self._transport_map.forward(there)
        inner = library_of(mapped).on_host(mapped)
        layout = shape if int(np.prod(shape)) == inner.shape[1] else (inner.shape[1],)
        for row, x in zip(scores, inner, strict=True):
            figures = law_figures(x, layout)
            row[:] = [abs(figures.get(name, 0.0)) for name in _SCORES]
        return scores


def validity_summary(trials: Sequence[Trial]) -> str:
    """One sentence on all candidates that were looked at; empty where none was."""
    looked_at = [trial for trial in trials if trial.validity or trial.invalid]
    if not looked_at:
        return ""
    faulty = [trial for trial in looked_at if trial.invalid]
    typical = sum(is_typical(trial.validity) for trial in looked_at if not trial.invalid)
    unusual = len(looked_at) - len(faulty) - typical
    said = [f"{typical} of {len(looked_at)} candidates follow the model's law"]
    if unusual:
        said.append(f"{unusual} are off it because the examples are")
    if faulty:
        numbers = ", ".join(str(trial.number) for trial in faulty[:5])
        more = ", ..." if len(faulty) > 5 else ""
        word = "trial" if len(faulty) == 1 else "trials"
        said.append(f"{len(faulty)} fail ({word} {numbers}{more})")
    return "; ".join(said)
