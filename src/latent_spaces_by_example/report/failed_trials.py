"""What failed, and why: the trials of one message together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from latent_spaces_by_example.report.blocks import Code, Table
from latent_spaces_by_example.report.snapshot import Snapshot

_MOST_KINDS = 40
_MOST_NUMBERS = 30
_LONGEST = 2000
_CREDENTIALS = re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@")


@dataclass(frozen=True)
class Failures:
    """The section of what failed: a sentence, a table, and what was left out of it."""

    note: str
    table: Table
    more: str


def failures_section(snapshot: Snapshot) -> Failures | None:
    """Return the section of what failed; None where nothing did."""
    numbers: dict[str, list[int]] = {}
    for trial in snapshot.trials:
        if trial.error is not None:
            numbers.setdefault(without_credentials(trial.error), []).append(trial.number)
    if not numbers:
        return None
    total = sum(map(len, numbers.values()))
    often = sorted(numbers.items(), key=lambda item: -len(item[1]))
    rows = tuple(
        (_listed(trials), str(len(trials)), Code(_bounded(message)))
        for message, trials in often[:_MOST_KINDS]
    )
    table = Table("Failed trials", ("trials", "how often", "message"), rows, words=True)
    more = len(often) - _MOST_KINDS
    return Failures(
        f"{total} of {len(snapshot.trials)} evaluations failed; each counts as one.",
        table,
        f"{more} more messages are in the study's history." if more > 0 else "",
    )


def without_credentials(message: str) -> str:
    """Return a message without the passwords of its addresses: a page is sent around.

    >>> without_credentials("cannot reach postgresql://me:secret@host/db")
    'cannot reach postgresql://me:***@host/db'
    """
    return _CREDENTIALS.sub(r"\1:***@", message)


def _listed(numbers: list[int]) -> str:
    more = len(numbers) - _MOST_NUMBERS
    listed = ", ".join(map(str, numbers[:_MOST_NUMBERS]))
    return f"{listed} and {more} more" if more > 0 else listed


def _bounded(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]} …"
