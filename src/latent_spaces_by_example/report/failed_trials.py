"""List what failed: trials, those with the same message together, and latents at fault."""

from __future__ import annotations

from latent_spaces_by_example.report.blocks import Table
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study.passwords import without_password

_MOST_KINDS = 40
_MOST_FAULTS = 20
_MOST_NUMBERS = 30
_LONGEST = 2000


def failure_table(snapshot: Snapshot) -> Table | None:
    """Return messages and their trials, the most frequent first; None where nothing failed."""
    numbers: dict[str, list[int]] = {}
    for trial in snapshot.failed:
        numbers.setdefault(without_password(trial.error or ""), []).append(trial.number)
    often = sorted(numbers.items(), key=lambda item: -len(item[1]))
    rows = [(_listed(n), str(len(n)), message[:_LONGEST]) for message, n in often]
    more = len(rows) - _MOST_KINDS
    if more > 0:
        rows[_MOST_KINDS:] = [("…", str(more), "more messages are in the study's history")]
    head = ("trials", "how often", "message")
    return Table("Failed trials", head, tuple(rows), words=True) if rows else None


def fault_table(snapshot: Snapshot) -> Table | None:
    """Return the trials whose latents fail the check, and why; None where none does."""
    faults = [trial for trial in snapshot.trials if trial.invalid is not None]
    rows = [(str(trial.number), trial.invalid or "") for trial in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        rows.append(("…", f"and {len(faults) - _MOST_FAULTS} more, in history.csv"))
    head = ("trial", "what is wrong with its latent")
    return Table("Latents at fault", head, tuple(rows), words=True) if rows else None


def _listed(numbers: list[int]) -> str:
    more = len(numbers) - _MOST_NUMBERS
    listed = ", ".join(map(str, numbers[:_MOST_NUMBERS]))
    return f"{listed} and {more} more" if more > 0 else listed
