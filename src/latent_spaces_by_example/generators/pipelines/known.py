"""Run a diffusers pipeline of a known class as a generator: unit-variance latents <-> images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from latent_spaces_by_example.arrays import host_array
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.base import checked_latents
from latent_spaces_by_example.generators.pictures import named, read_picture
from latent_spaces_by_example.generators.pipelines.call import call_arguments, default_steps, quiet
from latent_spaces_by_example.generators.pipelines.families import Family, denoiser
from latent_spaces_by_example.generators.pipelines.image_inversion import (
    Inversion,
    check_error,
    check_invertible,
    invert_image,
)
from latent_spaces_by_example.generators.pipelines.outputs import (
    out_of_memory_named,
    read_outputs,
    suffix_of,
    tolerance_of,
)
from latent_spaces_by_example.generators.pipelines.pipeline_generator import PipelineGenerator
from latent_spaces_by_example.generators.pipelines.pipeline_settings import (
    PipelineSettings,
    is_prompt,
)
from latent_spaces_by_example.generators.pipelines.schedulers import check_usable, refuse_noise
from latent_spaces_by_example.generators.pipelines.sizes import checked_size

_FEWEST_STEPS = 8  # of a pipeline that is sketched
_STEPS = {"timesteps", "sigmas"}  # arguments that say each step
_NOISE_SEED = 0  # of noise that is held fixed: any number will do, as long as it is always the same


class DiffusersGenerator(PipelineGenerator):
    """A diffusers pipeline of a known class as a generator; made by ``generators.diffusers``.

    Args:
        pipeline: a pipeline of a class whose latents are known.
        settings: what was asked for.
        family: how pipelines of this class take their latents.
        source: the folder or hub id that it came from, or the pipeline.

    Attributes:
        pipeline: the pipeline itself.
        latent_shape: the shape of one latent as the pipeline draws it, unpacked and of unit
            variance.
        size: height and width of an output.
        name: what a study records: the pipeline, and every argument that its outputs depend on.
        suffix: the ending of the files that ``save`` writes.
    """

    output_kind = "image"

    def __init__(
        self, pipeline: Any, settings: PipelineSettings, *, family: Family, source: Any
    ) -> None:
        size = checked_size(pipeline, settings, family=family)
        own = {**vars(size), **dict(family.fixed)}
        arguments = call_arguments(
            pipeline,
            settings,
            carried=("steps", "guidance", "frames", "seconds"),
            guidance=(family.guidance,) if family.guidance else (),
            own=own if family.run is None else {"num_inference_steps": default_steps(pipeline)},
        )
        if family.run is None and not {"prompt", "prompt_embeds"} & set(arguments):
            raise ArgumentError(f"prompt is missing: {type(pipeline).__name__} needs prompt='...'")
        check_usable(pipeline, arguments, family=family)
        refuse_noise(pipeline, arguments, fixed=settings.step_noise == "fixed")
        self.pipeline = pipeline
        self.size = size
        self.batch_size = settings.batch_size
        self.latent_shape = tuple(int(s) for s in family.latent_shape(pipeline, size))
        self.suffix = suffix_of(self.output_kind)
        self.name = settings.name(
            source,
            scheduler=type(pipeline.scheduler).__name__,
            dtype=str(denoiser(pipeline).dtype).removeprefix("torch."),
        )
        self._family = family
        self._arguments = arguments
        self._settings = settings

    def __repr__(self) -> str:
        return f"<{self.name}: latents {self.latent_shape} -> {self.output_kind}>"

    @property
    def batch_tolerance(self) -> float:
        """Return how far rounding may take an output in a batch from the one made alone.

        Relative to the output's largest value: 0.001 in float32 on a CPU, 0.2 in fewer digits.
        """
        return tolerance_of(self.pipeline)

    def generate(self, z: Any) -> Any:
        """Generate the outputs of latents z, shape (n, *latent_shape), NumPy or torch.

        They are as ``PipelineGenerator.generate`` says, made in batches of ``batch_size``.
        """
        latents = self._checked(z)
        parts = [
            self._run(latents[start : start + self.batch_size])
            for start in range(0, len(latents), self.batch_size)
        ]
        return np.concatenate(parts)

    def sketch(self, z: Any) -> Any:
        """Generate rougher outputs of latents z in a quarter of the steps, as ``generate`` does.

        Returns:
            The outputs; None where the steps are few, are given one by one, or are not ours to say.
        """
        steps = self._arguments.get("num_inference_steps", default_steps(self.pipeline))
        if not isinstance(steps, int) or steps < _FEWEST_STEPS or _STEPS & set(self._arguments):
            return None
        return np.concatenate(
            [self._run(one[None], num_inference_steps=steps // 4) for one in self._checked(z)]
        )

    def latent_from_random_seed(self, random_seed: int) -> np.ndarray:
        """Return the latent that the pipeline itself draws with this seed, in float32.

        It draws with ``generator=torch.Generator("cpu").manual_seed(random_seed)``, in its own
        dtype. Seeds go up to 2^64 - 1.
        """
        generator = torch.Generator("cpu").manual_seed(int(random_seed))
        dtype = self._family.draw_dtype(self.pipeline)
        drawn = torch.randn((1, *self.latent_shape), generator=generator, dtype=dtype)
        latent: np.ndarray = drawn[0].float().numpy()
        return latent

    def invert(self, outputs: Iterable[Any]) -> np.ndarray:
        """Return the latents behind images, shape (n, *latent_shape); see ``inversion``.

        Raises:
            GeneratorError: one of them does not give its image back; with what helps.
        """
        latents = [np.empty((0, *self.latent_shape), dtype=np.float32)]
        for i, output in enumerate(outputs, start=1):
            inversion = self.inversion(output)
            check_error(inversion, settings=self._settings, name=named(output, number=i))
            latents.append(inversion.latent[None])
        return np.concatenate(latents)

    def inversion(self, output: Any) -> Inversion:
        """Find the latent behind one image, and its errors: those of the VAE and of the steps.

        x0 = encode(image), then each of the pipeline's steps x' = a x + b m(x), the last one
        first, is solved for x by a fixed point. The same image has the same latent, whatever
        else is inverted. Unlike ``invert``, this refuses no error, however large.

        Args:
            output: an image, as of ``read_example``.

        Raises:
            ArgumentError: an image of another size, or a pipeline, scheduler or setting that
                cannot be inverted.
            GeneratorError: out of memory, or the model made values that are not finite.

        Sources:
            Song et al. 2021, arXiv 2010.02502, section 4.3 (DDIM); Lipman et al. 2023, arXiv
            2210.02747 (flow matching); Pan et al. 2023, arXiv 2309.04907 (the fixed point).
        """
        check_invertible(self.pipeline, self._arguments)
        return invert_image(
            self.pipeline,
            self.read_example(output),
            family=self._family,
            run=self._run,
            iterations=self._settings.inversion_iterations,
        )

    def read_example(self, example: Any) -> np.ndarray:
        """Return an image as ``generate`` would, from whatever a person has.

        Args:
            example: a file, a PIL image, an array or a tensor; see ``generators.pictures``.

        Raises:
            ArgumentError: no such file, no image, or another size.
        """
        check_invertible(self.pipeline, self._arguments)
        channels = 3 if self._family.run is None else self.latent_shape[0]
        image = read_picture(example, channels=channels, name=named(example))
        height, width = image.shape[:2]
        if (height, width) != (self.size.height, self.size.width):
            raise ArgumentError(
                f"{named(example)} is {height} x {width} pixels (height x width); "
                f"{type(self.pipeline).__name__} makes {self.size.height} x {self.size.width} "
                f"here: crop or resize it, or make the generator with height={height}, "
                f"width={width} if the model takes these"
            )
        return image

    def _checked(self, z: Any) -> torch.Tensor:
        """Return z as float32: points near each other must not collapse before the model's cast."""
        latents = checked_latents(host_array(z), latent_shape=self.latent_shape)
        if len(latents) == 0:
            raise ArgumentError(f"z has shape {latents.shape}; expected at least one latent")
        return torch.from_numpy(np.array(latents, dtype=np.float32))

    def _run(self, latents: torch.Tensor, **changed: Any) -> np.ndarray:
        n = len(latents)
        family, pipeline = self._family, self.pipeline
        with torch.no_grad(), quiet(pipeline), out_of_memory_named(pipeline, n=n, size=self.size):
            packed = family.pack(pipeline, latents)
            packed = packed.to(device=pipeline._execution_device, dtype=family.draw_dtype(pipeline))
            returned = self._call(packed, n=n, **changed)
        return read_outputs(returned, kind=self.output_kind, n=n)

    def _call(self, latents: torch.Tensor, *, n: int, **changed: Any) -> Any:
        given = {**self._arguments, **changed}
        arguments = {key: _repeated(key, value, n=n) for key, value in given.items()}
        # Fresh and alike for each latent: whatever still draws, draws the same for every one.
        arguments["generator"] = [torch.Generator("cpu").manual_seed(_NOISE_SEED) for _ in range(n)]
        if self._family.run is not None:
            return self._family.run(self.pipeline, latents, **arguments)
        return self.pipeline(latents=latents, output_type="np", **arguments)


def _repeated(key: str, value: Any, *, n: int) -> Any:
    """Repeat a prompt, or its embeddings, once for each latent."""
    if isinstance(value, str) and is_prompt(key):
        return [value] * n
    per_latent = key.endswith(("_embeds", "_mask"))
    if per_latent and isinstance(value, torch.Tensor) and len(value) == 1:
        return value.repeat_interleave(n, dim=0)
    return value
