"""Commands by which a person says what is good: answers, scores, and searches by the objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError

if TYPE_CHECKING:
    from latent_spaces_by_example.explore.desk import Desk

GALLERY = 9
MOST_SEARCHED = 1000


def nine_more(desk: Desk) -> None:
    """Show what the search proposes, beside the favourite once there is one."""
    with desk.generator_lock:
        favourite = desk.favourite
        known = [] if favourite is None else [favourite]
        asked = desk.study.ask(GALLERY - len(known), generate=False)
    desk.see(gallery=(*known, *(trial.number for trial in asked)))


def prefer(desk: Desk, *, best: str | None, among: list[str]) -> None:
    """Store which item is best, or that there is no difference, and show nine more."""
    items = [desk.trial(key) for key in among]
    usable = [n for n in items if desk.study.records.trial(n).error is None]
    chosen = None if best is None else desk.trial(best)
    desk.study.tell_preference(usable, best=chosen)
    desk.see(gallery=tuple(usable))
    nine_more(desk)


def undo(desk: Desk) -> None:
    """Take the last answer back, and show the outputs that it was about."""
    preference = desk.study.withdraw_preference()
    desk.see(gallery=preference.among[:GALLERY])


def evaluate(desk: Desk, *, key: str) -> None:
    """Score one item by the objective."""
    number = desk.trial(key)
    score = _scorer(desk)
    with desk.generator_lock:
        output = desk.study.output(number)
        try:
            [value] = score([output])
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise ArgumentError(f"it cannot be scored: {reason}") from error
    desk.study.tell(number, value, replace=True)


def search(desk: Desk, *, num: int) -> None:
    """Queue so many evaluations of what the search proposes; commands may come in between."""
    if not 1 <= int(num) <= MOST_SEARCHED:
        raise ArgumentError(f"num={num!r}; search for 1 to {MOST_SEARCHED} at a time")
    _scorer(desk)
    desk.searching = [0, int(num)]
    desk.queue(_search_on, desk)


def stop(desk: Desk) -> None:
    """End the search after the evaluation under way."""
    desk.searching = [0, 0]


def _search_on(desk: Desk) -> None:
    done, total = desk.searching
    if done >= total:
        return
    try:
        with desk.space_lock, desk.generator_lock:
            budget = len(desk.study.records.trials()) + 1
            desk.study.run(_scorer(desk), budget=budget, progress=False)
    except LatentSpacesError as error:
        desk.searching = [0, 0]
        desk.announce({"problem": str(error)})
        return
    desk.searching = [done + 1, total] if done + 1 < total else [0, 0]
    desk.announce({"changed": "search"})
    desk.queue(_search_on, desk)


def _scorer(desk: Desk) -> Any:
    if desk.objective is None:
        raise ArgumentError("there is no objective to score by; start again with --objective NAME")
    return desk.objective
