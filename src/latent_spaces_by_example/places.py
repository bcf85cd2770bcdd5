"""Things of the user's own that are named by a string: ``package.module:name``."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError
from latent_spaces_by_example.parameters import near


def find(place: str) -> Any:
    """What ``module:attribute`` names; the module is looked for in the current directory too.

    Raises:
        ArgumentError: there is no such module or attribute, or the module fails at import.

    >>> find("math:pi")
    3.141592653589793
    """
    module_name, attribute = place.split(":")
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())  # as ``python -m`` does; a console script does not
    importlib.invalidate_caches()
    try:
        found: Any = importlib.import_module(module_name)
    except LatentSpacesError:
        raise
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise _broken(module_name, error) from error
        raise ArgumentError(
            f"there is no module {error.name!r}, neither in {os.getcwd()} nor installed: "
            f"expected package.module:name, got {place!r}"
        ) from error
    except Exception as error:
        raise _broken(module_name, error) from error
    for name in attribute.split("."):
        if not hasattr(found, name):
            names = [known for known in dir(found) if not known.startswith("_")]
            raise ArgumentError(
                f"module {module_name!r} has no {attribute!r}{near(name, names)} "
                f"({getattr(sys.modules[module_name], '__file__', 'built in')})"
            )
        found = getattr(found, name)
    return found


def _broken(module_name: str, error: Exception) -> ArgumentError:
    return ArgumentError(f"module {module_name!r} fails at import: {type(error).__name__}: {error}")
