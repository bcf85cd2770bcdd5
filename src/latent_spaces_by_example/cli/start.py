"""``lsbe optimise`` and ``lsbe create``: a new study, evaluated at once or by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from latent_spaces_by_example.cli.console import say, split_names
from latent_spaces_by_example.cli.hints import command as hint
from latent_spaces_by_example.cli.hints import resumption
from latent_spaces_by_example.cli.options import (
    DATABASE,
    STORAGE,
    Command,
    Place,
    run_options,
)

if TYPE_CHECKING:
    from latent_spaces_by_example.study import Study

_OPTIONS: list[Callable[[Any], Any]] = [
    click.argument("generator"),
    click.option(
        "--objective", help="A name with parameters (lift-to-drag:cl=0.7), or module:name."
    ),
    click.option(
        "--direction",
        help="maximise or minimise; for several scores one each, separated by commas. By default "
        "what the objective says, else maximise.",
    ),
    click.option("--prompt", help="What a diffusers pipeline is to make."),
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
    click.option(
        "--repair",
        type=click.Choice(["rescale", "gaussianise", "whiten"]),
        help="Change the examples' latents first; by default they stay as they are.",
    ),
    click.option(
        "--noisy",
        is_flag=True,
        help="The same output may score something else next time; the best score is in part luck.",
    ),
    click.option(
        "--search", default="latent-gp", show_default=True, help="A name, or module:name."
    ),
    click.option(
        "--features",
        help="What the search sees of an output before it is scored: generator, components, "
        "pixels, clip, transformers:MODEL, none, or module:name of your own function. By default "
        "the generator's.",
    ),
    click.option(
        "--candidates",
        type=click.IntRange(min=1),
        help="Outputs that each proposal generates and looks at; 1 for none. By default as many "
        "as generating and scoring have time for.",
    ),
    click.option("--batch-size", default=1, show_default=True, help="Evaluated together."),
    click.option(
        "--storage",
        envvar=STORAGE,
        show_envvar=True,
        help="postgresql://... or sqlite:///...; by default a database in the run folder.",
    ),
    click.option("--study", "--name", "name", help="Its name there; by default the run folder's."),
    click.option(
        "--no-check-generator",
        is_flag=True,
        help="Go on though the same latent may give different outputs.",
    ),
    click.option(
        "--artifacts",
        default="all",
        show_default=True,
        help="Outputs to keep in the run folder: all, none, or best:K.",
    ),
    click.option("--out", help="The run folder; by default a new one under runs/."),
]


class WithNames(click.Command):
    """Lists what there is to name at the end of its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lists."""
        from latent_spaces_by_example import plugins

        for kind in plugins.KINDS:
            with formatter.section(kind.capitalize()):
                formatter.write_dl(list(plugins.describe(kind).items()))


def new_study_options(command: Command) -> Command:
    """Give a command the argument GENERATOR and the options of a new study."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(cls=WithNames)
@new_study_options
@click.option("--budget", default=100, show_default=True, help="How many evaluations in all.")
@run_options
def optimise(*, budget: int, run: dict[str, Any], **new: Any) -> None:
    """Search what GENERATOR can make for what the objective scores best.

    \b
    GENERATOR is a name of those below, module:name of your own, or
    diffusers:FOLDER_OR_HUB_ID for a pipeline of diffusers.

    \b
    lsbe optimise airfoil --examples naca2412,s1223,rae2822 --budget 100 --out runs/wing
    """
    from latent_spaces_by_example.arguments import check_whole
    from latent_spaces_by_example.cli.running import run_and_show

    check_whole(budget, argument="budget")
    made = make_study(needs_objective=True, **new)
    _warn_of_small_budget(budget, num_examples=len(made.study.settings.examples))
    run_and_show(
        made.study,
        made.objective,
        budget=budget,
        place=made.place,
        names=(made.place.generator, made.objective_spec),
        **run,
    )


