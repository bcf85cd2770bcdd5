"""Names of generators, objectives and searches: the embedded ones, and other packages' plug-ins.

A package adds its own by entry points, in its ``pyproject.toml``::

    [project.entry-points."latent_spaces_by_example.objectives"]
    stiffness = "my_package.bending:Stiffness"

Nothing is imported before it is loaded. What a user names as ``package.module:name`` needs no
registration at all.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError, MissingPackageError
from latent_spaces_by_example.parameters import (
    check_choice,
    near,
    read_parameters,
    split_parameters,
)

_PACKAGE = __name__.partition(".")[0]
_DISTRIBUTION = _PACKAGE.replace("_", "-")
_SINGULAR = {"generators": "generator", "objectives": "objective", "searches": "search"}
KINDS = tuple(_SINGULAR)


@dataclass(frozen=True)
class Plugin:
    """Say what a name stands for.

    Attributes:
        target: "package.module:attribute", a class or a function that makes the object.
        line: one line on it.
        extra: the extra of this package that brings what it needs.
        text: the parameter that plain words after the name set: "clip:a red car".
        files: the parameters that choose a file or a model, so that something gets opened,
            downloaded or run.
        distribution: the package that registered it; None for the embedded ones.
    """

    target: str
    line: str = ""
    extra: str | None = None
    text: str | None = None
    files: tuple[str, ...] = ()
    distribution: Distribution | None = None


def _embedded(target: str, line: str, **more: Any) -> Plugin:
    return Plugin(f"{_PACKAGE}.{target}", line, **more)


# pyproject.toml declares the same names as entry points; this table also serves a source tree
# whose installed metadata are older, and costs no reading of metadata.
EMBEDDED: dict[str, dict[str, Plugin]] = {
    "generators": {
        "airfoil": _embedded(
            "zoo.airfoil.generator:load",
            "wing sections, from a flow model trained on real ones",
            extra="airfoil",
        ),
        "diffusers": _embedded(
            "generators.pipelines:diffusers",
            "images, videos and sounds of any pipeline: diffusers:FOLDER_OR_HUB_ID",
            extra="diffusers",
            text="pipeline",
            files=("pipeline",),
        ),
        "digits": _embedded(
            "zoo.digits.generator:load",
            "handwritten digits of 8 x 8 pixels, from a flow model trained on real ones",
            extra="digits",
        ),
        "microstructure": _embedded(
            "zoo.microstructure.generator:Microstructure",
            "two-phase materials, from Gaussian random fields",
        ),
    },
    "objectives": {
        "clip": _embedded(
            "zoo.clip:Clip",
            "how well an image fits a text or another image, by CLIP: clip:a red sports car",
            extra="diffusers",
            text="prompt",
            files=("image", "model"),
        ),
        "digit-margin": _embedded(
            "zoo.digits.digit_margin:DigitMargin",
            "how clearly a picture shows one digit rather than another",
            extra="digits",
        ),
        "effective-conductivity": _embedded(
            "zoo.microstructure.effective_conductivity:EffectiveConductivity",
            "how well a two-phase material conducts in one direction",
        ),
        "lift-to-drag": _embedded(
            "zoo.airfoil.lift_to_drag:LiftToDrag",
            "lift over drag of a wing section at a given lift, by NeuralFoil",
            extra="airfoil",
        ),
    },
    "searches": {
        "chosen-seeds": _embedded(
            "search.chosen_seeds:ChosenSeedsSearch",
            "score prior draws, then search between the best of them",
        ),
        "cma-es": _embedded(
            "search.samplers:CMAESSearch",
            "a Gaussian that follows the better half of each generation",
        ),
        "direct": _embedded(
            "search.direct:DirectSearch", "divide the hypercube where the best score could be"
        ),
        "gp": _embedded(
            "search.samplers:GPSearch", "a Gaussian process in the hypercube, by Optuna"
        ),
        "latent-gp": _embedded(
            "search.latent_gp:LatentGPSearch",
            "a Gaussian process over the angles between latents (the default)",
        ),
        "nsga-ii": _embedded(
            "search.samplers:NSGAIISearch", "evolve a population towards the front of the scores"
        ),
        "random": _embedded("search.coverage:RandomSearch", "uniformly distributed points"),
        "sobol": _embedded("search.coverage:SobolSearch", "evenly spread points, a Sobol sequence"),
        "tpe": _embedded(
            "search.samplers:TPESearch", "points where better trials are denser than the others"
        ),
    },
}


def names(kind: str) -> list[str]:
    """Return the names that ``load`` knows, in alphabetical order.

    Args:
        kind: "generators", "objectives" or "searches".

    >>> "lift-to-drag" in names("objectives")
    True
    """
    return sorted({*EMBEDDED[_checked(kind)], *_installed(kind)})


def describe(kind: str) -> dict[str, str]:
    """Return one line on each name, without importing the code behind it.

    The line on another package's plug-in is the first of its docstring, or else the package's own
    summary.

    >>> describe("generators")["microstructure"]
    'two-phase materials, from Gaussian random fields'
    """
    lines = {}
    for name in names(kind):
        plugin = EMBEDDED[kind].get(name) or _installed(kind)[name][0]
        lines[name] = plugin.line or _docstring(plugin.target) or _summary(plugin)
    return lines


def load(kind: str, spec: str, **options: Any) -> Any:
    """Make what a string names: ``NAME`` or ``MODULE:ATTRIBUTE``, then ``:KEY=VALUE,...``.

    ``generators.load``, ``objectives.load`` and ``search.load`` also check that the result is
    what it should be.

    Args:
        kind: "generators", "objectives" or "searches".
        spec: the string, such as "lift-to-drag:cl=0.7". A class is called with the parameters, and
            so is a function that makes a generator or a search. A function that scores outputs
            has its parameters bound. Any other object is returned as it is.
        **options: further parameters, as Python objects.

    Raises:
        ArgumentError: there is nothing of that name, a parameter is wrong, or the code behind the
            name fails at import.
        MissingPackageError: a package that it needs is not installed.

    >>> load("generators", "microstructure:size=64").latent_shape
    (64, 64)
    """
    name, rest = _split(kind, spec)
    if name is None:
        return _of_the_users_own(kind, spec, options)
    plugin = _registered(kind, name)
    value = _imported(kind, name, plugin=plugin)
    text, parameters = _text_and_parameters(rest)
    if text and plugin.text is None:
        raise ArgumentError(
            f"{spec!r}: {text!r} is no parameter of {name}; each must read {name}:key=value,..."
        )
    if text:
        options = {str(plugin.text): text, **options}
    return _made(kind, value, parameters=parameters, options=options, named=name)


def is_registered(kind: str, spec: str) -> bool:
    """Return whether a string starts with a name that an installed package has registered.

    >>> is_registered("objectives", "lift-to-drag:cl=0.7"), is_registered("objectives", "a.b:c")
    (True, False)
    """
    return _split(kind, spec)[0] is not None


def is_safe_to_reload(kind: str, spec: str) -> bool:
    """Return whether a string from a stored study may be loaded without its user naming it again.

    Only embedded names are, without parameters that choose a file or a model: whoever wrote the
    study would otherwise choose what this machine imports, opens or downloads.

    >>> is_safe_to_reload("objectives", "clip:a red sports car")
    True
    >>> is_safe_to_reload("objectives", "clip:prompt=x,model=someone/repository")
    False
    """
    name, rest = _split(kind, spec)
    plugin = EMBEDDED[kind].get(name) if name is not None else None
    if plugin is None:
        return False
    text, parameters = _text_and_parameters(rest)
    keys = {item.partition("=")[0].strip() for item in parameters.split(",")}
    return not keys & set(plugin.files) and not (text and plugin.text in plugin.files)


def resolve(place: str) -> Any:
    """Return what ``module:attribute`` names; modules in the current directory count too.

    Raises:
        ArgumentError: there is no such module or attribute, or the module fails at import.

    >>> resolve("math:pi")
    3.141592653589793
    """
    module_name, colon, attribute = (part.strip() for part in place.partition(":"))
    if not (module_name and colon and attribute) or ":" in attribute:
        raise ArgumentError(f"expected package.module:name, not {place!r}")
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())  # as ``python -m`` does; a console script does not
    importlib.invalidate_caches()
    try:
        value: Any = importlib.import_module(module_name)
    except LatentSpacesError:
        raise
    except Exception as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent is None or not f"{module_name}.".startswith(f"{absent}."):
            raise ArgumentError(
                f"module {module_name!r} fails at import: {type(error).__name__}: {error}"
            ) from error
        raise ArgumentError(
            f"there is no module {absent!r}, neither in {os.getcwd()} nor installed: "
            f"expected package.module:name, got {place!r}"
        ) from error
    for name in attribute.split("."):
        if not hasattr(value, name):
            known = [public for public in dir(value) if not public.startswith("_")]
            raise ArgumentError(
                f"module {module_name!r} has no {attribute!r}{near(name, known)} "
                f"({getattr(sys.modules[module_name], '__file__', 'built in')})"
            )
        value = getattr(value, name)
    return value


@contextmanager
def missing_packages_named(what: str, *, extra: str | None = None) -> Iterator[None]:
    """Turn the failed import of another package into the command that installs it.

    Args:
        what: what needs the package, for the message.
        extra: the extra of this package that brings it; None for a package of the same name.

    Raises:
        MissingPackageError: an import inside fails because a package is not installed.

    >>> with missing_packages_named("the example", extra="airfoil"):
    ...     import no_such_package
    Traceback (most recent call last):
    latent_spaces_by_example.errors.MissingPackageError: the example needs no_such_package;
    install it with: pip install 'latent-spaces-by-example[airfoil]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == _PACKAGE:
            raise
        package = error.name if extra is None else f"'{_DISTRIBUTION}[{extra}]'"
        raise MissingPackageError(
            f"{what} needs {error.name}; install it with: pip install {package}"
        ) from error


