"""Fits what the representation learns from sections: components, tails, whitening."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from latent_spaces_by_example.zoo.airfoil.representation import (
    SectionRepresentation,
)

LEAST_TAIL = 0.35


def negative_log_likelihood(parameters: np.ndarray, q: np.ndarray) -> float:
    """Mean -log density of q under the sinh-arcsinh law (Jones and Pewsey 2009, equation 2)."""
    location, log_scale, skew, log_tail = parameters
    scale, tail = np.exp(log_scale), np.exp(log_tail)
    r = (q - location) / scale
    inner = tail * np.arcsinh(r) - skew
    log_density = (
        -0.5 * np.sinh(inner) ** 2 + np.log(tail * np.cosh(inner) / scale) - 0.5 * np.log1p(r**2)
    )
    penalty = 1e3 * max(0.0, np.log(LEAST_TAIL) - log_tail) ** 2 + 0.01 * skew**2
    return float(-log_density.mean() + penalty)


def fit_tails(q: np.ndarray) -> np.ndarray:
    """(location, scale, skew, tail) of each column, shape (4, d)."""
    columns = []
    for column in q.T:
        middle, spread = np.median(column), np.std(column)
        found = minimize(
            negative_log_likelihood,
            [0.0, np.log(0.5), 0.0, np.log(0.7)],
            args=((column - middle) / spread,),
            method="Nelder-Mead",
            options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-9},
        )
        location, log_scale, skew, log_tail = found.x
        columns.append(
            [middle + spread * location, spread * np.exp(log_scale), skew, np.exp(log_tail)]
        )
    return np.array(columns).T


def fit_representation(f: np.ndarray, num_dims: int) -> SectionRepresentation:
    """Fit to features of shape (n, 125): d - 1 principal components, and the gap on its own."""
    mean = f.mean(axis=0)
    _, _, directions = np.linalg.svd((f - mean)[:, :-1], full_matrices=False)
    basis = directions[: num_dims - 1]
    basis *= np.sign(basis[np.arange(num_dims - 1), np.abs(basis).argmax(axis=1)])[:, None]
    q = np.concatenate([(f - mean)[:, :-1] @ basis.T, (f - mean)[:, -1:]], axis=1)
    location, scale, skew, tail = np.concatenate(
        [fit_tails(q[:, :-1]), [[0.0], [1.0], [0.0], [1.0]]], axis=1
    )  # the gap has two humps, which no law of one hump makes Gaussian: that is left to the flow
    s = np.sinh(tail * np.arcsinh((q - location) / scale) - skew)
    # symmetric whitening keeps each direction next to the component that it came from
    values, vectors = np.linalg.eigh(np.cov(s.T))
    return SectionRepresentation(
        mean=mean,
        basis=basis,
        location=location,
        scale=scale,
        skew=skew,
        tail=tail,
        centre=s.mean(axis=0),
        whitening=(vectors / np.sqrt(values)) @ vectors.T,
        colouring=(vectors * np.sqrt(values)) @ vectors.T,
    )
