"""Check that a generator is a function of its latents: make one again, and beside others."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_spaces_by_example.arguments import check_has, checked_number
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators.output_difference import (
    largest_difference,
    leaves_of,
    share_changed,
)
from latent_spaces_by_example.transport_maps.layout import num_latents, rows_of

BATCH_TOLERANCE = 1e-3
NEARLY_EQUAL = 0.001
_TO_GO_ON = " To go on all the same, give check_generator=False (--no-check-generator)."


@dataclass(frozen=True)
class DeterminismReport:
    """Differences between outputs of the same latent, and of another one.

    Attributes:
        again_difference: largest difference between the output and itself made again, relative to
            its largest value; 0 if they are the same to the last bit, infinite if they differ in
            kind (shapes, keys, text), NaN if they cannot be compared.
        batch_difference: the same between the output made alone and beside other latents'.
        batch_tolerance: the largest batch_difference that is allowed.
        draws_from: sources of random numbers that were drawn from meanwhile, such as "torch's
            global generator".
        share_changed: how much of the output other latents change: the largest RMS difference over
            the standard deviation within the output; 0 if every latent gave the same output, NaN
            if that could not be compared.
    """

    again_difference: float
    batch_difference: float
    batch_tolerance: float
    draws_from: tuple[str, ...]
    share_changed: float = float("nan")

    @property
    def same_again(self) -> bool:
        """Return True if the output was the same to the last bit, or cannot be compared."""
        return not self.again_difference > 0.0

    @property
    def same_in_batch(self) -> bool:
        """Return True if the batch changed no more than the tolerance, or cannot be compared."""
        return not self.batch_difference > self.batch_tolerance

    @property
    def deterministic(self) -> bool:
        """Return True if the generator is a function of its latents, as far as outputs tell."""
        return self.same_again and self.same_in_batch

    @property
    def ignores_latent(self) -> bool:
        """Return True if different latents gave the very same output."""
        return self.share_changed == 0.0


def check_determinism(
    generator: Any, latents: Any, *, batch_tolerance: float | None = None
) -> DeterminismReport:
    """Make the first latent's output twice alone, and once in a batch of all latents.

    Costs 2 + n generations. Outputs may be anything: arrays and tensors on any device, text,
    dictionaries, dataclasses, ragged lists. Draws of random numbers are noticed by the states of
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
        GeneratorError: ``generate`` returned another number of outputs than it was given latents.
        Exception: whatever ``generate`` raises.

    >>> class Doubling:
    ...     def generate(self, z):
    ...         return 2 * z
    >>> check_determinism(Doubling(), np.eye(2)).deterministic
    True
    """
    check_has(generator, "generate", argument="generator")
    count = _count(latents)
    if batch_tolerance is None:
        batch_tolerance = getattr(generator, "batch_tolerance", BATCH_TOLERANCE)
    tolerance = checked_number(batch_tolerance, argument="batch_tolerance", low=0.0, high=np.inf)
    before = _random_states()
    first, again, beside = (
        [leaves_of(output) for output in _made(generator, rows_of(latents, slice(n)), n)]
        for n in (1, 1, count)
    )
    drawn = tuple(name for name, state in _random_states().items() if state != before.get(name))
    given = [leaves_of(rows_of(latents, slice(k, k + 1))) for k in range(count)]
    changes = [
        share_changed(beside[0], beside[k])
        for k in range(1, count)
        if largest_difference(given[0], given[k]) > 0.0
    ]
    return DeterminismReport(
        again_difference=largest_difference(first[0], again[0]),
        batch_difference=largest_difference(first[0], beside[0]),
        batch_tolerance=tolerance,
        draws_from=drawn,
        share_changed=max(changes) if changes else float("nan"),
    )


def require_determinism(
    generator: Any, latents: Any, *, batch_tolerance: float | None = None
) -> DeterminismReport:
    """Run :func:`check_determinism`, and stop if a study of this generator would be in vain.

    Warns if other latents change less than 0.1 % of the output, or are a single number each.

    Raises:
        GeneratorError: outputs of one latent differ, or those of all latents are equal; with the
            likely cause and the fix.
        ArgumentError: fewer than 2 latents, or a negative tolerance.
        Exception: whatever ``generate`` raises.

    >>> class Noisy:
    ...     def generate(self, z):
    ...         return z + np.random.standard_normal(z.shape)
    >>> require_determinism(Noisy(), np.eye(2))
    Traceback (most recent call last):
    latent_spaces_by_example.errors.GeneratorError: the generator Noisy is not a function of its
    latents: the same latent made twice ... It draws from NumPy's global generator ...
    """
    report = check_determinism(generator, latents, batch_tolerance=batch_tolerance)
    who = type(generator).__name__
    if not report.same_again:
        raise GeneratorError(
            f"the generator {who} is not a function of its latents: the same latent made twice "
            f"gave outputs that {_by(report.again_difference)}. "
            f"{_cause_of_noise(report)}{_TO_GO_ON}"
        )
    if not report.same_in_batch:
        raise GeneratorError(
            f"the generator {who} makes another output of a latent in a batch than alone: they "
            f"{_by(report.batch_difference)}, more than {report.batch_tolerance:.2g}. "
            f"{_cause_of_batch(report)}{_TO_GO_ON}"
        )
    if report.ignores_latent:
        raise GeneratorError(
            f"the generator {who} ignores its latent: {num_latents(latents)} different latents "
            "gave the very same output, so there is nothing to search. Check that generate(z) "
            "hands z on as the model's starting noise, and that no fixed seed or cached result "
            f"takes its place.{_TO_GO_ON}"
        )
    if sum(np.size(leaf) for leaf in leaves_of(rows_of(latents, slice(1))).values()) == 1:
        warnings.warn(
            f"the latent of the generator {who} is a single number. If that is a random seed, "
            "outputs of seeds near each other have nothing in common, and no search does better "
            "than the best of N: pass the noise instead (docs/how-to/model-elsewhere.md).",
            UserWarning,
            stacklevel=2,
        )
    if report.share_changed < NEARLY_EQUAL:
        warnings.warn(
            f"the generator {who} hardly depends on its latent: another latent changes "
            f"{report.share_changed:.2%} of the output (RMS difference over the spread within "
            "it), as few-step distilled models and image-to-image at low strength do. Use more "
            "steps, another scheduler or a higher strength, or search over the conditioning.",
            UserWarning,
            stacklevel=2,
        )
    return report


def _count(latents: Any) -> int:
    try:
        count = num_latents(latents)
    except (TypeError, StopIteration):
        raise ArgumentError(
            f"latents={latents!r:.60}; expected an array of shape (n, *latent_shape)"
        ) from None
    if count < 2:
        raise ArgumentError(f"{count} latents were given; expected at least 2, for a batch")
    return count


def _made(generator: Any, latents: Any, count: int) -> list[Any]:
    outputs = generator.generate(latents)
    try:
        made = list(outputs)
    except TypeError:
        made = None
    if made is None or len(made) != count:
        returned = type(outputs).__name__ if made is None else f"{len(made)} outputs"
        raise GeneratorError(
            f"generate of {type(generator).__name__} returned {returned} for {count} latents; "
            "expected a sequence with one output for each"
        )
    return made


def _by(difference: float) -> str:
    if np.isinf(difference):
        return "differ in kind (text, keys, shapes or values that are not finite)"
    return f"differ by {difference:.2g} of their largest value"


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


def _random_states() -> dict[str, Any]:
    """Return the states of the global random generators of loaded libraries, comparable by ==."""
    states: dict[str, Any] = {"Python's random module": random.getstate()}
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 -- the one to watch
    states["NumPy's global generator"] = (kind, np.asarray(keys).tobytes(), *rest)
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch's global generator"] = torch.get_rng_state().numpy().tobytes()
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            each: Callable[[], list[Any]] = torch.cuda.get_rng_state_all
            states["torch's CUDA generators"] = tuple(s.numpy().tobytes() for s in each())
    return states
