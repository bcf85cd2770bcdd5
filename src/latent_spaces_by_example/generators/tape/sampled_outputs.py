"""Detach outputs of a sampler from gradients, and sum one up in a few digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from latent_spaces_by_example.generators.output_difference import leaves_of


def detached(output: Any) -> Any:
    """Return an output whose tensors, in tuples, lists and dictionaries too, need no gradient."""
    if getattr(output, "requires_grad", False):
        return output.detach()
    if type(output) in (list, tuple):
        return type(output)(detached(item) for item in output)
    if type(output) is dict:
        return {key: detached(item) for key, item in output.items()}
    return output


def summary_of(output: Any) -> list[str]:
    """Return a line for each part of an output; equal ones tell outputs of one model from others'.

    Numbers are summed up by three moments in two digits, which rounding on another machine hardly
    ever changes.
    """
    return [f"{path} {_line(leaf)}" for path, leaf in sorted(leaves_of(output).items())]


def _line(leaf: Any) -> str:
    if not isinstance(leaf, np.ndarray):
        plain = leaf is None or isinstance(leaf, (str, bytes, bool, int, float))
        return repr(leaf) if plain else type(leaf).__qualname__
    if leaf.dtype.kind not in "biufc":
        return f"{leaf.shape} {leaf.tolist()!r}"
    values = leaf.ravel().astype(np.complex128 if leaf.dtype.kind == "c" else np.float64)
    size = np.abs(values)
    moments = [0.0, 0.0, 0.0]
    if len(values):
        ramp = np.linspace(0.5, 1.5, len(values))
        moments = [float(np.sqrt(np.mean(size**2))), float(size.mean()), float(ramp @ size)]
    return f"{leaf.shape} {' '.join(f'{moment:.1e}' for moment in moments)}"
