"""``lsbe resume``: go on with a study, from wherever it was left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from latent_spaces_by_example.cli.console import say
from latent_spaces_by_example.cli.hints import again, check_named, resumption
from latent_spaces_by_example.cli.options import Place, run_options, study_options

if TYPE_CHECKING:
    from latent_spaces_by_example.study import Study

_USUAL_BUDGET = 100


@click.command()
@study_options(folder_required=False)
@click.option("--budget", type=int, help="Evaluations in all, those already done included.")
@click.option("--objective", help="Needed again if the study's is module:name.")
@click.option("--search", help="Another from here on; needed again if it is module:name.")
@click.option("--noisy", is_flag=True, help="From here on: the same output may score otherwise.")
@run_options
def resume(
    place: Place,
    *,
    budget: int | None,
    objective: str | None,
    search: str | None,
    noisy: bool,
    run: dict[str, Any],
) -> None:
    """Go on with the study in run folder FOLDER, or in a storage.

    \b
    lsbe resume runs/wing --budget 200
    """
    from latent_spaces_by_example import objectives
    from latent_spaces_by_example.arguments import check_whole
    from latent_spaces_by_example.cli.running import run_and_show

    if budget is not None:
        check_whole(budget, argument="budget")
    study = place.study(needs_generator=True)
    spec = objective or _stored_objective(study)
    measure = objectives.load(spec)
    most = budget or study.settings.budget or _USUAL_BUDGET
    if noisy:
        study.set_noisy()
    if reason := _nothing_to_do(study, budget=budget, most=most):
        further = resumption(
            place, study.settings, budget=2 * len(study.trials), objective=objective, search=search
        )
        say(f"{reason}; nothing is to be done. To go on: {further}")
        return
    if search is None:
        check_named("searches", study.settings.search)
    run_and_show(
        study,
        measure,
        budget=most,
        search=search,
        place=place,
        names=(place.generator, spec),
        **run,
    )


def _nothing_to_do(study: Study, *, budget: int | None, most: int) -> str:
    trials = study.trials
    if len(trials) < most or any(t.pending and t.asked_by == "run" for t in trials):
        return ""
    if budget is None:
        return f"the budget of {most} evaluations is spent"
    return f"--budget {budget} is for all evaluations, and there are {len(trials)} already"


def _stored_objective(study: Study) -> str:
    spec = study.settings.objective or getattr(study.generator, "default_objective", "")
    if not spec:
        raise click.UsageError(
            "the study was made without an objective; name one: "
            f"{again('--objective', 'MODULE:NAME')}"
        )
    check_named("objectives", spec)
    return spec
