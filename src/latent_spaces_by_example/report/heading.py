"""The head of the page: what was searched for, and the result in a sentence and a few facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote

from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report.formatting import shown, shown_alike, shown_difference
from latent_spaces_by_example.report.snapshot import Snapshot, expected_or_score
from latent_spaces_by_example.study import Trial

_LARGEST_SHARE = 10  # a score of eleven times another is told without a percentage


@dataclass(frozen=True)
class Heading:
    """The head of a page.

    Attributes:
        name: the study's.
        generator, objective: what made and what scored the outputs.
        aim: the adjective between them.
        summary: the result in a few sentences, in three parts, the middle one set off.
        facts: terms and their values.
    """

    name: str
    generator: str
    objective: str
    aim: str
    summary: tuple[str, str, str]
    facts: tuple[tuple[str, str], ...]


def heading(snapshot: Snapshot) -> Heading:
    """Return the head of the page."""
    settings = snapshot.settings
    aim = "the lowest by" if snapshot.minimise else "the best by"
    names = _named(settings.generator), _named(settings.objective)
    return Heading(snapshot.name, *names, aim, _summary(snapshot), tuple(_facts(snapshot)))


def gain_in_words(snapshot: Snapshot, best: Trial, reference: Trial) -> str:
    """Return how far the best is beyond another trial: "35.7 points (40 %) above"."""
    first, second = expected_or_score(best), expected_or_score(reference)
    sign = -1 if snapshot.minimise else 1
    if sign * (first - second) <= 0:  # the other one scores as well, and violates a constraint
        return "against"
    difference = shown_difference(max(first, second), min(first, second)).removeprefix("+")
    share = sign * (first / second - 1) if second > 0 else _LARGEST_SHARE
    percent = f" ({100 * share:.0f} %)" if 0.005 <= share < _LARGEST_SHARE else ""
    points = "point" if difference == "1" else "points"
    return f"{difference} {points}{percent} {'below' if snapshot.minimise else 'above'}"


def _named(spec: str) -> str:
    """Return the place of a specification, and its prompt where it has one."""
    place, parameters = split_parameters(spec)
    for parameter in parameters.split(","):
        key, _, value = parameter.partition("=")
        if key == "prompt" and value:
            return f"{place}, prompted “{unquote(value)}”,"
    return place


def _summary(snapshot: Snapshot) -> tuple[str, str, str]:
    settings, number = snapshot.settings, len(snapshot.finished)
    if not number:
        failed = sum(trial.error is not None for trial in snapshot.trials)
        if failed:
            return f"No evaluation has succeeded: all {failed} that ended have failed.", "", ""
        return "No evaluation has finished yet.", "", ""
    best = snapshot.best
    if best is None:
        front = len(snapshot.front)
        if not front:
            return f"None of {number} evaluations meets every constraint.", "", ""
        scores = " and ".join(settings.score_names)
        return f"Of {number} evaluations {front} are beaten by no other in all of {scores}.", "", ""
    verb, which = "scores", f"trial {best.number}"
    if best.expected_score is not None:
        verb, which = "is expected to score", f"{which}, which scored {shown(best.score)}"
    of = f"Of {number} evaluations the best" if number > 1 else "The one evaluation"
    end = f" ({which}){_against(snapshot, best)}.{_constraints(snapshot, best)}"
    return f"{of} {verb} ", shown(expected_or_score(best)), end


def _against(snapshot: Snapshot, best: Trial) -> str:
    examples = bool(snapshot.settings.examples)
    if snapshot.best_is_example:
        name = snapshot.example_names[best.number]
        nothing = ": nothing better was found" if len(snapshot.finished) > 1 else ""
        return f"; it is the example {name}{nothing}"
    if not snapshot.references:
        return ""
    name, reference = snapshot.references[0]
    if not reference.feasible:  # a score that does not count is compared with none
        whose = "example" if examples else "prior draw"
        return f"; no {whose} meets every constraint" if best.feasible else ""
    level = shown_alike([expected_or_score(best), expected_or_score(reference)])[1]
    whose = f"the best example, {name}" if examples else f"the {name}"
    return f", {gain_in_words(snapshot, best, reference)} {whose} ({level})"


def _constraints(snapshot: Snapshot, best: Trial) -> str:
    if not best.constraints:
        return ""
    over = [f"{name} by {shown(value)}" for name, value in best.constraints.items() if value > 0]
    if over:
        return (
            " Nothing found meets every constraint; the least violating violates "
            f"{', '.join(over)}."
        )
    met = sum(trial.feasible for trial in snapshot.finished)
    return f" {met} of {len(snapshot.finished)} evaluations meet every constraint."


def _facts(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    trials = snapshot.trials
    failed = sum(trial.error is not None for trial in trials)
    pending = sum(trial.pending for trial in trials)
    yield "evaluations", f"{len(snapshot.finished)} of {snapshot.budget}"
    if failed:
        yield "failed", str(failed)
    if pending:
        yield "not finished", str(pending)
    yield "search", snapshot.settings.search
    seconds = sum(trial.seconds or 0.0 for trial in trials)
    exact = f"{seconds:.1f} s" if seconds < 10 else str(timedelta(seconds=round(seconds)))
    yield "time of evaluating", exact
