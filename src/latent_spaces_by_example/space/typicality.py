"""Tell whether a seed latent is one that the model copes with, and gives its example back."""

from __future__ import annotations

from math import sqrt

from scipy.special import gammaincinv

# One prior draw in so many has a norm as far out; a study has tens of examples at the most.
LEVEL = 1e-4
# Inversion leaves norms between these, over the expected one. The shell rule keeps them, and
# models cope with them; beyond, the latents were scaled, or the example is not one of the model's.
LEAST_NORM, MOST_NORM = 0.2, 3.0
MOST_ERROR = 0.1


def norm_interval(num_latent_dims: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return bounds on |inner| / sqrt(d) that a share of 1 - ``level`` of the model's draws keeps.

    They are quantiles of the chi law with d degrees of freedom, the exact law of the norm of d
    independent standard Gaussians.

    Args:
        num_latent_dims: d.
        level: the share of prior draws outside, half of it on either side.

    >>> low, high = norm_interval(4096, level=0.01)
    >>> round(low, 3), round(high, 3)
    (0.972, 1.029)
    """
    low, high = gammaincinv(num_latent_dims / 2, [level / 2, 1 - level / 2])
    return sqrt(2 * low / num_latent_dims), sqrt(2 * high / num_latent_dims)


def unlike_the_model(
    *, relative_norm: float, num_latent_dims: int, relative_error: float | None = None
) -> str | None:
    """Return why an example is unlike anything that the model makes and what to do; or None.

    It is if its latent has less than 0.2 or more than 3 times the usual norm, where fewer than 1
    in 10,000 prior draws are; or if what its latent generates differs from the example by more
    than a tenth of what outputs differ by.

    Args:
        relative_norm: norm of the inner latent over sqrt(d).
        num_latent_dims: d.
        relative_error: distance between the example and its reconstruction, over the usual
            distance between two outputs; None or NaN where it is not known.

    >>> unlike_the_model(relative_norm=0.36, num_latent_dims=28, relative_error=7e-6)
    >>> unlike_the_model(relative_norm=3.6, num_latent_dims=28)
    'its latent has 3.60 times the usual norm: rescale it (--repair rescale), or leave it out'
    """
    reasons = []
    low, high = norm_interval(num_latent_dims)
    if not min(low, LEAST_NORM) <= relative_norm <= max(high, MOST_NORM):
        reasons.append(
            f"its latent has {relative_norm:.2f} times the usual norm: rescale it "
            "(--repair rescale), or leave it out"
        )
    if relative_error is not None and relative_error > MOST_ERROR:
        reasons.append(
            f"what its latent gives back differs from it by {relative_error:.2g} of what two "
            "outputs differ by: invert it with more steps, or leave it out"
        )
    return "; ".join(reasons) or None
