"""Studies: the loop of proposing, generating and scoring, and the database behind it."""

from latent_spaces_by_example.study.create import new_study, open_study, optimise
from latent_spaces_by_example.study.records import Trial
from latent_spaces_by_example.study.study import Study

__all__ = ["Study", "Trial", "new_study", "open_study", "optimise"]
