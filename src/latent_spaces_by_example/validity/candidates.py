"""Measure one candidate's inner latent, cheaply enough for every trial of a study.

Written without ``scipy.stats``, which takes longer to import than most studies of a toy run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.validity.axes import spatial_layout

# Of a million candidates whose latents follow the law, about two are beyond this z.
OFF_THE_LAW = 5.0
_NORM_TOLERANCE = 5e-3
_FEWEST_FOR_KURTOSIS = 20
_BLOCK = 1 << 14
_SCALED = 3.0
# What the published transformation of the kurtosis gets wrong far out, measured on millions of
# draws: at 256 elements z > 4.5 is four times too frequent, at 64 z < -4.1 ten times. Scaled
# down like this, neither side is too frequent between 24 and 1024 elements.
_HEAVY_TAILS, _LIGHT_TAILS = 0.9, 0.8
_WORDS = {
    "norm_z": "norm",
    "mean_z": "mean of the elements",
    "kurtosis_z": "weight of the tails",
    "neighbours_z": "correlation of neighbouring elements",
}


@dataclass(frozen=True)
class CandidateValidity:
    """The metrics of a candidate's latent, and its fault if it is not what the study promised.

    Attributes:
        metrics: ``norm`` and ``promised_norm`` over the expected one, and z-scores, standard
            Gaussian under the law: ``norm_z``, ``mean_z``, ``kurtosis_z``, ``neighbours_z``.
            Empty if the latent could not be read back.
        fault: what is wrong, in words, or None. A candidate that departs from the model's law
            only as far as its examples do is not at fault.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    fault: str | None = None


def law_metrics(inner: Float[np.ndarray, " d"], latent_shape: tuple[int, ...]) -> dict[str, float]:
    """Return norm over sqrt(d), and z-scores of norm, mean, kurtosis and neighbours.

    Norm: Wilson and Hilferty's cube root of |x|^2 / d. Mean: t = sqrt(d) mean / s, made Gaussian by
    Wallace's transformation. Kurtosis: Anscombe and Glynn's. Neighbours: sum of x_i x_j over all
    pairs next to each other, over |x|^2, whose variance is P / (d (d + 2)) for P pairs, exactly.

    Args:
        inner: the inner latent, finite and not all zeros.
        latent_shape: how it is laid out, where that is the shape of the latent.

    >>> x = np.random.default_rng(0).standard_normal(4096)
    >>> sorted(law_metrics(x, (64, 64)))
    ['kurtosis_z', 'mean_z', 'neighbours_z', 'norm', 'norm_z']
    """
    x = inner.astype(np.float64, copy=False)
    d = x.size
    squares, mean, variance, fourth = _moments(x)
    cube_root, spread = (squares / d) ** (1.0 / 3.0), 2.0 / (9.0 * d)
    metrics = {
        "norm": float(np.sqrt(squares / d)),
        "norm_z": (cube_root - 1.0 + spread) / float(np.sqrt(spread)),
    }
    if variance * d > 1e-20 * squares:
        metrics["mean_z"] = gaussian_of_t(mean * float(np.sqrt((d - 1) / variance)), d - 1)
        if d >= _FEWEST_FOR_KURTOSIS:
            metrics["kurtosis_z"] = cautious_kurtosis_z(fourth / variance**2, d)
    neighbours = _neighbours(x, latent_shape)
    if neighbours is not None:
        total, pairs = neighbours
        metrics["neighbours_z"] = total / squares * float(np.sqrt(d * (d + 2.0) / pairs))
    return metrics


def _moments(x: Float64[np.ndarray, " d"]) -> tuple[float, float, float, float]:
    """Return |x|^2, the mean, and the second and fourth moments about it, block by block."""
    d, mean = x.size, float(x.mean())
    second = fourth = 0.0
    for start in range(0, d, _BLOCK):
        centred = x[start : start + _BLOCK] - mean
        centred *= centred
        second += float(centred.sum())
        fourth += float(centred @ centred)
    return float(x @ x), mean, second / d, fourth / d


def gaussian_of_t(t: float, degrees: int) -> float:
    """Return the z that is nearly as unusual for a standard Gaussian as t is for Student's t.

    z = (8 n + 1) / (8 n + 3) sqrt(n log(1 + t^2 / n)), on the cautious side for few degrees n of
    freedom, and finite for any t: in two dimensions one prior draw in eight has |t| above 5.

    Source: Wallace 1959 (Ann. Math. Statist. 30), "Bounds on normal approximations to Student's
    and the chi-square distributions".

    >>> round(gaussian_of_t(3.0, 1000), 2), round(gaussian_of_t(-5.0, 1), 2)
    (2.99, -1.48)
    """
    n = float(degrees)
    size = (8.0 * n + 1.0) / (8.0 * n + 3.0) * np.sqrt(n * np.log1p(t * t / n))
    return float(np.copysign(size, t))