def _checked(kind: str) -> str:
    check_choice(kind, argument="kind", choices=KINDS)
    return kind


def _split(kind: str, spec: object) -> tuple[str | None, str]:
    """Return the registered name that a string starts with, or None, and what follows it."""
    if not isinstance(spec, str):
        raise ArgumentError(
            f"the {_SINGULAR[_checked(kind)]} {spec!r:.60} is of type {type(spec).__name__}; "
            "expected a name or package.module:name, as text"
        )
    name, _, rest = (part.strip() for part in spec.partition(":"))
    known = name in EMBEDDED[_checked(kind)] or name in _installed(kind)
    return (name, rest) if known else (None, "")


def _text_and_parameters(rest: str) -> tuple[str, str]:
    """Split what follows a name into plain words and ``key=value,...``; either may be empty."""
    before, equals, _ = rest.partition("=")
    if not equals:
        return rest, ""
    text, colon, _ = before.rpartition(":")
    return text.strip(), rest[len(text) + len(colon) :]


def _registered(kind: str, name: str) -> Plugin:
    if name in EMBEDDED[kind]:
        return EMBEDDED[kind][name]
    plugins = _installed(kind)[name]
    if len(plugins) > 1:
        raise ArgumentError(
            f"the {_SINGULAR[kind]} {name!r} is registered by "
            f"{' and '.join(map(_distribution, plugins))}; name one by its place: "
            f"{' or '.join(plugin.target for plugin in plugins)}"
        )
    return plugins[0]


