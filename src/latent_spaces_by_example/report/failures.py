"""The panel of what failed, and why."""

from __future__ import annotations

import re

from latent_spaces_by_example.report.markup import Html, element, joined, note, section, table
from latent_spaces_by_example.report.snapshot import Snapshot

_MOST_KINDS = 40
_MOST_NUMBERS = 30
_LONGEST = 2000
_CREDENTIALS = re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@")


def failures_panel(snapshot: Snapshot) -> Html:
    """Trials that failed, those of one message together."""
    numbers: dict[str, list[int]] = {}
    for trial in snapshot.trials:
        if trial.error is not None:
            numbers.setdefault(without_credentials(trial.error), []).append(trial.number)
    if not numbers:
        return Html()
    total = sum(map(len, numbers.values()))
    often = sorted(numbers.items(), key=lambda item: -len(item[1]))
    rows = [
        [_trials(which), str(len(which)), element("code", _bounded(message))]
        for message, which in often[:_MOST_KINDS]
    ]
    more = len(often) - _MOST_KINDS
    rest = note(f"{more} more messages are in the study's history.") if more > 0 else Html()
    share = f"{total} of {len(snapshot.trials)} evaluations failed; each counts as one."
    return section(
        "What failed",
        note(share),
        table(["trials", "how often", "message"], rows, label="Failed trials", words=True),
        rest,
        anchor="failures",
    )


def without_credentials(message: str) -> str:
    """A message whose addresses have lost their passwords: a page is sent around.

    >>> without_credentials("cannot reach postgresql://me:secret@host/db")
    'cannot reach postgresql://me:***@host/db'
    """
    return _CREDENTIALS.sub(r"\1:***@", message)


def _trials(numbers: list[int]) -> Html:
    listed = ", ".join(map(str, numbers[:_MOST_NUMBERS]))
    more = len(numbers) - _MOST_NUMBERS
    return joined([listed, f" and {more} more" if more > 0 else ""])


def _bounded(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]} …"
