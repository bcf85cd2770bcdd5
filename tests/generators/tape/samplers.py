"""Samplers that never heard of latents."""

import torch


def score(x, t):
    """The gradient of a fixed two-mode energy, by autograd, as an energy model's sampler has it."""
    x = x.detach().requires_grad_(True)
    energy = ((x - 1.0) ** 2).sum() * ((x + 1.0) ** 2).sum() / (8.0 + t)
    return torch.autograd.grad(energy, x)[0]


def langevin():
    """Annealed Langevin dynamics in 6 dimensions."""
    x = 2.0 * torch.randn(6)
    for t in torch.linspace(1.0, 0.1, 12):
        step = 0.02 * t
        x = x - step * score(x, float(t)) + torch.sqrt(2.0 * step) * torch.randn_like(x)
    return x
