"""Studies: the loop of proposing, generating and scoring, and the database behind it."""

from latent_spaces_by_example.errors import StopStudy
from latent_spaces_by_example.study.callbacks import Patience
from latent_spaces_by_example.study.create import create_study, optimise
from latent_spaces_by_example.study.opening import open_study
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.study import Study
from latent_spaces_by_example.study.trial import Trial

__all__ = [
    "Patience",
    "Ranking",
    "StopStudy",
    "Study",
    "Trial",
    "create_study",
    "open_study",
    "optimise",
]
