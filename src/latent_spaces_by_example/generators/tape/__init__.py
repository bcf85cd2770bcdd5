"""Samplers that never heard of latents, as generators: every random draw becomes the latent."""

from latent_spaces_by_example.generators.tape.parts import Part
from latent_spaces_by_example.generators.tape.tape import NoiseTape, noise_tape

__all__ = ["NoiseTape", "Part", "noise_tape"]
