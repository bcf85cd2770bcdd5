"""A pipeline from an object, a folder or a hub id, on the device that was asked for."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diffusers
import torch

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.parameters import near

_DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
# what each memory option is in diffusers: where it lives, and the method that turns it on
_MEMORY = {
    "model-offload": ("pipeline", "enable_model_cpu_offload"),
    "sequential-offload": ("pipeline", "enable_sequential_cpu_offload"),
    "attention-slicing": ("pipeline", "enable_attention_slicing"),
    "vae-slicing": ("vae", "enable_slicing"),
    "vae-tiling": ("vae", "enable_tiling"),
}
MEMORY_OPTIONS = tuple(_MEMORY)


def load_pipeline(
    source: Any,
    *,
    dtype: str | None,
    device: str | None,
    memory: Sequence[str],
    scheduler: str | None,
) -> Any:
    """The pipeline, ready to be called.

    Args:
        source: a pipeline, a folder that ``save_pretrained`` wrote, or a hub id.
        dtype: "float32", "float16" or "bfloat16"; None for bfloat16 on a GPU and float32
            elsewhere, or, of a pipeline that was given, the one it has.
        device: such as "cuda" or "cpu"; None for a GPU if there is one, or, of a pipeline that was
            given, where it is.
        memory: names out of ``MEMORY_OPTIONS``.
        scheduler: the name of a scheduler class of diffusers to replace the pipeline's; None to
            keep that.

    Raises:
        ArgumentError: no such folder, hub id, dtype, device, option or scheduler.
        MissingPackageError: offloading needs accelerate.
    """
    _check_memory(memory)
    is_given = not isinstance(source, (str, os.PathLike))
    if is_given and not isinstance(source, diffusers.DiffusionPipeline):
        raise ArgumentError(
            f"pipeline is {_article(type(source).__name__)}; expected a diffusers pipeline, a "
            "folder that its save_pretrained wrote, or a hub id such as "
            "'black-forest-labs/FLUX.1-schnell'"
        )
    if dtype is not None and dtype not in _DTYPES:
        raise ArgumentError(f"dtype={dtype!r}; expected one of {', '.join(_DTYPES)}")
    if device is None and not is_given:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    place = None if device is None else checked_device(device)
    if dtype is None and place is not None and not is_given:
        dtype = "bfloat16" if place.type == "cuda" else "float32"
    wanted = None if dtype is None else _DTYPES[dtype]
    pipeline = source if is_given else _from_pretrained(source, dtype=wanted)
    if scheduler is not None:
        pipeline = copy.copy(pipeline)  # the caller's keeps its own; the networks are shared
        kind = _scheduler(scheduler)
        try:
            pipeline.scheduler = kind.from_config(pipeline.scheduler.config)
        except ImportError as error:
            raise MissingPackageError(f"scheduler={scheduler!r}: {_first(error)}") from error
    if is_given and wanted is not None:
        pipeline.to(wanted)
    if not is_given:
        pipeline.set_progress_bar_config(disable=True)  # one bar per candidate is one too many
    _place(pipeline, device=place, memory=memory)
    return pipeline


def checked_device(device: str) -> torch.device:
    """The device of this name.

    Raises:
        ArgumentError: there is no such device on this machine.
    """
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ArgumentError(f"device={device!r}; expected 'cuda', 'cuda:1', 'cpu' ...") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise ArgumentError(
            f"device={device!r} was asked for, but torch {torch.__version__} finds no CUDA device: "
            "give device='cpu', or install a CUDA build of torch and its driver"
        )
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise ArgumentError(
            f"device={device!r} was asked for; there are {torch.cuda.device_count()}, from cuda:0"
        )
    if found.type == "mps" and not torch.backends.mps.is_available():
        raise ArgumentError(f"device={device!r} was asked for, but torch finds no MPS device")
    return found


def _from_pretrained(source: str | os.PathLike[str], *, dtype: torch.dtype | None) -> Any:
    name = os.fspath(source)
    folder = Path(name)
    if folder.is_dir():
        if not (folder / "model_index.json").is_file():
            raise ArgumentError(
                f"{name!r} is a folder without model_index.json; expected one that a pipeline's "
                "save_pretrained wrote"
            )
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
    try:
        return diffusers.DiffusionPipeline.from_pretrained(name, dtype=dtype)
    except ImportError as error:  # a scheduler of its own (Stable Audio's) needs torchsde
        raise MissingPackageError(f"the pipeline {name!r}: {_first(error)}") from error
    except (OSError, ValueError) as error:
        if folder.is_dir():
            raise ArgumentError(f"the pipeline in {name!r} cannot be loaded: {error}") from error
        raise ArgumentError(
            f"{name!r} is no folder here, and as a hub id it cannot be reached ({_first(error)}). "
            "Check the id, the network and, for a gated model, that you are logged in. Without a "
            f"network: where there is one, run `hf download {name} --local-dir DIR`, bring DIR "
            "here and give its path"
        ) from error


def _scheduler(name: str) -> Any:
    known = [n for n in dir(diffusers) if n.endswith("Scheduler")]
    if name not in known:
        raise ArgumentError(
            f"scheduler={name!r}; diffusers has no scheduler of this name{near(name, known)}"
        )
    return getattr(diffusers, name)


def _check_memory(memory: Sequence[str]) -> None:
    for option in memory:
        if option not in _MEMORY:
            raise ArgumentError(
                f"memory={option!r}{near(option, list(_MEMORY))}; expected any of "
                f"{', '.join(_MEMORY)}"
            )


def _place(pipeline: Any, *, device: torch.device | None, memory: Sequence[str]) -> None:
    offloaded = any(option.endswith("offload") for option in memory)
    if offloaded and (device or pipeline.device).type == "cpu" and not torch.cuda.is_available():
        raise ArgumentError(
            f"memory={'+'.join(memory)!r} moves parts of the model between a GPU and the CPU, but "
            "this machine has no GPU: leave it out"
        )
    try:
        for option in memory:
            owner, method = _MEMORY[option]
            part = pipeline if owner == "pipeline" else getattr(pipeline, owner, None)
            if not hasattr(part, method):
                raise ArgumentError(f"{type(pipeline).__name__} has no {option}; leave it out")
            place = {"device": device} if offloaded and owner == "pipeline" and device else {}
            getattr(part, method)(**(place if "offload" in option else {}))
    except ImportError as error:
        raise MissingPackageError(
            f"memory={'+'.join(memory)!r} needs accelerate; install it with: "
            "pip install 'latent-spaces-by-example[diffusers]'"
        ) from error
    if device is not None and not offloaded:
        pipeline.to(device)


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]


def _article(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
