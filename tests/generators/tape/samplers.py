"""Samplers that never heard of latents."""

from itertools import pairwise

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


def quaternion_to_matrix(q):
    w, x, y, z = (q / q.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
        torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
        torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1),
    ]
    return torch.stack(rows, -2)


def frames(num_residues=5, steps=8):
    """Residue frames on SE(3): translations and rotations, both with noise at every step.

    As Boltz does, every step turns and moves the whole at random, adds churn noise and steps back;
    as RFdiffusion does, every residue has a frame of its own.
    """
    sigmas = 8.0 * torch.linspace(1.0, 0.0, steps + 1) ** 2
    position = sigmas[0] * torch.randn(num_residues, 3)
    rotation = quaternion_to_matrix(torch.randn(num_residues, 4))
    for now, after in pairwise(sigmas):
        turn = quaternion_to_matrix(torch.randn(4))
        position = (position - position.mean(0)) @ turn.T + torch.randn(3)
        rotation = turn @ rotation
        churned = 1.8 * now
        position = position + torch.sqrt(churned**2 - now**2) * torch.randn_like(position)
        chain = torch.arange(num_residues)[:, None] * torch.tensor([3.8, 0.0, 0.0])
        denoised = position + (chain - chain.mean(0) - position) / (1.0 + churned**2)
        position = position + (position - denoised) / churned * (after - churned)
        small = torch.cat(
            [torch.ones(num_residues, 1), 0.1 * now * torch.randn(num_residues, 3)], -1
        )
        rotation = quaternion_to_matrix(small) @ rotation
    return {"position": position, "rotation": rotation}


def rejection():
    """A point of the disc, by trying until one is inside."""
    while True:
        x = 2.0 * torch.rand(2) - 1.0
        if x.square().sum() < 0.5:
            return x
