"""Lay a study's trials out on a map, and find what lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.explore.plane import frame_of
from latent_spaces_by_example.report.octant import edges, from_plane, to_plane
from latent_spaces_by_example.study import Study, Trial
from latent_spaces_by_example.study.trial import weights_table

_FEWEST, _MOST = 3, 400  # trials that a projection is made of
_NEIGHBOURS = 3
_SAME = 1e-9
_REACH = 1.9  # Lambert's picture of the whole sphere has the radius 2


@dataclass(frozen=True)
class Atlas:
    """A map: places of trials, and the weights at every other place.

    Attributes:
        kind: "triangle" for all that lies between three seed latents, "projection" otherwise.
        numbers: of the trials.
        places: of the trials, shape (n, 2), across and up.
        outline: of the map, shape (m, 2); empty for a projection.
        weights: of the trials over the seed latents, shape (n, K).
    """

    kind: str
    numbers: tuple[int, ...]
    places: Float64[np.ndarray, "n 2"]
    outline: Float64[np.ndarray, "m 2"]
    weights: Float64[np.ndarray, "n K"]

    @classmethod
    def of(cls, study: Study, trials: Sequence[Trial]) -> Atlas | None:
        """Return the map of trials that have an output; None of too few to lay out."""
        made = [trial for trial in trials if trial.error is None][-_MOST:]
        num_given = study.settings.num_given
        weights = weights_table(made, num_given)
        numbers = tuple(trial.number for trial in made)
        if num_given == weights.shape[1] == 3 and (weights > -_SAME).all():
            unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
            return cls("triangle", numbers, to_plane(unit), edges(), weights)
        if len(made) < _FEWEST:
            return None
        return cls("projection", numbers, _widest(study, weights), np.zeros((0, 2)), weights)

    def at(self, x: float, y: float) -> Float64[np.ndarray, " K"]:
        """Return the weights at a place, of unit norm.

        On a triangle a place has one point. On a projection it stands for many, and of these we
        take the mixture of the nearest three trials with the weights 1 / d^2 for distances d, so
        that a trial's own place gives that trial.

        Raises:
            ArgumentError: the place is off the map.
        """
        place = np.array([x, y], dtype=np.float64)
        if not np.isfinite(place).all() or (self.kind == "triangle" and np.hypot(x, y) > _REACH):
            raise ArgumentError(f"x={x!r}, y={y!r} is off the map")
        if self.kind == "triangle":
            row = np.maximum(from_plane(place[None])[0], 0.0)
        else:
            row = self._share(place) @ self.weights
        norm = float(np.linalg.norm(row))
        if norm < _SAME:
            raise ArgumentError(f"x={x!r}, y={y!r} is off the map")
        mixed: Float64[np.ndarray, " K"] = row / norm
        return mixed

    def _share(self, place: Float64[np.ndarray, " 2"]) -> Float64[np.ndarray, " n"]:
        distances = np.linalg.norm(self.places - place, axis=1)
        nearest = np.argsort(distances, kind="stable")[:_NEIGHBOURS]
        if distances[nearest[0]] < _SAME:
            nearest = nearest[:1]
        share = np.zeros(len(distances))
        share[nearest] = np.maximum(distances[nearest], _SAME) ** -2.0
        return share


def _widest(study: Study, weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n 2"]:
    """Return the trials along the two widest directions among them, no two on one place."""
    points = frame_of(study, weights.shape[1]).from_weights(weights)
    _, _, directions = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    axes = np.zeros((2, points.shape[1]))
    axes[: len(directions)] = directions[:2]
    for axis in axes:  # a sign of no meaning, that must not jump when a trial is added
        axis *= np.sign(axis[np.argmax(np.abs(axis))]) or 1.0
    places: Float64[np.ndarray, "n 2"] = (points - points.mean(axis=0)) @ axes.T
    return places
