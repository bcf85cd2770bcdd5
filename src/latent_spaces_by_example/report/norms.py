"""Show whether the candidates are valid: the norm of each, and the tests that it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latent_spaces_by_example.report.blocks import Table
from latent_spaces_by_example.report.formatting import MINUS
from latent_spaces_by_example.report.plot import Axes, Figure, Mark, Path, dot_sample
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial
from latent_spaces_by_example.validity.candidates import OFF_THE_LAW, is_typical, norm_range

_KINDS = {  # class of the mark -> what it says
    "trial": "follows the model's law",
    "unusual": "unlike the model's draws, as the examples are",
    "failed faulty": "not the latent that was promised",
}
_TESTS = {
    "norm_z": "norm",
    "mean_z": "mean of the elements",
    "kurtosis_z": "weight of the tails",
    "neighbours_z": "correlation of neighbours",
}
_MOST_FAULTS = 20


@dataclass(frozen=True)
class Validity:
    """The section on validity: a summary, the plot of norms, and two tables."""

    summary: str
    figure: Figure | None
    tests: Table | None
    faults: Table | None


def validity_section(snapshot: Snapshot) -> Validity | None:
    """Return the section on validity; None where no candidate was looked at."""
    trials = [trial for trial in snapshot.trials if trial.validity or trial.invalid]
    if not trials:
        return None
    figure = _norms(trials, num_dims=snapshot.num_latent_dims)
    return Validity(_summary(trials), figure, _test_table(trials), _fault_table(trials))


def _summary(trials: Sequence[Trial]) -> str:
    kinds = [_kind(trial) for trial in trials]
    typical, unusual = kinds.count("trial"), kinds.count("unusual")
    parts = [f"{typical} of {len(trials)} candidates follow the model's law"]
    if unusual:
        verb = "is" if unusual == 1 else "are"
        parts.append(f"{unusual} {verb} unlike what the model draws, because the examples are")
    faulty = [str(trial.number) for trial in trials if trial.invalid]
    if faulty:
        verb, word = ("fails", "trial") if len(faulty) == 1 else ("fail", "trials")
        more = ", …" if len(faulty) > 5 else ""
        parts.append(f"{len(faulty)} {verb} ({word} {', '.join(faulty[:5])}{more})")
    return "; ".join(parts) + "."


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


def _test_table(trials: Sequence[Trial]) -> Table | None:
    rows = []
    for name, words in _TESTS.items():
        tested = [trial for trial in trials if name in trial.validity]
        if not tested:
            continue
        zs = [trial.validity[name] for trial in tested]
        furthest = max(tested, key=lambda trial: abs(trial.validity[name]))
        median, end = (
            f"{z:+.2f}".replace("-", MINUS) for z in (np.median(zs), furthest.validity[name])
        )
        off = sum(abs(z) > OFF_THE_LAW for z in zs)
        rows.append((words, median, f"{end} (trial {furthest.number})", str(off)))
    head = ("z-score of", "median", "furthest", "candidates off the law")
    return Table("Tests of the candidates' latents", head, tuple(rows)) if rows else None


def _fault_table(trials: Sequence[Trial]) -> Table | None:
    faults = [trial for trial in trials if trial.invalid is not None]
    rows = [(str(trial.number), trial.invalid or "") for trial in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        rows.append(("…", f"and {len(faults) - _MOST_FAULTS} more, in history.csv"))
    head = ("trial", "what is wrong with its latent")
    return Table("Latents at fault", head, tuple(rows), words=True) if rows else None
