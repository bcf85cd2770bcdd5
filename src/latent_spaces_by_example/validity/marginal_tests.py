"""Test the elements of one inner latent, one by one, against the standard Gaussian law."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy import stats
from scipy.special import chdtr, chdtrc, ndtr, stdtr

from latent_spaces_by_example.validity.candidates import cautious_kurtosis_z
from latent_spaces_by_example.validity.statistic import Statistic, from_tails, from_z, one_sided

_FEWEST_FOR_SKEWNESS, _FEWEST_FOR_KURTOSIS, _FEWEST_FOR_LAW = 8, 20, 8


def marginal_statistics(x: Float64[np.ndarray, " d"]) -> list[Statistic]:
    """Return norm, mean, skewness, kurtosis, and a test of the whole law.

    Under the null the laws are: |x|^2 ~ chi^2(d); mean / (s / sqrt(d)) ~ Student's t(d - 1), so
    that a wrong scale is not taken for a mean; SciPy's law of the Kolmogorov-Smirnov statistic at
    this d; and for skewness and kurtosis the transformations to a Gaussian of D'Agostino and of
    Anscombe and Glynn.
    """
    d = len(x)
    squares, mean = float(x @ x), float(x.mean())
    about_mean = max(squares - d * mean**2, 0.0)
    variance = about_mean / (d - 1)
    norm = float(np.sqrt(squares / d))
    t = mean * float(np.sqrt(d / max(variance, 1e-300)))
    statistics = [
        from_tails("norm", norm, below=chdtr(d, squares), above=chdtrc(d, squares)),
        from_tails("mean", mean, below=stdtr(d - 1, t), above=stdtr(d - 1, -t)),
    ]
    if about_mean > 1e-20 * squares:
        statistics += _shape((x - mean) / np.sqrt(about_mean / d))
    if d >= _FEWEST_FOR_LAW:
        smirnov = stats.ks_1samp(x, ndtr)
        statistics.append(
            one_sided("Kolmogorov-Smirnov", smirnov.statistic, p_value=smirnov.pvalue)
        )
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
