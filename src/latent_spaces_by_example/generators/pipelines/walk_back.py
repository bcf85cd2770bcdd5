"""Walk a pipeline's own denoising from the output back to the latent, a step at a time.

The pipeline itself runs: its prompt encoding, guidance, timestep scaling and networks are never
copied. Only its scheduler is replaced by a copy whose timesteps go the other way, each as often as
it takes, and whose ``step`` solves for the sample before the step instead of making the one after.
Each step must be affine, x' = a x + b m(x); a and b are measured by trying the scheduler.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch

from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators.pipelines.fixed_point import FixedPoint

_PROBE_SCALE = 3.0  # beyond the [-1, 1] that a scheduler which clips cuts off, not by far
_NOT_AFFINE = 1e-3
_NO_WAY_BACK = 1e-6


@dataclass(frozen=True)
class StepSolved:
    """Hold how the fixed point of one step went; ``index`` is the step's, in generation."""

    index: int
    iterations: int
    residual: float
    converged: bool


class WalkBack:
    """Lead from an output's latent, x0, back to the noise it is made from.

    For each step x' = a x + b m(x), m the pipeline's guided model output, x is the fixed point of
    g(x) = (x' - b m(x)) / a. The last step is solved first: the ordinary differential equation
    in reverse, exactly as it was discretised.

    Args:
        pipeline: whose scheduler is taken as the pattern.
        x0: where generation is to end, as the pipeline's loop holds it, float32.
        tolerance: largest relative residual of each fixed point.
        most_iterations: how many evaluations of the model each fixed point may take.
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
        """Return the noise of unit variance, as the pipeline's loop holds it."""
        if self._noise_scale is None or self._index >= 0:
            raise GeneratorError("the pipeline did not run all of its denoising steps")
        return self._after / self._noise_scale

    def timesteps(self) -> Iterator[torch.Tensor]:
        """Yield the timestep of the step being solved, as often as its values are wanted."""
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
        """Return what the pipeline multiplied its latents by: 1, or the scheduler's own factor."""
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
    """Replace a method by a function of the same signature, which pipelines look at."""

    @functools.wraps(getattr(scheduler, method))
    def instead(*args: Any, **kwargs: Any) -> Any:
        return by(*args, **kwargs)

    setattr(scheduler, method, instead)


class _Backwards:
    """Stand in for a scheduler's tensor of timesteps: as long, but iterated as the walk goes."""

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


def step_coefficients(make: Callable[[], Any]) -> list[tuple[float, float]]:
    """Return (a, b) of every step of a scheduler: sample after = a * sample before + b * output.

    They are measured, so that no one-step scheduler needs a formula of its own here.

    Args:
        make: a fresh copy of the scheduler, its timesteps set.

    Raises:
        ArgumentError: its steps are not affine: they clip, or build on earlier steps.
    """
    rng = torch.Generator("cpu").manual_seed(0)
    n = len(make().timesteps)
    samples, outputs = (
        _PROBE_SCALE * torch.randn((n, 1, 4, 8, 8), generator=rng) for _ in range(2)
    )
    nothing = torch.zeros_like(samples)
    a = _ratios(_stepped(make(), samples, nothing), samples)
    b = _ratios(_stepped(make(), nothing, outputs), outputs)
    both = _stepped(make(), samples, outputs)
    wide = (n, 1, 1, 1, 1)
    expected = a.reshape(wide) * samples + b.reshape(wide) * outputs
    worst = (both - expected).abs().max() / expected.abs().max()
    if not worst <= _NOT_AFFINE:
        raise ArgumentError(_why_not_affine(make()))
    if bool((a.abs() < _NO_WAY_BACK).any()):
        raise ArgumentError(
            f"{type(make()).__name__} has a step whose result does not depend on the sample "
            "before it, so nothing leads back from it: use another scheduler"
        )
    return list(zip(a.tolist(), b.tolist(), strict=True))


def _ratios(results: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
    dims = (1, 2, 3, 4)
    return (results.double() * of.double()).sum(dims) / of.double().square().sum(dims)


def _stepped(scheduler: Any, samples: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
    results = []
    for t, sample, output in zip(scheduler.timesteps, samples, outputs, strict=True):
        if hasattr(scheduler, "scale_model_input"):
            scheduler.scale_model_input(sample, t)  # some warn where it was not called
        results.append(scheduler.step(output, t, sample, return_dict=False)[0].float())
    return torch.stack(results)


def _why_not_affine(scheduler: Any) -> str:
    name, config = type(scheduler).__name__, scheduler.config
    flow = "flow" in str(config.get("prediction_type", "")) or "FlowMatch" in name
    one_step = "FlowMatchEulerDiscreteScheduler" if flow else "EulerDiscreteScheduler"
    return (
        f"{name} cannot be undone step by step: it cuts values off (clip_sample, thresholding), so "
        "that many latents lead to one output, or computes a step from earlier steps too. Give "
        f"scheduler={one_step!r}, which does neither"
    )
