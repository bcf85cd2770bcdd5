"""Objectives: from outputs to scores, higher is better."""

from latent_spaces_by_example.objectives.base import Evaluation, Objective, read_scores
from latent_spaces_by_example.objectives.loading import UserObjective, load, names

__all__ = ["Evaluation", "Objective", "UserObjective", "load", "names", "read_scores"]
