"""``lsbe explore`` and ``lsbe make``: a page to look around on, and what was kept, made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from latent_spaces_by_example.cli.console import say
from latent_spaces_by_example.cli.options import DATABASE, Place
from latent_spaces_by_example.cli.start import Made, WithNames, make_study, new_study_options


@click.command(cls=WithNames)
@new_study_options
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="On this machine only; any by default."
)
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
@click.option("--generator", "own", help="Needed for a run folder if its generator is your own.")
def explore(*, port: int, no_browser: bool, own: str | None, **new: Any) -> None:
    """Open a page to look around what GENERATOR can make, and choose by taste.

    Say which of nine outputs is best, again and again: the next nine follow your taste. GENERATOR
    may also be the run folder of a study, to go on with it.

    \b
    lsbe explore airfoil --examples naca2412,s1223,rae2822
    lsbe explore diffusers:FOLDER --prompt "a lamp" --seed-latents 1,2,3
    lsbe explore runs/wing
    """
    from latent_spaces_by_example.explore import PageServer

    folder = Path(new["generator"]).expanduser()
    if (folder / DATABASE).is_file():
        made = _existing(str(folder), own=own, objective=new["objective"])
    else:
        made = make_study(scores=None, **new)
    server = PageServer(made.study, objective=made.objective, port=port)
    say(f"run folder: {made.place.folder}")
    say(f"page: {server.address} (Ctrl-C ends it)")
    server.serve(open_browser=not no_browser)
    say(f"go on with: lsbe explore {made.place.folder}")


def _existing(folder: str, *, own: str | None, objective: str | None) -> Made:
    from latent_spaces_by_example import objectives, plugins

    place = Place(folder, generator=own)
    study = place.study(needs_generator=True)
    stored = study.settings.objective
    spec = objective
    if spec is None and stored and plugins.is_safe_to_reload("objectives", stored):
        spec = stored
    return Made(study, place, None if spec is None else objectives.load(spec), spec)


@click.command()
@click.argument("kept")
@click.option("--to", "target", default=".", show_default=True, help="The folder to write to.")
@click.option("--generator", help="Needed if it is module:name of your own.")
def make(kept: str, *, target: str, generator: str | None) -> None:
    """Make an output again from KEPT, the JSON file that the page wrote when it was kept.

    \b
    lsbe make runs/wing/kept/trial-00012.json --to again
    """
    from latent_spaces_by_example import generators
    from latent_spaces_by_example.cli.hints import check_named
    from latent_spaces_by_example.explore import Kept, remake

    path, to = Path(kept).expanduser(), Path(target).expanduser()
    named = Kept.from_file(path).settings.get("generator")
    if generator is None and isinstance(named, str):
        check_named("generators", named)
    if to.resolve() == path.parent.resolve():
        raise click.UsageError(f"--to {target} is the folder of {path.name}; give another one")
    model = None if generator is None else generators.load(generator)
    files, same = remake(path, to=to, generator=model)
    for file in files:
        say(str(file))
    if not same:
        say(
            "warning: the output differs from the one that was kept: another machine, or other "
            "versions of the packages, may round differently",
            err=True,
        )
