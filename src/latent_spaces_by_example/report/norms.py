"""Show whether the candidates are valid: the norm of each, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latent_spaces_by_example.report.blocks import Table
from latent_spaces_by_example.report.plot import Axes, Figure, Mark, Path, dot_sample
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial
from latent_spaces_by_example.study.candidate_check import validity_summary
from latent_spaces_by_example.validity.candidates import is_typical, norm_range

_KINDS = {  # class of the mark -> what it says
    "trial": "follows the model's law",
    "unusual": "unlike the model's draws, as the examples are",
    "failed faulty": "not the latent that was promised",
}
_MOST_FAULTS = 20


@dataclass(frozen=True)
class Validity:
    """The section on validity: a summary, the plot of norms, and the faults."""

    summary: str
    figure: Figure | None
    faults: Table | None


def validity_section(snapshot: Snapshot) -> Validity | None:
    """Return the section on validity; None where no candidate was looked at."""
    trials = [trial for trial in snapshot.trials if trial.validity or trial.invalid]
    if not trials:
        return None
    figure = _norms(trials, num_dims=snapshot.study.space.num_latent_dims)
    return Validity(validity_summary(trials), figure, _fault_table(trials))


def _kind(trial: Trial) -> str:
    if trial.invalid is not None:
        return "failed faulty"
    return "trial" if is_typical(trial.validity) else "unusual"


def _norms(trials: Sequence[Trial], *, num_dims: int) -> Figure | None:
    """Return the norm over the expected one by trial, with the range that counts as the law's."""
    known = [trial for trial in trials if "norm" in trial.validity]
    if not known:
        return None
    low, high = norm_range(num_dims)
    norms = [trial.validity["norm"] for trial in known]
    margin = 0.05 * (max(high, *norms) - min(low, *norms))
    ends = (min(low, *norms) - margin, max(high, *norms) + margin)
    numbers = (-0.5, max(trial.number for trial in known) + 0.5)
    labels = ("trial", "norm / expected")
    axes = Axes.between(numbers, ends, labels=labels, size=(720, 260), whole=True)
    marks: list[Mark] = [axes.band(np.array(numbers), *_flat(low, high), kind="prior")]
    for trial, norm in zip(known, norms, strict=True):
        words = trial.invalid or _KINDS[_kind(trial)]
        title = f"trial {trial.number}: {norm:.4g}, {words}"
        marks.append(axes.dot(float(trial.number), norm, kind=_kind(trial), title=title))
    kinds = {_kind(trial) for trial in known}
    legend = [(dot_sample(kind), _KINDS[kind]) for kind in _KINDS if kind in kinds]
    band = Path("M-7 -5h14v10h-14z", "band prior")
    plot = axes.plot(
        *marks, alt="Norm of each candidate's inner latent over the expected, by trial"
    )
    return Figure(plot, (*legend, (band, "norms of the model's draws")))


def _flat(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([low, low]), np.array([high, high])


def _fault_table(trials: Sequence[Trial]) -> Table | None:
    faults = [trial for trial in trials if trial.invalid is not None]
    rows = [(str(trial.number), trial.invalid or "") for trial in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        rows.append(("…", f"and {len(faults) - _MOST_FAULTS} more, in history.csv"))
    head = ("trial", "what is wrong with its latent")
    return Table("Latents at fault", head, tuple(rows), words=True) if rows else None
