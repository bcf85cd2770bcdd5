from .candidates import CandidateValidity
from .description import Description
from .determinism import DeterminismReport, check_determinism, require_determinism
from .diagnosis import Diagnosis
from .latent_diagnosis import diagnose
from .set_tests import MiddleNorm
from .space_description import describe
from .space_validity import Validity
from .spaces import Space
from .stationarity import Stationarity
from .statistic import LatentDiagnosis, Statistic
from .uniqueness import CollapsedFace, Uniqueness

__all__ = [
    "CandidateValidity",
    "CollapsedFace",
    "Description",
    "DeterminismReport",
    "Diagnosis",
    "LatentDiagnosis",
    "MiddleNorm",
    "Space",
    "Stationarity",
    "Statistic",
    "Uniqueness",
    "Validity",
    "check_determinism",
    "describe",
    "diagnose",
    "require_determinism",
]
