"""A generator's outputs at points of a space, as rows of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.spatial.distance import pdist

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.validity.description.spaces import Space


class OutputReader:
    """Makes outputs in batches, and turns them into numbers between which distances are taken."""

    def __init__(
        self,
        generator: Any,
        *,
        features: Callable[[Sequence[Any]], Any] | None,
        valid: Callable[[Sequence[Any]], Any] | None,
        batch_size: int,
    ) -> None:
        """Keep the generator, or None for a space without outputs."""
        if batch_size < 1:
            raise ArgumentError(f"batch_size={batch_size!r}; expected at least 1")
        if valid is not None and generator is None:
            raise ArgumentError("output_valid was given without a generator; give that too")
        self._generator = generator
        self._features = features
        self._valid = valid
        self._batch_size = batch_size
        self._found_valid: dict[int, list[np.ndarray]] = {}

    def features_at(
        self, space: Space, u: Float64[np.ndarray, "n m"]
    ) -> Float64[np.ndarray, "n p"] | None:
        """Rows of numbers, one for the output at each point; None without a generator."""
        if self._generator is None:
            return None
        rows = []
        for start in range(0, len(u), self._batch_size):
            z = space.from_u_to_z(u[start : start + self._batch_size])
            outputs = self._generator.generate(z)
            rows.append(self._rows(outputs))
            if self._valid is not None:
                self._found_valid.setdefault(id(space), []).append(self._passed(outputs))
        return np.concatenate(rows)

    def share_valid(self, space: Space, u: Float64[np.ndarray, "n m"]) -> float | None:
        """Share of the outputs made at points of the space that passed the caller's check."""
        found = self._found_valid.get(id(space))
        return None if found is None else float(np.concatenate(found)[: len(u)].mean())

    def relative_errors(
        self, chart: SurrogateChart, examples: Any, *, outputs: np.ndarray
    ) -> list[float | None]:
        """Distance of each example from what its latent gives back, over that of two outputs."""
        if len(examples) != chart.num_seeds:
            raise ArgumentError(
                f"{len(examples)} examples were given for {chart.num_seeds} seed latents; "
                "expected the examples that these were inverted from, in their order"
            )
        back = self._rows(self._generator.generate(chart.from_w_to_z(np.eye(chart.num_seeds))))
        given = self._rows(examples)
        if given.shape[1] != outputs.shape[1]:
            raise ArgumentError(
                f"the examples have {given.shape[1]} numbers and the generator's outputs "
                f"{outputs.shape[1]}; expected examples of the generator's own kind"
            )
        usual = float(np.median(pdist(outputs))) or 1.0
        return [float(error) for error in np.linalg.norm(back - given, axis=1) / usual]

    def _passed(self, outputs: Any) -> np.ndarray:
        passed = np.asarray(self._valid(outputs))  # type: ignore[misc]
        if passed.shape != (len(outputs),):
            raise ArgumentError(
                f"output_valid returned an array of shape {passed.shape} for {len(outputs)} "
                "outputs; expected one boolean for each"
            )
        return passed.astype(bool)

    def _rows(self, outputs: Any) -> Float64[np.ndarray, "n p"]:
        read = outputs if self._features is None else self._features(outputs)
        try:
            if hasattr(read, "dtype"):
                array = library_of(read).on_host(read)
            else:
                array = np.stack([_on_host(output) for output in read])
            rows = np.asarray(array, dtype=np.float64).reshape(len(outputs), -1)
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                f"the outputs cannot be compared as arrays of one shape ({error}); give "
                "output_features, a function from outputs to an array of shape (n, p)"
            ) from error
        if not np.isfinite(rows).all():
            raise ArgumentError(
                f"output {int(np.argmin(np.isfinite(rows).all(axis=1)))} of a batch holds numbers "
                "that are not finite, so distances mean nothing; give output_features that are"
            )
        return rows


def _on_host(output: Any) -> np.ndarray:
    return library_of(output).on_host(output) if hasattr(output, "dtype") else np.asarray(output)
