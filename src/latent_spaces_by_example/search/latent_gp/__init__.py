"""Latent GP: a Gaussian process that sees only the angles between latents."""

from latent_spaces_by_example.search.latent_gp.expectation import expected_scores
from latent_spaces_by_example.search.latent_gp.prediction import ScoreModel, predicted_scores
from latent_spaces_by_example.search.latent_gp.search import LatentGPSearch

__all__ = ["LatentGPSearch", "ScoreModel", "expected_scores", "predicted_scores"]
