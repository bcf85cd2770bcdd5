"""What came out: the title and the summary, and the best against the examples."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

import numpy as np

from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report.front import front_summary
from latent_spaces_by_example.report.markup import (
    Html,
    element,
    joined,
    note,
    section,
    shown,
    shown_alike,
    shown_difference,
    table,
    text,
)
from latent_spaces_by_example.report.outputs import tile
from latent_spaces_by_example.report.snapshot import Snapshot, worth_of
from latent_spaces_by_example.study import Trial
from latent_spaces_by_example.study.feasibility import feasibility_said

_LARGE, _SMALL = 720, 360
_MOST_FIGURES = 40


def title_block(snapshot: Snapshot) -> Html:
    """The study's name, what was searched for, and the result in a sentence and a few figures."""
    settings = snapshot.study.settings
    aim = joined(
        [
            "Of what ",
            element("b", _named(settings.generator)),
            " can make, the best by ",
            element("b", _named(settings.objective)),
        ]
    )
    facts = [
        element("div", element("dt", term), element("dd", told)) for term, told in _facts(snapshot)
    ]
    return element(
        "header",
        element("p", "Report of a study", class_="kind"),
        element("h1", snapshot.study.name),
        element("p", aim, class_="aim"),
        element("p", _summary(snapshot), class_="summary"),
        element("dl", *facts, class_="facts"),
    )


def _named(spec: str) -> str:
    """What a specification is of: its place, and its prompt where it has one."""
    place, parameters = split_parameters(spec)
    for parameter in parameters.split(","):
        key, _, value = parameter.partition("=")
        if key == "prompt" and value:
            return f"{place}, prompted “{unquote(value)}”,"
    return place


def _summary(snapshot: Snapshot) -> Html:
    best = snapshot.best
    if best is None:
        failed = sum(trial.error is not None for trial in snapshot.trials)
        if failed:
            return text(f"No evaluation has succeeded: all {failed} that ended have failed.")
        return text("No evaluation has finished yet.")
    if snapshot.study.settings.score_names:
        return text(front_summary(snapshot.study))
    number = len(snapshot.finished)
    verb, which = "scores", f"trial {best.number}"
    if best.expected_score is not None:
        verb, which = "is expected to score", f"{which}, which scored {shown(best.score)}"
    of = f"Of {number} evaluations the best" if number > 1 else "The one evaluation"
    said = [text(f"{of} {verb} "), element("strong", shown(best.worth)), text(f" ({which})")]
    unmet = bool(snapshot.references) and not snapshot.references[0][1].feasible
    if unmet and best.feasible:
        whose = "example" if snapshot.study.settings.examples else "prior draw"
        said.append(text(f"; no {whose} meets every constraint"))
    elif unmet and best.number not in snapshot.example_names:
        pass  # two scores that do not count are not compared
    elif snapshot.references and snapshot.references[0][1] is not best:
        name, reference = snapshot.references[0]
        whose = f"example, {name}" if snapshot.study.settings.examples else name
        level = shown_alike([best.worth, reference.worth])[1]
        the = "the best " if snapshot.study.settings.examples else "the "
        said.append(text(f", {_difference(best, reference)} above {the}{whose} ({level})"))
    elif snapshot.examples and snapshot.examples[0] is best:
        name = snapshot.example_names[best.number]
        nothing = ": nothing better was found" if number > 1 else ""
        said.append(text(f"; it is the example {name}{nothing}"))
    said.append(text("."))
    if best.constraints:
        met = sum(trial.feasible for trial in snapshot.finished)
        told = f"{met} of {number} evaluations meet every constraint"
        told = feasibility_said(best) or told
        said.append(text(f" {told[:1].upper()}{told[1:]}."))
    return joined(said)


def _difference(best: Trial, reference: Trial) -> str:
    difference = shown_difference(worth_of(best), worth_of(reference)).removeprefix("+")
    share = worth_of(best) / worth_of(reference) - 1 if worth_of(reference) > 0 else np.inf
    return f"{difference} or {100 * share:.0f} per cent" if share < 10 else difference


