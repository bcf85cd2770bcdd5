"""Do the elements of one inner latent look like independent standard Gaussians, one by one?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy import stats
from scipy.special import chdtr, chdtrc, log_ndtr, ndtr, stdtr

from latent_spaces_by_example.validity.figures import (
    LEAST_P,
    Figure,
    cautious_kurtosis,
    from_tails,
    from_z,
)

_FEWEST_FOR_SKEWNESS, _FEWEST_FOR_KURTOSIS, _FEWEST_FOR_LAW = 8, 20, 8
_TERMS, _NODES = 12, 32


def marginal_figures(x: Float64[np.ndarray, " d"]) -> list[Figure]:
    """Norm, mean, variance, skewness, kurtosis, and two tests of the whole law.

    Under the null the laws are: |x|^2 ~ chi^2(d); mean / (s / sqrt(d)) ~ Student's t(d - 1), so
    that a wrong scale is not taken for a mean; (d - 1) s^2 ~ chi^2(d - 1);
    the Kolmogorov-Smirnov statistic's own at this d; the Anderson-Darling statistic's limit,
    which it has reached at d = 64 as far as a million draws tell; and for skewness and kurtosis
    SciPy's transformations to a Gaussian.
    """
    d = len(x)
    squares, mean = float(x @ x), float(x.mean())
    about_mean = max(squares - d * mean**2, 0.0)
    figures = [
        from_tails(
            "norm", float(np.sqrt(squares / d)), below=chdtr(d, squares), above=chdtrc(d, squares)
        ),
        _mean(mean, about_mean / (d - 1), d=d),
        from_tails(
            "variance",
            about_mean / (d - 1),
            below=chdtr(d - 1, about_mean),
            above=chdtrc(d - 1, about_mean),
        ),
    ]
    figures += _shape(x, constant=about_mean <= 1e-20 * squares)
    if d >= _FEWEST_FOR_LAW:
        figures += _whole_law(np.sort(x))
    return figures


def _mean(mean: float, variance: float, *, d: int) -> Figure:
    t = mean * float(np.sqrt(d / max(variance, 1e-300)))
    return from_tails("mean", mean, below=stdtr(d - 1, t), above=stdtr(d - 1, -t))


def _shape(x: Float64[np.ndarray, " d"], *, constant: bool) -> list[Figure]:
    figures: list[Figure] = []
    if constant:
        return figures
    centred = x - x.mean()
    scaled = centred / np.sqrt(np.mean(centred**2))
    if len(x) >= _FEWEST_FOR_SKEWNESS:
        z = float(stats.skewtest(scaled).statistic)
        figures.append(from_z("skewness", float(np.mean(scaled**3)), z=z))
    if len(x) >= _FEWEST_FOR_KURTOSIS:
        z = float(stats.kurtosistest(scaled).statistic)
        excess = float(np.mean(scaled**4)) - 3.0
        figures.append(from_z("kurtosis", excess, z=cautious_kurtosis(z)))
    return figures


def _whole_law(ordered: Float64[np.ndarray, " d"]) -> list[Figure]:
    d = len(ordered)
    rank = np.arange(d)
    share = ndtr(ordered)
    gap = float(max(((rank + 1) / d - share).max(), (share - rank / d).max()))
    logs = log_ndtr(ordered) + log_ndtr(-ordered[::-1])
    anderson = float(-d - ((2 * rank + 1) * logs).sum() / d)
    return [
        Figure("Kolmogorov-Smirnov", gap, p_value=float(max(stats.kstwo.sf(gap, d), LEAST_P))),
        Figure("Anderson-Darling", anderson, p_value=anderson_darling_sf(anderson)),
    ]


def anderson_darling_sf(statistic: float) -> float:
    """P(A^2 > x) of the Anderson-Darling statistic of a law that is fully known, d to infinity.

    A^2 -> sum_j g_j^2 / (j (j + 1)), so with D(t) = -cos(pi sqrt(1 + 4 t) / 2) / (pi t)
    P(A^2 > x) = sum_k (-1)^(k+1) / pi * integral of exp(-x t / 2) / (t sqrt|D(t)|) dt between
    the roots 2 k - 1 and 2 k of D: the far tail comes out with all its digits.

    Source: Anderson and Darling 1952 (Ann. Math. Stat. 23) for the law, Smirnov's formula for
    the inversion.

    >>> [round(anderson_darling_sf(x), 4) for x in (1.933, 2.492, 3.878)]
    [0.1, 0.05, 0.01]
    """
    if statistic < 0.3:  # where the series converges slowly, and P is above 0.93
        return 1.0
    # sqrt(1 + 4 t) = 4 k + c with c in [-1, 1]: Gauss-Chebyshev for the roots at both ends
    c = np.cos((2 * np.arange(1, _NODES + 1) - 1) * np.pi / (2 * _NODES))
    root = 4.0 * np.arange(1, _TERMS + 1)[:, None] + c
    t = (root**2 - 1.0) / 4.0
    smooth = np.sqrt(np.pi * (1.0 - c**2) / (t * np.cos(np.pi * c / 2.0))) * root / 2.0
    terms = (np.exp(-statistic * t / 2.0) * smooth).mean(axis=1)
    total = float((terms * (-1.0) ** np.arange(_TERMS)).sum())
    return float(min(max(total, LEAST_P), 1.0))