@click.command(cls=WithNames)
@new_study_options
@click.option("--scores", help="Names of the scores, if there are several: lift,drag.")
def create(*, scores: str | None, **new: Any) -> None:
    """Make a study of GENERATOR in which nothing is evaluated yet.

    \b
    lsbe create airfoil --examples naca2412,s1223,rae2822 --direction minimise --out runs/wing
    lsbe ask runs/wing --num 8          # outputs as files, and a table to fill in
    lsbe tell runs/wing runs/wing/asked/asked.csv
    """
    made = make_study(scores=None if scores is None else split_names(scores), **new)
    place, settings = made.place, made.study.settings
    objective = None if made.objective_spec else "MODULE:NAME"
    say(f"run folder: {place.folder}")
    say(f"ask for outputs to score: {hint('ask', place, '--num', '8', settings=settings)}")
    run = resumption(place, settings, budget=100, objective=objective)
    say(f"or let an objective score them: {run}")


@dataclass(frozen=True)
class Made:
    """A study that was made: itself, where it is, and its objective if there is one."""

    study: Study
    place: Place
    objective: Any
    objective_spec: str | None


def make_study(
    *,
    generator: str,
    objective: str | None,
    prompt: str | None,
    direction: str | None,
    examples: tuple[str, ...],
    seed_latents: str | None,
    beyond_examples: bool,
    noisy: bool,
    features: str | None,
    storage: str | None,
    name: str | None,
    no_check_generator: bool,
    out: str | None,
    needs_objective: bool = False,
    **options: Any,
) -> Made:
    """Make the study that the options of :func:`new_study_options` describe.

    Raises:
        UsageError: an option is wrong, or the run folder holds a study already.
    """
    from latent_spaces_by_example import generators, objectives
    from latent_spaces_by_example.study import create_study

    spec = _with_prompt(generator, prompt)
    folder = str(Path(out).expanduser()) if out else _next_free_folder(generator)
    place = Place(folder, storage=storage, name=name, generator=spec)
    if storage is None and Path(folder, DATABASE).exists():
        raise click.UsageError(
            f"--out {folder} holds a study already; name another folder, or go on with that one: "
            f"{resumption(place, place.records().settings)}"
        )
    model = generators.load(spec)
    objective_spec = objective or getattr(model, "default_objective", None)
    if objective_spec is None and needs_objective:
        raise click.UsageError(
            f"--objective is needed: {generator} has no usual one; lsbe list objectives shows "
            "those that come along, and module:name is one of your own"
        )
    measure = None if objective_spec is None else objectives.load(objective_spec)
    study = create_study(
        model,
        objective=measure,
        examples=_all_of(examples) if examples else None,
        seed_latents=None if seed_latents is None else _random_seeds(seed_latents),
        direction=split_names(direction) if direction and "," in direction else direction,
        within_span=False if beyond_examples else None,
        noisy=noisy or None,
        features=features or "auto",
        check_generator=not no_check_generator,
        out=folder,
        storage=storage,
        name=name,
        **options,
    )
    return Made(study, place, measure, objective_spec)


def _warn_of_small_budget(budget: int, *, num_examples: int) -> None:
    if budget <= num_examples:
        left = num_examples - budget
        more = f", and leaves {left} of the {num_examples} unscored" if left else ""
        say(
            f"warning: --budget {budget} goes to the examples{more}, so nothing is searched; "
            f"give more: --budget {max(2 * num_examples, num_examples + 20)}, say",
            err=True,
        )


def _all_of(examples: tuple[str, ...]) -> list[str]:
    """Return the names in every ``--examples``; none at all if one of them is empty, an error."""
    named = [split_names(given) for given in examples]
    if not all(named):
        return []
    # a shell expands a tilde only at the start of a word, not after a comma
    names = itertools.chain.from_iterable(named)
    return [str(Path(name).expanduser()) if name[0] == "~" else name for name in names]


def _random_seeds(text: str) -> list[int]:
    seeds = split_names(text)
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


def _next_free_folder(generator: str) -> str:
    parts = generator.split(":")
    stem = Path(parts[1]).name if parts[0] == "diffusers" else parts[-1].replace("/", "-")
    taken = (Path("runs", f"{stem}-{number}") for number in itertools.count(1))
    return str(next(path for path in taken if not path.exists()))
