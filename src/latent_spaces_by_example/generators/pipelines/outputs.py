"""Turn what a pipeline returned into arrays, pictures and files: images, videos and sounds."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from latent_spaces_by_example.errors import ArgumentError, GeneratorError
from latent_spaces_by_example.generators import default_pictures
from latent_spaces_by_example.generators.pictures import to_pil
from latent_spaces_by_example.plugins import missing_packages_named

_SUFFIXES = {"image": (".png",), "video": (".mp4", ".gif"), "audio": (".wav",)}
_RETURNED = {"image": "images", "video": "frames", "audio": "audios"}


def suffix_of(kind: str) -> str:
    """Return the ending of files of a kind; for videos .mp4 if a writer is installed, or .gif."""
    if kind == "video" and find_spec("imageio_ffmpeg") is None:
        return ".gif"
    return _SUFFIXES[kind][0]


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
    outputs = np.asarray(getattr(returned, _RETURNED[kind], returned), dtype=np.float32)
    if len(outputs) != n:
        raise GeneratorError(f"the pipeline returned {len(outputs)} outputs for {n} latents")
    if not np.isfinite(outputs).all():
        raise GeneratorError(
            "the pipeline returned values that are NaN or infinite; with dtype='float16' that is "
            "often its VAE: give dtype='bfloat16' or dtype='float32'"
        )
    return outputs


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
