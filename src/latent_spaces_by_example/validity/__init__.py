"""Validity: is a latent one that the model would draw, is the generator a function of its latents,
and what is a space like?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latent_spaces_by_example.validity.baselines import (
        LatentBox,
        LinearInterpolation,
        SphericalInterpolation,
        WeightBox,
    )
    from latent_spaces_by_example.validity.candidates import CandidateValidity
    from latent_spaces_by_example.validity.description import Description
    from latent_spaces_by_example.validity.determinism import (
        DeterminismReport,
        check_determinism,
        require_determinism,
    )
    from latent_spaces_by_example.validity.diagnosis import Diagnosis
    from latent_spaces_by_example.validity.latent_diagnosis import diagnose
    from latent_spaces_by_example.validity.set_tests import MiddleNorm
    from latent_spaces_by_example.validity.space_description import describe
    from latent_spaces_by_example.validity.space_validity import Validity
    from latent_spaces_by_example.validity.spaces import Space
    from latent_spaces_by_example.validity.stationarity import Stationarity
    from latent_spaces_by_example.validity.statistic import LatentDiagnosis, Statistic
    from latent_spaces_by_example.validity.uniqueness import CollapsedFace, Uniqueness

# loaded when first used: scipy.stats takes longer to import than most studies of a toy take to run
_HOME_OF = {
    "CandidateValidity": "candidates",
    "CollapsedFace": "uniqueness",
    "Description": "description",
    "DeterminismReport": "determinism",
    "Diagnosis": "diagnosis",
    "LatentBox": "baselines",
    "LatentDiagnosis": "statistic",
    "LinearInterpolation": "baselines",
    "MiddleNorm": "set_tests",
    "Space": "spaces",
    "SphericalInterpolation": "baselines",
    "Stationarity": "stationarity",
    "Statistic": "statistic",
    "Uniqueness": "uniqueness",
    "Validity": "space_validity",
    "WeightBox": "baselines",
    "check_determinism": "determinism",
    "describe": "space_description",
    "diagnose": "latent_diagnosis",
    "require_determinism": "determinism",
}

__all__ = [
    "CandidateValidity",
    "CollapsedFace",
    "Description",
    "DeterminismReport",
    "Diagnosis",
    "LatentBox",
    "LatentDiagnosis",
    "LinearInterpolation",
    "MiddleNorm",
    "Space",
    "SphericalInterpolation",
    "Stationarity",
    "Statistic",
    "Uniqueness",
    "Validity",
    "WeightBox",
    "check_determinism",
    "describe",
    "diagnose",
    "require_determinism",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
