"""A generator's outputs at points of a space, as rows of numbers with distances between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial.distance import pdist

from latent_spaces_by_example.arguments import check_whole
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.space.distances import output_rows
from latent_spaces_by_example.validity.spaces import Points, Space


@dataclass(frozen=True)
class OutputReader:
    """Makes outputs in batches, and reads them as numbers.

    Attributes:
        generator: has ``generate(z)``.
        features: outputs -> (n, p) numbers; None for the outputs themselves, flattened.
        valid: the caller's own check, outputs -> n booleans; or None.
        batch_size: how many outputs are made at once.
    """

    generator: Any
    features: Callable[[Sequence[Any]], Any] | None
    valid: Callable[[Sequence[Any]], Any] | None
    batch_size: int

    def __post_init__(self) -> None:
        """Check the batch size."""
        check_whole(self.batch_size, argument="batch_size")

    def at(
        self, space: Space, u: Points
    ) -> tuple[Float64[np.ndarray, "n p"], Bool[np.ndarray, " n"] | None]:
        """Return features of the output at each point, and whether it passed the caller's check."""
        rows, passed = [], []
        for start in range(0, len(u), self.batch_size):
            z = space.from_u_to_z(u[start : start + self.batch_size])
            outputs = self.generator.generate(z)
            rows.append(self._rows(outputs))
            if self.valid is not None:
                passed.append(self._passed(outputs))
        return np.concatenate(rows), np.concatenate(passed) if passed else None

    def relative_errors(
        self, chart: SurrogateChart, examples: Any, *, outputs: np.ndarray
    ) -> list[float]:
        """Return how far each example is from its reconstruction, over the usual distance."""
        if not hasattr(examples, "__len__") or len(examples) != chart.num_seeds:
            raise ArgumentError(
                f"{len(examples) if hasattr(examples, '__len__') else repr(examples)} examples "
                f"were given for {chart.num_seeds} seed latents; expected the examples that these "
                "were inverted from, in their order"
            )
        back = self._rows(self.generator.generate(chart.from_w_to_z(np.eye(chart.num_seeds))))
        given = self._rows(examples)
        if given.shape[1] != outputs.shape[1]:
            raise ArgumentError(
                f"the examples have {given.shape[1]} numbers and the generator's outputs "
                f"{outputs.shape[1]}; expected examples of the generator's own kind"
            )
        usual = float(np.median(pdist(outputs))) or 1.0
        return [float(error) for error in np.linalg.norm(back - given, axis=1) / usual]

    def _passed(self, outputs: Any) -> Bool[np.ndarray, " n"]:
        passed = np.asarray(self.valid(outputs))  # type: ignore[misc]
        if passed.shape != (len(outputs),):
            raise ArgumentError(
                f"output_valid returned an array of shape {passed.shape} for {len(outputs)} "
                "outputs; expected one boolean for each"
            )
        return passed.astype(bool)

    def _rows(self, outputs: Any) -> Float64[np.ndarray, "n p"]:
        read = outputs if self.features is None else self.features(outputs)
        try:
            rows = output_rows(read)
        except ArgumentError as error:
            raise ArgumentError(
                f"{error}; give output_features, a function from outputs to an array of shape "
                "(n, p)"
            ) from error
        if not np.isfinite(rows).all():
            raise ArgumentError(
                f"output {int(np.argmin(np.isfinite(rows).all(axis=1)))} of a batch holds numbers "
                "that are not finite, so distances mean nothing; give output_features that are"
            )
        return rows
