"""The panel to repeat a study by: its call and command, its settings, and the versions."""

from __future__ import annotations

import platform
import re
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import unquote

from latent_spaces_by_example import __version__, generators, objectives, search
from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.report.markup import (
    Html,
    element,
    folded,
    note,
    section,
    shown,
    table,
)
from latent_spaces_by_example.report.snapshot import Snapshot
from latent_spaces_by_example.study.settings import Settings

_ALWAYS = ("numpy", "scipy", "optuna")
_WHERE_USED = ("torch", "diffusers", "transformers", "jax", "onnxruntime", "aerosandbox", "sklearn")
_PACKAGE_OF = {"sklearn": "scikit-learn"}
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_UNNAMED_EXAMPLE = re.compile(r"example \d+")


def repeat_panel(snapshot: Snapshot) -> Html:
    """Everything that another person needs to come to the same result."""
    settings = snapshot.study.settings
    shell = command(settings)
    parts = [
        note(
            "The same settings and versions give the same proposals, and so the same study, if the "
            "objective gives the same score for the same output."
        ),
        element("h3", "In Python"),
        _code(call(settings)),
    ]
    if shell is not None:
        parts += [element("h3", "On the command line"), _code(shell)]
    if snapshot.best is not None:
        parts += [element("h3", "The best again"), _code(_reopened(snapshot)), _weights(snapshot)]
    rows = [[name, value] for name, value in _settings(snapshot)]
    parts += [
        element("h3", "Settings and versions"),
        table(["", ""], rows, label="Settings and versions", words=True),
    ]
    return section("To repeat it", *parts, anchor="repeat")


def call(settings: Settings) -> str:
    """The call of ``lsbe.optimise`` that makes the study anew."""
    lines = ["import latent_spaces_by_example as lsbe", ""]
    arguments = [
        _loaded("generators", settings.generator, generators.names(), also="diffusers:"),
        _loaded("objectives", settings.objective, objectives.names(), also="clip:"),
        (f"budget={settings.budget}", ""),
    ]
    if _named_examples(settings):
        arguments.append((f"examples={[fact.name for fact in settings.examples]!r}", ""))
    elif settings.examples:
        lines.insert(1, "from safetensors.numpy import load_file")
        lines.append('seeds = load_file("seed_latents.safetensors")["seed_latents"]')
        arguments.append((f"seed_latents=seeds[:{len(settings.examples)}]", "in the run folder"))
    else:
        arguments.append((f"num_seeds={settings.num_given}", ""))
    if settings.search in search.available():
        arguments.append((f"search={settings.search!r}", ""))
    else:
        arguments.append(("search=search", settings.search))
    if settings.score_names:
        arguments.append((f"scores={settings.score_names!r}", ""))
    if settings.noisy:
        arguments.append(("noisy=True", ""))
    arguments.append((f"random_seed={settings.random_seed}", ""))
    if settings.batch_size != 1:
        arguments.append((f"batch_size={settings.batch_size}", ""))
    if settings.within_span != bool(settings.examples):
        arguments.append((f"within_span={settings.within_span}", ""))
    # a comment is somebody's text: on one line, so that nothing of it is code
    body = [f"    {a},{f'  # {_one_line(comment)}' if comment else ''}" for a, comment in arguments]
    return "\n".join([*lines, "study = lsbe.optimise(", *body, ")"])


def _loaded(module: str, spec: str, names: list[str], *, also: str) -> tuple[str, str]:
    """What to write for a generator or objective, and the comment beside it."""
    if _can_be_loaded(spec, names, also=also):
        return f"lsbe.{module}.load({spec!r})", ""
    return module.removesuffix("s"), f"your own: {spec}"


