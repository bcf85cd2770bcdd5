"""What a repair gives back: the latents, how far each was moved, and what became of its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64

from latent_spaces_by_example.arguments import check_finite
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.seed_array import checked_seed_latents
from latent_spaces_by_example.transport_maps import IdentityTransportMap, TransportMap

Change = Callable[[Float64[np.ndarray, "K d"]], Float64[np.ndarray, "K d"]]


@dataclass(frozen=True)
class Repair:
    """Repaired latents, and how far the repair moved each of the K.

    Attributes:
        method: "rescale", "gaussianise" or "whiten".
        latents: shape (K, *latent_shape), of the array library, dtype and device of those given.
        distance: how far each inner latent was moved over its norm before, shape (K,).
        cosine: between each inner latent before and after, shape (K,).
        relative_norm: norm of each repaired inner latent over sqrt(d), shape (K,).
        output_change: root mean square difference between what each latent generates before and
            after, shape (K,); None without a generator.
        output_spread: the median of the same between two of the outputs before, to compare with;
            None without a generator, NaN for a single latent.
    """

    method: str
    latents: Float[Any, "K ..."]
    distance: Float64[np.ndarray, " K"]
    cosine: Float64[np.ndarray, " K"]
    relative_norm: Float64[np.ndarray, " K"]
    output_change: Float64[np.ndarray, " K"] | None = None
    output_spread: float | None = None

    def __str__(self) -> str:
        """The same as a table of one line a latent."""
        head = f"{'latent':>6}  {'moved by':>8}  {'cosine':>6}  {'norm':>5}"
        lines = [head + ("" if self.output_change is None else "  output changed by")]
        for k in range(len(self.distance)):
            line = f"{k:>6}  {self.distance[k]:>8.3f}  {self.cosine[k]:>6.3f}"
            line += f"  {self.relative_norm[k]:>5.2f}"
            if self.output_change is not None:
                line += f"  {self.output_change[k]:>17.4g}"
            lines.append(line)
        if self.output_spread is not None and np.isfinite(self.output_spread):
            lines.append(f"two of the outputs differ by {self.output_spread:.4g} (median)")
        return "\n".join(lines)


def repaired(
    latents: Any, change: Change, *, method: str, transport_map: TransportMap | None, generator: Any
) -> Repair:
    """Change inner latents, carry them back, and measure what that did.

    Raises:
        ArgumentError: the latents are no seed latents, the generator's outputs are no arrays of
            one shape, or ``change`` cannot be done.
    """
    before = checked_seed_latents(latents)
    library = library_of(before)
    if transport_map is None:
        transport_map = getattr(generator, "transport_map", None) or IdentityTransportMap()
    inner = library.on_host(transport_map.forward(before)).astype(np.float64)
    check_finite(inner, name="the transport map's image of the latents")
    changed = change(inner)
    there = library.from_host(changed, like=before)
    after = transport_map.inverse(there, latent_shape=tuple(before.shape[1:]))
    if isinstance(after, np.ndarray):
        after = after.astype(before.dtype, copy=False)
    # what counts is where the latents are after rounding to their dtype
    reached = library.on_host(transport_map.forward(after)).astype(np.float64)
    old, new = np.linalg.norm(inner, axis=1), np.linalg.norm(reached, axis=1)
    output_change, output_spread = _outputs_compared(generator, before, after)
    return Repair(
        method=method,
        latents=after,
        distance=np.linalg.norm(reached - inner, axis=1) / old,
        cosine=np.clip((reached * inner).sum(axis=1) / (old * new), -1.0, 1.0),
        relative_norm=new / np.sqrt(inner.shape[1]),
        output_change=output_change,
        output_spread=output_spread,
    )


def _outputs_compared(
    generator: Any, before: Any, after: Any
) -> tuple[Float64[np.ndarray, " K"] | None, float | None]:
    if generator is None:
        return None, None
    first = _as_rows(generator.generate(before), "the outputs of the latents given")
    second = _as_rows(generator.generate(after), "the outputs of the repaired latents")
    if first.shape != second.shape:
        raise ArgumentError(
            f"the outputs have {first.shape[1]} numbers before the repair and {second.shape[1]} "
            "after it, so they cannot be compared; leave the generator out"
        )
    i, j = np.triu_indices(len(first), k=1)
    spread = np.median(_rms(first[i] - first[j])) if len(i) else float("nan")
    return _rms(second - first), float(spread)


def _rms(rows: Float64[np.ndarray, "n p"]) -> Float64[np.ndarray, " n"]:
    roots: Float64[np.ndarray, " n"] = np.sqrt((rows**2).mean(axis=1))
    return roots


def _as_rows(outputs: Any, name: str) -> Float64[np.ndarray, "K p"]:
    try:
        rows = [library_of(x).on_host(x) if hasattr(x, "dtype") else np.asarray(x) for x in outputs]
        return np.stack(rows).astype(np.float64).reshape(len(rows), -1)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"{name} are no arrays of one shape ({error}); leave the generator out"
        ) from error
