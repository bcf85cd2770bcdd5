"""To repeat a study: its call and command, its settings, and the versions."""

from __future__ import annotations

import platform
import re
import shlex
import sys
from dataclasses import dataclass

from latent_spaces_by_example import __version__, plugins, search
from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report.blocks import Table
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study.looking import AUTO, NAMES, NONE

# those that are in use
_PACKAGES = (
    *("numpy", "scipy", "optuna", "torch", "diffusers", "transformers", "jax", "onnxruntime"),
    *("aerosandbox", "sklearn"),
)
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_PIPELINE = re.compile(r"diffusers:\w+Pipeline(:.*)?", re.DOTALL)
_UNNAMED_EXAMPLE = re.compile(r"example \d+")
_SEED_LATENTS = "seed_latents.safetensors"


@dataclass(frozen=True)
class Repeat:
    """The section to repeat a study by.

    Attributes:
        call: in Python.
        command: in a shell; empty where a shell cannot say it.
        reopened: the lines that give the best output again; empty where there is none.
        weights: of the best over the seed latents.
        versions: of what writes this page.
    """

    call: str
    command: str
    reopened: str
    weights: Table | None
    versions: str


def repeat_section(snapshot: Snapshot) -> Repeat:
    """Return everything that another person needs to come to the same result."""
    best = snapshot.best
    weights = None
    if best is not None:
        rows = tuple(
            (snapshot.settings.seed_name(k), repr(float(weight)))
            for k, weight in enumerate(best.weights)
            if weight
        )
        weights = Table("Weights of the best", ("seed latent", "weight"), rows)
    reopened = _reopened(snapshot) if best is not None or snapshot.front else ""
    return Repeat(call(snapshot), command(snapshot) or "", reopened, weights, _versions())


@dataclass(frozen=True)
class _Argument:
    """One argument of the call.

    Attributes:
        python: as the call has it.
        words: as the command has it; None where a shell cannot say it.
        comment: beside it in the call.
    """

    python: str
    words: tuple[str, ...] | None = ()
    comment: str = ""


def call(snapshot: Snapshot) -> str:
    """Return the call of ``lsbe.optimise`` that makes the study anew, from where it was made."""
    lines = ["import latent_spaces_by_example as lsbe", ""]
    if snapshot.settings.examples and not _can_be_named(snapshot):
        folder = snapshot.study.folder
        path = _SEED_LATENTS if folder is None else (folder.path / _SEED_LATENTS).as_posix()
        lines.insert(1, "from safetensors.numpy import load_file")
        lines.append(f'seeds = load_file({path!r})["seed_latents"]')
    body = []
    for argument in _arguments(snapshot):
        # a comment is somebody's text: on one line, so that nothing of it is code
        comment = " ".join(argument.comment.split())
        body.append(f"    {argument.python}," + (f"  # {comment}" if comment else ""))
    verb = "optimise" if snapshot.settings.objective else "create_study"
    return "\n".join([*lines, f"study = lsbe.{verb}(", *body, ")"])


def command(snapshot: Snapshot) -> str | None:
    """Return the line that makes the study anew in a shell; None where a shell cannot say it."""
    words = ["lsbe", "optimise" if snapshot.settings.objective else "create"]
    for argument in _arguments(snapshot):
        if argument.words is None:
            return None
        words += argument.words
    return shlex.join(words)


def _arguments(snapshot: Snapshot) -> list[_Argument]:
    settings, by_hand = snapshot.settings, not snapshot.settings.objective
    arguments = [_loaded("generators", settings.generator)]
    if not by_hand:
        arguments += [_loaded("objectives", settings.objective), _plain("budget", snapshot.budget)]
    arguments += _seed_latents(snapshot)
    if settings.search in search.available():
        arguments.append(_plain("search", settings.search))
    else:
        arguments.append(_Argument("search=search", None, settings.search))
    if settings.score_names:
        names = ("--scores", ",".join(settings.score_names)) if by_hand else ()
        arguments.append(_Argument(f"scores={settings.score_names!r}", names))
    if "minimise" in (directions := snapshot.ranking.directions):
        value = directions if settings.score_names else directions[0]
        words = ("--direction", ",".join(directions))
        arguments.append(_Argument(f"direction={value!r}", words))
    if settings.noisy:
        arguments.append(_Argument("noisy=True", ("--noisy",)))
    arguments += _features(settings.features)
    if settings.features != NONE and settings.candidates:
        arguments.append(_plain("candidates", settings.candidates))
    arguments.append(_plain("random_seed", settings.random_seed))
    if settings.batch_size != 1:
        arguments.append(_plain("batch_size", settings.batch_size))
    if settings.within_span != bool(settings.examples):
        beyond = None if settings.within_span else ("--beyond-examples",)
        arguments.append(_Argument(f"within_span={settings.within_span}", beyond))
    return arguments


