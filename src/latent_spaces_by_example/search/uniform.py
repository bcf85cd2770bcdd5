"""Independent uniform points of the hypercube: the baseline of every comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch


@dataclass(frozen=True)
class RandomSearch(HypercubeSearch):
    """u ~ U[0, 1]^(K-1), so that with the default chart w is uniform on the positive orthant.

    Example:
        >>> RandomSearch()
        RandomSearch(weight_chart=None)
    """

    takes_several_scores: ClassVar[bool] = True

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Draw n uniform points."""
        return rng.random((n, trials.dims))
