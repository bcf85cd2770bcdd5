"""Load a pipeline from an object, a folder or a hub id, onto the device that was asked for."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import diffusers
import torch

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.generators.pipelines.call import check_names
from latent_spaces_by_example.generators.pipelines.pipeline_settings import PipelineSettings
from latent_spaces_by_example.parameters import check_choice, near

# what each memory option is in diffusers: where it lives, and the method that turns it on
MEMORY_OPTIONS = {
    "model-offload": ("pipeline", "enable_model_cpu_offload"),
    "sequential-offload": ("pipeline", "enable_sequential_cpu_offload"),
    "attention-slicing": ("pipeline", "enable_attention_slicing"),
    "vae-slicing": ("vae", "enable_slicing"),
    "vae-tiling": ("vae", "enable_tiling"),
}


def load_pipeline(source: Any, settings: PipelineSettings) -> Any:
    """Return the pipeline, ready to be called.

    Args:
        source: a pipeline, a folder that ``save_pretrained`` wrote, or a hub id.
        settings: its dtype, variant, device, memory and scheduler; what is None stays as a given
            pipeline has it.

    Raises:
        ArgumentError: no such folder, hub id, device, option or scheduler.
        MissingPackageError: offloading needs accelerate.
    """
    for option in settings.memory:
        check_choice(option, argument="memory", choices=MEMORY_OPTIONS)
    is_given = not isinstance(source, str)
    if is_given and not isinstance(source, diffusers.DiffusionPipeline):
        raise ArgumentError(
            f"pipeline is {source!r:.60} of type {type(source).__name__}; expected a diffusers "
            "pipeline, a folder that its save_pretrained wrote, or a hub id such as "
            "'black-forest-labs/FLUX.1-schnell'"
        )
    name, dtype = settings.device, settings.dtype
    if name is None and not is_given:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = None if name is None else _checked_device(name)
    if dtype is None and device is not None and not is_given:
        dtype = "bfloat16" if device.type == "cuda" else "float32"
    wanted = None if dtype is None else getattr(torch, dtype)
    pipeline = source if is_given else _from_pretrained(source, settings, dtype=wanted)
    if settings.scheduler is not None:
        pipeline = copy.copy(pipeline)  # the caller's keeps its own; the networks are shared
        pipeline.scheduler = _scheduler(settings.scheduler, like=pipeline.scheduler)
    if is_given and wanted is not None:
        pipeline.to(wanted)
    _place(pipeline, settings, device=device)
    return pipeline


def _checked_device(name: str) -> torch.device:
    """Return the device of this name.

    Raises:
        ArgumentError: there is no such device on this machine.
    """
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError, TypeError) as error:  # torch built without it asserts
        raise ArgumentError(
            f"device={name!r} cannot be used with torch {torch.__version__} here "
            f"({_first(error)}): give device='cpu', or install a build of torch for that device "
            "and its driver"
        ) from error


def _from_pretrained(name: str, settings: PipelineSettings, *, dtype: torch.dtype | None) -> Any:
    folder, variant = Path(name).expanduser(), settings.variant
    if folder.is_dir():
        _check_index(folder, settings)
        variant = variant or _only_variant(folder)
    elif folder.exists():
        raise ArgumentError(
            f"{name!r} is a file; expected a folder that a pipeline's save_pretrained wrote: load "
            "a single file with diffusers (from_single_file) and give the pipeline"
        )
    elif name.count("/") != 1 or name.startswith((".", "~", "/")):
        raise ArgumentError(
            f"there is no folder {name!r}; expected one that a pipeline's save_pretrained wrote, "
            "or a hub id such as 'black-forest-labs/FLUX.1-schnell'"
        )
    place = str(folder) if folder.is_dir() else name
    try:
        # a pickled .bin file could run code of its author's
        return diffusers.DiffusionPipeline.from_pretrained(
            place, dtype=dtype, variant=variant, use_safetensors=True
        )
    except ImportError as error:  # a scheduler of its own (Stable Audio's) needs torchsde
        raise MissingPackageError(f"the pipeline {name!r}: {_first(error)}") from error
    except (AttributeError, OSError, ValueError) as error:
        if isinstance(error, AttributeError) or "has no class" in str(error):
            raise ArgumentError(_too_new(name, error)) from error
        if folder.is_dir() or "variant" in str(error):
            raise ArgumentError(
                f"the pipeline {name!r} cannot be loaded: {error}. Only safetensors files are "
                "opened; variant='fp16' loads those called *.fp16.safetensors"
            ) from error
        raise ArgumentError(
            f"{name!r} is no folder here, and as a hub id it cannot be reached ({_first(error)}). "
            "Check the id, the network and, for a gated model, that you are logged in. Without a "
            f"network: where there is one, run `hf download {name} --local-dir DIR`, bring DIR "
            "here and give its path"
        ) from error


def _check_index(folder: Path, settings: PipelineSettings) -> None:
    """Refuse what can be known to fail before any weights are read."""
    index = folder / "model_index.json"
    if not index.is_file():
        raise ArgumentError(
            f"{str(folder)!r} is a folder without model_index.json; expected one that a "
            "pipeline's save_pretrained wrote"
        )
    try:
        kind = json.loads(index.read_text(encoding="utf-8")).get("_class_name")
    except (ValueError, AttributeError) as error:
        raise ArgumentError(f"{str(index)!r} cannot be read ({error})") from error
    if isinstance(kind, str):  # else a class in a file of the folder's own
        if not hasattr(diffusers, kind):
            raise ArgumentError(_too_new(str(folder), f"there is no {kind}"))
        check_names(getattr(diffusers, kind), settings)


def _too_new(name: str, why: object) -> str:
    return (
        f"the pipeline {name!r} is not one of diffusers {diffusers.__version__} ({why}): it may "
        "need a newer version: pip install --upgrade diffusers"
    )


def _only_variant(folder: Path) -> str | None:
    """Return "fp16" if some part of a pipeline has its weights in that variant alone."""
    for part in filter(Path.is_dir, folder.iterdir()):
        weights = [path.name for path in part.glob("*.safetensors")]
        if weights and all(".fp16" in name for name in weights):
            return "fp16"
    return None


def _scheduler(name: str, *, like: Any) -> Any:
    known = [n for n in dir(diffusers) if n.endswith("Scheduler")]
    if name not in known:
        raise ArgumentError(
            f"scheduler={name!r}; diffusers has no scheduler of this name{near(name, known)}"
        )
    try:
        return getattr(diffusers, name).from_config(like.config)
    except ImportError as error:
        raise MissingPackageError(f"scheduler={name!r}: {_first(error)}") from error
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ArgumentError(
            f"scheduler={name!r} cannot take over the settings of {type(like).__name__}: "
            f"{_first(error)}"
        ) from error


def _place(pipeline: Any, settings: PipelineSettings, *, device: torch.device | None) -> None:
    memory = "+".join(settings.memory)
    offloaded = "offload" in memory
    if offloaded and (device or pipeline.device).type == "cpu" and not torch.cuda.is_available():
        raise ArgumentError(
            f"memory={memory!r} moves parts of the model between a GPU and the CPU, but this "
            "machine has no GPU: leave it out"
        )
    try:
        for option in settings.memory:
            owner, method = MEMORY_OPTIONS[option]
            part = pipeline if owner == "pipeline" else getattr(pipeline, owner, None)
            if not hasattr(part, method):
                raise ArgumentError(f"{type(pipeline).__name__} has no {option}; leave it out")
            place = {"device": device} if device is not None and "offload" in option else {}
            getattr(part, method)(**place)
    except ImportError as error:
        raise MissingPackageError(
            f"memory={memory!r} needs accelerate; install it with: "
            "pip install 'latent-spaces-by-example[diffusers]'"
        ) from error
    if device is not None and not offloaded:
        pipeline.to(device)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]
