"""What a space is like: whether its points are valid, distinct, and as far apart as they look."""

from latent_spaces_by_example.description.baselines import (
    LatentBox,
    LinearInterpolation,
    SphericalInterpolation,
    WeightBox,
)
from latent_spaces_by_example.description.describe import describe
from latent_spaces_by_example.description.result import Description
from latent_spaces_by_example.description.spaces import Space
from latent_spaces_by_example.description.stationarity import Stationarity
from latent_spaces_by_example.description.uniqueness import CollapsedFace, Uniqueness
from latent_spaces_by_example.description.validity import Validity

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
