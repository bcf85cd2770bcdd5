"""Latent GP: a Gaussian process that sees only the angles between latents."""

from latent_spaces_by_example.search.latent_gp.model import ScoreModel, expected_scores
from latent_spaces_by_example.search.latent_gp.search import LatentGPSearch

__all__ = ["LatentGPSearch", "ScoreModel", "expected_scores"]
