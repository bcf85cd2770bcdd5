"""Pack latents, one array or a dictionary of named arrays, into one array, and unpack them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import Any, final

import numpy as np

from latent_spaces_by_example.arguments import ArrayLike, check_finite
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError

#: Latents: an array, or a dictionary of named arrays.
Latents = ArrayLike | Mapping[str, Any]
#: The shape of one latent; of latents made of named parts, the shape of each part.
LatentShape = tuple[int, ...] | Mapping[str, tuple[int, ...]]


@final
@dataclass(frozen=True)
class ArrayLayout:
    """Latents that are one array, packed as they are.

    Attributes:
        latent_shape: the shape of one latent.
    """

    latent_shape: tuple[int, ...]

    @property
    def packed_shape(self) -> tuple[int, ...]:
        """The shape of one latent once packed."""
        return self.latent_shape

    @property
    def described(self) -> str:
        """The shape of n latents, for messages."""
        return f"(n, {', '.join(map(str, self.latent_shape))})"

    def pack(self, z: Any, *, name: str) -> Any:
        """Return n latents as they are, shape (n, *latent_shape).

        Args:
            z: the latents.
            name: what the caller calls them, for the message.

        Raises:
            ArgumentError: they are no floating-point numbers of that shape.
        """
        if isinstance(z, Mapping):
            raise ArgumentError(
                f"{name} is a dictionary with {_listed(z)}, but these latents are one array of "
                f"shape {self.described}"
            )
        latents = library_of(z).float_array(z, name=name, shape=self.described)
        shape = tuple(latents.shape)
        if not shape or shape[1:] != self.latent_shape:
            hint = f"; write {name}[None] for a single latent" * (shape == self.latent_shape)
            raise ArgumentError(f"{name} has shape {shape}; expected {self.described}{hint}")
        return latents

    def unpack(self, packed: Any) -> Any:
        """Return the latents, which :meth:`pack` left as they were."""
        return packed


@final
@dataclass(frozen=True)
class PartsLayout:
    """Latents that are a dictionary of named arrays, flattened and joined in the names' order.

    Attributes:
        latent_shape: the shape of each part of one latent.
    """

    latent_shape: Mapping[str, tuple[int, ...]]

    @property
    def packed_shape(self) -> tuple[int, ...]:
        """(D,), D the number of numbers in all parts."""
        return (sum(prod(shape) for shape in self.latent_shape.values()),)

    @property
    def described(self) -> str:
        """The shape of each part of n latents, for messages."""
        parts = (f"{part!r}: {ArrayLayout(s).described}" for part, s in self.latent_shape.items())
        return f"{{{', '.join(parts)}}}"

    def pack(self, z: Any, *, name: str) -> Any:
        """Return n latents as one array, shape (n, D), of the parts' dtype, library and device.

        Args:
            z: a dictionary of arrays with the parts of this layout; or what was packed already.
            name: what the caller calls them, for the message.

        Raises:
            ArgumentError: parts are missing or unknown; shapes, numbers of latents, dtypes or
                array libraries do not fit; or a part holds NaN or infinite values.
        """
        if not isinstance(z, Mapping):
            shape = tuple(getattr(z, "shape", ()))
            if len(shape) == 2 and shape[1:] == self.packed_shape:
                return z
            raise ArgumentError(
                f"{name} is {type(z).__name__} of shape {shape}; expected a dictionary of arrays "
                f"{self.described}"
            )
        self._check_names(z, name=name)
        arrays = {part: self._part(z[part], part, name=name) for part in sorted(self.latent_shape)}
        _check_alike(arrays, name=name)
        like = next(iter(arrays.values()))
        library = library_of(like)
        rows = []
        for part, array in arrays.items():
            on_host = library.on_host(array)
            check_finite(on_host, name=f"{name}[{part!r}]")
            rows.append(on_host.reshape(len(on_host), prod(self.latent_shape[part])))
        return library.from_host(np.concatenate(rows, axis=1), like=like)

    def unpack(self, packed: Any) -> dict[str, Any]:
        """Return the parts, each of its shape; they may share the memory of what was packed."""
        names = sorted(self.latent_shape)
        ends = [0, *accumulate(prod(self.latent_shape[part]) for part in names)]
        columns = {part: slice(*ends[i : i + 2]) for i, part in enumerate(names)}
        return {
            part: packed[:, columns[part]].reshape(len(packed), *shape)
            for part, shape in self.latent_shape.items()
        }

    def _check_names(self, z: Mapping[Any, Any], *, name: str) -> None:
        missing = [part for part in self.latent_shape if part not in z]
        unknown = [part for part in z if part not in self.latent_shape]
        if missing or unknown:
            faults = [f"lacks {_listed(missing)}"] * bool(missing)
            faults += [f"has {_listed(unknown)} besides"] * bool(unknown)
            expected = _listed(self.latent_shape)
            raise ArgumentError(
                f"{name} {' and '.join(faults)}; expected exactly the parts {expected}"
            )

    def _part(self, value: Any, part: str, *, name: str) -> Any:
        array = _part_array(value, part, name=name)
        shape = tuple(array.shape)
        if shape[1:] != tuple(self.latent_shape[part]) or not shape:
            expected = ArrayLayout(tuple(self.latent_shape[part])).described
            hint = "; write array[None] for one latent" * (shape == self.latent_shape[part])
            raise ArgumentError(f"{name}[{part!r}] has shape {shape}; expected {expected}{hint}")
        return array


#: How latents of one shape are packed into a single array, and unpacked.
Layout = ArrayLayout | PartsLayout


def layout_of(latent_shape: Any, *, name: str = "latent_shape") -> Layout:
    """Return the layout of latents of a shape, or of parts of several shapes.

    Args:
        latent_shape: a tuple of sizes; or a dictionary, part -> tuple of sizes.
        name: what the caller calls it, for the message.

    Raises:
        ArgumentError: the dictionary is empty, or a name or shape in it is none.
    """
    if not isinstance(latent_shape, Mapping):
        return ArrayLayout(sizes_of(latent_shape))
    if not latent_shape:
        raise ArgumentError(f"{name} is an empty dictionary; expected at least one part")
    shapes = {}
    for part, shape in latent_shape.items():
        if not isinstance(part, str) or not part:
            raise ArgumentError(f"{name} has a part called {part!r}; expected names that are text")
        shapes[part] = sizes_of(shape, name=f"{name}[{part!r}]")
        if 0 in shapes[part]:
            raise ArgumentError(
                f"{name}[{part!r}] has shape {shapes[part]}; expected at least one number a latent"
            )
    return PartsLayout(shapes)


def layout_of_latents(z: Any, *, name: str) -> Layout:
    """Return the layout that n latents show: what follows the first axis.

    Args:
        z: an array of shape (n, *latent_shape), or a dictionary of arrays (n, *part's shape).
        name: what the caller calls it, for the message.

    Raises:
        ArgumentError: the dictionary is empty, or a name or an array in it is none.
    """
    if not isinstance(z, Mapping):
        return ArrayLayout(tuple(getattr(z, "shape", np.shape(z)))[1:])
    shapes = {part: tuple(_part_array(value, part, name=name).shape) for part, value in z.items()}
    for part, shape in shapes.items():
        if not shape:
            raise ArgumentError(f"{name}[{part!r}] has shape (); expected (n, *shape of the part)")
    return layout_of({part: shape[1:] for part, shape in shapes.items()}, name=name)


def num_latents(z: Any) -> int:
    """Return the number n of latents in an array, or in a dictionary of arrays.

    >>> num_latents({"move": np.zeros((3, 2)), "turn": np.zeros((3, 4))})
    3
    """
    return len(next(iter(z.values())) if isinstance(z, Mapping) else z)


def rows_of(z: Any, index: Any) -> Any:
    """Return ``z[index]`` along the first axis; of a dictionary, of every part.

    >>> rows_of({"move": np.zeros((3, 2))}, slice(1))["move"].shape
    (1, 2)
    """
    if isinstance(z, Mapping):
        return {part: array[index] for part, array in z.items()}
    return z[index]


def sizes_of(shape: Any, *, name: str = "latent_shape") -> tuple[int, ...]:
    """Return a shape as a tuple of sizes.

    Raises:
        ArgumentError: it is none.
    """
    try:
        sizes = () if isinstance(shape, (str, bytes)) else tuple(int(size) for size in shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f"{name} is {shape!r:.60}; expected a tuple of sizes") from error
    if isinstance(shape, (str, bytes)) or any(size < 0 for size in sizes):
        raise ArgumentError(f"{name} is {shape!r:.60}; expected a tuple of sizes")
    return sizes


def _part_array(value: Any, part: Any, *, name: str) -> Any:
    return library_of(value).float_array(
        value, name=f"{name}[{part!r}]", shape="(n, *shape of the part)"
    )


def _check_alike(arrays: Mapping[str, Any], *, name: str) -> None:
    first, like = next(iter(arrays.items()))
    library = library_of(like)
    for part, array in arrays.items():
        if len(array) != len(like):
            raise ArgumentError(
                f"{name}[{first!r}] has {len(like)} latents and {name}[{part!r}] has {len(array)}; "
                "expected the same number"
            )
        kinds = [_kind(a) for a in (like, array)]
        if library_of(array) is not library or kinds[0] != kinds[1]:
            raise ArgumentError(
                f"{name}[{first!r}] is of {kinds[0]} and {name}[{part!r}] of {kinds[1]}; expected "
                "all parts of one dtype, array library and device: convert one of them"
            )


def _kind(array: Any) -> str:
    library = library_of(array)
    device = f" on {array.device}" if library.name == "torch" else ""
    return f"{library.name} {library.dtype_name(array)}{device}"


def _listed(parts: Any) -> str:
    return ", ".join(repr(part) for part in parts) or "no part"
