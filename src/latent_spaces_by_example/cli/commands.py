"""``lsbe optimise``, ``lsbe resume``, ``lsbe report``: what a user types."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from latent_spaces_by_example import __version__
from latent_spaces_by_example.cli import studies
from latent_spaces_by_example.cli.check import check
from latent_spaces_by_example.cli.describe import describe
from latent_spaces_by_example.cli.options import opened, study_options
from latent_spaces_by_example.cli.top import top
from latent_spaces_by_example.cli.workers import worker, worker_options
from latent_spaces_by_example.errors import LatentSpacesError

# click and the errors are all that is loaded until a command runs: --help must be instant


class _Group(click.Group):
    """Shows the library's own errors as one message, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LatentSpacesError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lsbe")
def main() -> None:
    """Of everything that a generative model can make, find what is best for you."""


for _command in (top, check, describe, worker, *studies.COMMANDS):
    main.add_command(_command)

_SPACE_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--examples",
        multiple=True,
        help="Names or files, separated by commas or each with its own --examples; they span the "
        "space.",
    ),
    click.option(
        "--seed-latents",
        help="Random seeds, separated by commas, such as 1234567,42: what the generator makes of "
        "them are the examples.",
    ),
    click.option(
        "--beyond-examples",
        is_flag=True,
        help="Let the search leave the space between the examples.",
    ),
    click.option(
        "--seeds", "num_seeds", type=int, help="Prior draws that span the space without examples."
    ),
    click.option("--random-seed", default=0, show_default=True, help="Same seed, same proposals."),
]


def _space_options(command: Any) -> Any:
    for option in reversed(_SPACE_OPTIONS):
        command = option(command)
    return command


@main.command()
@click.argument("generator")
@click.option("--objective", help="A name with parameters (lift-to-drag:cl=0.7), or module:name.")
@click.option("--budget", default=100, show_default=True, help="How many evaluations in all.")
@click.option("--prompt", help="What a diffusers pipeline is to make.")
@_space_options
@click.option(
    "--repair",
    type=click.Choice(["rescale", "gaussianise", "whiten"]),
    help="What to do to the examples' latents first; by default nothing.",
)
@click.option(
    "--noisy",
    is_flag=True,
    help="The same output may score something else next time; the best score is in part luck.",
)
@click.option("--search", default="latent-gp", show_default=True, help="A name, or module:name.")
@click.option("--batch-size", default=1, show_default=True, help="Evaluated together.")
@click.option("--storage", help="An Optuna storage URL; by default a database in the run folder.")
@click.option(
    "--no-check-generator",
    is_flag=True,
    help="Go on though the same latent may give different outputs.",
)
@click.option("--name", help="Of the study in its storage; by default the run folder's name.")
@click.option(
    "--artifacts",
    default="all",
    show_default=True,
    help="Outputs to keep in the run folder: all, none, or best:K.",
)
@click.option("--out", help="The run folder; by default a new one under runs/.")
@worker_options
def optimise(
    generator: str,
    objective: str | None,
    budget: int,
    prompt: str | None,
    examples: tuple[str, ...],
    seed_latents: str | None,
    beyond_examples: bool,
    num_seeds: int | None,
    random_seed: int,
    repair: str | None,
    noisy: bool,
    search: str,
    batch_size: int,
    storage: str | None,
    no_check_generator: bool,
    name: str | None,
    artifacts: str,
    out: str | None,
    workers: int,
    timeout: float | None,
) -> None:
    """Search what GENERATOR can make for what the objective scores highest.

    \b
    GENERATOR is the name of an embedded model (airfoil), module:name of your own, or
    diffusers:FOLDER_OR_HUB_ID for a pipeline of diffusers.

    \b
    lsbe optimise airfoil --examples naca2412,s1223,rae2822 --budget 100 --out runs/wing
    """
    from latent_spaces_by_example import generators, objectives
    from latent_spaces_by_example import search as searches
    from latent_spaces_by_example.arguments import check_positive
    from latent_spaces_by_example.cli.show import run_and_show
    from latent_spaces_by_example.search.base import prior_seeds_wanted
    from latent_spaces_by_example.space import spanned_by
    from latent_spaces_by_example.study import check_before_study, new_study
    from latent_spaces_by_example.study.noise import declared_noisy
    from latent_spaces_by_example.study.settings import name_of
    from latent_spaces_by_example.study.several_scores import declared_scores

    check_positive(budget, argument="--budget")
    model_spec = _with_prompt(generator, prompt)
    model = generators.load(model_spec)
    objective_spec = objective or _default_objective(model, generator)
    measure = objectives.load(objective_spec)
    engine = searches.load(search)
    seeds = spanned_by(
        model,
        examples=_all_of(examples) if examples else None,
        seed_latents=None if seed_latents is None else _random_seeds(seed_latents),
        num_prior_seeds=prior_seeds_wanted(engine) if num_seeds is None else num_seeds,
        random_seed=random_seed,
        repair=repair,
    ).seeds
    if not no_check_generator:
        check_before_study(model, seeds)
    study = new_study(
        model,
        seeds,
        objective=name_of(measure),
        scores=declared_scores(measure),
        noisy=declared_noisy(measure, noisy or None),
        search=search,
        budget=budget,
        batch_size=batch_size,
        within_span=False if beyond_examples else None,
        storage=storage,
        name=name,
        out=out or _next_free_folder(generator),
        artifacts=artifacts,
    )
    with_workers = _task(
        study,
        workers=workers,
        timeout=timeout,
        storage=storage,
        generator=model_spec,
        objective=objective_spec,
        search=search,
    )
    run_and_show(study, measure, search=engine, budget=budget, crew=with_workers)


