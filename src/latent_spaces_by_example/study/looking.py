"""Looking at outputs before they are scored: features of trials, and how many candidates."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.generators.features import (
    Features,
    PrincipalComponents,
    features_of,
    pixels,
)
from latent_spaces_by_example.generators.vision import PREFIX, VisionFeatures
from latent_spaces_by_example.plugins import resolve
from latent_spaces_by_example.search.base import History, Search
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.study.evaluation import BrokenContractError, generated, items_of
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import (
    StoredFeatures,
    name_of,
    read,
)
from latent_spaces_by_example.study.trial import Trial

AUTO, NONE, OWN, COMPONENTS, PIXELS = "auto", "none", "generator", "components", "pixels"
CLIP = "clip"
NAMES = (AUTO, OWN, COMPONENTS, PIXELS, CLIP)
STEPS = (256, 16)  # how many candidates, where there are more than one

# between so few seed latents there is a plane at most, in which angles tell as much as outputs
_FEW_GIVEN = 3

_ATTRIBUTE = "lsbe:features:"
_AT_ONCE = 64
_LEAST_SECONDS = 0.2  # a proposal may take as long as an evaluation, or this many seconds
_NUM_TIMED = 8
_NUM_SCORED = 2  # before that is settled; the model needs as many
_HOPELESS = 20.0  # times as long as allowed
# random seeds of the prior draws that principal components are found in: far from a study's own
_FIRST_DRAW, _NUM_DRAWS = 1 << 40, 256

log = logging.getLogger("latent_spaces_by_example")


def declared_features(features: Any) -> tuple[str, Features | None]:
    """Return the name to store of what a user says of features, and the function if it is one.

    Args:
        features: "auto", "generator", "components", "pixels", "clip", "transformers:MODEL" for
            another vision model, a function of n outputs that returns numbers of shape (n, p), its
            "module:name", or "none" or None.

    Raises:
        ArgumentError: it is none of these.

    >>> declared_features("pixels"), declared_features(None)
    (('pixels', None), ('none', None))
    """
    if features is None:
        return NONE, None
    if isinstance(features, str) and features in (*NAMES, NONE):
        return features, None
    if isinstance(features, str) and features.startswith(PREFIX):
        features = VisionFeatures(features.removeprefix(PREFIX))
    elif isinstance(features, str) and ":" in features:
        features = resolve(features)
    if isinstance(features, str) or not callable(features):
        raise ArgumentError(
            f"features={features!r:.60}; expected one of {', '.join(NAMES)}, {PREFIX}MODEL, none, "
            "a function of n outputs that returns numbers of shape (n, p), or its module:name"
        )
    return name_of(features), features


class Looking:
    """Shows a search the outputs of one study's latents, by their features.

    The features of each trial are computed once, for it alone, and stored as an attribute of the
    study; so a study that is resumed has the same ones to the last bit.
    """

    def __init__(
        self,
        records: Records,
        *,
        generator: Any,
        space: SurrogateChart,
        function: Features | None = None,
    ) -> None:
        """Look at outputs by the features that the settings name.

        Args:
            records: of the study.
            generator: z -> x.
            space: weights -> z.
            function: the features if they are the user's own.
        """
        self._records = records
        self._generator = generator
        self._space = space
        self._given = function
        self._known: dict[int, np.ndarray] | None = None
        self._unstored: list[int] = []  # numbers of trials whose features nobody has stored yet

    def shown(self, history: History, trials: Sequence[Trial], *, engine: Search) -> History:
        """Return the history with what a search that looks may see: features, and ``look``.

        Before the first proposal by a model the number of candidates is settled, and stored.

        Raises:
            ArgumentError: the features function fails, or does not give finite numbers.
            StudyError: the features are the user's own, and were not given.
        """
        if not getattr(engine, "looks", False) or self._records.settings.features == NONE:
            return history
        if not self._records.settings.candidates:
            if history.scored.sum() < _NUM_SCORED and not history.preferences:
                return history
            self._settle(trials)
        number = self._records.settings.candidates
        if number == 1:
            return history
        space = replace(history.space, look=self.look, num_candidates=number)
        return replace(history, space=space, features=self.of_trials(trials))

    def recalled(self, history: History, trials: Sequence[Trial]) -> History:
        """Return the history with the features of its trials, if the study looks at outputs.

        Nothing is settled or stored, so that whoever only reads a study may ask.

        Raises:
            StudyError: the features are the user's own, and were not given.
        """
        settings = self._records.settings
        if settings.features == NONE or settings.candidates <= 1:
            return history
        return replace(history, features=self.of_trials(trials, store=False))

    def look(self, weights: Float64[np.ndarray, "n K"]) -> Float64[np.ndarray, "n p"]:
        """Generate the outputs at weights, and return their features; NaN where that fails."""
        parts = [
            self._looked_at(weights[begin : begin + _AT_ONCE])
            for begin in range(0, len(weights), _AT_ONCE)
        ]
        rows = [row for part in parts for row in part]
        # where all of these fail, the trials say how many numbers there would have been
        width = max(len(row) for row in [np.zeros(0), *rows, *self._stored().values()])
        return np.stack([row if len(row) else np.full(width, np.nan) for row in rows])

    def of_trials(
        self, trials: Sequence[Trial], *, store: bool = True
    ) -> Float64[np.ndarray, "n p"]:
        """Return the features of trials, those that are not stored yet after storing them."""
        known = self._stored()
        for trial in trials:
            if trial.number not in known:
                [known[trial.number]] = self._looked_at(trial.weights[None])
                self._unstored.append(trial.number)
        while store and self._unstored:
            number = self._unstored[0]
            stored = msgspec.to_builtins(StoredFeatures(tuple(known[number].tolist())))
            self._records.store_attribute(f"{_ATTRIBUTE}{number}", stored)
            del self._unstored[0]
        rows = [known[trial.number] for trial in trials]
        width = max((len(row) for row in rows), default=0)
        if any(len(row) not in (0, width) for row in rows):
            sizes = sorted({len(row) for row in rows if len(row)})
            raise StudyError(
                f"the features of study {self._records.name!r} have {sizes} numbers; they have to "
                "be made in the same way for all trials"
            )
        empty = np.full(width, np.nan)
        return np.stack([row if len(row) else empty for row in rows]) if rows else np.zeros((0, 0))

    # ------------------------------------------------------------------ inside

    def _stored(self) -> dict[int, np.ndarray]:
        if self._known is None:
            self._known = {}
            for number, values in self._records.stored(_ATTRIBUTE).items():
                if number.isdecimal():
                    what = f"the features of trial {number}"
                    stored = read(values, as_a=StoredFeatures, what=what)
                    self._known[int(number)] = np.array(stored.values)
        return self._known

    def _looked_at(self, weights: Float64[np.ndarray, "n K"]) -> list[np.ndarray]:
        """Return the features at each of n weights; none, of length 0, where generating fails."""
        try:
            outputs = self._generate(weights)
        except BrokenContractError:
            raise
        except Exception as error:
            if len(weights) > 1:
                half = len(weights) // 2
                return self._looked_at(weights[:half]) + self._looked_at(weights[half:])
            log.debug("nothing to look at: %s: %s", type(error).__name__, error)
            return [np.zeros(0)]
        return list(features_of(self._function, outputs))

    @cached_property
    def _function(self) -> Features:
        name = self._records.settings.features
        if self._given is not None:
            return self._given
        if name == PIXELS:
            return pixels
        if name == CLIP:
            return VisionFeatures()
        if name == COMPONENTS or (name == AUTO and not hasattr(self._generator, "features")):
            return PrincipalComponents.of(self._prior_outputs())
        if name in (AUTO, OWN):
            features: Features = self._generator.features
            return features
        raise StudyError(
            f"study {self._records.name!r} looks at outputs by the features {name}, which a "
            "database does not hold; give them again: features='module:name', or the function"
        )

    def _prior_outputs(self) -> list[Any]:
        outputs: list[Any] = []
        for begin in range(0, _NUM_DRAWS, _AT_ONCE):
            seeds = range(_FIRST_DRAW + begin, _FIRST_DRAW + begin + _AT_ONCE)
            outputs += generated(self._generator, self._space.seeds.prior_draws(tuple(seeds)))
        return outputs

    # ------------------------------------------------------------------ how many candidates

    def _settle(self, trials: Sequence[Trial]) -> None:
        settings = self._records.settings
        number = getattr(self._generator, "num_candidates", None)
        if settings.within_span and settings.num_given <= _FEW_GIVEN:
            number = 1
        elif self._given is not None or not isinstance(number, int):
            number = self._affordable(trials)
        name = self._records.name
        if number > 1:
            log.info("study %r looks at %d candidates for each proposal", name, number)
        else:
            log.debug("study %r does not look at outputs before they are scored", name)
        self._records.store_settings(msgspec.structs.replace(settings, candidates=number))

    def _affordable(self, trials: Sequence[Trial]) -> int:
        """Return how many candidates a proposal can afford by what evaluations took so far."""
        taken = [_seconds(trial) for trial in trials if trial.score is not None]
        # where nobody scores, somebody compares outputs, and should not wait long for the next ones
        allowed = max(float(np.median(taken)) if taken else 0.0, _LEAST_SECONDS)
        one = next(trial.weights for trial in trials if trial.error is None)[None]
        try:
            number = _within(allowed, self._generate, one)
            if number > 1:
                self.look(one)  # which may draw prior outputs, or load a model
                number = _within(allowed, self.look, one)
        except Exception as error:
            if self._records.settings.features != AUTO:
                raise
            log.info("outputs cannot be looked at: %s: %s", type(error).__name__, error)
            return 1
        return number

    def _generate(self, weights: Float64[np.ndarray, "n K"]) -> Sequence[Any]:
        """Return the outputs at weights as the generator gives them, as an objective has them."""
        outputs: Sequence[Any] = self._generator.generate(self._space.from_w_to_z(weights))
        items_of(outputs, n=len(weights), generator=self._generator)
        return outputs


def _seconds(trial: Trial) -> float:
    """Return the seconds of an evaluation; of one by hand, from the proposal to the result."""
    if trial.seconds is not None:
        return trial.seconds
    if trial.begun is None or trial.ended is None:
        return 0.0
    return (trial.ended - trial.begun).total_seconds()


def _within(allowed: float, make: Callable[[Any], Any], one: Float64[np.ndarray, "1 K"]) -> int:
    """Return how many outputs can be made in so many seconds, in coarse steps."""
    # the first may load a model; where even that is far too long there is no second
    for factor in (_HOPELESS, 1.0):
        if STEPS[-1] * _time(make, one) > factor * allowed:
            return 1
    each = _time(make, np.repeat(one, _NUM_TIMED, axis=0)) / _NUM_TIMED
    return next((number for number in STEPS if number * each <= allowed), 1)


def _time(function: Callable[[Any], Any], argument: Any) -> float:
    """Return the seconds that a call takes."""
    begun = time.perf_counter()
    function(argument)
    return time.perf_counter() - begun
