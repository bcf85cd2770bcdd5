"""What a space is like: whether its points are valid, distinct, and as far apart as they look."""

from latent_spaces_by_example.validity.description.baselines import (
    LatentBox,
    LinearInterpolation,
    SphericalInterpolation,
    WeightBox,
)
from latent_spaces_by_example.validity.description.describe import describe
from latent_spaces_by_example.validity.description.result import Description
from latent_spaces_by_example.validity.description.spaces import Space
from latent_spaces_by_example.validity.description.stationarity import Stationarity
from latent_spaces_by_example.validity.description.uniqueness import CollapsedFace, Uniqueness
from latent_spaces_by_example.validity.description.validity import Validity

__all__ = [
    "CollapsedFace",
    "Description",
    "LatentBox",
    "LinearInterpolation",
    "Space",
    "SphericalInterpolation",
    "Stationarity",
    "Uniqueness",
    "Validity",
    "WeightBox",
    "describe",
]
