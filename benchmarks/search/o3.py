"""The O3 recipe's model and acquisition, with BoTorch."""

from __future__ import annotations

import warnings
from contextlib import suppress

import numpy as np
import torch
from botorch.acquisition import LogExpectedImprovement
from botorch.exceptions import ModelFittingError
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms import Standardize
from botorch.optim import optimize_acqf
from gpytorch.kernels import RBFKernel, ScaleKernel
from gpytorch.mlls import ExactMarginalLogLikelihood

_NUM_RANDOM = 2


def propose(
    u: np.ndarray, y: np.ndarray, *, num_seeds: int, rng: np.random.Generator
) -> np.ndarray:
    """Two uniform points first; then the point of largest LogEI under a GP on u.

    Where BoTorch cannot fit the kernel, the kernel keeps the hyperparameters it began with.
    """
    if len(y) - num_seeds < _NUM_RANDOM:
        return rng.random(u.shape[1])
    torch.set_num_threads(1)
    torch.manual_seed(int(rng.integers(2**31)))
    finite = np.isfinite(y)
    x, values = torch.tensor(u[finite]), torch.tensor(y[finite])[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SingleTaskGP(
            x,
            values,
            covar_module=ScaleKernel(RBFKernel()),
            outcome_transform=Standardize(1),
        )
        with suppress(ModelFittingError):
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        bounds = torch.stack([torch.zeros(u.shape[1]), torch.ones(u.shape[1])]).double()
        point, _ = optimize_acqf(
            LogExpectedImprovement(model, best_f=values.max()),
            bounds=bounds,
            q=1,
            num_restarts=4,
            raw_samples=64,
        )
    return point[0].numpy()
