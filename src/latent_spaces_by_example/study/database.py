"""What every trial asks of an SQL database, in fewer statements than Optuna's storage takes.

The tables are Optuna's, and so is what is written into them. Its reader asks for seven things of
every new trial, three of which ours never have; its writer needs one transaction for a result and
one more for the state.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import CursorResult, Update, inspect, or_, select, update
from sqlalchemy.orm import Session

_PENDING = (TrialState.RUNNING, TrialState.WAITING)


def database_of(storage: BaseStorage) -> RDBStorage | None:
    """The SQL database behind a storage; None where it is another kind."""
    backend = getattr(storage, "_backend", storage)
    return backend if isinstance(backend, RDBStorage) else None


class TrialReader:
    """Reads a study's trials, each until it is finished and never again.

    Parameters and intermediate values, which trials of ours do not have, are left out.
    """

    def __init__(self, database: RDBStorage, *, study_id: int) -> None:
        self._database = database
        self._study_id = study_id
        self._trials: dict[int, FrozenTrial] = {}
        self._pending: set[int] = set()
        self._last_finished = -1
        self._lock = threading.Lock()

    def read(self) -> list[FrozenTrial]:
        """Every trial, in the order of their numbers."""
        with self._lock:
            for trial in self._changed():
                self._trials[trial.number] = trial
                if trial.state.is_finished():
                    self._pending.discard(trial._trial_id)
                    self._last_finished = max(self._last_finished, trial._trial_id)
                else:
                    self._pending.add(trial._trial_id)
            return [self._trials[number] for number in sorted(self._trials)]

    def _changed(self) -> list[FrozenTrial]:
        from optuna.storages._rdb import models

        trials = models.TrialModel
        changed = trials.trial_id > self._last_finished
        # in order of their ids a database makes them, as it locks the study for each
        earlier = [number for number in self._pending if number <= self._last_finished]
        if earlier:
            changed = or_(changed, trials.trial_id.in_(earlier))
        asked = (trials.study_id == self._study_id, changed)
        with Session(self._database.engine) as session:
            # the states first: what has a result by then has the rest of it too
            found = list(session.scalars(select(trials).where(*asked)))
            if not found:
                return []
            kinds = (models.TrialUserAttributeModel, models.TrialSystemAttributeModel)
            attributes = [
                _by_trial(
                    session.execute(
                        select(kind.trial_id, kind.key, kind.value_json)
                        .join(trials, trials.trial_id == kind.trial_id)
                        .where(*asked)
                    ).all()
                )
                for kind in kinds
            ]
            scores = models.TrialValueModel
            rows = session.execute(
                select(scores.trial_id, scores.objective, scores.value, scores.value_type)
                .join(trials, trials.trial_id == scores.trial_id)
                .where(*asked)
                .order_by(scores.objective)
            ).all()
        values: dict[int, list[float]] = {}
        for trial_id, _, value, kind in rows:
            values.setdefault(trial_id, []).append(scores.stored_repr_to_value(value, kind))
        user, system = attributes
        return [_frozen(t, values=values, user_attrs=user, system_attrs=system) for t in found]


def compare_and_set(
    database: RDBStorage, trial_id: int, *, name: str, seen: Any, values: Mapping[str, Any]
) -> bool:
    """Set attributes of a pending trial if the attribute ``name`` still has the value seen.

    Returns:
        Whether it had; if not, or if the trial is not pending, nothing is written.
    """
    from optuna.storages._rdb import models

    trials, attributes = models.TrialModel, models.TrialUserAttributeModel
    pending = select(trials.trial_id).where(trials.trial_id == trial_id, trials.state.in_(_PENDING))
    with Session(database.engine) as session, session.begin():
        # a write first, which locks: of two who saw the same, one finds it as it was
        unchanged = _changed_rows(
            session,
            update(attributes)
            .where(
                attributes.trial_id.in_(pending),
                attributes.key == name,
                attributes.value_json == json.dumps(seen),
            )
            .values(value_json=json.dumps(values.get(name, seen))),
        )
        if unchanged != 1:
            return False
        for key, value in values.items():
            if key != name:
                _set(session, attributes, trial_id, key, value)
    return True


def conclude(
    database: RDBStorage,
    trial_id: int,
    *,
    name: str,
    result: Mapping[str, Any],
    scores: Sequence[float],
    system: Mapping[str, Any] | None = None,
) -> bool:
    """Store a result as the attribute ``name`` and close the trial, both or neither.

    Args:
        database: which holds the trial.
        trial_id: the database's.
        name: of the attribute.
        result: JSON values.
        scores: one for each of the study's directions; none where the evaluation failed.
        system: attributes that Optuna's own tools look for.

    Returns:
        Whether the trial was pending; if not, nothing is written.
    """
    from optuna.storages._rdb import models

    trials, attributes = models.TrialModel, models.TrialUserAttributeModel
    # local time or UTC: Optuna's versions differ, and its model knows
    now = trials(datetime_complete=datetime.now())
    ended = inspect(trials).get_property_by_column(trials.__table__.c.datetime_complete).key
    state = TrialState.COMPLETE if scores else TrialState.FAIL
    with Session(database.engine) as session, session.begin():
        # writes first, which locks: of two that have a result, one finds it pending
        closed = _changed_rows(
            session,
            update(trials)
            .where(trials.trial_id == trial_id, trials.state.in_(_PENDING))
            .values({"state": state, ended: getattr(now, ended)}),
        )
        if closed != 1:
            return False
        _set(session, attributes, trial_id, name, result)
        for key, value in (system or {}).items():
            _set(session, models.TrialSystemAttributeModel, trial_id, key, value)
        for objective, score in enumerate(scores):
            value, kind = models.TrialValueModel.value_to_stored_repr(score)
            row = {"trial_id": trial_id, "objective": objective}
            session.add(models.TrialValueModel(**row, value=value, value_type=kind))
    return True


def _set(session: Session, model: Any, trial_id: int, key: str, value: Any) -> None:
    values = {"value_json": json.dumps(value)}
    there = update(model).where(model.trial_id == trial_id, model.key == key).values(values)
    if _changed_rows(session, there) == 0:
        session.add(model(trial_id=trial_id, key=key, **values))


def _changed_rows(session: Session, statement: Update) -> int:
    done = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", done).rowcount


def _by_trial(rows: Iterable[Any]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for trial_id, name, value in rows:
        found.setdefault(trial_id, {})[name] = json.loads(value)
    return found


def _frozen(
    trial: Any,
    *,
    values: Mapping[int, list[float]],
    user_attrs: Mapping[int, dict[str, Any]],
    system_attrs: Mapping[int, dict[str, Any]],
) -> FrozenTrial:
    trial_id = trial.trial_id
    return FrozenTrial(
        number=trial.number,
        state=trial.state,
        value=None,
        values=values.get(trial_id),
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_complete,
        params={},
        distributions={},
        user_attrs=user_attrs.get(trial_id, {}),
        system_attrs=system_attrs.get(trial_id, {}),
        intermediate_values={},
        trial_id=trial_id,
    )
