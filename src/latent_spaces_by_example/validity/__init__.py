"""Diagnostics: whether a generator and its latents are what a study takes them to be."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from latent_spaces_by_example.validity.determinism import (
    DeterminismReport,
    check_determinism,
    require_determinism,
)

if TYPE_CHECKING:
    from latent_spaces_by_example.validity.candidates import CandidateValidity
    from latent_spaces_by_example.validity.diagnosis import Diagnosis, LatentDiagnosis
    from latent_spaces_by_example.validity.figures import Figure
    from latent_spaces_by_example.validity.latents import diagnose
    from latent_spaces_by_example.validity.set_tests import MiddleNorm

# scipy.stats takes longer to import than most studies of a toy take to run
_HOME_OF = {
    "CandidateValidity": "candidates",
    "Diagnosis": "diagnosis",
    "Figure": "figures",
    "LatentDiagnosis": "diagnosis",
    "MiddleNorm": "set_tests",
    "diagnose": "latents",
}

__all__ = [
    "CandidateValidity",
    "DeterminismReport",
    "Diagnosis",
    "Figure",
    "LatentDiagnosis",
    "MiddleNorm",
    "check_determinism",
    "diagnose",
    "require_determinism",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
