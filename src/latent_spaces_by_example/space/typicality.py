"""Whether a seed latent is one that the model would draw, and its output one it can make."""

from __future__ import annotations

from math import sqrt

from scipy.special import chdtr, chdtrc, gammaincinv

# One prior draw in so many has a norm as far out; a study has tens of examples at the most.
LEVEL = 1e-4
# In many dimensions the law is so narrow that inverting alone leaves it; that harms no output.
LEAST_DEVIATION = 0.1
MOST_ERROR = 0.1


def norm_level(relative_norm: float, *, num_latent_dims: int) -> float:
    """Share of the model's own draws with a norm at least as unusual: 2 min(F, 1 - F).

    F is the distribution function of chi with d degrees of freedom, the exact law of the norm of d
    independent standard Gaussians.

    Args:
        relative_norm: norm of the inner latent over sqrt(d).
        num_latent_dims: d.

    >>> norm_level(1.0, num_latent_dims=28) > 0.9, norm_level(0.5, num_latent_dims=28) < 1e-4
    (True, True)
    """
    square = relative_norm**2 * num_latent_dims
    return float(2.0 * min(chdtr(num_latent_dims, square), chdtrc(num_latent_dims, square), 0.5))


def norm_interval(num_latent_dims: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Bounds on |inner| / sqrt(d) that a share of 1 - ``level`` of the model's draws keeps.

    >>> low, high = norm_interval(4096, level=0.01)
    >>> round(low, 3), round(high, 3)
    (0.972, 1.029)
    """
    low, high = gammaincinv(num_latent_dims / 2, [level / 2, 1 - level / 2])
    return sqrt(2 * low / num_latent_dims), sqrt(2 * high / num_latent_dims)


def unlike_the_model(
    *, relative_norm: float, num_latent_dims: int, relative_error: float | None = None
) -> str | None:
    """Say why an example is unlike anything that the model makes; None if it is not.

    It is if fewer than 1 in 10,000 prior draws have a norm as unusual and the norm is off by more
    than a tenth; or if what its latent generates differs from the example by more than a
    tenth of what outputs differ by.

    Args:
        relative_norm: norm of the inner latent over sqrt(d).
        num_latent_dims: d.
        relative_error: distance between the example and its reconstruction, over the usual
            distance between two outputs; None or NaN where it is not known.

    >>> unlike_the_model(relative_norm=0.97, num_latent_dims=64, relative_error=0.01)
    >>> unlike_the_model(relative_norm=3.6, num_latent_dims=28)
    "its latent has 3.60 times the usual norm, where 99.99% of the model's draws have 0.52 to 1.55"
    """
    reasons = []
    off = abs(relative_norm - 1.0) > LEAST_DEVIATION
    if off and norm_level(relative_norm, num_latent_dims=num_latent_dims) < LEVEL:
        low, high = norm_interval(num_latent_dims)
        reasons.append(
            f"its latent has {relative_norm:.2f} times the usual norm, where "
            f"{1 - LEVEL:.2%} of the model's draws have {low:.2f} to {high:.2f}"
        )
    if relative_error is not None and relative_error > MOST_ERROR:
        reasons.append(
            f"what its latent gives back differs from it by {relative_error:.2g} of what two "
            "outputs differ by"
        )
    return "; ".join(reasons) or None
