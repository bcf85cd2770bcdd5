"""Images as a person has them - files, PIL images, arrays - as a pipeline's outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from latent_spaces_by_example.errors import ArgumentError

_MODES = {1: "L", 3: "RGB"}
_ROUNDING = 1e-4  # of values in [0, 1]


def read_image(example: Any, *, shape: tuple[int, int, int], made_by: str) -> np.ndarray:
    """An image as the pipeline would return it: float32, (height, width, channels), in [0, 1].

    Args:
        example: a path of an image file or of an array in .npy, a PIL image, or an array or
            tensor of shape (height, width, channels), uint8 or floating point in [0, 1].
        shape: height, width and channels that it must have; images are never resized.
        made_by: the pipeline's name, for messages.

    Raises:
        ArgumentError: no such file, no image, another size, or values that are no image's.
    """
    name = named(example)
    if isinstance(example, (str, os.PathLike)):
        example = _opened(Path(example), named=name)
    if isinstance(example, Image.Image):
        example = _of_picture(example, channels=shape[2], named=name)
    if isinstance(example, torch.Tensor):
        example = (
            example.detach().float().cpu().numpy()
            if example.is_floating_point()
            else (example.cpu().numpy())
        )
    array = np.asarray(example)
    if array.ndim == 2 and shape[2] == 1:
        array = array[..., None]
    _check_size(array, shape=shape, named=name, made_by=made_by)
    return _in_unit_range(array, named=name)


def named(example: Any, *, number: int | None = None) -> str:
    """What to call an example in messages: by its file, else by its number among others."""
    if isinstance(example, (str, os.PathLike)):
        return f"example {str(os.fspath(example))!r}"
    return "an example" if number is None else f"example {number}"


def _opened(path: Path, *, named: str) -> Any:
    if not path.is_file():
        raise ArgumentError(
            f"{named}: there is no such file; examples of a diffusers pipeline are image files"
        )
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture)  # loads it too
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise ArgumentError(f"{named} cannot be read as an image ({error})") from error


def _of_picture(picture: Image.Image, *, channels: int, named: str) -> np.ndarray:
    if picture.mode.startswith(("I", "F")):
        raise ArgumentError(
            f"{named} has pixels of kind {picture.mode!r}; expected 8 bits for each colour: "
            "convert it, or give an array with values in [0, 1]"
        )
    alpha = picture.convert("RGBA").getchannel("A").getextrema()[0]
    if isinstance(alpha, (int, float)) and alpha < 255:
        raise ArgumentError(f"{named} has transparent pixels; put it on a background first")
    return np.asarray(picture.convert(_MODES[channels]))


def _check_size(
    array: np.ndarray, *, shape: tuple[int, int, int], named: str, made_by: str
) -> None:
    if array.shape == shape:
        return
    height, width, channels = shape
    wanted = f"{height} x {width} pixels (height x width)"
    if array.ndim != 3 or array.shape[2] != channels:
        raise ArgumentError(
            f"{named} has shape {array.shape}; expected (height, width, channels) = {shape}, "
            f"what {made_by} makes here"
        )
    raise ArgumentError(
        f"{named} is {array.shape[0]} x {array.shape[1]} pixels; {made_by} makes {wanted} here: "
        f"crop or resize it, or make the generator with height={array.shape[0]}, "
        f"width={array.shape[1]} if the model takes these"
    )


def _in_unit_range(array: np.ndarray, *, named: str) -> np.ndarray:
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255.0)
    if array.dtype.kind != "f":
        raise ArgumentError(
            f"{named} holds {array.dtype} values; expected uint8 from 0 to 255, or floating point "
            "from 0 to 1"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= -_ROUNDING and high <= 1.0 + _ROUNDING):  # NaN too
        raise ArgumentError(
            f"{named} holds values from {low:.4g} to {high:.4g}; expected floating point from 0 "
            "to 1, or uint8 from 0 to 255"
        )
    return np.clip(array, 0.0, 1.0).astype(np.float32)
