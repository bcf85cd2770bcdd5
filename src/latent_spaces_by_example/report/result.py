"""What came out: the head of the page, and the best against the examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote

from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report.blocks import Table, Tile
from latent_spaces_by_example.report.formatting import shown, shown_alike, shown_difference
from latent_spaces_by_example.report.snapshot import Snapshot, expected_or_score, metrics_of
from latent_spaces_by_example.study import Trial

_LARGEST_SHARE = 10  # a score of eleven times another is told without a percentage
_LARGE, _SMALL = 720, 360
_MOST_METRICS = 40


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


@dataclass(frozen=True)
class Comparison:
    """The section of the best.

    Attributes:
        title: of the section.
        best: its picture, None where there is none.
        overlay: the best drawn over the best of the others.
        others: pictures of the others.
        missing: why pictures are missing.
        table: scores and metrics.
        notes: on the table.
    """

    title: str
    best: Tile | None
    overlay: Tile | None
    others: tuple[Tile, ...]
    missing: str
    table: Table
    notes: tuple[str, ...]


def comparison(snapshot: Snapshot) -> Comparison | None:
    """Return the section of the best; None where no trial has a score."""
    best = snapshot.best
    if best is None:
        return None
    references = snapshot.references
    against = "the examples" if snapshot.settings.examples else "prior draws"
    title = f"The best against {against}" if references else "The best"
    if snapshot.best_is_example:
        others = "the other examples" if references else ""
        title = f"The best, an example, against {others}" if others else "The best, an example"
    hero, overlay, others_drawn = _pictures(snapshot, best, references)
    table, notes = _table(snapshot, best, references)
    left_out = len(snapshot.examples) - len(references) - snapshot.best_is_example
    if left_out > 0:
        notes.append(
            f"The {len(references)} best of {len(snapshot.settings.examples)} examples are shown; "
            "all of them are in the table of seed latents."
        )
    scored = {trial.number for trial in snapshot.examples}
    unscored = [name for n, name in snapshot.example_names.items() if n not in scored]
    if unscored:
        notes.append(f"Examples without a score: {', '.join(unscored)}.")
    missing = snapshot.missing
    return Comparison(title, hero, overlay, others_drawn, missing, table, tuple(notes))


def _pictures(
    snapshot: Snapshot, best: Trial, references: Sequence[tuple[str, Trial]]
) -> tuple[Tile | None, Tile | None, tuple[Tile, ...]]:
    picture = snapshot.picture(best)
    if picture is None:
        return None, None, ()
    levels = [expected_or_score(trial) for trial in (best, *(t for _, t in references))]
    score, *scores = shown_alike(levels)
    name = snapshot.example_names.get(best.number, "Best found")
    alt = f"Output of the best, trial {best.number}, score {score}"
    hero = Tile(picture, alt, _LARGE, name, f" · {score}", best=True)
    others = []
    for (name, trial), level in zip(references, scores, strict=True):
        other = snapshot.picture(trial)
        if other is not None:
            alt = f"Output of {name}, score {level}"
            others.append(Tile(other, alt, _SMALL, name, f" · {level}"))
    overlay = None
    if snapshot.overlay is not None:
        name = references[0][0]
        note = f" over {name}"
        alt = f"The best drawn over {name}"
        overlay = Tile(snapshot.overlay, alt, _LARGE, "The best", note, best=False)
    return hero, overlay, tuple(others)


def _table(
    snapshot: Snapshot, best: Trial, references: Sequence[tuple[str, Trial]]
) -> tuple[Table, list[str]]:
    trials = [best, *(trial for _, trial in references)]
    # an example that nothing beats is held against no other one
    differs = bool(references) and not snapshot.best_is_example
    first = snapshot.example_names.get(best.number, "best found")
    head = ["", first, *(["difference"] * differs), *(name for name, _ in references)]
    rows = [_row("score", [trial.score for trial in trials], differs=differs)]
    if best.expected_score is not None:
        values: list[object] = [trial.expected_score for trial in trials]
        rows.insert(0, _row("expected score", values, differs=differs))
    for name in best.constraints:
        values = [trial.constraints.get(name) for trial in trials]
        rows.append(_row(f"constraint {name}, at most 0", values, differs=differs))
    names = list(dict.fromkeys(key for trial in trials for key in metrics_of(trial)))
    columns = {name: [metrics_of(trial).get(name) for trial in trials] for name in names}
    same = [name for name, values in columns.items() if references and _all_equal(values)]
    different = [name for name in names if name not in same]
    rows += [_row(name, columns[name], differs=differs) for name in different[:_MOST_METRICS]]
    notes = []
    if differs:
        notes.append(f"The difference is the best found less {references[0][0]}.")
    if best.expected_score is not None:
        notes.append("Scores are noisy; the expected score is an estimate of them without noise.")
    if same:
        alike = "; ".join(f"{name} {shown_alike(columns[name])[0]}" for name in same)
        notes.append(f"The same in all of them: {alike}.")
    more = len(different) - _MOST_METRICS
    if more > 0:
        notes.append(f"{more} more metrics are in the study's history.")
    label = "Scores and metrics of the best"
    return Table(label, tuple(head), tuple(rows), best_column=1), notes


def _row(name: str, values: Sequence[object], *, differs: bool) -> tuple[str, ...]:
    texts = shown_alike(values)
    if differs:
        texts.insert(1, shown_difference(values[0], values[1]))
    return (name, *texts)


def _all_equal(values: Sequence[object]) -> bool:
    return all(type(v) is type(values[0]) and v == values[0] for v in values)
