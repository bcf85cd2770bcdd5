"""Find the latent behind an image by undoing a diffusers pipeline's own steps, one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators.pipelines.families import Family, denoiser
from latent_spaces_by_example.generators.pipelines.pipeline_settings import PipelineSettings
from latent_spaces_by_example.generators.pipelines.schedulers import noise_in
from latent_spaces_by_example.generators.pipelines.walk_back import StepSolved, WalkBack

Run = Callable[[torch.Tensor], np.ndarray]

# what the dtype can tell apart, for the fixed point of a step
_TOLERANCES = {torch.float32: 1e-5, torch.float16: 1e-3}
_TOLERANCE_OF_OTHERS = 3e-3  # bfloat16's
_SHARE_OF_STEPS = 0.2  # of inversion_error; the rest is for the VAE


@dataclass(frozen=True)
class Inversion:
    """Hold the latent behind an image, and how well it gives the image back.

    Errors are root mean squares of differences between images, whose values are in [0, 1].

    Attributes:
        latent: shape latent_shape, float32.
        rms_error: of generate(latent) - image.
        rms_error_of_autoencoder: of decode(encode(image)) - image, which no step count mends; 0
            where there is no VAE.
        rms_error_of_steps: of generate(latent) - decode(encode(image)): what the way back and
            forth through the steps loses.
        relative_norm: norm of the latent, over the sqrt(d) that the model expects of a draw.
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
        """Return how often the model was evaluated on the way back."""
        return 1 + sum(step.iterations for step in self.steps)

    @property
    def unconverged(self) -> tuple[StepSolved, ...]:
        """Return the steps whose fixed point did not come within the tolerance."""
        return tuple(step for step in self.steps if not step.converged)


def check_invertible(pipeline: Any, arguments: Any) -> None:
    """Refuse pipelines that draw noise at their steps, before anything is run.

    Raises:
        ArgumentError: this one does.
    """
    noise = noise_in(pipeline, arguments)
    if noise is not None:
        raise ArgumentError(f"examples cannot be inverted through noise: {noise}")


def encoded(pipeline: Any, image: np.ndarray, *, family: Family) -> torch.Tensor:
    """Return the latent that denoising would end in, shape (1, *latent_shape), float32.

    Args:
        pipeline: a diffusers pipeline that makes images.
        image: (height, width, channels) in [0, 1].
        family: the pipeline's.
    """
    pixels = torch.from_numpy(2.0 * image - 1.0).permute(2, 0, 1)[None]
    with torch.no_grad():
        return family.encode(pipeline, pixels.to(pipeline._execution_device)).cpu()


def walk_back(
    pipeline: Any, x0: torch.Tensor, *, family: Family, run: Run, iterations: int
) -> tuple[np.ndarray, np.ndarray, tuple[StepSolved, ...]]:
    """Lead from where denoising ends to the latent it starts from.

    Args:
        pipeline: a diffusers pipeline.
        x0: shape (1, *latent_shape), float32.
        family: the pipeline's.
        run: the generator's own run of latents of that shape to outputs.
        iterations: how many evaluations of the model each fixed point may take.

    Returns:
        The latent, shape latent_shape; the output decoded from x0; how the steps went.
    """
    in_loop = _in_loop(pipeline, x0, family=family).to(pipeline._execution_device)
    dtypes = (family.draw_dtype(pipeline), denoiser(pipeline).dtype)
    tolerance = max(_TOLERANCES.get(dtype, _TOLERANCE_OF_OTHERS) for dtype in dtypes)
    walk = WalkBack(pipeline, in_loop, tolerance=tolerance, most_iterations=iterations)
    own, pipeline.scheduler = pipeline.scheduler, walk.scheduler
    try:
        decoded = run(x0)[0]
    finally:
        pipeline.scheduler = own
    latent = from_loop(pipeline, walk.noise, family=family, shape=x0.shape)
    return latent[0].numpy(), decoded, tuple(walk.solved)


def invert_image(
    pipeline: Any, image: np.ndarray, *, family: Family, run: Run, iterations: int
) -> Inversion:
    """Find the latent behind an image; arguments as of ``walk_back``."""
    x0 = encoded(pipeline, image, family=family)
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


def check_error(inversion: Inversion, *, settings: PipelineSettings, name: str) -> None:
    """Refuse a latent that does not give its image back.

    Raises:
        GeneratorError: with how much is lost where, and what helps.
    """
    largest, iterations = settings.inversion_error, settings.inversion_iterations
    from_steps, num_steps = inversion.rms_error_of_steps, len(inversion.steps)
    if from_steps > _SHARE_OF_STEPS * largest:
        reason = "Every step was solved, but generation magnifies what rounding leaves. "
        if inversion.unconverged:
            worst = max(inversion.unconverged, key=lambda step: step.residual)
            reason = (
                f"{len(inversion.unconverged)} of them did not converge: step {worst.index + 1} "
                f"stopped at a residual of {worst.residual:.2g} after {worst.iterations} of "
                f"{iterations} iterations. "
            )
        raise GeneratorError(
            f"{name}: the way through the {num_steps} steps and back changes it by "
            f"{from_steps:.3g} (root mean square, of values from 0 to 1), more than the "
            f"{_SHARE_OF_STEPS * largest:.3g} that is let through. {reason}Give more steps "
            f"(steps={2 * num_steps}), inversion_iterations={2 * iterations}, or a lower guidance"
        )
    if inversion.rms_error > largest:
        enough = np.ceil(inversion.rms_error * 110.0) / 100.0
        raise GeneratorError(
            f"{name}: what its latent generates is {inversion.rms_error:.3g} from it (root mean "
            f"square, of values from 0 to 1), more than {largest:.3g}. The VAE alone loses "
            f"{inversion.rms_error_of_autoencoder:.3g}, the steps {from_steps:.3g}: more steps "
            "would not help. Give an example that looks like what the model makes, or let this "
            f"through with inversion_error={float(enough)}"
        )


def from_loop(
    pipeline: Any, held: torch.Tensor, *, family: Family, shape: tuple[int, ...]
) -> torch.Tensor:
    """Return latents as the denoising loop holds them in ``shape``, float32, on the CPU."""
    # packing only permutes, so where each entry went tells how to bring it back
    places = torch.arange(held.numel()).reshape(shape)
    places = _in_loop(pipeline, places, family=family).flatten()
    latents = torch.empty(held.numel(), dtype=torch.float32)
    latents[places] = held.float().cpu().flatten()
    return latents.reshape(shape)


def _in_loop(pipeline: Any, latents: torch.Tensor, *, family: Family) -> torch.Tensor:
    """Return latents, shape (n, *latent_shape), as the pipeline's denoising loop holds them."""
    if type(pipeline).__name__.startswith("Flux2"):  # takes them unpacked, and packs them itself
        flat: torch.Tensor = pipeline._pack_latents(latents)
        return flat
    return family.pack(pipeline, latents)


def _rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(difference, dtype=np.float64))))
