"""A few figures of one candidate's inner latent, cheap enough to take of every trial of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.validity.figures import cautious_kurtosis
from latent_spaces_by_example.validity.layout import spatial_layout

# Of a million candidates whose latents follow the law, about two are beyond it.
OFF_THE_LAW = 5.0
_NORM_TOLERANCE = 5e-3
_FEWEST_FOR_KURTOSIS = 20
_BLOCK = 1 << 14
_WORDS = {
    "norm_z": "norm",
    "mean_z": "mean of the elements",
    "kurtosis_z": "weight of the tails",
    "neighbours_z": "correlation of neighbouring elements",
}


@dataclass(frozen=True)
class CandidateValidity:
    """Whether a candidate's latent is what the study promised.

    Attributes:
        figures: ``norm`` and ``promised_norm`` over the expected one, and z-scores, standard
            Gaussian under the law: ``norm_z``, ``mean_z``, ``kurtosis_z``, ``neighbours_z``.
            Empty where the latent could not be looked at.
        fault: what is wrong in words; None where nothing is. A candidate that is off the model's
            law because the examples are is not at fault.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    fault: str | None = None


def law_figures(inner: Float[np.ndarray, " d"], latent_shape: tuple[int, ...]) -> dict[str, float]:
    """Norm over sqrt(d), and z-scores of norm, mean, kurtosis and neighbours; one read of it.

    Norm: Wilson and Hilferty's cube root of |x|^2 / d. Mean: t = sqrt(d) mean / s, made Gaussian by
    Wallace's transformation. Kurtosis: Anscombe and Glynn's. Neighbours: sum of x_i x_j over all
    pairs next to each other, over |x|^2, whose variance is P / (d (d + 2)) for P pairs, exactly.

    Args:
        inner: the inner latent, finite and not all zeros.
        latent_shape: how it is laid out, where that is the shape of the latent.

    >>> x = np.random.default_rng(0).standard_normal(4096)
    >>> sorted(law_figures(x, (64, 64)))
    ['kurtosis_z', 'mean_z', 'neighbours_z', 'norm', 'norm_z']
    """
    x = inner.astype(np.float64, copy=False)
    d = x.size
    squares, mean, variance, fourth = _moments(x)
    cube_root, spread = (squares / d) ** (1.0 / 3.0), 2.0 / (9.0 * d)
    figures = {
        "norm": float(np.sqrt(squares / d)),
        "norm_z": (cube_root - 1.0 + spread) / float(np.sqrt(spread)),
    }
    if variance * d > 1e-20 * squares:
        figures["mean_z"] = gaussian_of_t(mean * float(np.sqrt((d - 1) / variance)), d - 1)
        if d >= _FEWEST_FOR_KURTOSIS:
            figures["kurtosis_z"] = cautious_kurtosis(kurtosis_z(fourth / variance**2, d))
    neighbours = _neighbours(x, latent_shape)
    if neighbours is not None:
        total, pairs = neighbours
        figures["neighbours_z"] = total / squares * float(np.sqrt(d * (d + 2.0) / pairs))
    return figures


def _moments(x: Float64[np.ndarray, " d"]) -> tuple[float, float, float, float]:
    """|x|^2, and the mean, second and fourth moments about the mean; block by block, in cache."""
    d, mean = x.size, float(x.mean())
    second = fourth = 0.0
    for start in range(0, d, _BLOCK):
        centred = x[start : start + _BLOCK] - mean
        centred *= centred
        second += float(centred.sum())
        fourth += float(centred @ centred)
    return float(x @ x), mean, second / d, fourth / d


def gaussian_of_t(t: float, degrees: int) -> float:
    """The z that is as unusual for a standard Gaussian as t for Student's t, nearly.

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
    """The z of m4 / m2^2 of so many independent Gaussians; 3 is what it tends to.

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


def candidate_validity(
    inner: Float[np.ndarray, " d"],
    *,
    latent_shape: tuple[int, ...],
    promised_norm: float,
    explained: Mapping[str, float],
) -> CandidateValidity:
    """Compare a candidate with what the combination promised, and with the law.

    Args:
        inner: the inner latent of what the generator is given.
        latent_shape: the shape of the latent.
        promised_norm: sqrt(sum_k w_k^2 |z_k|^2 / d), what the shell rule gives.
        explained: for each z-score, sum_k |w_k| |z-score of example k|: half of what the
            candidate has must be there, or the examples are not the reason for it.
    """
    finite = np.isfinite(inner)
    if not finite.all():
        place = int(np.argmin(finite))
        return CandidateValidity(fault=f"inner latent holds {inner[place]} at element {place}")
    if not inner.any():
        return CandidateValidity(fault="inner latent is all zeros")
    d = inner.size
    layout = latent_shape if int(np.prod(latent_shape)) == d else (d,)
    figures = {**law_figures(inner, layout), "promised_norm": promised_norm}
    norm = figures["norm"]
    if abs(norm - promised_norm) > _NORM_TOLERANCE * promised_norm:
        fault = f"norm is {norm:.3f} of the expected one, where {promised_norm:.3f} was promised"
        return CandidateValidity(figures, fault)
    for name, words in _WORDS.items():
        z = abs(figures.get(name, 0.0))
        if z > OFF_THE_LAW and explained.get(name, 0.0) < z / 2.0:
            fault = f"{words} is off the model's law (z = {figures[name]:.1f}), and that of the "
            return CandidateValidity(figures, fault + "examples does not explain it")
    return CandidateValidity(figures)


def is_typical(figures: Mapping[str, float]) -> bool:
    """Whether these figures are what the law would give; of no figures, nothing is known.

    >>> is_typical({"norm": 1.0, "norm_z": 0.3}), is_typical({"norm": 2.0, "norm_z": 60.0})
    (True, False)
    """
    return bool(figures) and all(abs(figures.get(name, 0.0)) <= OFF_THE_LAW for name in _WORDS)


def norm_range(num_dims: int) -> tuple[float, float]:
    """Norms over sqrt(d) that are not off the law: those with ``norm_z`` within the limit.

    >>> [round(norm, 3) for norm in norm_range(4096)]
    [0.945, 1.056]
    """
    spread = 2.0 / (9.0 * num_dims)
    cube_roots = (1.0 - spread + z * np.sqrt(spread) for z in (-OFF_THE_LAW, OFF_THE_LAW))
    low, high = (float(max(root, 0.0) ** 1.5) for root in cube_roots)
    return low, high


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