def command(settings: Settings) -> str | None:
    """The line that makes the study anew in a shell; None where a shell cannot say it."""
    by_name = [fact.name for fact in settings.examples]
    sayable = (
        _can_be_loaded(settings.generator, generators.names(), also="diffusers:", own=True)
        and _can_be_loaded(settings.objective, objectives.names(), also="clip:", own=True)
        and settings.search in search.available()
        and (not by_name or _named_examples(settings))
        and all(name == name.strip() and name and "," not in name for name in by_name)
        and (bool(by_name) or not settings.within_span)
    )
    if not sayable:
        return None
    words = ["lsbe", "optimise", settings.generator, "--objective", settings.objective]
    if by_name:
        words += ["--examples", ",".join(by_name)]
        words += [] if settings.within_span else ["--beyond-examples"]
    else:
        words += ["--seeds", str(settings.num_given)]
    words += ["--search", settings.search, "--budget", str(settings.budget)]
    words += ["--random-seed", str(settings.random_seed)]
    words += ["--noisy"] if settings.noisy else []
    words += ["--batch-size", str(settings.batch_size)] if settings.batch_size != 1 else []
    return shlex.join(words)


def _can_be_loaded(spec: str, names: list[str], *, also: str, own: bool = False) -> bool:
    """Whether ``load`` knows it: by name, or (``own``) as module:object of the user's."""
    place, _ = split_parameters(spec)
    # a pipeline that was given as an object is recorded by its class, which names no weights
    if spec.startswith("diffusers:") and re.fullmatch(r"diffusers:\w+Pipeline", place):
        return False
    if place in names or spec.startswith(also):
        return True
    return own and _PLACE.fullmatch(place) is not None


def _named_examples(settings: Settings) -> bool:
    return bool(settings.examples) and all(
        fact.rms_error is not None and not _UNNAMED_EXAMPLE.fullmatch(fact.name)
        for fact in settings.examples
    )


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _reopened(snapshot: Snapshot) -> str:
    folder = snapshot.study.folder
    where = "storage=..., name=" + repr(snapshot.study.name)
    if folder is not None:
        where = repr(folder.path.resolve().name)  # of a page that is sent on, not where it was made
    known = _can_be_loaded(
        snapshot.study.settings.generator, generators.names(), also="\0"
    )  # open_study makes no other generator by itself
    generator = "" if known else ", generator=generator"
    return (
        f"study = lsbe.open_study({where}{generator})\n"
        "study.best_score, study.best_latent, study.best_output"
    )


def _weights(snapshot: Snapshot) -> Html:
    best = snapshot.best
    if best is None:
        return Html()
    rows = [
        [snapshot.study.seeds.name(k), repr(float(weight))]
        for k, weight in enumerate(best.weights)
        if weight
    ]
    return folded(
        "Its weights over the seed latents, in full",
        table(["seed latent", "weight"], rows, label="Weights of the best"),
    )


def _settings(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    settings = snapshot.study.settings
    yield "generator", unquote(settings.generator)
    yield "latents", f"of shape {settings.latent_shape}, as arrays of {settings.array_library}"
    yield "objective", unquote(settings.objective)
    yield "search", settings.search
    yield "random seed", str(settings.random_seed)
    yield (
        "evaluations",
        f"{len(snapshot.trials)} of {settings.budget}, in batches of {settings.batch_size}",
    )
    yield "only non-negative weights of the given seed latents", shown(settings.within_span)
    if settings.examples:
        yield "SHA-256 of the examples' latents", settings.seed_digest
    yield "made with", f"latent-spaces-by-example {settings.version}"
    yield "this page written with", ", ".join(_versions())


def _versions() -> Iterator[str]:
    yield f"latent-spaces-by-example {__version__}"
    yield f"Python {platform.python_version()}"
    used = [name for name in _WHERE_USED if name in sys.modules]
    for name in (*_ALWAYS, *used):
        package = _PACKAGE_OF.get(name, name)
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} from source"
    yield f"{platform.system()} {platform.machine()}"


def _code(source: str) -> Html:
    return element("pre", element("code", source), tabindex="0")
