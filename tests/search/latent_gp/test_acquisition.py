from decimal import Decimal, getcontext

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from latent_spaces_by_example.search.latent_gp.acquisition import (
    log_improvement,
)


@pytest.mark.parametrize("z", [-30.0, -8.0, -3.0, -1.001, -0.999, 0.0, 1.0, 6.0, 40.0])
def test_it_is_the_expectation(z):
    # E max(t + z, 0) scaled by phi(z) so that the integral has a value of order one
    scale = norm.logpdf(z) if z < 0 else 0.0
    low, high = max(-z, -12.0), max(-z, 0.0) + 12
    value = quad(lambda t: (t + z) * np.exp(norm.logpdf(t) - scale), low, high, epsabs=0)[0]
    assert log_improvement(np.array([z]))[0] == pytest.approx(np.log(value) + scale, rel=1e-7)


@pytest.mark.parametrize("z", [-50.0, -999.0, -1001.0, -1e4, -1e6])
def test_far_tail_against_the_asymptotic_series(z):
    # h(z) = phi(z) (z^-2 - 3 z^-4 + 15 z^-6 - ...)
    getcontext().prec = 40
    square = Decimal(z) ** 2
    series = 1 / square - 3 / square**2 + 15 / square**3 - 105 / square**4
    expected = norm.logpdf(z) + float(series.ln())
    assert log_improvement(np.array([z]))[0] == pytest.approx(expected, rel=1e-9)


def test_it_increases_everywhere_also_where_the_formula_changes():
    z = np.sort(np.concatenate([-np.logspace(-3, 5, 400), np.logspace(-3, 3, 200)]))
    assert (np.diff(log_improvement(z)) > 0).all()


def test_no_overflow_however_hopeless():
    assert np.isfinite(log_improvement(np.array([-1e300, -1e9, 1e300]))).all()
