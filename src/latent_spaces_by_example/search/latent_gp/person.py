"""A person's way to decide, and the fit of their taste to choices, ties and scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float64, Int
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from latent_spaces_by_example.search.base import Preference
from latent_spaces_by_example.search.latent_gp.directions import Points, Values
from latent_spaces_by_example.search.latent_gp.output_kernel import OutputKernel
from latent_spaces_by_example.search.latent_gp.process import AngleKernel, safe_cholesky

# points that carry the process while it is fitted, and once it is; answers that it is fitted to
_FITTED_BY, _CARRIED_BY, _MOST_ANSWERS = 40, 128, 40
_NEWTON_STEPS, _CONVERGED = 30, 1e-6
# sweeps over the hyperparameters, by steps in standard deviations of their priors
_SWEEPS = (1.0, 1.0, 0.5)

Kernel = AngleKernel | OutputKernel


@dataclass(frozen=True)
class Answers:
    """Preferences as arrays.

    Attributes:
        members: rows of the points compared, shape (q, k), the shorter answers filled up.
        present: shape (q, k), false where an answer was filled up.
        chosen: shape (q,), the place among the members that was chosen; k for "no difference".
    """

    members: Int[np.ndarray, "q k"]
    present: np.ndarray
    chosen: Int[np.ndarray, " q"]

    @classmethod
    def of(cls, preferences: tuple[Preference, ...]) -> Answers:
        """Stack preferences; two that contradict each other are both kept."""
        longest = max((len(preference.among) for preference in preferences), default=2)
        members = np.zeros((len(preferences), longest), dtype=int)
        present = np.zeros(members.shape, dtype=bool)
        chosen = np.full(len(preferences), longest)
        for row, preference in enumerate(preferences):
            members[row, : len(preference.among)] = preference.among
            present[row, : len(preference.among)] = True
            if preference.best is not None:
                chosen[row] = preference.among.index(preference.best)
        return cls(members, present, chosen)

    def last(self, most: int) -> Answers:
        """Return the last answers."""
        return Answers(self.members[-most:], self.present[-most:], self.chosen[-most:])


@dataclass(frozen=True)
class Person:
    """The hyperparameters: how a person decides, and how their taste varies.

    The taste f has unit prior variance. Of k outputs the i-th is chosen with the logit
    ``sharpness * f_i``, and "no difference" with the mean of these logits plus ``tie``
    (Davidson's extension of the Bradley-Terry and Luce models). A score is f plus noise, once
    scores are standardised.

    Attributes:
        sharpness: how much of a choice is taste rather than chance, positive.
        length: length scale of taste on the chord between latents.
        tie: added to the logit of "no difference".
        by_output: the part of the prior variance that follows from the outputs' features.
        output_length: length scale of taste between the features.
        noise: variance of a score's noise.
    """

    sharpness: float
    length: float
    tie: float
    by_output: float
    output_length: float
    noise: float

    @classmethod
    def of(cls, deviations: Float64[np.ndarray, " 6"]) -> Person:
        """Return the person so many standard deviations from the prior's middle."""
        logs = _MIDDLE + _SPREAD * deviations
        sharpness, length, _, _, output_length, noise = np.exp(logs).tolist()
        share = 1 / (1 + np.exp(-logs[3]))
        return cls(sharpness, max(length, 0.3), float(logs[2]), share, output_length, noise)

    def kernel(self, *, num_features: int) -> Kernel:
        """Return the covariance of taste, half of each part linear and half smooth."""
        if not num_features:
            return AngleKernel(linear=0.5, smooth=0.5, length=self.length, noise=0.0)
        angle, output = (1 - self.by_output) / 2, self.by_output / 2
        return OutputKernel(
            (angle, angle, self.length), (output, output, self.output_length), 0.0, num_features
        )


# Logarithms, but for the tie's logit and the logit of the share of the outputs.
_MIDDLE = np.array([np.log(3.0), 0.0, -2.0, 0.0, np.log(1.5), np.log(0.1)])
_SPREAD = np.array([0.8, 0.5, 1.0, 1.5, 0.5, 1.0])
_OUTPUT_ONLY, _SCORES_ONLY = (3, 4), (5,)


@dataclass(frozen=True)
class Fit:
    """A person, and the posterior of their taste, f = phi v.

    Attributes:
        person: the most probable hyperparameters.
        carriers: rows of the points that carry the process, shape (m,).
        back: inverse transpose of the Cholesky factor of the carriers' covariance, shape (m, m).
        mode: most probable v, shape (m,).
        factor: lower Cholesky factor of the precision of v, shape (m, m).
    """

    person: Person
    carriers: Int[np.ndarray, " m"]
    back: Float64[np.ndarray, "m m"]
    mode: Values
    factor: Float64[np.ndarray, "m m"]


@lru_cache(maxsize=2)
def fitted(evidence: Evidence) -> Fit:
    """Return the fit to evidence; between two answers everybody asks for the same one."""
    person = evidence.most_probable()
    carriers = evidence.carriers(person, most=_CARRIED_BY)
    back = evidence.back(person, evidence.points[carriers])
    basis = evidence.basis(person, evidence.points[carriers], back)
    mode, factor, _ = evidence.laplace(person, basis)
    return Fit(person, carriers, back, mode, factor)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that is known of a person: answers, and scores in standard units.

    Two are equal if all of their numbers are.
    """

    points: Points
    answers: Answers
    scored: Int[np.ndarray, " s"]
    values: Values
    num_features: int

    @cached_property
    def _content(self) -> tuple[Any, ...]:
        answers = self.answers
        arrays = (answers.members, answers.present, answers.chosen, self.scored, self.values)
        numbers = [array.tobytes() for array in (self.points, *arrays)]
        return self.points.shape, self.num_features, *numbers

    def __eq__(self, other: object) -> bool:
        """Return whether the other holds the same numbers."""
        return isinstance(other, Evidence) and self._content == other._content

    def __hash__(self) -> int:
        """Return a hash of all numbers."""
        return hash(self._content)

    def most_probable(self) -> Person:
        """Return the hyperparameters of largest approximate evidence times prior.

        Coordinates are tried in turn, a step up and a step down; the last answers say enough.
        """
        kept = self.answers.last(_MOST_ANSWERS)
        recent = Evidence(self.points, kept, self.scored, self.values, self.num_features)
        free = [0, 1, 2]
        free += _OUTPUT_ONLY if self.num_features else ()
        free += _SCORES_ONLY if len(self.scored) else ()
        # the points that carry the process stay, so that evidences can be compared
        deviations = np.zeros(len(_MIDDLE))
        carriers = recent.points[recent.carriers(Person.of(deviations), most=_FITTED_BY)]
        mode = np.zeros(len(carriers))

        def value(at: np.ndarray) -> float:
            nonlocal mode
            person = Person.of(at)
            basis = recent.basis(person, carriers, recent.back(person, carriers))
            mode, _, evidence = recent.laplace(person, basis, start=mode)
            return evidence - 0.5 * float(at @ at)

        best = value(deviations)
        for step in _SWEEPS:
            for place in free:
                for move in (step, -step):
                    moved = deviations.copy()
                    moved[place] += move
                    if (tried := value(moved)) > best + 1e-9:
                        deviations, best = moved, tried
                        break
        return Person.of(deviations)

    def carriers(self, person: Person, *, most: int) -> Int[np.ndarray, " m"]:
        """Return the rows of points that explain most of the prior variance of all.

        All points while they are few, else those that a Cholesky factorisation with pivots takes
        first.
        """
        used = np.unique(np.concatenate([self.answers.members[self.answers.present], self.scored]))
        if len(used) > most:
            used = used[self._pivots(person, self.points[used], most)]
        return used

    def _pivots(self, person: Person, points: Points, most: int) -> list[int]:
        kernel = person.kernel(num_features=self.num_features)
        left, rows, pivots = kernel.at(points).copy(), np.zeros((most, len(points))), []
        for step in range(most):
            pivot = int(np.argmax(np.round(left, 9)))
            column = kernel.between(points, points[pivot : pivot + 1])[:, 0]
            column -= rows[:step].T @ rows[:step, pivot]
            rows[step] = column / np.sqrt(max(left[pivot], 1e-12))
            left = np.maximum(left - rows[step] ** 2, 0.0)
            pivots.append(pivot)
            left[pivots] = 0.0
        return pivots

    def back(self, person: Person, carriers: Points) -> Float64[np.ndarray, "m m"]:
        """Return what makes unit-normal coordinates of covariances with the carriers."""
        kernel = person.kernel(num_features=self.num_features)
        covariance = kernel.between(carriers, carriers) + 1e-6 * np.eye(len(carriers))
        back: Float64[np.ndarray, "m m"] = solve_triangular(
            safe_cholesky(covariance), np.eye(len(carriers)), lower=True
        ).T
        return back

    def basis(self, person: Person, carriers: Points, back: np.ndarray) -> np.ndarray:
        """Return phi of all points, shape (n, m)."""
        kernel = person.kernel(num_features=self.num_features)
        basis: np.ndarray = kernel.between(self.points, carriers) @ back
        return basis

    def laplace(
        self, person: Person, basis: Float64[np.ndarray, "n m"], *, start: Values | None = None
    ) -> tuple[Values, Float64[np.ndarray, "m m"], float]:
        """Return the mode of v, the factor of its precision, and the log evidence.

        By Newton's method with halved steps, from a start or the prior's mode: the log posterior
        is concave.
        """
        options = self._options(person, basis)
        scored = basis[self.scored]
        mode = np.zeros(basis.shape[1]) if start is None else start
        height, share = self._height(person, options, scored, mode)
        for _ in range(_NEWTON_STEPS):
            gradient, factor = self._slope(person, options, scored, mode, share)
            step = solve_triangular(factor, gradient, lower=True)
            gain = float(step @ step)
            if gain < _CONVERGED:
                break
            step = solve_triangular(factor, step, lower=True, trans=1)
            size = 1.0
            while True:
                higher, new_share = self._height(person, options, scored, mode + size * step)
                if higher > height or size < 1e-3:
                    break
                size /= 2
            mode, height, share = mode + size * step, higher, new_share
        evidence = height - float(np.log(np.diag(factor)).sum())
        return mode, factor, evidence - 0.5 * len(self.values) * float(np.log(person.noise))

    def _options(self, person: Person, basis: np.ndarray) -> Float64[np.ndarray, "q o m"]:
        """Return the gradient of each option's logit by v; "no difference" is the last option."""
        of_members = person.sharpness * basis[self.answers.members]
        of_members[~self.answers.present] = 0.0
        mean = of_members.sum(axis=1) / self.answers.present.sum(axis=1, keepdims=True)
        return np.concatenate([of_members, mean[:, None]], axis=1)

    def _height(
        self, person: Person, options: np.ndarray, scored: np.ndarray, mode: Values
    ) -> tuple[float, Float64[np.ndarray, "q o"]]:
        """Return the log posterior of v, less a constant, and each option's log probability."""
        logits = options @ mode
        logits[:, :-1][~self.answers.present] = -np.inf
        logits[:, -1] += person.tie
        logits -= logits.max(axis=1, keepdims=True)
        share = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        likelihood = share[np.arange(len(share)), self.answers.chosen].sum()
        residual = self.values - scored @ mode
        return float(
            likelihood - 0.5 * mode @ mode - 0.5 * residual @ residual / person.noise
        ), share

    def _slope(
        self,
        person: Person,
        options: np.ndarray,
        scored: np.ndarray,
        mode: Values,
        share: Float64[np.ndarray, "q o"],
    ) -> tuple[Values, Float64[np.ndarray, "m m"]]:
        """Return the gradient of the log posterior, and the factor of its negative curvature."""
        probability = np.exp(share)
        expected = np.einsum("qo,qom->qm", probability, options)
        chosen = options[np.arange(len(options)), self.answers.chosen]
        residual = self.values - scored @ mode
        gradient = (chosen - expected).sum(axis=0) - mode + scored.T @ residual / person.noise
        spread = (np.sqrt(probability)[:, :, None] * options).reshape(-1, len(mode))
        precision = spread.T @ spread - expected.T @ expected + scored.T @ scored / person.noise
        precision[np.diag_indices(len(mode))] += 1.0
        try:
            return gradient, cholesky(precision, lower=True, check_finite=False)
        except LinAlgError:
            return gradient, safe_cholesky(precision)
