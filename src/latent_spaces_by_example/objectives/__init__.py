"""Objectives: from outputs to scores, higher is better."""

from latent_spaces_by_example.objectives.base import (
    Evaluation,
    Objective,
    listed_scores,
    read_scores,
)
from latent_spaces_by_example.objectives.loading import UserObjective, load, names

__all__ = [
    "Evaluation",
    "Objective",
    "UserObjective",
    "listed_scores",
    "load",
    "names",
    "read_scores",
]
