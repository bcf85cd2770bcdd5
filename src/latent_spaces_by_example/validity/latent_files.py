"""Latents in files: ``.safetensors``, ``.npy``, and the run folder of a study."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from latent_spaces_by_example.errors import ArgumentError

_OF_A_STUDY = "seed_latents"


@dataclass(frozen=True)
class LatentsFile:
    """Latents as a file holds them.

    Attributes:
        latents: as stored; bfloat16 as float32.
        names: as stored beside them, or None.
    """

    latents: np.ndarray
    names: tuple[str, ...] | None = None


def read_latents(path: str | PathLike[str], *, tensor: str | None = None) -> LatentsFile:
    """Read latents from a ``.safetensors`` or ``.npy`` file, or from a study's run folder.

    Args:
        path: of the file or folder.
        tensor: which tensor of a ``.safetensors`` file; by default the only one, or
            ``seed_latents``, as a study calls its own.

    Raises:
        ArgumentError: there is no such file or tensor, or it is of another kind or damaged.
    """
    file = Path(path)
    if file.is_dir():
        file = file / f"{_OF_A_STUDY}.safetensors"
    if not file.is_file():
        raise ArgumentError(f"there is no file {str(file)!r}; give a .safetensors or .npy file")
    if file.suffix == ".safetensors":
        return _read_safetensors(file, tensor)
    if file.suffix != ".npy":
        raise ArgumentError(f"{str(file)!r} ends in {file.suffix!r}; expected .safetensors or .npy")
    if tensor is not None:
        raise ArgumentError(f"tensor={tensor!r} was given, but a .npy file holds one array")
    try:
        return LatentsFile(np.load(file, allow_pickle=False))
    except Exception as error:  # NumPy parses the header as Python: a damaged one raises anything
        raise ArgumentError(f"{str(file)!r} cannot be read as .npy: {error}") from error


def _read_safetensors(file: Path, tensor: str | None) -> LatentsFile:
    try:
        with safe_open(file, framework="numpy") as stored:
            name = _chosen(file, list(stored.keys()), tensor)
            if stored.get_slice(name).get_dtype() == "BF16":
                latents = _bfloat16(file, name)  # a dtype that NumPy does not have
            else:
                latents = stored.get_tensor(name)
            metadata: dict[str, str] = stored.metadata() or {}
    except (OSError, SafetensorError, TypeError, ValueError, KeyError) as error:
        raise ArgumentError(f"{str(file)!r} cannot be read as .safetensors: {error}") from error
    return LatentsFile(latents, _names(metadata, latents))


def _names(metadata: dict[str, str], latents: np.ndarray) -> tuple[str, ...] | None:
    keys = [f"name_{k}" for k in range(len(latents) if latents.ndim else 0)]
    return tuple(metadata[key] for key in keys) if all(key in metadata for key in keys) else None


def _chosen(file: Path, names: list[str], tensor: str | None) -> str:
    if tensor is None and len(names) == 1:
        return names[0]
    wanted = _OF_A_STUDY if tensor is None else tensor
    if wanted not in names:
        held = ", ".join(sorted(names)) or "no tensor"
        asked = "no tensor was named" if tensor is None else f"there is no tensor {tensor!r}"
        raise ArgumentError(f"{asked}; {str(file)!r} holds {held}: name one (--tensor NAME)")
    return wanted


def _bfloat16(file: Path, name: str) -> np.ndarray:
    with open(file, "rb") as content:
        length = int.from_bytes(content.read(8), "little")
        entry: dict[str, Any] = json.loads(content.read(length))[name]
        first, last = entry["data_offsets"]
        content.seek(8 + length + first)
        halves = np.frombuffer(content.read(last - first), dtype="<u2")
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])