@functools.lru_cache(maxsize=len(KINDS))
def _installed(kind: str) -> Mapping[str, list[Plugin]]:
    """Read what other packages have registered, by name; the embedded names are not theirs."""
    plugins: dict[str, list[Plugin]] = {}
    for point in entry_points(group=f"{_PACKAGE}.{kind}"):
        ours = point.value.startswith(f"{_PACKAGE}.")
        if not ours and point.name not in EMBEDDED[kind]:
            plugin = Plugin(point.value, distribution=point.dist)
            plugins.setdefault(point.name, []).append(plugin)
    return plugins


def _imported(kind: str, name: str, *, plugin: Plugin) -> Any:
    module, _, attribute = plugin.target.partition(":")
    what = f"the {_SINGULAR[kind]} {name!r}"
    if plugin.distribution is not None:
        try:
            return resolve(plugin.target)
        except Exception as error:
            raise ArgumentError(f"{what} of {_distribution(plugin)} is broken: {error}") from error
    with missing_packages_named(what, extra=plugin.extra):
        return getattr(importlib.import_module(module), attribute)


def _of_the_users_own(kind: str, spec: str, options: Mapping[str, Any]) -> Any:
    place, parameters = split_parameters(spec)
    parts = [part.strip() for part in place.split(":")]
    if len(parts) != 2 or not all(parts):
        raise ArgumentError(
            f"no {_SINGULAR[kind]} is called {spec!r}{near(parts[0], names(kind))}; expected one "
            f"of {', '.join(names(kind))}, or your own as package.module:name, each followed by "
            ":key=value,... for parameters"
        )
    place = ":".join(parts)
    value = resolve(place)
    return _made(kind, value, parameters=parameters, options=options, named=place)


def _made(kind: str, value: Any, *, parameters: str, options: Mapping[str, Any], named: str) -> Any:
    """Call a class, or a function that makes the object; bind parameters of a scoring function."""
    scores = kind == "objectives" and callable(value) and not isinstance(value, type)
    if not scores and not isinstance(value, type) and not inspect.isfunction(value):
        if parameters or options:
            given = parameters or ", ".join(options)
            raise ArgumentError(f"{named} is an object, not a class, so it takes no {given!r}")
        return value
    read = read_parameters(parameters, of=value, named=named, given=options, skip_first=scores)
    keywords = {**read, **options}
    if scores:
        return functools.partial(value, **keywords) if keywords else value
    try:
        inspect.signature(value).bind(**keywords)
    except TypeError as error:
        raise ArgumentError(f"{named} does not take these parameters: {error}") from error
    except ValueError:  # some builtins have no signature
        pass
    return value(**keywords)


def _distribution(plugin: Plugin) -> str:
    return "?" if plugin.distribution is None else str(plugin.distribution.metadata["Name"])


def _summary(plugin: Plugin) -> str:
    metadata = {} if plugin.distribution is None else plugin.distribution.metadata.json
    return str(metadata.get("summary", ""))


def _docstring(target: str) -> str:
    """Return the first line of a docstring, read from the source; empty if there is none."""
    module, _, attribute = target.partition(":")
    package, *below = module.split(".")
    try:
        spec = find_spec(package)  # imports nothing, as it has no dot
        roots = [] if spec is None else list(spec.submodule_search_locations or ())
        files = [Path(spec.origin)] if spec is not None and spec.origin and not below else []
        for root in roots:
            inner = Path(root).joinpath(*below)
            files += [inner / "__init__.py", inner.with_suffix(".py")]
        source = next(file for file in files if file.is_file()).read_text(encoding="utf-8")
        node = next(
            node
            for node in ast.parse(source).body
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == attribute
        )
        return (ast.get_docstring(node) or "").partition("\n")[0]
    except Exception:  # a line of help may not stop anything
        return ""
