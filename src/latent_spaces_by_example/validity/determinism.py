"""Is a generator a function of its latents? One latent, made again, and made beside another."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.transport_maps.layout import num_latents, rows_of

BATCH_TOLERANCE = 1e-3
_LEAST_SCALE = 1e-300


@dataclass(frozen=True)
class DeterminismReport:
    """What came of making one latent's output three times.

    Attributes:
        again_difference: largest difference between the output and itself made again, relative to
            its largest value; 0 if they are the same to the last bit, NaN if they cannot be
            compared.
        batch_difference: the same between the output made alone and beside another latent's.
        batch_tolerance: how large the second may be.
        draws_from: sources of random numbers that were drawn from meanwhile, such as "torch's
            global generator".
    """

    again_difference: float
    batch_difference: float
    batch_tolerance: float
    draws_from: tuple[str, ...]

    @property
    def same_again(self) -> bool:
        """Whether the output was the same to the last bit; true where it cannot be compared."""
        return not self.again_difference > 0.0

    @property
    def same_in_batch(self) -> bool:
        """Whether the batch made no difference above the tolerance, or cannot be compared."""
        return not self.batch_difference > self.batch_tolerance

    @property
    def deterministic(self) -> bool:
        """Whether the generator is a function of its latents, as far as three outputs tell."""
        return self.same_again and self.same_in_batch


def check_determinism(
    generator: Any, latents: Any, *, batch_tolerance: float | None = None
) -> DeterminismReport:
    """Make the first latent's output twice alone, and once in a batch of all latents.

    Costs 2 + n generations. Whether random numbers were drawn is seen from the states of
    Python's, NumPy's and torch's global generators before and after.

    Args:
        generator: has ``generate(z)``.
        latents: shape (n, *latent_shape), at least 2 of them.
        batch_tolerance: largest difference that a batch may make, relative to the largest value of
            the output, at least 0; by default the generator's own ``batch_tolerance`` if it has
            one, otherwise 1e-3. Rounding in another order makes about 1e-6 in float32, 1e-2 in
            TF32, as GPUs convolve float32, and in bfloat16.

    Raises:
        ArgumentError: fewer than 2 latents, or a negative tolerance.

    >>> class Doubling:
    ...     def generate(self, z):
    ...         return 2 * z
    >>> check_determinism(Doubling(), np.eye(2)).deterministic
    True
    """
    if num_latents(latents) < 2:
        raise ArgumentError(
            f"{num_latents(latents)} latents were given; expected at least 2, for a batch"
        )
    if batch_tolerance is None:
        batch_tolerance = float(getattr(generator, "batch_tolerance", BATCH_TOLERANCE))
    if not batch_tolerance >= 0.0:
        raise ArgumentError(f"batch_tolerance={batch_tolerance}; expected at least 0")
    before = _random_states()
    first = generator.generate(rows_of(latents, slice(1)))[0]
    again = generator.generate(rows_of(latents, slice(1)))[0]
    beside = generator.generate(latents)[0]
    drawn = tuple(name for name, state in _random_states().items() if state != before.get(name))
    return DeterminismReport(
        again_difference=_difference(first, again),
        batch_difference=_difference(first, beside),
        batch_tolerance=batch_tolerance,
        draws_from=drawn,
    )


def require_determinism(
    generator: Any, latents: Any, *, batch_tolerance: float | None = None
) -> DeterminismReport:
    """As :func:`check_determinism`, and stop where the generator is not a function of its latents.

    Raises:
        GeneratorError: outputs differ; with the likely cause and the fix.
        ArgumentError: fewer than 2 latents, or a negative tolerance.

    >>> class Noisy:
    ...     def generate(self, z):
    ...         return z + np.random.standard_normal(z.shape)
    >>> require_determinism(Noisy(), np.eye(2))
    Traceback (most recent call last):
    latent_spaces_by_example.errors.GeneratorError: the generator Noisy is not a function of its
    latents: the same latent made twice ... It draws from NumPy's global generator ...
    """
    report = check_determinism(generator, latents, batch_tolerance=batch_tolerance)
    if report.deterministic:
        return report
    raise GeneratorError(_explanation(generator, report))


def _explanation(generator: Any, report: DeterminismReport) -> str:
    who = type(generator).__name__
    if not report.same_again:
        found = (
            f"the generator {who} is not a function of its latents: the same latent made twice "
            f"gave outputs that differ by {report.again_difference:.2g} of their largest value. "
        )
        return found + _cause_of_noise(report) + _PASS
    found = (
        f"the generator {who} makes another output of a latent in a batch than alone: they differ "
        f"by {report.batch_difference:.2g} of the largest value, more than "
        f"{report.batch_tolerance:.2g}. "
    )
    return found + _cause_of_batch(report) + _PASS


_PASS = " To go on all the same, give check_generator=False (--no-check-generator)."


def _cause_of_noise(report: DeterminismReport) -> str:
    if report.draws_from:
        return (
            f"It draws from {' and '.join(report.draws_from)} while it generates: a noisy "
            "scheduler (DDPM, ancestral, LCM, an SDE solver), eta or churn above 0, noise in the "
            "decoder, dropout left on, or a generator that nobody seeded. Choose a deterministic "
            "scheduler and eta=0, call model.eval(), or seed inside generate(); "
            "generators.noise_tape makes such draws part of the latent."
        )
    return (
        "It draws from no global generator, so it has a random generator of its own that goes on "
        "from call to call (make a fresh one of a fixed seed within generate), keeps something "
        "from one call to the next, or runs kernels that sum in any order "
        "(torch.use_deterministic_algorithms(True))."
    )


def _cause_of_batch(report: DeterminismReport) -> str:
    if report.draws_from:
        return (
            f"It draws from {' and '.join(report.draws_from)}, so many numbers for each batch: "
            "draw for each latent by itself, from a fresh generator of a fixed seed."
        )
    return (
        "Either one output depends on the others (batch normalisation left in training mode: call "
        "model.eval(); statistics taken over the whole batch; one seed for all of it), or the "
        "numbers are coarse (bfloat16, float16, a GPU's TF32): generate one latent at a time, use "
        "float32, or say what rounding may make by an attribute batch_tolerance of the generator."
    )


def _difference(first: Any, other: Any) -> float:
    """Largest absolute difference over the largest absolute value; 0 for the same bits."""
    try:
        a, b = (_numbers(output) for output in (first, other))
    except (TypeError, ValueError):  # outputs that are no arrays
        return _difference_of_objects(first, other)
    if a.shape != b.shape:
        return float("inf")
    if np.array_equal(a, b, equal_nan=True):
        return 0.0
    scale = max(float(np.nanmax(np.abs(a), initial=0.0)), _LEAST_SCALE)
    with np.errstate(invalid="ignore"):
        difference = np.abs(a - b)
    return float(np.nan_to_num(difference, nan=np.inf).max() / scale)


def _numbers(output: Any) -> np.ndarray:
    library = library_of(output)
    if library.name != "numpy":  # from a device, out of a graph, of a dtype that NumPy lacks
        output = library.on_host(output.detach() if hasattr(output, "detach") else output)
    return np.asarray(output, dtype=np.float64)


def _difference_of_objects(first: Any, other: Any) -> float:
    try:
        return 0.0 if bool(first == other) else float("nan")
    except (TypeError, ValueError):
        return float("nan")


def _random_states() -> dict[str, Any]:
    """The states of the global random generators of what is loaded, as values to compare."""
    states: dict[str, Any] = {"Python's random module": random.getstate()}
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 -- this is what we look for
    states["NumPy's global generator"] = (kind, np.asarray(keys).tobytes(), *rest)
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch's global generator"] = torch.get_rng_state().numpy().tobytes()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            each: Callable[[], list[Any]] = torch.cuda.get_rng_state_all
            states["torch's CUDA generators"] = tuple(s.numpy().tobytes() for s in each())
    return states
