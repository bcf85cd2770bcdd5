"""Gradient ascent on a differentiable reward, in the space that a few examples span.

Needs PyTorch. The reward here is a small picture's likeness to a target under a fixed random
decoder; in its place goes any differentiable score of any differentiable model.
"""

import torch

import latent_spaces_by_example as lsbe

NUM_SEEDS, LATENT_SHAPE, STEPS = 6, (4, 16, 16), 150


def make_decoder(generator: torch.Generator) -> torch.nn.Module:
    """A stand-in for a model: latents to pictures of 32 x 32 numbers in (-1, 1)."""
    decoder = torch.nn.Sequential(
        torch.nn.Conv2d(4, 16, 3, padding=1),
        torch.nn.GELU(),
        torch.nn.ConvTranspose2d(16, 1, 2, stride=2),
        torch.nn.Tanh(),
    )
    for parameter in decoder.parameters():
        values = torch.randn(parameter.shape, generator=generator)
        parameter.data = values / max(parameter[0].numel(), 1) ** 0.5
    return decoder.requires_grad_(False)


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    decoder = make_decoder(generator)
    seed_latents = torch.randn(NUM_SEEDS, *LATENT_SHAPE, generator=generator)
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seed_latents)

    # What is wanted: a picture of this space, so that the best score, 0, is known to be there.
    hidden = torch.rand(1, NUM_SEEDS - 1, generator=generator, dtype=torch.float64)
    target = decoder(chart.from_u_to_z(hidden))

    def score(u: torch.Tensor) -> torch.Tensor:
        pictures = decoder(chart.from_u_to_z(u))
        return -(pictures - target).square().mean(dim=(1, 2, 3))

    # Four ascents at once, each from a point of its own; u stays in the cube by being clamped.
    u = torch.rand(4, NUM_SEEDS - 1, generator=generator, dtype=torch.float64, requires_grad=True)
    start = score(u).max().item()
    optimiser = torch.optim.Adam([u], lr=0.03, maximize=True)
    for _ in range(STEPS):
        optimiser.zero_grad()
        score(u).sum().backward()
        optimiser.step()
        with torch.no_grad():
            u.clamp_(0.0, 1.0)

    scores = score(u.detach())
    best = int(scores.argmax())
    print(f"best of {len(u)} starts  {start:.6f}")
    print(f"after {STEPS} steps   {scores[best].item():.6f}")
    print(f"u found          {[round(x, 3) for x in u[best].tolist()]}")
    print(f"u hidden         {[round(x, 3) for x in hidden[0].tolist()]}")


if __name__ == "__main__":
    main()
