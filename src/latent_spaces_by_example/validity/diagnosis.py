"""The result of ``diagnose``: statistics, verdicts in words, and advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from latent_spaces_by_example.space.typicality import LEAST_NORM, MOST_NORM
from latent_spaces_by_example.validity.set_tests import MiddleNorm
from latent_spaces_by_example.validity.statistic import LatentDiagnosis, Statistic

_OF_THE_NORM = {"norm", "Kolmogorov-Smirnov", "all: norm"}


@dataclass(frozen=True)
class Diagnosis:
    """The tests of latents and of their set, the verdict, and what to do.

    Attributes:
        level: probability that true prior draws, all of them together, fail a test.
        latent_shape: the shape of one latent.
        num_inner_dims: dimension d of the inner latent.
        latents: the tests of each.
        statistics: those of the set; none for a single latent.
        failed: names of the set's statistics that count against it.
        correlation: cosines between the inner latents, shape (K, K).
        effective_rank: between 1 and K: the number of independent latents that K amount to.
        middle: for each combination rule, norms between the latents over the expected one.
        verdict: in words, of the set and all in it.
        advice: what to do about each failing, by the library's own names.
    """

    level: float
    latent_shape: tuple[int, ...]
    num_inner_dims: int
    latents: tuple[LatentDiagnosis, ...]
    statistics: tuple[Statistic, ...]
    failed: tuple[str, ...]
    correlation: np.ndarray = field(repr=False)
    effective_rank: float
    middle: Mapping[str, MiddleNorm | None]
    verdict: str
    advice: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Return True if the set and every latent passed every test."""
        return not self.failed and all(latent.ok for latent in self.latents)

    @property
    def only_norms(self) -> bool:
        """Return True if only norms failed, by no more than inversion leaves them off.

        A study copes with that: it keeps every candidate at norms between its examples'.
        """
        faults = {*self.failed, *(name for latent in self.latents for name in latent.failed)}
        norms = [latent.relative_norm for latent in self.latents]
        usual = min(norms) >= LEAST_NORM and max(norms) <= MOST_NORM
        return bool(faults) and faults <= _OF_THE_NORM and usual

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        values = asdict(self)
        values["correlation"] = np.asarray(self.correlation).tolist()
        values["ok"] = self.ok
        for entry, latent in zip(values["latents"], self.latents, strict=True):
            entry["ok"] = latent.ok
        return values

    def save_picture(self, path: str | PathLike[str]) -> None:
        """Draw norms, tests and correlations to a file that matplotlib can write (.png, .svg).

        Raises:
            ArgumentError: the file cannot be written, or its ending names no kind of picture.
        """
        from latent_spaces_by_example.validity.plots import save_diagnosis_plot  # matplotlib

        save_diagnosis_plot(path, self)
