"""Seed latents in the storage itself, for studies without a run folder."""

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
_KEY = "lsbe:seed_latents"


def as_attributes(examples: np.ndarray, *, any_size: bool = False) -> dict[str, str]:
    """Return attributes of a study that hold its examples' latents, (K, *latent_shape).

    They are safetensors in base 64; empty if there are no examples, or if they are larger than a
    storage should hold, unless ``any_size`` will do.
    """
    if not len(examples) or not (any_size or examples.nbytes <= MOST_BYTES):
        return {}
    content = save({"seed_latents": np.ascontiguousarray(examples)})
    return {_KEY: base64.b64encode(content).decode("ascii")}


def from_attributes(attributes: Mapping[str, Any]) -> np.ndarray | None:
    """Return the latents that :func:`as_attributes` stored; None if it stored nothing.

    Raises:
        StudyError: they are damaged.
    """
    if _KEY not in attributes:
        return None
    try:
        return load(base64.b64decode(attributes[_KEY], validate=True))["seed_latents"]
    except (KeyError, ValueError, TypeError, binascii.Error, SafetensorError) as error:
        raise StudyError(f"the seed latents in the storage are damaged: {error}") from error
