"""Which schedulers draw noise at every step, and what to do about it.

A study needs z -> x to be a function. Read from the sources of diffusers 0.42.1, ``step`` of each.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from latent_spaces_by_example.errors import ArgumentError

# schedulers that always draw -> the nearest of the same family that never does, where there is one
_NOISY: dict[str, str | None] = {
    "CMStochasticIterativeScheduler": None,
    "CosineDPMSolverMultistepScheduler": "EDMDPMSolverMultistepScheduler",
    "DDPMParallelScheduler": "DDIMParallelScheduler",
    "DDPMScheduler": "DDIMScheduler",
    "DDPMWuerstchenScheduler": None,
    "DPMSolverSDEScheduler": "DPMSolverMultistepScheduler",
    "EulerAncestralDiscreteScheduler": "EulerDiscreteScheduler",
    "FlowMatchLCMScheduler": "FlowMatchEulerDiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler": "KDPM2DiscreteScheduler",
    "LCMScheduler": "TCDScheduler",
    "SASolverScheduler": "DPMSolverMultistepScheduler",
    "SCMScheduler": None,
    "UnCLIPScheduler": None,
}


def _of_eta(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    """Of those that draw in proportion to ``eta``: the pipeline's, else the scheduler's own."""
    calls = inspect.signature(type(pipeline).__call__).parameters
    steps = inspect.signature(pipeline.scheduler.step).parameters
    default = calls["eta"].default if "eta" in calls else steps["eta"].default
    eta = arguments.get("eta", default)
    return f"eta={eta} makes it draw noise at every step: give eta=0.0" if eta else None


def _of_ltx(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    eta = pipeline.scheduler.config.eta
    return (
        f"its eta={eta} makes it draw noise at every step: {_reconfigured(pipeline, 'eta=0.0')}"
        if eta
        else None
    )


def _of_flow_matching(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    if not pipeline.scheduler.config.get("stochastic_sampling", False):
        return None
    fix = _reconfigured(pipeline, "stochastic_sampling=False")
    return f"its stochastic_sampling draws noise at every step: {fix}"


def _of_dpm_solver(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    algorithm = pipeline.scheduler.config.algorithm_type
    if not algorithm.startswith("sde-"):
        return None
    fix = _reconfigured(pipeline, f"algorithm_type={algorithm.removeprefix('sde-')!r}")
    return f"its algorithm_type={algorithm!r} draws noise at every step: {fix}"


def _never(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    return None  # what would make it draw (s_churn) is an argument of step that no pipeline gives


_CONDITIONAL: dict[str, Callable[[Any, Mapping[str, Any]], str | None]] = {
    "CogVideoXDDIMScheduler": _never,
    "DDIMParallelScheduler": _of_eta,
    "DDIMScheduler": _of_eta,
    "DPMSolverMultistepInverseScheduler": _of_dpm_solver,
    "DPMSolverMultistepScheduler": _of_dpm_solver,
    "DPMSolverSinglestepScheduler": _of_dpm_solver,
    "EDMDPMSolverMultistepScheduler": _of_dpm_solver,
    "EDMEulerScheduler": _never,
    "EulerDiscreteScheduler": _never,
    "FlowMatchEulerDiscreteScheduler": _of_flow_matching,
    "FlowMatchHeunDiscreteScheduler": _never,
    "LTXEulerAncestralRFScheduler": _of_ltx,
    "TCDScheduler": _of_eta,
}


def noise_in(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    """What makes this pipeline draw noise after its latent, and the fix; None if nothing does.

    Args:
        pipeline: a diffusers pipeline.
        arguments: what it is called with.
    """
    return _noise_in_steps(pipeline, arguments) or _noise_in_decoding(pipeline, arguments)


def _noise_in_steps(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    scheduler = pipeline.scheduler
    name = type(scheduler).__name__
    if arguments.get("s_churn"):
        return f"s_churn={arguments['s_churn']} makes {name} draw noise: give s_churn=0.0"
    if name in _NOISY:
        calm = _NOISY[name]
        fix = f"give scheduler={calm!r}" if calm else "no scheduler of its family is without noise"
        if calm == "TCDScheduler" and "eta" not in inspect.signature(pipeline.__call__).parameters:
            fix = "no scheduler of its family is without noise here"
        return f"{name} draws noise at every step: {fix}"
    if name in _CONDITIONAL:
        found = _CONDITIONAL[name](pipeline, arguments)
        return found and f"{name}: {found}"
    if "generator" in inspect.signature(scheduler.step).parameters:
        return f"{name} takes a random generator and is not known to be without noise"
    return None


def _noise_in_decoding(pipeline: Any, arguments: Mapping[str, Any]) -> str | None:
    """LTX mixes fresh noise into the latent that it decodes, if its VAE asks for a timestep."""
    config = getattr(getattr(pipeline, "vae", None), "config", {})
    timestep = arguments.get("decode_timestep", 0.0)
    scale = arguments.get("decode_noise_scale")
    amount = timestep if scale is None else scale
    if not config.get("timestep_conditioning", False) or not any(_list(amount)):
        return None
    return "decode_noise_scale makes the decoder draw noise: give decode_noise_scale=0.0"


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _reconfigured(pipeline: Any, setting: str) -> str:
    name = type(pipeline.scheduler).__name__
    return f"pipeline.scheduler = {name}.from_config(pipeline.scheduler.config, {setting})"


def refuse_noise(pipeline: Any, arguments: Mapping[str, Any], *, fixed: bool = False) -> None:
    """Refuse a pipeline whose outputs are not a function of its latents.

    Args:
        pipeline: a diffusers pipeline.
        arguments: what it is called with.
        fixed: whether every call comes with a random generator that starts alike, which makes
            what it draws the same for every latent.

    Raises:
        ArgumentError: it draws noise at every step, or in decoding; with the fix.
    """
    found = noise_in(pipeline, arguments)
    if found is None:
        return
    if fixed:
        if _ignores_generator(pipeline.scheduler):
            name = type(pipeline.scheduler).__name__
            raise ArgumentError(
                f"step_noise='fixed' cannot hold the noise of {name}, which takes its seed from "
                f"its configuration: {_reconfigured(pipeline, 'noise_sampler_seed=0')}"
            )
        return
    raise ArgumentError(
        f"the same latent would not give the same output: {found}. Or hold the noise fixed with "
        "step_noise='fixed', so that every latent meets the same noise; or make that noise part "
        "of the latent with generators.noise_tape"
    )


def _ignores_generator(scheduler: Any) -> bool:
    seed = scheduler.config.get("noise_sampler_seed", None)
    return type(scheduler).__name__ == "DPMSolverSDEScheduler" and seed is None
