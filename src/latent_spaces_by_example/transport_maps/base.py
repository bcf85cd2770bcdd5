"""Define a transport map: z <-> inner latent, from a model's law to a standard Gaussian."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arguments import ArrayLike, check_finite
from latent_spaces_by_example.arrays import ArrayLibrary, library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps.layout import Latents, layout_of, layout_of_latents


class TransportMap(ABC):
    """A one-to-one map T under which latents of the model's law become standard Gaussian.

    If z follows the law, T(z) is d independent standard Gaussians; so unit-norm combinations of
    inner latents are standard Gaussian too, and T^-1 of one is again a latent that the model
    could have drawn. The same map makes prior draws: ``inverse(rng.standard_normal((n, d)),
    latent_shape=latent_shape)`` with d = ``num_inner_dims(latent_shape)``.

    A map is written by giving ``num_inner_dims``, ``_to_inner`` and ``_to_latent``; this class
    checks and reshapes. dtype, array library and device are kept both ways: ``_to_inner`` and
    ``_to_latent`` get arrays of the library that the latents are of (NumPy, PyTorch or JAX) and
    return such; in PyTorch, gradients flow through what they do. Hold a new one to
    ``latent_spaces_by_example.testing.TransportMapContract``.

    Source: Bodin et al. 2024 (arXiv 2408.08558).

    Example:
        >>> import numpy as np
        >>> class LogNormalTransportMap(TransportMap):
        ...     def num_inner_dims(self, latent_shape):
        ...         return prod(latent_shape)
        ...     def _to_inner(self, z, latent_shape):
        ...         return np.log(z)
        ...     def _to_latent(self, inner, latent_shape):
        ...         return np.exp(inner)
        >>> LogNormalTransportMap().forward(np.ones((2, 3, 3))).shape
        (2, 9)
    """

    #: Whether latents may be a dictionary of named arrays. ``_to_inner`` and ``_to_latent`` then
    #: get a dictionary of shapes, and rows in which the parts follow one another by name.
    takes_parts: ClassVar[bool] = False

    @abstractmethod
    def num_inner_dims(self, latent_shape: tuple[int, ...]) -> int:
        """Return d, the dimension of the inner latent of a latent of shape ``latent_shape``.

        Raises:
            ArgumentError: if this map's law has no latents of that shape.
        """

    @final
    def forward(self, z: Latents) -> Float[Any, "n d"]:
        """Map latents to inner latents, z -> T(z).

        Args:
            z: latents, shape (n, *latent_shape), floating point; or a dictionary of such arrays,
                for a law of named parts.

        Returns:
            Inner latents, shape (n, d), of the dtype of ``z``; they may share its memory.

        Raises:
            ArgumentError: if the shape or the dtype of ``z`` is wrong, or the law has no such
                latents.
        """
        layout = layout_of_latents(z, name="z") if isinstance(z, Mapping) else None
        if layout is not None:
            self._check_parts(layout.latent_shape)
            z = layout.pack(z, name="z")
        library = library_of(z)
        latents = library.float_array(z, name="z", shape="(n, *latent_shape)")
        if latents.ndim < 2:
            raise ArgumentError(
                f"z has shape {tuple(latents.shape)}; expected (n, *latent_shape); write "
                "z[None] for a single latent"
            )
        latent_shape: Any = tuple(latents.shape[1:])
        flat = latents.reshape(len(latents), prod(latent_shape))
        if layout is not None:
            latent_shape = layout.latent_shape
        d = self.num_inner_dims(latent_shape)
        inner = self._to_inner(flat, latent_shape)
        self._check_library(inner, library)
        return inner.reshape(len(flat), d)

    @final
    def inverse(self, inner: ArrayLike, *, latent_shape: Any = None) -> Any:
        """Map inner latents to latents, T^-1(inner).

        Args:
            inner: inner latents, shape (n, d), floating point.
            latent_shape: the shape of one latent, or a dictionary of its parts' shapes; None means
                flat, (number of dimensions,).

        Returns:
            Latents, shape (n, *latent_shape), of the dtype of ``inner``; they may share its
            memory. Of named parts, a dictionary of such arrays.

        Raises:
            ArgumentError: if ``inner`` has another width than latents of that shape need, or
                a wrong dtype.
        """
        library = library_of(inner)
        inner_latents = library.float_array(inner, name="inner", shape="(n, d)")
        if inner_latents.ndim != 2:
            raise ArgumentError(f"inner has shape {tuple(inner_latents.shape)}; expected (n, d)")
        layout = layout_of((inner_latents.shape[1],) if latent_shape is None else latent_shape)
        shape: Any = layout.latent_shape
        if isinstance(shape, Mapping):
            self._check_parts(shape)
        d = self.num_inner_dims(shape)
        if inner_latents.shape[1] != d:
            raise ArgumentError(
                f"inner has shape {tuple(inner_latents.shape)}; expected (n, {d}) for latents of "
                f"shape {shape}"
            )
        flat = self._to_latent(inner_latents, shape)
        self._check_library(flat, library)
        return layout.unpack(flat.reshape(len(inner_latents), *layout.packed_shape))

    @abstractmethod
    def _to_inner(self, z: Float[Any, "n D"], latent_shape: tuple[int, ...]) -> Float[Any, "n d"]:
        """Map flattened latents to inner latents, in the same dtype and array library."""

    @abstractmethod
    def _to_latent(
        self, inner: Float[Any, "n d"], latent_shape: tuple[int, ...]
    ) -> Float[Any, "n D"]:
        """Map inner latents to flattened latents, in the same dtype and array library."""

    def _check_parts(self, latent_shape: Any) -> None:
        if not self.takes_parts:
            parts = ", ".join(f"{part!r}: ..." for part in latent_shape)
            raise ArgumentError(
                f"the latents are a dictionary of parts, but {type(self).__name__} is the law of "
                f"one array; give every part its law: NamedProductTransportMap({{{parts}}})"
            )

    def _check_library(self, made: Any, library: ArrayLibrary) -> None:
        if library_of(made) is not library:
            raise ArgumentError(
                f"{type(self).__name__} made {type(made).__name__} of latents that are "
                f"{library.name} arrays; expected {library.name} arrays: write the map with that "
                "library's operations, or give the latents as NumPy arrays"
            )


def finite_parameter(value: ArrayLike, *, name: str) -> np.ndarray:
    """Return a law's parameter as float64; integers are fine here, since it is no latent."""
    try:
        if np.iscomplexobj(value):
            raise TypeError("complex numbers")
        array = np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise ArgumentError(f"{name} cannot be read as numbers ({error})") from error
    check_finite(array, name=name)
    array.setflags(write=False)
    return array
