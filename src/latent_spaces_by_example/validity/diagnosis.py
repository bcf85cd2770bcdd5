"""What ``diagnose`` found: figures, verdicts in words, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from latent_spaces_by_example.validity.figures import Figure
from latent_spaces_by_example.validity.set_tests import MiddleNorm


@dataclass(frozen=True)
class LatentDiagnosis:
    """What was found of one latent.

    Attributes:
        name: what the user called it.
        relative_norm: norm of the inner latent over the sqrt(d) that the law expects.
        figures: every figure with its p-value.
        failed: names of the figures that count against it.
        verdict: the same in words.
    """

    name: str
    relative_norm: float
    figures: tuple[Figure, ...]
    failed: tuple[str, ...]
    verdict: str

    @property
    def ok(self) -> bool:
        """Whether nothing was found that a true prior draw would not have."""
        return not self.failed


@dataclass(frozen=True)
class Diagnosis:
    """Whether latents are what their law would draw, and if not, in what they differ.

    Attributes:
        level: probability that true prior draws, all of them together, are found at fault.
        latent_shape: the shape of one latent.
        num_inner_dims: dimension d of the inner latent.
        latents: what was found of each.
        figures: those of the set; none for a single latent.
        failed: names of the set's figures that count against it.
        correlation: cosines between the inner latents, shape (K, K).
        effective_rank: of K latents, between 1 and K; how many different ones they amount to.
        middle: for each combination rule, norms between the latents over the expected one.
        verdict: in words, of the set and all in it.
        advice: what to do about each failing, by the library's own names.
    """

    level: float
    latent_shape: tuple[int, ...]
    num_inner_dims: int
    latents: tuple[LatentDiagnosis, ...]
    figures: tuple[Figure, ...]
    failed: tuple[str, ...]
    correlation: np.ndarray = field(repr=False)
    effective_rank: float
    middle: Mapping[str, MiddleNorm | None]
    verdict: str
    advice: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found, in the set or in any latent, that prior draws do not have."""
        return not self.failed and all(latent.ok for latent in self.latents)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        values = asdict(self)
        values["correlation"] = np.asarray(self.correlation).tolist()
        values["ok"] = self.ok
        for latent, found in zip(values["latents"], self.latents, strict=True):
            latent["ok"] = found.ok
        return values

    def save_picture(self, path: str | PathLike[str]) -> None:
        """Draw norms, figures and correlations to a file that matplotlib can write (.png, .svg).

        Raises:
            ArgumentError: the file cannot be written, or its ending names no kind of picture.
        """
        from latent_spaces_by_example.validity.picture import save_picture

        save_picture(self, path)
