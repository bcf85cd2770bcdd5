"""Use NumPy, PyTorch and JAX through one interface, chosen by an array's type.

No library is imported that the caller has not imported: arrays of that library select it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from latent_spaces_by_example.arrays.base import ArrayLibrary
from latent_spaces_by_example.arrays.numpy_arrays import NumpyArrays
from latent_spaces_by_example.errors import ArgumentError

__all__ = ["ArrayLibrary", "host_array", "library_named", "library_of"]

_NUMPY = NumpyArrays()
# The top-level module that an array's type comes from -> the adapter's module and class.
_ADAPTERS = {
    "torch": ("torch_arrays", "TorchArrays"),
    "jax": ("jax_arrays", "JaxArrays"),
    "jaxlib": ("jax_arrays", "JaxArrays"),
}
_made: dict[str, ArrayLibrary] = {}


def library_of(value: Any) -> ArrayLibrary:
    """Return the array library that ``value`` belongs to; NumPy for anything else.

    >>> library_of([[0.5, 0.5]]).name
    'numpy'
    """
    for base in type(value).__mro__:
        root = base.__module__.partition(".")[0]
        if root in _ADAPTERS:
            library = _adapter(*_ADAPTERS[root])
            return library if library.is_array(value) else _NUMPY
    return _NUMPY


def library_named(name: str) -> ArrayLibrary:
    """Return the array library of that name; it is imported if it was not.

    >>> library_named("numpy").name
    'numpy'
    """
    if isinstance(name, str) and name == _NUMPY.name:
        return _NUMPY
    if not isinstance(name, str) or name not in _ADAPTERS:
        known = ", ".join((_NUMPY.name, *_ADAPTERS))
        raise ArgumentError(f"name={name!r:.60}; expected one of {known}")
    return _adapter(*_ADAPTERS[name])


def host_array(value: Any) -> np.ndarray:
    """Return an array of any library, or what NumPy reads as one, on the host and detached.

    bfloat16 becomes float32, bit for bit.

    Raises:
        ValueError, TypeError: NumPy can make no array of it, of a ragged list say.

    >>> host_array([[1.0, 2.0]]).shape
    (1, 2)
    """
    library = library_of(value)
    if library is _NUMPY:
        return np.asarray(value)
    return library.on_host(value.detach() if hasattr(value, "detach") else value)


def _adapter(module: str, name: str) -> ArrayLibrary:
    if name not in _made:
        _made[name] = getattr(import_module(f"{__name__}.{module}"), name)()
    return _made[name]