def _facts(snapshot: Snapshot) -> list[tuple[str, str]]:
    trials = snapshot.trials
    failed = sum(trial.error is not None for trial in trials)
    pending = sum(trial.pending for trial in trials)
    facts = [("evaluations", f"{len(snapshot.finished)} of {snapshot.study.settings.budget}")]
    if failed:
        facts.append(("failed", str(failed)))
    if pending:
        facts.append(("not finished", str(pending)))
    facts.append(("search", snapshot.study.settings.search))
    seconds = sum(trial.seconds or 0.0 for trial in trials)
    exact = f"{seconds:.1f} s" if seconds < 10 else str(timedelta(seconds=round(seconds)))
    facts.append(("time of evaluating", exact))
    return facts


def comparison_panel(snapshot: Snapshot) -> Html:
    """The best and what it is held against: pictures side by side, scores, figures, difference."""
    best = snapshot.best
    if best is None:
        return Html()
    references = [(name, trial) for name, trial in snapshot.references if trial is not best]
    title = "The best"
    if references:
        against = "the examples" if snapshot.study.settings.examples else "prior draws"
        title = f"The best against {against}"
    more = len(snapshot.study.settings.examples) - len(references)
    left_out = ""
    if len(references) > 1 and more > 0 and len(snapshot.examples) > len(references):
        left_out = note(
            f"The {len(references)} best of {len(snapshot.study.settings.examples)} examples are "
            "shown; all of them are in the table of seed latents."
        )
    return section(
        title,
        _side_by_side(snapshot, best, references),
        note(snapshot.missing) if snapshot.missing else "",
        _scores(best, references),
        left_out,
        _unscored(snapshot),
        anchor="result",
    )


def _side_by_side(snapshot: Snapshot, best: Trial, references: list[tuple[str, Trial]]) -> Html:
    picture = snapshot.picture(best)
    if picture is None:
        return Html()
    scores = shown_alike([trial.worth for trial in (best, *(t for _, t in references))])
    said = f"the best, trial {best.number}, score {scores[0]}"
    caption = (element("b", "Best found"), f" · {scores[0]}")
    hero = tile(picture, *caption, alt=f"Output of {said}", side=_LARGE, kind="best")
    others = []
    for (name, trial), score in zip(references, scores[1:], strict=True):
        other = snapshot.picture(trial)
        if other is not None:
            caption = (element("b", name), f" · {score}")
            alt = f"Output of {name}, score {score}"
            others.append(tile(other, *caption, alt=alt, side=_SMALL))
    rest = element("div", *others, class_="others") if others else Html()
    kind = "wide" if picture.wide else "tall"
    alone = "" if others else " alone"
    return element("div", hero, rest, class_=f"side-by-side {kind}{alone}")


def _scores(best: Trial, references: list[tuple[str, Trial]]) -> Html:
    against = [trial for _, trial in references]
    head = [
        "",
        "best found",
        *(["difference"] if against else []),
        *(name for name, _ in references),
    ]
    rows = [_row("score", [t.score for t in [best, *against]])]
    if best.expected_score is not None:
        rows.insert(0, _row("expected score", [t.expected_score for t in [best, *against]]))
    for name in best.constraints:
        rows.append(
            _row(
                f"constraint {name}, at most 0", [t.constraints.get(name) for t in [best, *against]]
            )
        )
    figures = list(dict.fromkeys(key for t in [best, *against] for key in t.figures))
    for name in figures[:_MOST_FIGURES]:
        rows.append(_row(name, [t.figures.get(name) for t in [best, *against]]))
    more = len(figures) - _MOST_FIGURES
    said = []
    if against:
        said.append(f"The difference is the best found less {references[0][0]}.")
    if best.expected_score is not None:
        said.append("Scores are noisy; the expected score is without noise, as far as all tell.")
    if more > 0:
        said.append(f"{more} more figures are in the study's history.")
    shown_table = table(head, rows, label="Scores and figures of the best", best_column=1)
    return joined([shown_table, note(joined(said, by=" ")) if said else ""])


def _unscored(snapshot: Snapshot) -> Html:
    names = [
        snapshot.example_names[t.number]
        for t in snapshot.trials
        if t.number in snapshot.example_names and t.score is None
    ]
    return note(f"Examples without a score: {', '.join(names)}.") if names else Html()


def _row(name: str, values: list[object]) -> list[str]:
    texts = shown_alike(values)
    if len(values) == 1:
        return [name, *texts]
    first, second = values[:2]
    difference = ""
    if _is_number(first) and _is_number(second):
        difference = shown_difference(first, second)  # type: ignore[arg-type]
    return [name, texts[0], difference, *texts[1:]]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
