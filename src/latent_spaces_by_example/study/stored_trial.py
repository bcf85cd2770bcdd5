"""What a trial of ours looks like in a storage of Optuna: its attributes, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from latent_spaces_by_example.study.claims import CLAIM
from latent_spaces_by_example.study.trial import Trial

WEIGHTS = "lsbe:weights"
NUM_KNOWN = "lsbe:num_known"
RESULT = "lsbe:result"
WARNING = "lsbe:warning"
WORKER = "lsbe:worker"


def has_no_weights(trial: FrozenTrial) -> bool:
    """Whether a trial is a number that was claimed, and no point yet."""
    return WEIGHTS not in trial.user_attrs and not trial.state.is_finished()


def weights_of(trial: FrozenTrial) -> np.ndarray:
    """The weights of a trial over the study's first seed latents."""
    return np.asarray(trial.user_attrs.get(WEIGHTS, []), dtype=np.float64)


def read_trial(trial: FrozenTrial) -> Trial:
    """A trial as the storage has it, as ours."""
    attributes = trial.user_attrs
    result = attributes.get(RESULT, {})
    failed = trial.state == TrialState.FAIL
    finished = trial.state == TrialState.COMPLETE
    return Trial(
        number=trial.number,
        weights=weights_of(trial),
        score=trial.values[0] if finished else None,
        figures=result.get("figures", {}),
        seconds=result.get("seconds") if finished or failed else None,
        error=result.get("error", "no message was stored") if failed else None,
        validity=result.get("validity", {}),
        invalid=result.get("invalid"),
        warning=attributes.get(WARNING),
        worker=_worker(attributes),
        num_known=attributes.get(NUM_KNOWN),
        constraints=result.get("constraints", {}) if finished else {},
        scores=result.get("scores", {}) if finished else {},
    )


def _worker(attributes: Mapping[str, Any]) -> str | None:
    if WORKER in attributes:
        return str(attributes[WORKER])
    claim = attributes.get(CLAIM)
    by = claim.get("by") if isinstance(claim, Mapping) else None
    return f"{by.get('host')}:{by.get('pid')}" if isinstance(by, Mapping) else None