@main.command()
@study_options
@click.option("--budget", type=int, help="Evaluations in all, those already done included.")
@click.option("--objective", help="Needed again where the study's is module:name.")
@click.option("--search", help="Another from here on; needed again where it is module:name.")
@click.option("--noisy", is_flag=True, help="From here on: the same output may score otherwise.")
@worker_options
def resume(
    folder: str,
    generator: str | None,
    storage: str | None,
    budget: int | None,
    objective: str | None,
    search: str | None,
    noisy: bool,
    workers: int,
    timeout: float | None,
) -> None:
    """Go on with the study in run folder FOLDER."""
    from latent_spaces_by_example import objectives
    from latent_spaces_by_example import search as searches
    from latent_spaces_by_example.cli.show import run_and_show

    study = opened(folder, generator=generator, storage=storage)
    objective_spec = objective or _stored_objective(study.settings.objective)
    measure = objectives.load(objective_spec)
    engine = searches.load(search) if search else searches.load_stored(study.settings.search)
    budget = study.settings.budget if budget is None else budget
    if noisy:
        study.set_noisy()
    with_workers = _task(
        study,
        workers=workers,
        timeout=timeout,
        storage=storage,
        generator=generator,
        objective=objective_spec,
        search=search,
    )
    run_and_show(study, measure, search=engine, budget=budget, crew=with_workers)


@main.command()
@study_options
@click.option(
    "--pictures", default=24, show_default=True, help="The most outputs to make again for it."
)
def report(folder: str, generator: str | None, storage: str | None, pictures: int) -> None:
    """Write the report of the study in run folder FOLDER anew."""
    from latent_spaces_by_example.cli.show import save_and_report

    study = opened(folder, generator=generator, storage=storage)
    click.echo(f"report: {save_and_report(study, pictures=pictures)}")


def _all_of(examples: tuple[str, ...]) -> list[str]:
    """The names in every ``--examples``; none at all where one of them is empty, an error."""
    named = [_split(given) for given in examples]
    return [name for names in named for name in names] if all(named) else []


def _task(
    study: Any, *, workers: int, timeout: float | None, storage: str | None, **specs: str | None
) -> Any:
    """What processes of their own need; None where this one will do."""
    if workers == 1 and timeout is None:
        return None
    from latent_spaces_by_example.study.worker_process import Task

    task = Task(
        storage=storage or study.folder.storage,
        study=study.name,
        out=str(study.folder.path),
        timeout=timeout,
        **specs,  # type: ignore[arg-type]
    )
    return task, workers


def _split(names: str) -> list[str]:
    if Path(names).is_file():  # whose name may have a comma
        return [names]
    return [name.strip() for name in names.split(",") if name.strip()]


def _random_seeds(text: str) -> list[int]:
    seeds = _split(text)
    if not seeds or not all(seed.isdecimal() for seed in seeds):
        raise click.UsageError(
            f"--seed-latents {text!r}; give random seeds, whole numbers separated by commas: "
            "1234567,42"
        )
    return [int(seed) for seed in seeds]


def _with_prompt(generator: str, prompt: str | None) -> str:
    from latent_spaces_by_example.parameters import split_parameters

    if prompt is None:
        return generator
    if not generator.startswith("diffusers:"):
        raise click.UsageError(f"--prompt is for diffusers:FOLDER_OR_HUB_ID, not for {generator}")
    place, parameters = split_parameters(generator)
    # quoted, because a comma would end it
    return f"{place}:{','.join(filter(None, [parameters, 'prompt=' + quote(prompt)]))}"


def _default_objective(model: Any, generator: str) -> str:
    default = getattr(model, "default_objective", None)
    if default is None:
        raise click.UsageError(f"--objective is needed: {generator} has no usual one")
    return str(default)


def _stored_objective(spec: str) -> str:
    from latent_spaces_by_example import objectives
    from latent_spaces_by_example.parameters import split_parameters

    # importing a module because a database names it would run whatever its writer likes
    if split_parameters(spec)[0] not in objectives.names():
        raise click.UsageError(
            f"the study's objective is {spec}, which is code outside this library; "
            f"if it is yours, name it: --objective {spec}"
        )
    return spec


def _next_free_folder(generator: str) -> str:
    stem = generator.rsplit(":", 1)[-1].replace("/", "-")
    if generator.startswith("diffusers:"):
        place = generator.removeprefix("diffusers:").split(":")[0]
        stem = Path(place).name
    taken = (Path("runs") / f"{stem}-{number}" for number in range(1, sys.maxsize))
    return str(next(path for path in taken if not path.exists()))
