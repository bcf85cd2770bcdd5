"""The trials and the settings of one study in an Optuna storage, by Optuna's public methods."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import msgspec
import optuna
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, get_storage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.search.optuna_study import quiet
from latent_spaces_by_example.study.database import (
    Access,
    open_storage,
    patiently,
    shown_storage,
    storage_errors,
)
from latent_spaces_by_example.study.settings import Point, Result, Settings, read
from latent_spaces_by_example.study.stored_trial import (
    ARTIFACT,
    POINT,
    RESULT,
    StrangerError,
    as_stored,
    corrected,
    file_names,
    read_trial,
    trial_from_point,
    with_result,
)
from latent_spaces_by_example.study.trial import Trial

SETTINGS = "lsbe:settings"
CORRECTION = "lsbe:correction:"
# where Optuna and its tools look
_CONSTRAINTS = "constraints"
_METRICS = "study:metric_names"
_OPTUNA_DIRECTIONS = {
    "maximise": StudyDirection.MAXIMIZE,
    "minimise": StudyDirection.MINIMIZE,
}

log = logging.getLogger("latent_spaces_by_example")
P = ParamSpec("P")
T = TypeVar("T")


class Records:
    """Reads and writes one study.

    A trial is created with its point, in one write. Its result is one attribute, written before
    Optuna's state: an open trial that has a result counts as told, so a process that dies between
    the two writes loses nothing. Finished trials of Optuna cannot change, so a correction is an
    attribute of the study that is read over the trial.

    Trials are read once and kept; :meth:`refresh` reads what has changed. Writing is for whoever
    holds the study's lock.
    """

    def __init__(self, storage: BaseStorage, *, name: str, shown: str = "") -> None:
        self.storage = storage
        # Optuna's own cache over it, which reads again only trials that were not finished
        self._storage = get_storage(storage)
        self._shown = shown or shown_storage(storage)
        self.name = name
        with storage_errors(self._shown, doing="read"):
            self._study_id = storage.get_study_id_from_name(name)
        self._trials: dict[int, Trial] = {}
        self._ids: dict[int, int] = {}
        self._corrected: dict[int, Any] = {}
        self._strangers: dict[int, str] = {}
        self._num_entries = 0
        self._attributes: dict[str, Any] = {}
        self._settings: Settings | None = None
        self.is_current = False

    @classmethod
    def create(
        cls,
        storage: str | BaseStorage | None,
        *,
        name: str,
        settings: Settings,
        attributes: Mapping[str, Any] | None = None,
    ) -> Records:
        """Make a study in the storage (None: in memory), with further attributes.

        Raises:
            StudyError: the name is taken, or the storage cannot be used.
        """
        backend = open_storage(storage)
        directions = [_OPTUNA_DIRECTIONS[d] for d in settings.directions]
        try:
            with storage_errors(storage, doing="written"), quiet():
                study_id = backend.create_new_study(directions, name)
                if names := list(settings.score_names):
                    backend.set_study_system_attr(study_id, _METRICS, names)
        except DuplicatedStudyError:
            raise StudyError(
                f"name={name!r}: the storage holds a study of that name already; "
                "give another name, or resume that one"
            ) from None
        records = cls(backend, name=name, shown=shown_storage(storage))
        for key, value in (attributes or {}).items():
            records.store_attribute(key, value)
        # last of all: with these the study exists
        records.store_settings(settings)
        return records

    @classmethod
    def open(
        cls, storage: str | BaseStorage, *, name: str | None = None, access: Access = "write"
    ) -> Records:
        """Open the study of that name; without a name, the only one that the storage holds.

        With ``access="read"`` nothing can be changed, not even by accident.

        Raises:
            StudyError: there is none, there are several, or another program made it.
        """
        if name is not None and not isinstance(name, str):
            raise ArgumentError(f"name={name!r:.60}; give the name of a study, as text")
        backend = open_storage(storage, access=access)
        held = _studies_in(backend, shown=storage)
        ours = sorted(known for known, is_ours in held.items() if is_ours)
        if name is None and len(ours) == 1:
            name = ours[0]
        if name is None or name not in held:
            asked = "no study was named" if name is None else f"there is no study {name!r}"
            raise StudyError(
                f"{asked} (--study, or name=); the storage holds "
                f"{', '.join(ours) or 'no study of this library'}"
            )
        if not held[name]:
            raise StudyError(
                f"study {name!r} has no settings of this library: another program made it, or it "
                "was cut off before any evaluation; begin it anew under another name"
            )
        return cls(backend, name=name, shown=shown_storage(storage))

    @staticmethod
    def names(storage: str | BaseStorage) -> list[str]:
        """Return the names of all studies of this library in a storage.

        Raises:
            StudyError: it cannot be opened or read.
        """
        held = _studies_in(open_storage(storage, access="read"), shown=storage)
        return sorted(name for name, is_ours in held.items() if is_ours)

    # ------------------------------------------------------------------ the study itself

    @property
    def settings(self) -> Settings:
        """The settings that were fixed when the study was created, checked when they are read."""
        if self._settings is None:
            self._settings = Settings.from_json(self.attributes().get(SETTINGS))
        return self._settings

    def store_settings(self, settings: Settings) -> None:
        """Replace the settings."""
        self.store_attribute(SETTINGS, settings.to_json())
        self._settings = settings

    def attributes(self) -> dict[str, Any]:
        """Read all that is stored of the study itself, by name."""
        return dict(self._do(self._storage.get_study_user_attrs, self._study_id))

    def stored(self, prefix: str) -> dict[str, Any]:
        """Return the attributes of the study that begin with a prefix, by the rest of their names.

        They are read anew unless the trials are current.
        """
        if not self.is_current:
            self._attributes = self.attributes()
        return {
            key.removeprefix(prefix): value
            for key, value in self._attributes.items()
            if key.startswith(prefix)
        }

    def store_attribute(self, key: str, value: Any) -> None:
        """Set an attribute of the study."""
        self._do(self._storage.set_study_user_attr, self._study_id, key, value)
        self._attributes[key] = value

    @property
    def optuna_study(self) -> optuna.Study:
        """The same study as an ``optuna.Study``, for Optuna's own tools."""
        return optuna.load_study(study_name=self.name, storage=self._storage)

    # ------------------------------------------------------------------ its trials

    def trials(self) -> list[Trial]:
        """Return every trial in the order of numbers, read anew unless they are current."""
        return [trial for _, trial in sorted(self._known().items())]

    def trial(self, number: int) -> Trial:
        """Return one trial.

        Raises:
            StudyError: there is no trial of that number.
        """
        known = self._known()
        if number not in known:
            stranger = self._strangers.get(number)
            of_whom = f" of this library ({stranger})" if stranger else ""
            raise StudyError(
                f"study {self.name!r} has no trial {number}{of_whom}; it has {len(known)}, "
                "numbered from 0"
            )
        return known[number]

    def _known(self) -> dict[int, Trial]:
        if not self.is_current:
            self.refresh()
        return self._trials

    @contextmanager
    def read_once(self) -> Iterator[None]:
        """Read the trials now, and keep to them until the end; may be nested."""
        self.refresh()
        before, self.is_current = self.is_current, True
        try:
            yield
        finally:
            self.is_current = before

    @property
    def next_number(self) -> int:
        """The number that the next trial will have, unless another program adds one first."""
        return self._num_entries

    def refresh(self) -> None:
        """Read the trials that were added or changed since the last time.

        Raises:
            StudyError: the storage does not answer, or a trial of ours is damaged.
        """
        entries = self._do(self._storage.get_all_trials, self._study_id, deepcopy=False)
        self._read_attributes()
        self._num_entries = len(entries)
        for entry in entries:
            known = self._trials.get(entry.number)
            if entry.number in self._strangers or not (known is None or known.pending):
                continue
            self._keep(entry)
        for number in set(self._trials) - {entry.number for entry in entries}:
            del self._trials[number]
            self._strangers[number] = "another program deleted it"
            log.warning("trial %d of study %r was deleted by another program", number, self.name)

    def _keep(self, entry: FrozenTrial) -> None:
        try:
            trial = read_trial(entry, names=self.settings.score_names)
        except StrangerError as error:
            self._trials.pop(entry.number, None)
            self._strangers[entry.number] = str(error)
            message = "trial %d of study %r is left out: %s"
            log.warning(message, entry.number, self.name, error)
            return
        if entry.number in self._corrected:
            trial = corrected(trial, self._corrected[entry.number], names=self.settings.score_names)
        self._trials[trial.number] = trial

    def _read_attributes(self) -> None:
        """Read the settings, which a run elsewhere may have changed, and the corrections."""
        attributes = self._attributes = self.attributes()
        self._settings = Settings.from_json(attributes.get(SETTINGS))
        for key, value in attributes.items():
            start, _, digits = key.rpartition(":")
            number = int(digits) if digits.isdecimal() else -1
            if f"{start}:" == CORRECTION and self._corrected.get(number) != value:
                self._corrected[number] = value
                self._trials.pop(number, None)  # read again, with the correction over it

    # ------------------------------------------------------------------ writing

    def add(self, point: Point) -> Trial:
        """Create an open trial at a point, in one write."""
        template = create_trial(
            state=TrialState.RUNNING, user_attrs={POINT: msgspec.to_builtins(point)}
        )
        create = self._storage.create_new_trial
        trial_id = self._do(create, self._study_id, template_trial=template)
        number = self.next_number
        if self._id(number) != trial_id:
            # another program has added a trial; to read the number is to read the whole trial
            number = self._do(self._storage.get_trial_number_from_id, trial_id)
            self._ids[number] = trial_id
        self._num_entries = number + 1
        trial = self._trials[number] = trial_from_point(number, point, begun=datetime.now())
        return trial

    def tell(self, number: int, result: Result) -> Trial:
        """Store the result of an open trial: two writes."""
        trial, trial_id = self._trials[number], self._id(number)
        values = msgspec.to_builtins(result)
        try:
            self._do(self._storage.set_trial_user_attr, trial_id, RESULT, values)
            self._conclude(trial_id, result)
        except UpdateFinishedTrialError:
            self.refresh()
            raise StudyError(
                f"trial {number} of study {self.name!r} was finished by another program"
            ) from None
        except StudyError as error:
            shown = f"scores {result.scores}" if result.scores else f"error {result.error!r}"
            raise StudyError(f"{error}; not stored: the {shown} of trial {number}") from error
        names = self.settings.score_names
        finished = with_result(trial, result, ended=datetime.now(), names=names)
        self._trials[number] = finished
        return finished

    def correct(self, number: int, result: Result) -> Trial:
        """Store a correction of a trial that has a result; the earlier ones are kept beside it."""
        trial = self.trial(number)
        before = list(self._corrected.get(number, {}).get("replaced", []))
        before.append(as_stored(trial))
        correction = {"result": msgspec.to_builtins(result), "replaced": before}
        self.store_attribute(f"{CORRECTION}{number}", correction)
        self._corrected[number] = correction
        changed = corrected(trial, correction, names=self.settings.score_names)
        self._trials[number] = changed
        return changed

    def conclude_told(self) -> None:
        """Give trials that have a result, whose writer died before the state, their state."""
        states = (TrialState.RUNNING, TrialState.WAITING)
        read_all = self._storage.get_all_trials
        for entry in self._do(read_all, self._study_id, deepcopy=False, states=states):
            if RESULT in entry.user_attrs and entry.number in self._trials:
                result = read(entry.user_attrs[RESULT], as_a=Result, what="a stored result")
                self._conclude(self._id(entry.number), result)

    def _conclude(self, trial_id: int, result: Result) -> None:
        if met := list(result.constraints.values()):
            self._do(self._storage.set_trial_system_attr, trial_id, _CONSTRAINTS, met)
        state = TrialState.COMPLETE if result.scores else TrialState.FAIL
        scores = list(result.scores) or None
        self._do(self._storage.set_trial_state_values, trial_id, state, scores)

    def attach(self, number: int, artifact: Mapping[str, str | None]) -> None:
        """Record a file that Optuna's artifact store holds of an open trial."""
        key, value = f"{ARTIFACT}{artifact['artifact_id']}", json.dumps(dict(artifact))
        self._do(self._storage.set_trial_system_attr, self._id(number), key, value)

    def file_names(self, number: int) -> list[str]:
        """Return the names of the files that the artifact store holds of a trial."""
        if number not in self._known():
            return []
        return file_names(self._do(self._storage.get_trial_system_attrs, self._id(number)))

    def _id(self, number: int) -> int:
        if number not in self._ids:
            identify = self._storage.get_trial_id_from_study_id_trial_number
            self._ids[number] = self._do(identify, self._study_id, number)
        return self._ids[number]

    def _do(self, call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        return patiently(lambda: call(*arguments, **options), shown=self._shown)


def _studies_in(storage: BaseStorage, *, shown: Any) -> dict[str, bool]:
    """Return the names of all studies there, and whether this library made each."""
    with storage_errors(shown, doing="read"):
        return {s.study_name: SETTINGS in s.user_attrs for s in storage.get_all_studies()}
