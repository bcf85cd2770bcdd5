"""Where a study's candidates are: unit vectors whose inner products are cosines of latents."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.search.latent_gp.directions import Directions
from latent_spaces_by_example.space import SurrogateChart


def positions(
    space: SurrogateChart, weights: Float64[np.ndarray, "n K"]
) -> Float64[np.ndarray, "n r"]:
    """One unit vector for each row of weights, as near to one another as the model finds them.

    Of hidden numbers only how much they are counts, which is what the latent's norm lacks: two
    candidates that the model cannot tell apart are at the same place.

    >>> from latent_spaces_by_example.space import spanned_by
    >>> class Model:
    ...     latent_shape = (2,)
    >>> positions(spanned_by(Model(), random_seed=1), np.eye(5)).shape
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