def _plain(name: str, value: object) -> _Argument:
    """Return an argument that the call and the command write alike."""
    return _Argument(f"{name}={value!r}", (f"--{name.replace('_', '-')}", str(value)))


def _features(name: str) -> list[_Argument]:
    if name == AUTO:
        return []
    if name in NAMES:
        return [_plain("features", name)]
    python, comment = ("None", "") if name == NONE else ("features", f"your own: {name}")
    return [_Argument(f"features={python}", ("--features", name), comment)]


def _loaded(kind: str, spec: str) -> _Argument:
    """Return the argument for a generator or objective."""
    words = (spec,) if kind == "generators" else ("--objective", spec)
    python = f"lsbe.{kind}.load({spec!r})"
    # a pipeline that was given as an object is recorded by its class, which names no weights
    if plugins.is_registered(kind, spec) and not _PIPELINE.fullmatch(spec):
        return _Argument(python, words)
    place, _ = split_parameters(spec)
    # what a script or a notebook defines has no module that a shell could name
    if _PLACE.fullmatch(place) and not place.startswith(("__main__:", "diffusers:")):
        return _Argument(python, words, "your own")
    return _Argument(kind.removesuffix("s"), None, f"your own: {spec}")


def _seed_latents(snapshot: Snapshot) -> list[_Argument]:
    settings = snapshot.settings
    names = [fact.name for fact in settings.examples]
    numbers = [fact.random_seed for fact in settings.examples]
    if not names:
        count = settings.num_given
        return [_Argument(f"num_seeds={count}", ("--seeds", str(count)))]
    if None not in numbers:
        listed = ",".join(map(str, numbers))
        return [_Argument(f"seed_latents={numbers}", ("--seed-latents", listed))]
    if not _can_be_named(snapshot):
        return [_Argument(f"seed_latents=seeds[:{len(names)}]", None)]
    splits = any(not name or name != name.strip() or "," in name for name in names)
    return [_Argument(f"examples={names!r}", None if splits else ("--examples", ",".join(names)))]


def _can_be_named(snapshot: Snapshot) -> bool:
    """Return whether names or random seeds give the examples, without their latents."""
    return all(
        fact.random_seed is not None
        or (fact.rms_error is not None and not _UNNAMED_EXAMPLE.fullmatch(fact.name))
        for fact in snapshot.settings.examples
    )


def _reopened(snapshot: Snapshot) -> str:
    where = f"storage=..., name={snapshot.study.name!r}"
    if snapshot.study.folder is not None:
        where = repr(snapshot.study.folder.path.as_posix())
    # open_study makes no other generator by itself
    spec, generator = snapshot.settings.generator, ""
    if not plugins.is_safe_to_reload("generators", spec):
        generator = f", generator={_loaded('generators', spec).python}"
    best = "study.best_score, study.best_latent, study.best_output"
    several = "[(trial.scores, trial.latent, trial.output) for trial in study.front()]"
    return (
        "import latent_spaces_by_example as lsbe\n\n"
        f"study = lsbe.open_study({where}{generator})\n"
        f"{several if snapshot.settings.score_names else best}"
    )


def _versions() -> str:
    packages = [sys.modules[name] for name in _PACKAGES if name in sys.modules]
    versions = [f"{package.__name__} {package.__version__}" for package in packages]
    own = f"latent-spaces-by-example {__version__}, Python {platform.python_version()}"
    return ", ".join([own, *versions, f"{platform.system()} {platform.machine()}"])
