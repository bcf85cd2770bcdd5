"""The database behind a study: Optuna's storages and trial life cycle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import optuna
from optuna.exceptions import DuplicatedStudyError, StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.claims import CLAIM, HEARTBEAT, Claim, set_under_claim
from latent_spaces_by_example.study.database import TrialReader, conclude, database_of
from latent_spaces_by_example.study.passwords import shown_storage, storage_errors
from latent_spaces_by_example.study.storages import PATIENCE, open_storage, patiently
from latent_spaces_by_example.study.stored_trial import (
    NUM_KNOWN,
    RESULT,
    WARNING,
    WEIGHTS,
    has_no_weights,
    read_trial,
)
from latent_spaces_by_example.study.trial import Trial
from latent_spaces_by_example.validity.candidates import CandidateValidity

_SETTINGS = "lsbe:settings"
_ARTIFACT = "artifacts:"  # Optuna's own, which its tools look for
_CONSTRAINTS = "constraints"  # Optuna's own too
_METRICS = "study:metric_names"  # Optuna's own too
_NOT_LOOKED_AT = CandidateValidity()

T = TypeVar("T")


class Records:
    """The trials and the settings of one study in an Optuna storage.

    A trial's number is claimed first, then its weights are written, then its result: a process
    that dies in between leaves a pending trial to be taken up. A storage that does not answer is
    asked again for ``patience`` seconds.
    """

    def __init__(self, storage: BaseStorage, *, name: str, shown: str = "") -> None:
        self._storage = storage
        self._study_id = storage.get_study_id_from_name(name)
        self._shown = shown or shown_storage(storage)
        self._finished: dict[int, Trial] = {}
        self._trial_ids: dict[int, int] = {}
        self._database = database_of(storage)
        self._reader = (
            None if self._database is None else TrialReader(self._database, study_id=self._study_id)
        )
        self.name = name
        self.patience = PATIENCE

    @classmethod
    def create(
        cls,
        storage: str | BaseStorage | None,
        *,
        name: str,
        settings: Mapping[str, Any],
        attributes: Mapping[str, Any] | None = None,
    ) -> Records:
        """A new study in the storage (None: in memory), with further attributes of the study.

        Raises:
            StudyError: the name is taken, or the storage cannot be used.
        """
        backend = open_storage(storage)
        names = list(settings.get("score_names", ()))
        directions = [StudyDirection.MAXIMIZE] * max(len(names), 1)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would announce the new study
        try:
            with storage_errors(storage, doing="written"):
                study_id = backend.create_new_study(directions, name)
                if names:
                    backend.set_study_system_attr(study_id, _METRICS, names)
        except DuplicatedStudyError:
            raise StudyError(
                f"name={name!r}: the storage holds a study of that name already; "
                "give another name, or resume that one"
            ) from None
        finally:
            optuna.logging.set_verbosity(verbosity)
        records = cls(backend, name=name, shown=shown_storage(storage))
        if attributes:
            records.store_attributes(attributes)
        # last of all: with these the study exists
        records.store_settings(settings)
        return records

    @classmethod
    def open(cls, storage: str | BaseStorage, *, name: str | None = None) -> Records:
        """The study of that name; with no name, the only one that the storage holds.

        Raises:
            StudyError: there is none, there are several, or another program made it.
        """
        backend = open_storage(storage)
        with storage_errors(storage, doing="read"):
            names = [study.study_name for study in backend.get_all_studies()]
        if not all(isinstance(held, str) for held in names):
            raise StudyError(
                f"the storage {shown_storage(storage)} is damaged: a study has no name"
            )
        if name is None and len(names) == 1:
            name = names[0]
        if name not in names:
            asked = "no name was given" if name is None else f"there is no study {name!r}"
            held = ", ".join(sorted(names)) or "no study"
            raise StudyError(f"{asked}; the storage holds {held}")
        records = cls(backend, name=name, shown=shown_storage(storage))
        if _SETTINGS not in records.attributes:
            raise StudyError(
                f"study {name!r} has no settings of ours: it was not made by lsbe, or was cut off "
                "while it was made, before any evaluation; begin it anew under another name"
            )
        return records

    @staticmethod
    def storage_of(storage: str | BaseStorage) -> BaseStorage:
        """The storage at a URL, opened as all studies of this library open theirs.

        Raises:
            StudyError: it cannot be.
        """
        return open_storage(storage)

    @staticmethod
    def names(storage: str | BaseStorage) -> list[str]:
        """The names of all studies of ours in a storage.

        Raises:
            StudyError: it cannot be opened or read.
        """
        backend = open_storage(storage)
        with storage_errors(storage, doing="read"):
            studies = backend.get_all_studies()
        return sorted(study.study_name for study in studies if _SETTINGS in study.user_attrs)

    @property
    def settings(self) -> dict[str, Any]:
        """What is needed to go on with the study, as JSON values."""
        return dict(self.attributes[_SETTINGS])

    @property
    def attributes(self) -> dict[str, Any]:
        """All that is stored of the study itself, by name."""
        return self._do(lambda: dict(self._storage.get_study_user_attrs(self._study_id)))

    def store_settings(self, settings: Mapping[str, Any]) -> None:
        """Replace what is needed to go on with the study."""
        self.store_attributes({_SETTINGS: dict(settings)})

    def store_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes of the study."""
        for key, value in attributes.items():
            self._do(lambda k=key, v=value: self._storage.set_study_user_attr(self._study_id, k, v))  # type: ignore[misc]

    @property
    def optuna_study(self) -> optuna.Study:
        """The same study through Optuna's own interface, for Optuna's tools."""
        return optuna.load_study(study_name=self.name, storage=self._storage)

    def trials(self, entries: list[FrozenTrial] | None = None) -> list[Trial]:
        """Every trial so far, or of these entries, in the order of their numbers.

        Not those whose number a worker has claimed and whose weights it has not proposed yet.
        """
        entries = self.entries() if entries is None else entries
        return [self._read(t) for t in entries if not has_no_weights(t)]

    def entries(self) -> list[FrozenTrial]:
        """Every trial as the storage has it, claimed ones too; entry i has number i."""
        entries = self._do(self._read_entries)
        for entry in entries[len(self._trial_ids) :]:
            self._trial_ids[entry.number] = entry._trial_id
        return entries

    def _read_entries(self) -> list[FrozenTrial]:
        if self._reader is not None:
            return self._reader.read()
        return self._storage.get_all_trials(self._study_id, deepcopy=False)

    def claim(self, claim: Claim, *, count: int = 1) -> list[int]:
        """Take the next numbers for trials that are about to be proposed.

        They are in order, and apart where another worker claims at the same time.
        """
        return self.claim_and_read(claim, count=count)[0]

    def claim_and_read(
        self, claim: Claim, *, count: int = 1
    ) -> tuple[list[int], list[FrozenTrial]]:
        """The numbers that :meth:`claim` takes, and then every entry, read after that."""
        attributes = {CLAIM: claim.to_json()}
        template = create_trial(state=TrialState.RUNNING, user_attrs=attributes)
        # a retry may claim a number too many, which is then a free one of a claim that is ours
        made = {
            self._do(
                lambda: self._storage.create_new_trial(self._study_id, template_trial=template)
            )
            for _ in range(count)
        }
        entries = self.entries()
        return [entry.number for entry in entries if entry._trial_id in made], entries

    def hand_over(self, trial: FrozenTrial, claim: Claim) -> bool:
        """Replace the claim on a pending trial; False if somebody else was faster."""
        trial_id, seen = self._trial_id(trial.number), trial.user_attrs.get(CLAIM)
        if seen is None:
            # made by an older version, one process at a time
            seen = Claim().to_json()
            self._do(lambda: self._storage.set_trial_user_attr(trial_id, CLAIM, seen))
        return self._set(trial.number, claim=seen, values={CLAIM: claim.to_json()})

    def set_weights(
        self, number: int, weights: np.ndarray, *, claim: Claim, num_known: int | None = None
    ) -> bool:
        """Record the point that a claimed trial is to evaluate, and what was known of others.

        False if the claim does not hold any more, or the trial has a result.
        """
        # the weights last, with which the trial is ready
        known = {} if num_known is None else {NUM_KNOWN: num_known}
        values = {**known, WEIGHTS: [float(w) for w in weights]}
        return self._set(number, claim=claim.to_json(), values=values)

    def _set(self, number: int, *, claim: Any, values: Mapping[str, Any]) -> bool:
        storage, trial_id = self._storage, self._trial_id(number)
        try:
            return self._do(lambda: set_under_claim(storage, trial_id, claim=claim, values=values))
        except UpdateFinishedTrialError:
            return False  # between looking and writing, where that is two steps

    def beat(self, number: int, count: int) -> None:
        """Leave a sign of life on a trial; raises what the storage raises."""
        self._storage.set_trial_user_attr(self._trial_id(number), HEARTBEAT, count)

    def finish(
        self,
        number: int,
        score: float,
        *,
        figures: Mapping[str, Any],
        seconds: float,
        validity: CandidateValidity = _NOT_LOOKED_AT,
        constraints: Mapping[str, float] | None = None,
        scores: Mapping[str, float] | None = None,
    ) -> bool:
        """Record the score of a pending trial, higher is better; False if it had a result."""
        result = {"score": score, "figures": dict(figures), "seconds": seconds}
        if constraints:
            result["constraints"] = dict(constraints)
        if scores:
            result["scores"] = dict(scores)
        return self._conclude(number, {**result, **_stored(validity)})

    def fail(
        self,
        number: int,
        error: str,
        *,
        seconds: float,
        validity: CandidateValidity = _NOT_LOOKED_AT,
    ) -> bool:
        """Record that the evaluation of a pending trial failed; False if it had a result."""
        return self._conclude(number, {"error": error, "seconds": seconds, **_stored(validity)})

    def conclude_stored(self, trial: FrozenTrial) -> bool:
        """Conclude a pending trial whose worker died after storing its result; whether it had."""
        result = trial.user_attrs.get(RESULT, {})
        if "score" not in result and "error" not in result:
            return False
        return self._conclude(trial.number, result, stored=True)

    def _conclude(self, number: int, result: Mapping[str, Any], *, stored: bool = False) -> bool:
        trial_id, score = self._trial_id(number), result.get("score")
        scores = [] if score is None else list(result.get("scores", {}).values()) or [score]
        # where Optuna's own tools look for them
        met = list(result.get("constraints", {}).values())
        system = {_CONSTRAINTS: met} if met else {}
        try:
            if (database := self._database) is not None:
                return self._do(
                    lambda: conclude(
                        database, trial_id, name=RESULT, result=result, scores=scores, system=system
                    )
                )
            if not stored:
                # one step before the state, so that a score outlives whoever found it
                self._do(lambda: self._storage.set_trial_user_attr(trial_id, RESULT, dict(result)))
            if met:
                self._do(lambda: self._storage.set_trial_system_attr(trial_id, _CONSTRAINTS, met))
            state = TrialState.COMPLETE if scores else TrialState.FAIL
            self._do(lambda: self._storage.set_trial_state_values(trial_id, state, scores or None))
        except UpdateFinishedTrialError:
            return False
        except StudyError as error:
            shown = f"score {score!r}" if score is not None else f"error {result.get('error')!r}"
            raise StudyError(f"{error}; not stored: the {shown} of trial {number}") from None
        return True

    def attach(self, number: int, artifact: Mapping[str, str | None]) -> None:
        """Record a file that Optuna's artifact store holds of a pending trial."""
        key = f"{_ARTIFACT}{artifact['artifact_id']}"
        trial_id = self._trial_id(number)
        value = json.dumps(dict(artifact))
        self._do(lambda: self._storage.set_trial_system_attr(trial_id, key, value))

    def artifact_ids(self) -> set[str]:
        """The ids of all files that Optuna's artifact store holds of the study's trials."""
        keys = (key for trial in self.entries() for key in trial.system_attrs)
        return {key.removeprefix(_ARTIFACT) for key in keys if key.startswith(_ARTIFACT)}

    def warn(self, number: int, warning: str) -> None:
        """Record what went wrong beside the evaluation of a pending trial."""
        trial_id = self._trial_id(number)
        self._do(lambda: self._storage.set_trial_user_attr(trial_id, WARNING, warning))

    def _trial_id(self, number: int) -> int:
        if number in self._trial_ids:
            return self._trial_ids[number]
        return self._do(
            lambda: self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        )

    def _do(self, call: Callable[[], T]) -> T:
        try:
            return patiently(call, shown=self._shown, patience=self.patience)
        except (SQLAlchemyError, StorageInternalError, OSError) as error:
            reason = str(error.__cause__ or error).splitlines()[0]
            raise StudyError(
                f"the storage {self._shown} refuses ({reason}); every evaluation stored before "
                "is there"
            ) from None

    def _read(self, trial: FrozenTrial) -> Trial:
        if trial.number not in self._finished:
            found = read_trial(trial)
            if not trial.state.is_finished():
                return found
            self._finished[trial.number] = found
        return self._finished[trial.number]


def _stored(validity: CandidateValidity) -> dict[str, Any]:
    return {"validity": dict(validity.metrics), "invalid": validity.fault}
