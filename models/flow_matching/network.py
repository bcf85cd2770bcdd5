"""The velocity field: what carries Gaussian noise over to sections, in one residual MLP."""

from __future__ import annotations

import torch
from torch import nn


class Block(nn.Module):
    """h + W2 silu(W1 norm(h) + time), with dropout while training."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.time = nn.Linear(width, 2 * width)
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(2 * width, width)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, h: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        inner = nn.functional.silu(self.widen(self.norm(h)) + self.time(time))
        return h + self.narrow(self.dropout(inner))


class VelocityField(nn.Module):
    """v(x, t) = (2 t - 1) / (t^2 + (1 - t)^2) x + MLP(x, t).

    The first term is the exact velocity between two standard Gaussians along
    x_t = (1 - t) z + t y. So a network of zeros is the identity map, and regularisation pulls
    towards the whitened Gaussian rather than towards nothing.
    """

    def __init__(self, num_dims: int, *, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.pi * torch.arange(1.0, 9.0))
        self.embed_time = nn.Sequential(nn.Linear(16, width), nn.SiLU())
        self.enter = nn.Linear(num_dims, width)
        self.blocks = nn.ModuleList([Block(width, dropout) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, num_dims)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Velocities at x of shape (n, d) and times t of shape (n, 1)."""
        variance = t**2 + (1.0 - t) ** 2
        waves = t * self.frequencies
        time = self.embed_time(torch.cat([torch.sin(waves), torch.cos(waves)], dim=1))
        h = self.enter(x / torch.sqrt(variance))
        for block in self.blocks:
            h = block(h, time)
        return (2.0 * t - 1.0) / variance * x + self.leave(nn.functional.silu(self.norm(h)))
