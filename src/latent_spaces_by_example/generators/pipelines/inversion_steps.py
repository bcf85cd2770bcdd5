"""A pipeline's own denoising, walked from the output to the latent, a step at a time.

The pipeline itself runs: its prompt encoding, guidance, timestep scaling and networks are never
copied. Only its scheduler is replaced by a copy whose timesteps go the other way, each as often as
it takes, and whose ``step`` solves for the sample before the step instead of making the one after.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch

from latent_spaces_by_example.errors import GeneratorError
from latent_spaces_by_example.generators.pipelines.inversion_coefficients import (
    step_coefficients,
)
from latent_spaces_by_example.generators.pipelines.inversion_fixed_point import FixedPoint


@dataclass(frozen=True)
class StepSolved:
    """How the fixed point of one step went: its index in generation, iterations, residual."""

    index: int
    iterations: int
    residual: float
    converged: bool


class WalkBack:
    """The way from an output's latent, x0, back to the noise it is made from.

    Of each step x' = a x + b m(x), m the pipeline's guided model output, x is the fixed point of
    g(x) = (x' - b m(x)) / a, found for the last step first (the reverse of the ordinary
    differential equation, exactly as it was discretised).

    Args:
        pipeline: whose scheduler is taken as the pattern.
        x0: where generation is to end, as the pipeline's loop holds it, float32.
        tolerance: of each fixed point, relative.
        most_iterations: of each fixed point.
    """

    def __init__(
        self, pipeline: Any, x0: torch.Tensor, *, tolerance: float, most_iterations: int
    ) -> None:
        self.solved: list[StepSolved] = []
        self._x0 = self._after = x0
        self._new_search = functools.partial(
            FixedPoint, tolerance=tolerance, most_iterations=most_iterations
        )
        self._pattern = pipeline.scheduler
        self._coefficients: list[tuple[float, float]] = []
        self._index = 0
        self._noise_scale: float | None = None
        self._search = self._new_search(x0)
        self.scheduler = copy.deepcopy(pipeline.scheduler)
        self._set_timesteps = self.scheduler.set_timesteps
        _replace(self.scheduler, "set_timesteps", by=self._prepare)
        _replace(self.scheduler, "step", by=self._step)

    @property
    def noise(self) -> torch.Tensor:
        """The noise of unit variance that was found, as the pipeline's loop holds it."""
        if self._noise_scale is None or self._index >= 0:
            raise GeneratorError("the pipeline did not run all of its denoising steps")
        return self._after / self._noise_scale

    def timesteps(self) -> Iterator[torch.Tensor]:
        """The timestep of the step being solved, as often as values are wanted of it."""
        while self._index >= 0:
            yield self._forward_timesteps[self._index]

    def _prepare(self, *args: Any, **kwargs: Any) -> None:
        def fresh() -> Any:
            made = copy.deepcopy(self._pattern)
            made.set_timesteps(*args, **{**kwargs, "device": "cpu"})
            return made

        self._coefficients = step_coefficients(fresh)
        self._set_timesteps(*args, **kwargs)
        self._forward_timesteps = self.scheduler.timesteps
        self.scheduler.timesteps = _Backwards(self)
        self._go_to(len(self._coefficients) - 1)

    def _go_to(self, index: int) -> None:
        self._index = index
        if hasattr(self.scheduler, "_step_index"):
            self.scheduler._step_index = max(index, 0)

    def _step(
        self, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, **others: Any
    ) -> Any:
        if self._noise_scale is None:
            # the first evaluation is of what the pipeline made of x0, not of a guess
            self._noise_scale = self._scale_of(sample)
            self._search = self._new_search(self._after)
        else:
            self._take(model_output.to(self._after))
        following = self._x0 if self._index < 0 else self._search.guess
        following = following.to(sample.dtype)
        if others.get("return_dict", True):
            return SimpleNamespace(prev_sample=following)
        return (following,)

    def _take(self, output: torch.Tensor) -> None:
        a, b = self._coefficients[self._index]
        search = self._search
        search.tell((self._after - b * output) / a)
        if not search.done:
            return
        if search.residual == float("inf"):
            raise GeneratorError(
                f"step {self._index + 1} of {len(self._coefficients)}: the model's output is NaN "
                "or infinite; with dtype='float16' try dtype='bfloat16' or dtype='float32'"
            )
        self.solved.append(
            StepSolved(self._index, search.iterations, search.residual, search.converged)
        )
        self._after = search.best
        self._go_to(self._index - 1)
        if self._index >= 0:
            a, b = self._coefficients[self._index]
            # the model's output hardly changes from one step to the next
            start = (self._after - b * output) / a
            self._search = self._new_search(start)

    def _scale_of(self, sample: torch.Tensor) -> float:
        """What the pipeline multiplied its latents by: 1, or the scheduler's own."""
        if sample.shape != self._x0.shape:
            raise GeneratorError(
                f"the pipeline's loop holds latents of shape {tuple(sample.shape)}, but "
                f"{tuple(self._x0.shape)} was expected; is this a newer version of diffusers?"
            )
        seen, given = sample.double(), self._x0.double()
        ratio = float((seen * given).sum() / given.square().sum())
        known = (1.0, float(getattr(self.scheduler, "init_noise_sigma", 1.0)))
        scale = min(known, key=lambda s: abs(ratio - s))
        off = float((seen - scale * given).norm() / (scale * given).norm())
        if not off < 0.05:  # a cast to bfloat16 is far below
            raise GeneratorError(
                "the pipeline's loop holds other latents than it was given, so its steps cannot "
                "be undone; is this a newer version of diffusers?"
            )
        return scale


def _replace(scheduler: Any, method: str, *, by: Callable[..., Any]) -> None:
    """Put a function in a method's place that pipelines, which ask by signature, cannot tell."""

    @functools.wraps(getattr(scheduler, method))
    def instead(*args: Any, **kwargs: Any) -> Any:
        return by(*args, **kwargs)

    setattr(scheduler, method, instead)


class _Backwards:
    """In place of a scheduler's tensor of timesteps; as long, but iterated as the walk goes."""

    def __init__(self, walk: WalkBack) -> None:
        self._walk = walk

    def __iter__(self) -> Iterator[torch.Tensor]:
        return self._walk.timesteps()

    def __len__(self) -> int:
        return len(self._walk._forward_timesteps)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._walk._forward_timesteps, name)

    def __getitem__(self, key: Any) -> Any:
        return self._walk._forward_timesteps[key]
