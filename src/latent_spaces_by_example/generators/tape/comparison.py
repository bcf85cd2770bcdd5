"""Compare two outputs of a sampler bit for bit, and detach them from gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch


def same_output(first: Any, second: Any) -> bool | None:
    """Return whether two outputs are the same, or None if that cannot be told.

    Looks into tuples, lists, mappings and dataclasses; NaN is the same as NaN.
    """
    if type(first) is not type(second):
        return False
    if isinstance(first, torch.Tensor):
        return same_output(_bits(first), _bits(second)) and first.dtype == second.dtype
    if isinstance(first, np.ndarray):
        return bool(first.dtype == second.dtype) and _same_arrays(first, second)
    if isinstance(first, Mapping):
        if list(first) != list(second):
            return False
        return _all(same_output(first[key], second[key]) for key in first)
    if isinstance(first, (tuple, list)):
        if len(first) != len(second):
            return False
        return _all(same_output(a, b) for a, b in zip(first, second, strict=True))
    if is_dataclass(first):
        names = [field.name for field in fields(first)]
        return _all(same_output(getattr(first, n), getattr(second, n)) for n in names)
    if hasattr(first, "__array_interface__"):  # a picture, say
        return _same_arrays(np.asarray(first), np.asarray(second))
    if isinstance(first, (bool, int, float, complex, str, bytes, type(None))):
        return bool(first == second or (first != first and second != second))
    return None


def detached(output: Any) -> Any:
    """Return an output whose tensors, in tuples, lists and dictionaries too, need no gradient."""
    if isinstance(output, torch.Tensor):
        return output.detach() if output.requires_grad else output
    if type(output) in (list, tuple):
        return type(output)(detached(item) for item in output)
    if type(output) is dict:
        return {key: detached(item) for key, item in output.items()}
    return output


def _all(answers: Any) -> bool | None:
    all_answers = list(answers)
    return False if False in all_answers else None if None in all_answers else True


def _bits(tensor: torch.Tensor) -> np.ndarray:
    values = tensor.detach().cpu()
    if values.dtype.is_floating_point and values.dtype.itemsize < 4:
        values = values.float()  # NumPy has no bfloat16; nothing is lost
    return values.resolve_conj().resolve_neg().numpy()


def _same_arrays(first: np.ndarray, second: np.ndarray) -> bool:
    if first.shape != second.shape:
        return False
    if first.dtype.kind in "fc":
        return bool(np.array_equal(first, second, equal_nan=True))
    return bool(np.array_equal(first, second))
