"""Pad latents of few dimensions with numbers that the model never sees.

The norm of d independent standard Gaussians is sqrt(d) to within a share of 1 / sqrt(2 d): in
hundreds of dimensions a draw is on the shell of that radius, and nothing is lost by searching the
shell alone. In two dimensions most of the law is elsewhere. So a draw of few dimensions is held as
the first d of d + m Gaussians. On the shell of all of them, of radius R = sqrt(d + m), the share
|z|^2 / R^2 of the first d has the law Beta(d / 2, m / 2), and their law is N(0, I) but for the
largest norms (exactly so as m grows: Maxwell, Poincare): every direction and every norm up to R,
and still nothing but unit vectors to search and to model. With m = 6 one draw of the model in fifty
is beyond R in two dimensions, one in 25 in four, one in nine in twelve.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

# How many dimensions are few, and how many numbers are hidden then. There more is gained by all the
# norms than lost by six directions more (``benchmarks/search/variants.md``).
_FEW, _HIDDEN = 16, 6
_STREAM = 1  # of a draw's random seed: its hidden numbers are not its own first ones again


def num_hidden_dims_for(num_latent_dims: int, *, with_examples: bool) -> int:
    """Return how many numbers are hidden: none between examples, whose space needs no padding.

    >>> num_hidden_dims_for(2, with_examples=False), num_hidden_dims_for(64, with_examples=False)
    (6, 0)
    """
    return 0 if with_examples or num_latent_dims > _FEW else _HIDDEN


def with_hidden(
    inner: Float[np.ndarray, " d"], num_hidden_dims: int, *, random_seed: int | None
) -> Float[np.ndarray, " d_and_hidden"]:
    """Return an inner latent and its hidden numbers, standard Gaussians of the draw's random seed.

    >>> with_hidden(np.zeros(3), 6, random_seed=7).shape
    (9,)
    """
    if not num_hidden_dims:
        return inner
    hidden = np.random.default_rng([random_seed or 0, _STREAM]).standard_normal(num_hidden_dims)
    return np.concatenate([inner, hidden.astype(inner.dtype)])
