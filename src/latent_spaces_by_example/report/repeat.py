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
from latent_spaces_by_example.report.formatting import one_line
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study.looking import NAMES

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
            (snapshot.seed_name(k), repr(float(weight)))
            for k, weight in enumerate(best.weights)
            if weight
        )
        weights = Table("Weights of the best", ("seed latent", "weight"), rows)
    reopened = "" if best is None else _reopened(snapshot)
    return Repeat(call(snapshot), command(snapshot) or "", reopened, weights, _versions())


def call(snapshot: Snapshot) -> str:
    """Return the call of ``lsbe.optimise`` that makes the study anew, from where it was made."""
    settings = snapshot.settings
    lines = ["import latent_spaces_by_example as lsbe", ""]
    arguments = [
        _loaded("generators", settings.generator, generators.names(), also="diffusers:"),
        _loaded("objectives", settings.objective, objectives.names(), also="clip:"),
        (f"budget={snapshot.budget}", ""),
    ]
    if _named_examples(snapshot):
        arguments.append((f"examples={[fact.name for fact in settings.examples]!r}", ""))
    elif settings.examples:
        folder = snapshot.folder
        path = _SEED_LATENTS if folder is None else (folder / _SEED_LATENTS).as_posix()
        lines.insert(1, "from safetensors.numpy import load_file")
        lines.append(f'seeds = load_file({path!r})["seed_latents"]')
        arguments.append((f"seed_latents=seeds[:{len(settings.examples)}]", ""))
    else:
        arguments.append((f"num_seeds={settings.num_given}", ""))
    if settings.search in search.available():
        arguments.append((f"search={settings.search!r}", ""))
    else:
        arguments.append(("search=search", settings.search))
    if settings.score_names:
        arguments.append((f"scores={settings.score_names!r}", ""))
    if snapshot.minimise:
        arguments.append(("direction='minimise'", ""))
    if settings.noisy:
        arguments.append(("noisy=True", ""))
    if settings.features not in ("auto", "none"):
        own = settings.features not in NAMES
        arguments.append(
            ("features=features", f"your own: {settings.features}") if own
            else (f"features={settings.features!r}", "")
        )  # fmt: skip
    if settings.features != "none" and settings.candidates:
        arguments.append((f"candidates={settings.candidates}", ""))
    arguments.append((f"random_seed={settings.random_seed}", ""))
    if settings.batch_size != 1:
        arguments.append((f"batch_size={settings.batch_size}", ""))
    if settings.within_span != bool(settings.examples):
        arguments.append((f"within_span={settings.within_span}", ""))
    # a comment is somebody's text: on one line, so that nothing of it is code
    body = [f"    {a},{f'  # {one_line(comment)}' if comment else ''}" for a, comment in arguments]
    return "\n".join([*lines, "study = lsbe.optimise(", *body, ")"])


def _loaded(module: str, spec: str, names: list[str], *, also: str) -> tuple[str, str]:
    """Return the argument for a generator or objective, and the comment beside it."""
    if _can_be_loaded(spec, names, also=also):
        return f"lsbe.{module}.load({spec!r})", ""
    return module.removesuffix("s"), f"your own: {spec}"


def command(snapshot: Snapshot) -> str | None:
    """Return the line that makes the study anew in a shell; None where a shell cannot say it."""
    settings = snapshot.settings
    names = [fact.name for fact in settings.examples]
    sayable = (
        _can_be_loaded(settings.generator, generators.names(), also="diffusers:", own=True)
        and _can_be_loaded(settings.objective, objectives.names(), also="clip:", own=True)
        and settings.search in search.available()
        and (not names or _named_examples(snapshot))
        and all(name == name.strip() and name and "," not in name for name in names)
        and (bool(names) or not settings.within_span)
    )
    if not sayable:
        return None
    words = ["lsbe", "optimise", settings.generator, "--objective", settings.objective]
    if names:
        words += ["--examples", ",".join(names)]
        words += [] if settings.within_span else ["--beyond-examples"]
    else:
        words += ["--seeds", str(settings.num_given)]
    words += ["--search", settings.search, "--budget", str(snapshot.budget)]
    words += ["--direction", "minimise"] if snapshot.minimise else []
    words += ["--random-seed", str(settings.random_seed)]
    words += ["--noisy"] if settings.noisy else []
    words += ["--features", settings.features] if settings.features not in ("auto", "none") else []
    if settings.features != "none" and settings.candidates:
        words += ["--candidates", str(settings.candidates)]
    words += ["--batch-size", str(settings.batch_size)] if settings.batch_size != 1 else []
    return shlex.join(words)


def _can_be_loaded(spec: str, names: list[str], *, also: str, own: bool = False) -> bool:
    """Return whether ``load`` knows it by name, or (``own``) as module:object of the user's."""
    place, _ = split_parameters(spec)
    # a pipeline that was given as an object is recorded by its class, which names no weights
    if spec.startswith("diffusers:") and re.fullmatch(r"diffusers:\w+Pipeline", place):
        return False
    if place in names or spec.startswith(also):
        return True
    return own and _PLACE.fullmatch(place) is not None


def _named_examples(snapshot: Snapshot) -> bool:
    examples = snapshot.settings.examples
    return bool(examples) and all(
        fact.rms_error is not None and not _UNNAMED_EXAMPLE.fullmatch(fact.name)
        for fact in examples
    )


def _reopened(snapshot: Snapshot) -> str:
    where = f"storage=..., name={snapshot.name!r}"
    if snapshot.folder is not None:
        where = repr(snapshot.folder.as_posix())
    # open_study makes no other generator by itself
    known = _can_be_loaded(snapshot.settings.generator, generators.names(), also="\0")
    generator = "" if known else ", generator=generator"
    return (
        f"study = lsbe.open_study({where}{generator})\n"
        "study.best_score, study.best_latent, study.best_output"
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
