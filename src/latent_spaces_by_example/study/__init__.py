"""Studies: the loop of proposing, generating and scoring, and the database behind it."""

from latent_spaces_by_example.study.archive import export_study, import_study
from latent_spaces_by_example.study.create import (
    check_before_study,
    new_study,
    open_study,
    optimise,
)
from latent_spaces_by_example.study.study import Study
from latent_spaces_by_example.study.trial import Trial

__all__ = [
    "Study",
    "Trial",
    "check_before_study",
    "export_study",
    "import_study",
    "new_study",
    "open_study",
    "optimise",
]
