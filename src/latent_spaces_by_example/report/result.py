"""Compare the best with the examples: pictures, score, metrics, and the gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report.blocks import Table, Tile
from latent_spaces_by_example.report.formatting import shown_alike, shown_difference
from latent_spaces_by_example.report.galleries import tile_of
from latent_spaces_by_example.report.scores import expected_or_score
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study import Trial

_LARGEST_SHARE = 10  # a score of eleven times another is told without a percentage
_LARGE, _SMALL = 720, 360
_MOST_METRICS = 40


def named(spec: str) -> str:
    """Return the place of a specification, and its prompt where it has one."""
    place, parameters = split_parameters(spec)
    for parameter in parameters.split(","):
        key, _, value = parameter.partition("=")
        if key == "prompt" and value:
            return f"{place}, prompted “{unquote(value)}”,"
    return place


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
    if snapshot.picture(best) is None:
        return None, None, ()
    trials = [best, *(trial for _, trial in references)]
    names = [snapshot.example_names.get(best.number, "Best found"), *(n for n, _ in references)]
    scores = shown_alike([expected_or_score(trial) for trial in trials])
    hero, *others = (
        tile_of(
            snapshot,
            trial,
            title=name,
            words=[score],
            alt=f"{name}, trial {trial.number}, score {score}",
            side=_LARGE if trial is best else _SMALL,
        )
        for trial, name, score in zip(trials, names, scores, strict=True)
    )
    overlay = None
    if snapshot.overlay is not None:
        name = references[0][0]
        alt = f"The best drawn over {name}"
        overlay = Tile(snapshot.overlay, alt, _LARGE, "The best", f" over {name}")
    return hero, overlay, tuple(tile for tile in others if tile.picture is not None)


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
    names = list(dict.fromkeys(key for trial in trials for key in trial.metrics))
    columns = {name: [trial.metrics.get(name) for trial in trials] for name in names}
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
