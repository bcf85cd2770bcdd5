"""Run a pipeline of any class as a generator, by recording every random number that it draws."""

from __future__ import annotations

import inspect
from typing import Any, final

import numpy as np
import torch

from latent_spaces_by_example.arguments import ArrayLike
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.call import call_arguments, quiet
from latent_spaces_by_example.generators.pipelines.outputs import (
    kind_of,
    out_of_memory_named,
    read_outputs,
    suffix_of,
)
from latent_spaces_by_example.generators.pipelines.pipeline_generator import PipelineGenerator
from latent_spaces_by_example.generators.pipelines.pipeline_settings import PipelineSettings
from latent_spaces_by_example.generators.tape import NoiseTape

_RECORDED_SEED = 0  # of the generator that the pipeline is given while it is recorded
_SIZES = ("height", "width", "num_frames", "audio_end_in_s")


@final
class RecordedPipeline(PipelineGenerator):
    """A pipeline whose every Gaussian or uniform draw is the latent; see ``generators.diffusers``.

    For classes that ``families`` has no row for, and for noisy schedulers whose noise is to be
    searched too. A random seed n stands for ``generator=torch.Generator("cpu").manual_seed(n)``.

    Args:
        pipeline: the pipeline; its networks are put in evaluation mode, without dropout.
        settings: what was asked for.
        source: the folder or hub id that it came from, or the pipeline.

    Attributes:
        pipeline: the pipeline itself.
        tape: the recording, with ``parts`` and ``report``.
        latent_shape: (d,), d how many numbers the pipeline draws for one output.
        transport_map: the law of the latents.
        name: what a study records.
        suffix: the ending of the files that ``save`` writes.
    """

    batch_tolerance = 0.0  # each output is made alone

    def __init__(self, pipeline: Any, settings: PipelineSettings, *, source: Any) -> None:
        self.pipeline = pipeline
        self.batch_size = settings.batch_size
        if not callable(pipeline):
            raise ArgumentError(
                f"{type(pipeline).__name__} has no __call__, so there is nothing to run"
            )
        if settings.step_noise == "fixed":
            raise ArgumentError(
                "step_noise='fixed' is for pipelines whose latents= is known; of "
                f"{type(pipeline).__name__} every random number is part of the latent: leave it out"
            )
        self._arguments = call_arguments(pipeline, settings)
        for part in pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.eval()
        scheduler = getattr(pipeline, "scheduler", None)
        self.name = settings.name(
            source,
            scheduler=None if scheduler is None else type(scheduler).__name__,
            dtype=str(pipeline.dtype).removeprefix("torch."),
        )
        self.output_kind = "image"
        self.tape = NoiseTape(self._run, name=self.name)
        self.latent_shape = self.tape.latent_shape
        self.transport_map = self.tape.transport_map
        self.suffix = suffix_of(self.output_kind)

    def __repr__(self) -> str:
        draws = len([part for part in self.tape.parts if part.combined])
        return f"<{self.name}: {draws} draws, latents {self.latent_shape} -> {self.output_kind}>"

    def generate(self, z: ArrayLike) -> Any:
        """Generate the outputs of latents z, shape (n, d), one after the other.

        They are as ``PipelineGenerator.generate`` says.

        Raises:
            SamplerChangedError: the pipeline draws something else than when it was recorded.
        """
        outputs = self.tape.generate(z)
        return np.stack(outputs) if outputs else self.tape.recorded_output[None][:0]

    def latent_from_random_seed(self, random_seed: int) -> np.ndarray:
        """Return the latent that the pipeline itself draws with a CPU generator of this seed."""
        return self.tape.latent_from_random_seed(random_seed)

    def _run(self) -> np.ndarray:
        arguments = dict(self._arguments)
        taken = inspect.signature(type(self.pipeline).__call__).parameters
        if "generator" in taken:
            arguments["generator"] = torch.Generator("cpu").manual_seed(_RECORDED_SEED)
        if "output_type" in taken:
            arguments["output_type"] = "np"
        size = {name: self._arguments[name] for name in _SIZES if name in self._arguments}
        with (
            torch.no_grad(),
            quiet(self.pipeline),
            out_of_memory_named(self.pipeline, n=1, size=size),
        ):
            returned = self._called(arguments)
        self.output_kind = kind_of(returned)
        output: np.ndarray = read_outputs(returned, kind=self.output_kind, n=1)[0]
        return output

    def _called(self, arguments: dict[str, Any]) -> Any:
        try:
            return self.pipeline(**arguments)
        except (TypeError, ValueError, AttributeError) as error:
            if isinstance(error, ArgumentError) or hasattr(self, "tape"):
                raise  # a call like it went well before
            raise ArgumentError(
                f"{type(self.pipeline).__name__} cannot be called with "
                f"{', '.join(self._arguments) or 'no argument'} ({str(error)[:300]}); give what "
                "it needs by name, as its own call takes it"
            ) from error
