"""Read any picture a person may have as RGB or grey numbers in [0, 1]: the one reader for all.

Files, PIL images, arrays and tensors come out the same however they were stored. What has no one
meaning is an error: a picture is never clipped, rescaled or turned without a reason in its file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from latent_spaces_by_example.arrays import host_array
from latent_spaces_by_example.errors import ArgumentError

if TYPE_CHECKING:
    from PIL.Image import Image

_ROUNDING = 1e-3  # beyond [0, 1]: half a level of 8 bits is 2e-3
_LARGEST = {"uint8": 255.0, "uint16": 65535.0, "bool": 1.0}
# Rec. 601, which PIL's convert("L") uses as well
_LUMINANCE = np.array([0.299, 0.587, 0.114])


def read_picture(
    picture: Any, *, channels: int = 3, name: str = "the picture"
) -> Float32[np.ndarray, "h w c"]:
    """Return a picture as an array in [0, 1], shape (height, width, channels).

    Photographs are turned as their EXIF orientation says, transparent pixels show white, and grey
    is the same as three equal channels.

    Args:
        picture: the path of an image file or a .npy file; a PIL image; or an array or tensor of
            shape (height, width) or (height, width, 1, 3 or 4 channels). uint8 and uint16 span
            their whole range, floating point is in [0, 1].
        channels: 3 for RGB, 1 for grey.
        name: what messages call it.

    Raises:
        ArgumentError: no such file, no picture, or values that could mean more than one thing.

    >>> read_picture(np.array([[0, 255]], dtype=np.uint8), channels=1)[..., 0]
    array([[0., 1.]], dtype=float32)
    """
    if isinstance(picture, (str, os.PathLike)):
        picture = _opened(Path(picture), name=name)
    if hasattr(picture, "getbands"):  # a PIL image
        picture = _pixels(picture, name=name)
    values = _in_unit_range(_as_array(picture, name=name), name=name)
    if values.shape[2] == 4:
        colour, alpha = values[..., :3], values[..., 3:]
        values = colour * alpha + (1.0 - alpha)
    if values.shape[2] == 1 and channels == 3:
        values = values.repeat(3, axis=2)
    if values.shape[2] == 3 and channels == 1:
        values = (values @ _LUMINANCE)[..., None]
    return values.astype(np.float32)


def to_pil(values: Float32[np.ndarray, "h w c"]) -> Image:
    """Return numbers in [0, 1], shape (height, width, 1 or 3), as a PIL image of 8 bits."""
    from PIL import Image

    levels = (np.clip(values, 0.0, 1.0) * 255.0).round().astype(np.uint8)
    return Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)


def named(example: Any, *, number: int | None = None) -> str:
    """Return what messages call an example: its file, or its number among others."""
    if isinstance(example, (str, os.PathLike)):
        return f"example {str(os.fspath(example))!r}"
    return "an example" if number is None else f"example {number}"


def _opened(path: Path, *, name: str) -> Any:
    path = path.expanduser()
    if not path.is_file():
        raise ArgumentError(f"{name}: there is no such file; give an image file or a .npy")
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        from PIL import Image

        with Image.open(path) as picture:
            picture.load()
            return picture
    except (OSError, ValueError, SyntaxError) as error:  # PIL's, of files that are cut or no image
        raise ArgumentError(f"{name} cannot be read as an image ({error})") from error


def _pixels(picture: Image, *, name: str) -> np.ndarray:
    from PIL import ImageOps

    is_png, picture = picture.format == "PNG", ImageOps.exif_transpose(picture)
    mode = picture.mode
    if mode.startswith("I"):
        array = np.asarray(picture)
        # some versions of PIL read PNG files of 16 bits as 32
        if mode == "I" and not (is_png and array.min() >= 0 and array.max() <= _LARGEST["uint16"]):
            raise ArgumentError(
                f"{name} has grey pixels of 32 bits, whose white is not known; give an array of "
                "floating point from 0 to 1"
            )
        return array.astype(np.uint16)
    if mode in ("L", "RGB", "RGBA", "F") and "transparency" not in picture.info:
        return np.asarray(picture)
    transparent = picture.has_transparency_data
    return np.asarray(picture.convert("RGBA" if transparent else "RGB"))


def _as_array(picture: Any, *, name: str) -> np.ndarray:
    array = host_array(picture)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ArgumentError(
            f"{name} has shape {array.shape} and is a {type(picture).__name__}; expected one image:"
            " a PIL image, or (height, width) or (height, width, channels) with 1, 3 or 4 channels"
            ". Of a video, take a frame"
        )
    return array


def _in_unit_range(array: np.ndarray, *, name: str) -> np.ndarray:
    kind = str(array.dtype)
    if kind in _LARGEST:
        return array / _LARGEST[kind]
    if array.dtype.kind != "f":
        raise ArgumentError(
            f"{name} holds {kind} values, whose white is not known; expected uint8 from 0 to 255, "
            "uint16 from 0 to 65535, or floating point from 0 to 1"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= -_ROUNDING and high <= 1.0 + _ROUNDING):  # NaN too
        raise ArgumentError(
            f"{name} holds values from {low:.4g} to {high:.4g}; expected floating point from 0 "
            "to 1, or uint8 from 0 to 255"
        )
    return np.clip(array.astype(np.float64), 0.0, 1.0)
