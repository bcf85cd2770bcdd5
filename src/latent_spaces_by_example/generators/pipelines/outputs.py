"""Turn what a pipeline returned into arrays, pictures and files: images, videos and sounds."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from latent_spaces_by_example.arrays import host_array
from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators import default_pictures
from latent_spaces_by_example.generators.pictures import read_picture, to_pil
from latent_spaces_by_example.generators.pipelines.families import denoiser
from latent_spaces_by_example.plugins import missing_packages_named

_SUFFIXES = {"image": (".png",), "video": (".mp4", ".gif"), "audio": (".wav",)}
_WAN_RATE = 16.0
# Of float32 on a CPU 1e-5 was measured; of a pipeline of FLUX's size in bfloat16 0.023 after four
# steps, and of float32 on a GPU, where convolutions round to TF32, 0.008. More steps make more.
_ROUNDING, _COARSE_ROUNDING = 1e-3, 0.2
_RETURNED = {"image": "images", "video": "frames", "audio": "audios"}


def suffix_of(kind: str) -> str:
    """Return the ending of files of a kind; for videos .mp4 if a writer is installed, or .gif."""
    if kind == "video" and find_spec("imageio_ffmpeg") is None:
        return ".gif"
    return _SUFFIXES[kind][0]


def kind_of(returned: Any) -> str:
    """Return "image", "video" or "audio", by the field or the shape that a pipeline returned."""
    for kind, field in _RETURNED.items():
        if hasattr(returned, field):
            return kind
    first = _first_of(returned)
    return "video" if np.ndim(first) == 5 else "image" if np.ndim(first) == 4 else "audio"


def tolerance_of(pipeline: Any) -> float:
    """Return how far rounding may take an output in a batch, relative to its largest value."""
    on_cpu = pipeline._execution_device.type == "cpu"
    is_fine = on_cpu and (denoiser(pipeline) or pipeline).dtype == torch.float32
    return _ROUNDING if is_fine else _COARSE_ROUNDING


def rates_of(pipeline: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return frame rate and sampling rate of what a pipeline makes, as ``save_output`` takes."""
    config = getattr(getattr(pipeline, "vae", None), "config", None)
    parameters = inspect.signature(type(pipeline).__call__).parameters
    default = parameters["frame_rate"].default if "frame_rate" in parameters else _WAN_RATE
    return {
        "frame_rate": float(arguments.get("frame_rate", default)),
        "sampling_rate": int(getattr(config, "sampling_rate", 44100)),
    }


@contextmanager
def out_of_memory_named(pipeline: Any, *, n: int, size: Any) -> Iterator[None]:
    """Say what to do when a pipeline runs out of memory with n latents, at this size.

    Raises:
        GeneratorError: it did.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        smaller = f"batch_size={n // 2}" if n > 1 else "a smaller size"
        raise GeneratorError(
            f"out of memory on {pipeline._execution_device} with {n} latents of "
            f"{type(pipeline).__name__} at {size} ({str(error).splitlines()[0][:120]}). "
            f"Try {smaller}, "
            "memory='vae-slicing+vae-tiling', or memory='model-offload' (slower: "
            "'sequential-offload'); dtype='bfloat16' halves what float32 needs"
        ) from error


def _first_of(returned: Any) -> Any:
    values = list(returned.values()) if isinstance(returned, Mapping) else returned
    return values[0] if isinstance(values, (list, tuple)) else values


def read_outputs(returned: Any, *, kind: str, n: int) -> np.ndarray:
    """Return the outputs in what a pipeline returned, as float32.

    Returns:
        Images of shape (n, height, width, channels) and videos of shape (n, frames, height, width,
        channels) in [0, 1]; sounds of shape (n, channels, samples), in [-1, 1] but for peaks.

    Raises:
        GeneratorError: not n outputs, values that are not finite, or an image that the
            pipeline's safety checker made black.
    """
    flags = getattr(returned, "nsfw_content_detected", None) or []
    flagged = [i for i, flag in enumerate(flags, start=1) if flag]
    if flagged:
        raise GeneratorError(
            f"the pipeline's safety checker made {len(flagged)} of {n} images black (image "
            f"{', '.join(map(str, flagged))}), so there is nothing to score; to see them, load the "
            "pipeline with safety_checker=None and give the pipeline"
        )
    values = getattr(returned, _RETURNED[kind], None)
    values = _first_of(returned) if values is None and not _is_array(returned) else values
    outputs = _as_float32(returned if values is None else values)
    if len(outputs) != n:
        raise GeneratorError(f"the pipeline returned {len(outputs)} outputs for {n} latents")
    if not np.isfinite(outputs).all():
        raise GeneratorError(
            "the pipeline returned values that are NaN or infinite; with dtype='float16' that is "
            "often its VAE: give dtype='bfloat16' or dtype='float32'"
        )
    return outputs


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")


def _as_float32(values: Any) -> np.ndarray:
    """Return arrays, tensors, or lists of pictures or of lists of frames, as one array."""
    if isinstance(values, (list, tuple)):
        return np.stack([_as_float32(value) for value in values])
    if isinstance(values, Image.Image):
        return read_picture(values)
    return host_array(values).astype(np.float32, copy=False)


def picture_of(output: npt.ArrayLike, *, kind: str) -> Image.Image | None:
    """Draw an image; a video's first, middle and last frame side by side; a sound's waveform."""
    array = np.asarray(output)
    if kind == "image":
        return to_pil(array)
    if kind == "video":
        return to_pil(np.concatenate([array[i] for i in (0, len(array) // 2, -1)], axis=1))
    line: Any = default_pictures.picture_of(array.mean(axis=0))  # finite, so never None
    return line


def save_output(
    output: npt.ArrayLike,
    path: str | os.PathLike[str],
    *,
    kind: str,
    frame_rate: float,
    sampling_rate: int,
) -> None:
    """Write an image as .png, a video as .mp4 or .gif, a sound as .wav; or any of them as .npy.

    Raises:
        ArgumentError: the path ends in something else.
        MissingPackageError: a .mp4 is asked for, and imageio-ffmpeg is not installed.
    """
    array = np.asarray(output)
    suffix = Path(path).suffix
    if suffix == ".npy":
        np.save(path, array)
    elif suffix not in _SUFFIXES[kind]:
        expected = ", ".join(_SUFFIXES[kind])
        raise ArgumentError(f"path is {str(path)!r}; expected it to end in {expected} or .npy")
    elif kind == "image":
        to_pil(array).save(path)
    elif suffix == ".mp4":
        _save_mp4(array, path, frame_rate=frame_rate)
    elif kind == "video":
        frames = [to_pil(frame) for frame in array]
        milliseconds = round(1000.0 / frame_rate)
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0)
    else:
        from scipy.io import wavfile  # only sounds need SciPy

        wavfile.write(path, sampling_rate, array.T.astype(np.float32))


def _save_mp4(video: np.ndarray, path: str | os.PathLike[str], *, frame_rate: float) -> None:
    """Write H.264, which every browser plays, without an odd last row or column of pixels."""
    with missing_packages_named("saving a video as .mp4, and not as .gif,", extra="video"):
        import imageio_ffmpeg  # only videos need it
    frames = [np.asarray(to_pil(frame).convert("RGB")) for frame in video]
    height, width = (size - size % 2 for size in frames[0].shape[:2])
    writer = imageio_ffmpeg.write_frames(
        os.fspath(path), (width, height), fps=frame_rate, quality=8, macro_block_size=2
    )
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame[:height, :width]))
    writer.close()
