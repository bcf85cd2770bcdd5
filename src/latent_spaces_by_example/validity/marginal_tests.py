"""Test the elements of one inner latent, one by one, against the standard Gaussian law."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy import stats
from scipy.special import chdtr, chdtrc, log_ndtr, ndtr, stdtr

from latent_spaces_by_example.validity.candidates import cautious_kurtosis_z
from latent_spaces_by_example.validity.statistic import (
    LEAST_P,
    Statistic,
    from_tails,
    from_z,
    one_sided,
)

_FEWEST_FOR_SKEWNESS, _FEWEST_FOR_KURTOSIS, _FEWEST_FOR_LAW = 8, 20, 8
_TERMS, _NODES = 12, 32


def marginal_statistics(x: Float64[np.ndarray, " d"]) -> list[Statistic]:
    """Return norm, mean, variance, skewness, kurtosis, and two tests of the whole law.

    Under the null the laws are: |x|^2 ~ chi^2(d); mean / (s / sqrt(d)) ~ Student's t(d - 1), so
    that a wrong scale is not taken for a mean; (d - 1) s^2 ~ chi^2(d - 1); SciPy's law of the
    Kolmogorov-Smirnov statistic at this d; the Anderson-Darling statistic's limit, which a million
    draws cannot tell from its law at d = 64; and for skewness and kurtosis the transformations to
    a Gaussian of D'Agostino and of Anscombe and Glynn.
    """
    d = len(x)
    squares, mean = float(x @ x), float(x.mean())
    about_mean = max(squares - d * mean**2, 0.0)
    variance = about_mean / (d - 1)
    norm = float(np.sqrt(squares / d))
    t = mean * float(np.sqrt(d / max(variance, 1e-300)))
    chi2 = (chdtr(d - 1, about_mean), chdtrc(d - 1, about_mean))
    statistics = [
        from_tails("norm", norm, below=chdtr(d, squares), above=chdtrc(d, squares)),
        from_tails("mean", mean, below=stdtr(d - 1, t), above=stdtr(d - 1, -t)),
        from_tails("variance", variance, below=chi2[0], above=chi2[1]),
    ]
    if about_mean > 1e-20 * squares:
        statistics += _shape((x - mean) / np.sqrt(about_mean / d))
    if d >= _FEWEST_FOR_LAW:
        smirnov, anderson = stats.ks_1samp(x, ndtr), _anderson_darling(np.sort(x))
        statistics += [
            one_sided("Kolmogorov-Smirnov", smirnov.statistic, p_value=smirnov.pvalue),
            one_sided("Anderson-Darling", anderson, p_value=anderson_darling_sf(anderson)),
        ]
    return statistics


def _shape(scaled: Float64[np.ndarray, " d"]) -> list[Statistic]:
    """Return skewness and kurtosis of elements of mean 0 and mean square 1."""
    statistics, d = [], len(scaled)
    if d >= _FEWEST_FOR_SKEWNESS:
        z = float(stats.skewtest(scaled).statistic)
        statistics.append(from_z("skewness", float(np.mean(scaled**3)), z=z))
    if d >= _FEWEST_FOR_KURTOSIS:
        kurtosis = float(np.mean(scaled**4))
        statistics.append(from_z("kurtosis", kurtosis - 3.0, z=cautious_kurtosis_z(kurtosis, d)))
    return statistics


def _anderson_darling(ordered: Float64[np.ndarray, " d"]) -> float:
    d = len(ordered)
    logs = log_ndtr(ordered) + log_ndtr(-ordered[::-1])
    return float(-d - ((2 * np.arange(d) + 1) * logs).sum() / d)


def anderson_darling_sf(statistic: float) -> float:
    """Return P(A^2 > x) of the Anderson-Darling statistic of a law that is fully known, d -> inf.

    A^2 -> sum_j g_j^2 / (j (j + 1)), so with D(t) = -cos(pi sqrt(1 + 4 t) / 2) / (pi t)
    P(A^2 > x) = sum_k (-1)^(k+1) / pi * integral of exp(-x t / 2) / (t sqrt|D(t)|) dt between
    the roots 2 k - 1 and 2 k of D: the far tail comes out with all its digits. (SciPy's
    ``anderson`` fits mean and variance first, and its table ends at 1 %.)

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
