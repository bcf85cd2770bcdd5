"""To repeat a study: its call and command, its settings, and the versions."""

from __future__ import annotations

import platform
import re
import shlex
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from latent_spaces_by_example import __version__, generators, objectives, search
from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report.blocks import Table
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study.looking import AUTO, NAMES, NONE

_ALWAYS = ("numpy", "scipy", "optuna")
_WHERE_USED = ("torch", "diffusers", "transformers", "jax", "onnxruntime", "aerosandbox", "sklearn")
_PACKAGE_OF = {"sklearn": "scikit-learn"}
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
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
    settings, budget, by_hand = snapshot.settings, snapshot.budget, not snapshot.settings.objective
    arguments = [_loaded("generators", settings.generator, generators.names(), also="diffusers:")]
    if not by_hand:
        arguments += [
            _loaded("objectives", settings.objective, objectives.names(), also="clip:"),
            _Argument(f"budget={budget}", ("--budget", str(budget))),
        ]
    arguments += _seed_latents(snapshot)
    if settings.search in search.available():
        arguments.append(_Argument(f"search={settings.search!r}", ("--search", settings.search)))
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
    if settings.features == NONE:
        arguments.append(_Argument("features=None", ("--features", NONE)))
    elif settings.features != AUTO:
        own = settings.features not in NAMES
        arguments.append(
            _Argument(
                "features=features" if own else f"features={settings.features!r}",
                ("--features", settings.features),
                f"your own: {settings.features}" if own else "",
            )
        )
    if settings.features != NONE and settings.candidates:
        count = settings.candidates
        arguments.append(_Argument(f"candidates={count}", ("--candidates", str(count))))
    number = settings.random_seed
    arguments.append(_Argument(f"random_seed={number}", ("--random-seed", str(number))))
    if (size := settings.batch_size) != 1:
        arguments.append(_Argument(f"batch_size={size}", ("--batch-size", str(size))))
    if settings.within_span != bool(settings.examples):
        beyond = None if settings.within_span else ("--beyond-examples",)
        arguments.append(_Argument(f"within_span={settings.within_span}", beyond))
    return arguments


def _loaded(module: str, spec: str, names: list[str], *, also: str) -> _Argument:
    """Return the argument for a generator or objective."""
    words = (spec,) if module == "generators" else ("--objective", spec)
    if _can_be_loaded(spec, names, also=also):
        return _Argument(f"lsbe.{module}.load({spec!r})", words)
    if _can_be_loaded(spec, names, also=also, own=True):
        return _Argument(f"lsbe.{module}.load({spec!r})", words, "your own")
    return _Argument(module.removesuffix("s"), None, f"your own: {spec}")


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


def _can_be_loaded(spec: str, names: list[str], *, also: str, own: bool = False) -> bool:
    """Return whether ``load`` knows it by name, or (``own``) as module:object of the user's."""
    place, _ = split_parameters(spec)
    # a pipeline that was given as an object is recorded by its class, which names no weights
    if spec.startswith("diffusers:") and re.fullmatch(r"diffusers:\w+Pipeline", place):
        return False
    if place in names or spec.startswith(also):
        return True
    # what a script or a notebook defines has no module that a shell could name
    return own and _PLACE.fullmatch(place) is not None and not place.startswith("__main__:")


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
    spec, names = snapshot.settings.generator, generators.names()
    generator = ""
    if not _can_be_loaded(spec, names, also="\0"):
        generator = f", generator={_loaded('generators', spec, names, also='diffusers:').python}"
    best = "study.best_score, study.best_latent, study.best_output"
    several = "[(trial.scores, trial.latent, trial.output) for trial in study.front()]"
    return (
        "import latent_spaces_by_example as lsbe\n\n"
        f"study = lsbe.open_study({where}{generator})\n"
        f"{several if snapshot.settings.score_names else best}"
    )


def _versions() -> str:
    packages = [*_ALWAYS, *(name for name in _WHERE_USED if name in sys.modules)]
    versions = (_version_of(_PACKAGE_OF.get(name, name)) for name in packages)
    own = f"latent-spaces-by-example {__version__}, Python {platform.python_version()}"
    return ", ".join([own, *versions, f"{platform.system()} {platform.machine()}"])


def _version_of(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} from source"
