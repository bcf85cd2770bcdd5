"""Seed latents in the storage itself, so that a worker on another machine finds them there."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from latent_spaces_by_example.errors import StudyError

# whoever lists a storage's studies reads this too, so it cannot be large
MOST_BYTES = 4 * 2**20
_CHUNK = 2**15  # what the smallest text column of the databases in use takes
_KEY = "lsbe:seed_latents:"


def as_attributes(examples: np.ndarray) -> dict[str, str]:
    """Attributes of a study that hold its examples' latents, (K, *latent_shape), as safetensors.

    Nothing where there are none, or where they are larger than ``MOST_BYTES``.
    """
    if not len(examples) or examples.nbytes > MOST_BYTES:
        return {}
    content = save({"seed_latents": np.ascontiguousarray(examples)})
    coded = base64.b64encode(content).decode("ascii")
    chunks = [coded[i : i + _CHUNK] for i in range(0, len(coded), _CHUNK)]
    return {f"{_KEY}{i}/{len(chunks)}": chunk for i, chunk in enumerate(chunks)}


def from_attributes(attributes: Mapping[str, Any]) -> np.ndarray | None:
    """What :func:`as_attributes` stored; None where it stored nothing.

    Raises:
        StudyError: they are damaged.
    """
    chunks = {key: value for key, value in attributes.items() if key.startswith(_KEY)}
    if not chunks:
        return None
    total = next(iter(chunks)).rpartition("/")[2]
    try:
        coded = "".join(chunks[f"{_KEY}{i}/{total}"] for i in range(int(total)))
        return load(base64.b64decode(coded, validate=True))["seed_latents"]
    except (KeyError, ValueError, TypeError, binascii.Error, SafetensorError) as error:
        raise StudyError(f"the seed latents in the storage are damaged: {error}") from error
