"""Exact log-likelihood of a velocity field, for early stopping."""

from __future__ import annotations

import math

import torch
from torch.func import jacfwd, vmap

from models.flow_matching.network import VelocityField


@torch.no_grad()
def negative_log_likelihood(
    net: VelocityField, y: torch.Tensor, *, steps: int = 16
) -> torch.Tensor:
    """-log p(y) of each row: log p = log N(z; 0, I) - integral of div v dt, by midpoint steps."""

    def one(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return net(x[None], t[None, None])[0]

    jacobian = vmap(jacfwd(one), in_dims=(0, None))
    x, divergence, h = y, torch.zeros(len(y)), 1.0 / steps
    for i in range(steps):
        t = torch.full((1, 1), 1.0 - i * h)
        middle = x - 0.5 * h * net(x, t)
        t_middle = t - 0.5 * h
        diagonal = torch.diagonal(jacobian(middle, t_middle[0, 0]), dim1=1, dim2=2)
        divergence = divergence + h * diagonal.sum(dim=1)
        x = x - h * net(middle, t_middle)
    d = y.shape[1]
    return 0.5 * (x**2).sum(dim=1) + 0.5 * d * math.log(2.0 * math.pi) + divergence
