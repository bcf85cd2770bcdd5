"""Refuse schedulers that a pipeline cannot use, and those that draw noise at every step.

A study needs z -> x to be a function. Read from the sources of diffusers 0.42.1, ``step`` of each.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.families import Family

_STEP = ("model_output", "timestep", "sample")

# schedulers that always draw -> the nearest of the same family that never does
_NOISY = {
    "DDPMParallelScheduler": "DDIMParallelScheduler",
    "DDPMScheduler": "DDIMScheduler",
    "DPMSolverSDEScheduler": "DPMSolverMultistepScheduler",
    "EulerAncestralDiscreteScheduler": "EulerDiscreteScheduler",
    "FlowMatchLCMScheduler": "FlowMatchEulerDiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler": "KDPM2DiscreteScheduler",
    "LCMScheduler": "TCDScheduler",
    "SASolverScheduler": "DPMSolverMultistepScheduler",
}


# schedulers that draw only with some settings, all of which ``_noisy_setting`` knows
_CONDITIONAL = frozenset(
    {"DDIMParallelScheduler", "DDIMScheduler", "EDMEulerScheduler"}
    | {"DPMSolverMultistepInverseScheduler", "DPMSolverMultistepScheduler", "TCDScheduler"}
    | {"DPMSolverSinglestepScheduler", "EDMDPMSolverMultistepScheduler"}
    | {"EulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler"}
    | {"FlowMatchHeunDiscreteScheduler"}
)


def _noisy_setting(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    """Return which setting makes a scheduler draw noise at every step, with the fix, or None."""
    scheduler, config = pipeline.scheduler, pipeline.scheduler.config
    steps = inspect.signature(scheduler.step).parameters
    if "eta" in steps:
        # the pipeline's, or else the scheduler's own
        calls = inspect.signature(type(pipeline).__call__).parameters
        eta = arguments.get("eta", (calls if "eta" in calls else steps)["eta"].default)
        return f"eta={eta} makes it draw noise at every step: give eta=0.0" if eta else None
    algorithm = config.get("algorithm_type") or ""
    if algorithm.startswith("sde-"):
        setting = f"algorithm_type={algorithm!r}"
        fix = f"algorithm_type={algorithm.removeprefix('sde-')!r}"
    elif config.get("stochastic_sampling"):
        setting, fix = "stochastic_sampling=True", "stochastic_sampling=False"
    else:
        return None
    name = type(scheduler).__name__
    return f"its {setting} draws noise at every step: {reconfigured(name, fix)}"


def noise_in(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    """Return what makes a pipeline draw noise after its latent, with the fix; None if nothing.

    Args:
        pipeline: a diffusers pipeline.
        arguments: what it is called with.
    """
    scheduler = pipeline.scheduler
    name = type(scheduler).__name__
    if arguments.get("s_churn"):
        return f"s_churn={arguments['s_churn']} makes {name} draw noise: give s_churn=0.0"
    if name in _NOISY:
        calm = _NOISY[name]
        fix = f"give scheduler={calm!r}"
        if calm == "TCDScheduler" and "eta" not in inspect.signature(pipeline.__call__).parameters:
            fix = "no scheduler of its family is without noise here"
        return f"{name} draws noise at every step: {fix}"
    if name in _CONDITIONAL:
        reason = _noisy_setting(pipeline, arguments)
        return reason and f"{name}: {reason}"
    if "generator" in inspect.signature(scheduler.step).parameters:
        return f"{name} takes a random generator and is not known to be without noise"
    return None


def reconfigured(name: str, setting: str) -> str:
    """Return the line of Python that gives a pipeline its scheduler with another setting."""
    return f"pipeline.scheduler = {name}.from_config(pipeline.scheduler.config, {setting})"


def check_usable(pipeline: Any, arguments: Mapping[str, Any], *, family: Family) -> None:
    """Refuse a scheduler that lacks what this pipeline asks of it.

    Raises:
        ArgumentError: with what it lacks.
    """
    scheduler, who = pipeline.scheduler, type(pipeline).__name__
    scaling = ("init_noise_sigma", "scale_model_input") if family.scales_noise else ()
    lacks = [name for name in ("set_timesteps", "step", *scaling) if not hasattr(scheduler, name)]
    if not lacks:
        step = inspect.signature(scheduler.step).parameters.values()
        needed = {p.name for p in step if p.default is p.empty and p.kind is not p.VAR_KEYWORD}
        lacks = sorted(f"a step without {name}" for name in needed - set(_STEP))
        own = ["sigmas"] if family.makes_sigmas else []
        if scheduler.config.get("use_flow_sigmas", False):
            own = []
        given = [name for name in ("sigmas", "timesteps") if arguments.get(name) is not None]
        taken = inspect.signature(scheduler.set_timesteps).parameters
        lacks += [f"set_timesteps({name}=...)" for name in own + given if name not in taken]
    if lacks:
        kind = "" if family.scales_noise else "FlowMatch"
        raise ArgumentError(
            f"{type(scheduler).__name__} has no {' and no '.join(lacks)}, which {who} needs here: "
            f"give another scheduler, such as scheduler='{kind}EulerDiscreteScheduler'"
        )


def refuse_noise(pipeline: Any, arguments: Mapping[str, Any], *, fixed: bool = False) -> None:
    """Refuse a pipeline whose outputs are not a function of its latents.

    Args:
        pipeline: a diffusers pipeline.
        arguments: what it is called with.
        fixed: whether every call comes with a random generator that starts alike, which makes
            what it draws the same for every latent.

    Raises:
        ArgumentError: it draws noise at every step; with the fix.
    """
    reason = noise_in(pipeline, arguments)
    if reason is None:
        return
    if not fixed:
        raise ArgumentError(
            f"the same latent would not give the same output: {reason}. Or hold the noise fixed "
            "with step_noise='fixed', so that every latent meets the same noise; or make that "
            "noise part of the latent with step_noise='latent'"
        )
    name = type(pipeline.scheduler).__name__
    seed = pipeline.scheduler.config.get("noise_sampler_seed", None)
    if name == "DPMSolverSDEScheduler" and seed is None:
        raise ArgumentError(
            f"step_noise='fixed' cannot hold the noise of {name}, which takes its seed from its "
            f"configuration: {reconfigured(name, 'noise_sampler_seed=0')}"
        )