def kurtosis_z(kurtosis: float, num_dims: int) -> float:
    """Return the z of m4 / m2^2 of so many independent Gaussians; the ratio tends to 3.

    Source: Anscombe and Glynn 1983 (Biometrika 70), as ``scipy.stats.kurtosistest``.
    """
    n = float(num_dims)
    expected = 3.0 * (n - 1.0) / (n + 1.0)
    variance = 24.0 * n * (n - 2.0) * (n - 3.0) / ((n + 1.0) ** 2 * (n + 3.0) * (n + 5.0))
    x = (kurtosis - expected) / np.sqrt(variance)
    skew = 6.0 * (n * n - 5.0 * n + 2.0) / ((n + 7.0) * (n + 9.0))
    skew *= np.sqrt(6.0 * (n + 3.0) * (n + 5.0) / (n * (n - 2.0) * (n - 3.0)))
    a = 6.0 + 8.0 / skew * (2.0 / skew + np.sqrt(1.0 + 4.0 / skew**2))
    inner = (1.0 - 2.0 / a) / (1.0 + x * np.sqrt(2.0 / (a - 4.0)))
    return float((1.0 - 2.0 / (9.0 * a) - np.cbrt(inner)) / np.sqrt(2.0 / (9.0 * a)))


def cautious_kurtosis_z(kurtosis: float, num_dims: int) -> float:
    """Return :func:`kurtosis_z`, scaled down so that it is not too large too often."""
    z = kurtosis_z(kurtosis, num_dims)
    return z * (_HEAVY_TAILS if z > 0.0 else _LIGHT_TAILS)


def candidate_validity(
    inner: Float[np.ndarray, " d"],
    *,
    latent_shape: tuple[int, ...],
    promised_norm: float,
    explained: Mapping[str, float],
) -> CandidateValidity:
    """Compare a candidate with what the combination promised, and with the law.

    Args:
        inner: the inner latent, read back from the latent that the generator is given.
        latent_shape: the shape of the latent.
        promised_norm: sqrt(sum_k w_k^2 |z_k|^2 / d), the norm under the shell rule.
        explained: for each z-score, sum_k |w_k| |z-score of example k|. If it is less than half
            of the candidate's own, the examples are not the reason.
    """
    finite = np.isfinite(inner)
    if not finite.all():
        place = int(np.argmin(finite))
        return CandidateValidity(fault=f"inner latent holds {inner[place]} at element {place}")
    if not inner.any():
        return CandidateValidity(fault="inner latent is all zeros")
    d = inner.size
    layout = latent_shape if int(np.prod(latent_shape)) == d else (d,)
    metrics = {**law_metrics(inner, layout), "promised_norm": promised_norm}
    norm = metrics["norm"]
    if abs(norm - promised_norm) > _NORM_TOLERANCE * promised_norm:
        fault = f"norm is {norm:.3f} of the expected one, where {promised_norm:.3f} was promised"
        return CandidateValidity(metrics, fault)
    for name, words in _WORDS.items():
        z = abs(metrics.get(name, 0.0))
        if z > OFF_THE_LAW and explained.get(name, 0.0) < z / 2.0:
            fault = f"{words} is off the model's law (z = {metrics[name]:.1f}), and the examples' "
            return CandidateValidity(metrics, fault + "own does not explain it")
    return CandidateValidity(metrics)


def is_typical(metrics: Mapping[str, float]) -> bool:
    """Return True if these metrics are ones that the law would give; False if there are none.

    >>> is_typical({"norm": 1.0, "norm_z": 0.3}), is_typical({"norm": 2.0, "norm_z": 60.0})
    (True, False)
    """
    return bool(metrics) and all(abs(metrics.get(name, 0.0)) <= OFF_THE_LAW for name in _WORDS)


def mistaken_scale(relative_norms: Float64[np.ndarray, " K"]) -> str | None:
    """Return a warning if all latents have a norm that is off by a factor of 3 to one side.

    Inversion leaves single latents off; all of them together are scaled, as latents of a pipeline
    are that were multiplied by its scheduler's ``init_noise_sigma``.

    >>> mistaken_scale(np.array([14.6, 14.5]))[:50]
    'the seed latents have 14.55 times the norm that th'
    >>> mistaken_scale(np.array([0.36, 1.2]))
    """
    low, high = float(relative_norms.min()), float(relative_norms.max())
    if low <= _SCALED and high >= 1.0 / _SCALED:
        return None
    scale = float(np.median(relative_norms))
    return (
        f"the seed latents have {scale:.4g} times the norm that the model expects, all of them: "
        f"they were scaled on their way here. Divide them by {scale:.3g}, or give the generator "
        f"transport_map = GaussianTransportMap(scale={scale:.3g}) if its own draws have it too."
    )


def _neighbours(
    x: Float64[np.ndarray, " d"], latent_shape: tuple[int, ...]
) -> tuple[float, int] | None:
    channels, shape = spatial_layout(latent_shape)
    pieces = x.reshape(channels, *shape)
    total, pairs = 0.0, 0
    for axis in range(1, pieces.ndim):
        size = pieces.shape[axis]
        if size < 2:
            continue
        before = pieces[(slice(None),) * axis + (slice(None, -1),)]
        after = pieces[(slice(None),) * axis + (slice(1, None),)]
        axes = list(range(pieces.ndim))  # einsum, because it makes no array of the products
        total += float(np.einsum(before, axes, after, axes, []))
        pairs += before.size
    return (total, pairs) if pairs else None
