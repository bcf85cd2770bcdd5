"""Schedulers whose steps are affine, x' = a x + b m(x): their coefficients, or why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from latent_spaces_by_example.errors import ArgumentError

_PROBE_SCALE = 3.0  # beyond the [-1, 1] that a scheduler which clips cuts off, not by far
_NOT_AFFINE = 1e-3
_NO_WAY_BACK = 1e-6


def step_coefficients(make: Callable[[], Any]) -> list[tuple[float, float]]:
    """(a, b) of every step of a scheduler, sample after = a * sample before + b * model output.

    Found by trying it, so that whichever one-step scheduler it is needs no formula of ours here.

    Args:
        make: a fresh copy of the scheduler, its timesteps set.

    Raises:
        ArgumentError: its steps are no such thing: they clip, or build on earlier steps.
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
    for setting in ("clip_sample", "thresholding"):
        if config.get(setting, False):
            return (
                f"{name} cuts values off at every step ({setting}=True), so that many latents lead "
                f"to one output: give scheduler={one_step!r}, which does not, or "
                f"{_reconfigured(name, f'{setting}=False')}"
            )
    first_order = (
        f", or keep it, at first order: {_reconfigured(name, 'solver_order=1')}"
        if name in ("DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler")
        else ""
    )
    return (
        f"{name} computes a step from earlier steps too, so it cannot be undone step by step: "
        f"give scheduler={one_step!r}{first_order}"
    )


def _reconfigured(name: str, setting: str) -> str:
    return (
        f"pipeline.scheduler = {name}.from_config(pipeline.scheduler.config, {setting}) and give "
        "that pipeline"
    )
