"""The latent behind an image, by a diffusers pipeline's own steps taken back one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators.pipelines.families import Family, denoiser
from latent_spaces_by_example.generators.pipelines.inversion_encoding import (
    encoder_of,
    from_loop_layout,
    loop_layout,
)
from latent_spaces_by_example.generators.pipelines.inversion_steps import (
    StepSolved,
    WalkBack,
)
from latent_spaces_by_example.generators.pipelines.schedulers import noise_in

# of the fixed point of a step: what the dtype can tell apart
_TOLERANCES = {torch.float32: 1e-5, torch.float16: 1e-3}
_TOLERANCE_OF_OTHERS = 3e-3  # bfloat16's
_SHARE_OF_STEPS = 0.2


@dataclass(frozen=True)
class InversionLimits:
    """When to stop, and what to refuse.

    Attributes:
        iterations: at most so many evaluations of the model for each step.
        error: the largest root mean square of generate(latent) - image, in [0, 1]; a fifth of it
            is what the steps may lose, the rest is for the VAE.
    """

    iterations: int
    error: float


@dataclass(frozen=True)
class Inversion:
    """The latent behind an image, and how well it gives the image back.

    Errors are root mean squares of differences between images, whose values are in [0, 1].

    Attributes:
        latent: shape latent_shape, float32.
        rms_error: of generate(latent) - image.
        rms_error_of_autoencoder: of decode(encode(image)) - image, which no step count mends; 0
            where there is no VAE.
        rms_error_of_steps: of generate(latent) - decode(encode(image)): what the way back and
            forth through the steps loses.
        relative_norm: of the latent, over the sqrt(d) that the model expects of a draw.
        steps: how the fixed point of each step went, the last step of generation first.
    """

    latent: np.ndarray
    rms_error: float
    rms_error_of_autoencoder: float
    rms_error_of_steps: float
    relative_norm: float
    steps: tuple[StepSolved, ...]

    @property
    def evaluations(self) -> int:
        """How often the model was evaluated on the way back."""
        return 1 + sum(step.iterations for step in self.steps)

    @property
    def unconverged(self) -> tuple[StepSolved, ...]:
        """Steps whose fixed point did not come within the tolerance."""
        return tuple(step for step in self.steps if not step.converged)


def check_invertible(pipeline: Any, family: Family, arguments: Any) -> None:
    """Refuse pipelines that cannot be inverted, before anything is run.

    Raises:
        ArgumentError: no images, not a known kind, or noise drawn at its steps.
    """
    who = type(pipeline).__name__
    if family.output != "image":
        raise ArgumentError(
            f"{who} makes {family.output}; invert is for images: give seed_latents in place of "
            "examples, such as those that latent_from_random_seed makes"
        )
    encoder_of(pipeline)
    noise = noise_in(pipeline, arguments)
    if noise is not None:
        raise ArgumentError(f"examples cannot be inverted through noise: {noise}")


def encoded(pipeline: Any, image: np.ndarray) -> torch.Tensor:
    """The latent that denoising would end in, shape (1, *latent_shape), float32.

    Args:
        pipeline: a diffusers pipeline that makes images.
        image: (height, width, channels) in [0, 1].
    """
    pixels = torch.from_numpy(2.0 * image - 1.0).permute(2, 0, 1)[None]
    with torch.no_grad():
        return encoder_of(pipeline)(pipeline, pixels.to(pipeline._execution_device)).cpu()


def walk_back(
    pipeline: Any,
    x0: torch.Tensor,
    *,
    family: Family,
    run: Callable[[torch.Tensor], np.ndarray],
    iterations: int,
) -> tuple[np.ndarray, np.ndarray, tuple[StepSolved, ...]]:
    """From where denoising ends to the latent it starts from.

    Args:
        pipeline: a diffusers pipeline.
        x0: shape (1, *latent_shape), float32.
        family: the pipeline's.
        run: the generator's own run of latents of that shape to outputs.
        iterations: of each fixed point, at most.

    Returns:
        The latent, shape latent_shape; the output decoded from x0; how the steps went.
    """
    in_loop = loop_layout(pipeline, x0, pack=family.pack).to(pipeline._execution_device)
    dtypes = (family.draw_dtype(pipeline), denoiser(pipeline).dtype)
    tolerance = max(_TOLERANCES.get(dtype, _TOLERANCE_OF_OTHERS) for dtype in dtypes)
    walk = WalkBack(pipeline, in_loop, tolerance=tolerance, most_iterations=iterations)
    with _scheduled(pipeline, walk.scheduler):
        decoded = run(x0)[0]
    latent = from_loop_layout(pipeline, walk.noise, pack=family.pack, shape=x0.shape)
    return latent[0].numpy(), decoded, tuple(walk.solved)


def invert_image(
    pipeline: Any,
    image: np.ndarray,
    *,
    family: Family,
    run: Callable[[torch.Tensor], np.ndarray],
    iterations: int,
) -> Inversion:
    """The latent behind an image; arguments as of ``walk_back``."""
    x0 = encoded(pipeline, image)
    latent, decoded, steps = walk_back(pipeline, x0, family=family, run=run, iterations=iterations)
    again = run(torch.from_numpy(latent)[None])[0]
    return Inversion(
        latent=latent,
        rms_error=_rms(again - image),
        rms_error_of_autoencoder=_rms(decoded - image),
        rms_error_of_steps=_rms(again - decoded),
        relative_norm=_rms(latent),
        steps=steps,
    )


def check_error(inversion: Inversion, *, limits: InversionLimits, named: str) -> None:
    """Refuse a latent that does not give its image back.

    Raises:
        GeneratorError: with how much is lost where, and what helps.
    """
    from_steps = inversion.rms_error_of_steps
    if from_steps > _SHARE_OF_STEPS * limits.error:
        raise GeneratorError(
            f"{named}: the way through the {len(inversion.steps)} steps and back changes it by "
            f"{from_steps:.3g} (root mean square, of values from 0 to 1), more than the "
            f"{_SHARE_OF_STEPS * limits.error:.3g} that is let through. "
            f"{_of_convergence(inversion, limits)}Give more steps (steps={2 * len(inversion.steps)}"
            f"), inversion_iterations={2 * limits.iterations}, or a lower guidance"
        )
    if inversion.rms_error > limits.error:
        raise GeneratorError(
            f"{named}: what its latent generates is {inversion.rms_error:.3g} from it (root mean "
            f"square, of values from 0 to 1), more than {limits.error:.3g}. The VAE alone loses "
            f"{inversion.rms_error_of_autoencoder:.3g}, the steps {from_steps:.3g}: more steps "
            "would not help. Give an example that looks like what the model makes, or let this "
            f"through with inversion_error={_rounded_up(inversion.rms_error)}"
        )


def _of_convergence(inversion: Inversion, limits: InversionLimits) -> str:
    failed = inversion.unconverged
    if not failed:
        return "Every step was solved, but generation magnifies what rounding leaves. "
    worst = max(failed, key=lambda step: step.residual)
    return (
        f"{len(failed)} of them did not converge: step {worst.index + 1} stopped at a residual of "
        f"{worst.residual:.2g} after {worst.iterations} of {limits.iterations} iterations. "
    )


def _rounded_up(error: float) -> float:
    return float(np.ceil(error * 110.0) / 100.0)


def _rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(difference, dtype=np.float64))))


@contextmanager
def _scheduled(pipeline: Any, scheduler: Any) -> Iterator[None]:
    """The pipeline with another scheduler, and without a progress bar that would overflow."""
    own = pipeline.scheduler
    bar = getattr(pipeline, "_progress_bar_config", None)
    pipeline.scheduler = scheduler
    pipeline.set_progress_bar_config(**{**(bar or {}), "disable": True})
    try:
        yield
    finally:
        pipeline.scheduler = own
        pipeline.set_progress_bar_config(**(bar or {}))
