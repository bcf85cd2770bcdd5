"""The database behind a study: Optuna's storages and trial life cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import DuplicatedStudyError, StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage, get_storage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError

from latent_spaces_by_example.diagnostics.candidates import CandidateValidity
from latent_spaces_by_example.errors import StudyError

_SETTINGS = "lsbe:settings"
_WEIGHTS = "lsbe:weights"
_RESULT = "lsbe:result"
_LOCKED_SECONDS = 60
_NOT_LOOKED_AT = CandidateValidity()


@dataclass(frozen=True)
class Trial:
    """One evaluation: weights over the study's seed latents, and what came of them.

    Attributes:
        number: counted from 0, in the order of proposal.
        weights: shape (k,), over the study's first k seed latents; the rest are zero.
        score: higher is better; None while pending or where the evaluation failed.
        figures: what the objective keeps beside the score.
        seconds: how long generating and scoring took; None while pending.
        error: why it failed; None where it did not.
        validity: figures of its inner latent, as in
            :class:`latent_spaces_by_example.diagnostics.CandidateValidity`; empty while pending,
            and in studies of before there were any.
        invalid: in what the latent is not what the study promised; None where it is.
    """

    number: int
    weights: np.ndarray
    score: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    error: str | None = None
    validity: Mapping[str, float] = field(default_factory=dict)
    invalid: str | None = None

    @property
    def pending(self) -> bool:
        """Whether it was proposed and has no result yet."""
        return self.score is None and self.error is None


class Records:
    """The trials and the settings of one study in an Optuna storage.

    A trial is written when it is proposed, weights and all, in one transaction, and again when
    its result is known: a process that dies in between leaves a pending trial to be taken up.
    """

    def __init__(self, storage: BaseStorage, *, name: str) -> None:
        self._storage = storage
        self._study_id = storage.get_study_id_from_name(name)
        self.name = name

    @classmethod
    def create(
        cls, storage: str | BaseStorage | None, *, name: str, settings: Mapping[str, Any]
    ) -> Records:
        """A new study in the storage (None: in memory).

        Raises:
            StudyError: the name is taken, or the storage cannot be used.
        """
        backend = _open_storage(storage)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would announce the new study
        try:
            study_id = backend.create_new_study([StudyDirection.MAXIMIZE], name)
        except DuplicatedStudyError:
            raise StudyError(
                f"name={name!r}: the storage holds a study of that name already; "
                "give another name, or resume that one"
            ) from None
        finally:
            optuna.logging.set_verbosity(verbosity)
        backend.set_study_user_attr(study_id, _SETTINGS, dict(settings))
        return cls(backend, name=name)

    @classmethod
    def open(cls, storage: str | BaseStorage, *, name: str | None = None) -> Records:
        """The study of that name; with no name, the only one that the storage holds.

        Raises:
            StudyError: there is none, there are several, or another program made it.
        """
        backend = _open_storage(storage)
        names = [study.study_name for study in backend.get_all_studies()]
        if name is None and len(names) == 1:
            name = names[0]
        if name not in names:
            asked = "no name was given" if name is None else f"there is no study {name!r}"
            held = ", ".join(sorted(names)) or "no study"
            raise StudyError(f"{asked}; the storage holds {held}")
        records = cls(backend, name=name)
        if _SETTINGS not in backend.get_study_user_attrs(records._study_id):
            raise StudyError(f"study {name!r} was not made by lsbe: it has no settings of ours")
        return records

    @property
    def settings(self) -> dict[str, Any]:
        """What is needed to go on with the study, as JSON values."""
        return dict(self._storage.get_study_user_attrs(self._study_id)[_SETTINGS])

    def store_settings(self, settings: Mapping[str, Any]) -> None:
        """Replace what is needed to go on with the study."""
        self._storage.set_study_user_attr(self._study_id, _SETTINGS, dict(settings))

    @property
    def optuna_study(self) -> optuna.Study:
        """The same study through Optuna's own interface, for Optuna's tools."""
        return optuna.load_study(study_name=self.name, storage=self._storage)

    def trials(self) -> list[Trial]:
        """Every trial so far, in the order of their numbers."""
        return [_read(t) for t in self._storage.get_all_trials(self._study_id, deepcopy=False)]

    def propose(self, weights: np.ndarray) -> int:
        """Record a trial that is about to be evaluated; returns its number."""
        attributes = {_WEIGHTS: [float(w) for w in weights]}
        template = create_trial(state=TrialState.RUNNING, user_attrs=attributes)
        trial_id = self._storage.create_new_trial(self._study_id, template_trial=template)
        return self._storage.get_trial_number_from_id(trial_id)

    def finish(
        self,
        number: int,
        score: float,
        *,
        figures: Mapping[str, Any],
        seconds: float,
        validity: CandidateValidity = _NOT_LOOKED_AT,
    ) -> None:
        """Record the score of a pending trial; higher is better."""
        trial_id = self._trial_id(number)
        result = {"figures": dict(figures), "seconds": seconds, **_stored(validity)}
        self._storage.set_trial_user_attr(trial_id, _RESULT, result)
        self._storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [score])

    def fail(
        self,
        number: int,
        error: str,
        *,
        seconds: float,
        validity: CandidateValidity = _NOT_LOOKED_AT,
    ) -> None:
        """Record that the evaluation of a pending trial failed, and why."""
        trial_id = self._trial_id(number)
        result = {"error": error, "seconds": seconds, **_stored(validity)}
        self._storage.set_trial_user_attr(trial_id, _RESULT, result)
        self._storage.set_trial_state_values(trial_id, TrialState.FAIL)

    def _trial_id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)


def _stored(validity: CandidateValidity) -> dict[str, Any]:
    return {"validity": dict(validity.figures), "invalid": validity.fault}


def _open_storage(storage: str | BaseStorage | None) -> BaseStorage:
    if storage is None:
        return InMemoryStorage()
    try:
        if isinstance(storage, str) and storage.startswith("sqlite:"):
            # whoever looks at a running study locks the file for a moment; that must not end it
            patient = {"connect_args": {"timeout": _LOCKED_SECONDS}}
            return get_storage(RDBStorage(storage, engine_kwargs=patient))
        return get_storage(storage)
    except (SQLAlchemyError, StorageInternalError, ImportError, ValueError) as error:
        shown = storage.split("://")[0] + "://..." if isinstance(storage, str) else repr(storage)
        raise StudyError(f"storage={shown} cannot be opened: {error}") from error


def _read(trial: FrozenTrial) -> Trial:
    attributes = trial.user_attrs
    result = attributes.get(_RESULT, {})
    failed = trial.state == TrialState.FAIL
    finished = trial.state == TrialState.COMPLETE
    return Trial(
        number=trial.number,
        weights=np.asarray(attributes.get(_WEIGHTS, []), dtype=np.float64),
        score=trial.value if finished else None,
        figures=result.get("figures", {}),
        seconds=result.get("seconds") if finished or failed else None,
        error=result.get("error", "no message was stored") if failed else None,
        validity=result.get("validity", {}),
        invalid=result.get("invalid"),
    )
