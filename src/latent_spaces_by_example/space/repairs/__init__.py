"""Optional repairs of seed latents that do not follow the model's law, and what each one moves."""

from latent_spaces_by_example.space.repairs.methods import METHODS, gaussianise, rescale, whiten
from latent_spaces_by_example.space.repairs.repair import Repair

__all__ = ["METHODS", "Repair", "gaussianise", "rescale", "whiten"]
