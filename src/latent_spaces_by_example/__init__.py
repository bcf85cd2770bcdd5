"""Search everything that a generative model can make, in the space that a few examples span.

The names are listed in ``__init__.pyi`` and loaded when first used, so that importing the package
costs next to nothing.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import lazy_loader

try:
    __version__ = version("latent-spaces-by-example")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"

_load, _, _names = lazy_loader.attach_stub(__name__, __file__)
# a star import loads neither what needs pytest nor what needs models
__all__ = sorted({*_names, "__version__", "seeds"} - {"testing", "zoo"})


def __getattr__(name: str) -> Any:
    return _load("space" if name == "seeds" else name)


def __dir__() -> list[str]:
    return list(__all__)
