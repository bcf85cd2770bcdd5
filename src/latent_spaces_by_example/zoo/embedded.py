"""Embedded flow models: an ONNX velocity field, and Heun's method over it, both ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from jaxtyping import Float32, Float64

Velocity = Callable[[np.ndarray, float], np.ndarray]

# More rows at once are no faster on one core, and need more memory.
_ROWS_AT_ONCE = 512
_MOST_CORRECTIONS = 60
_BACKWARD_TOLERANCE = 1e-6


class OnnxVelocity:
    """v(x, t) from an ONNX file with inputs ``x`` (n, d) and ``t`` (1, 1), output ``v`` (n, d).

    One thread, so that results do not depend on the machine's number of cores and many studies
    can share a machine.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; float32 inside."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, x: Float64[np.ndarray, "n d"], t: float) -> Float64[np.ndarray, "n d"]:
        """Return the velocities at the points x and the time t in [0, 1]."""
        time: Float32[np.ndarray, "1 1"] = np.full((1, 1), t, dtype=np.float32)
        (v,) = self._session.run(None, {"x": x.astype(np.float32), "t": time})
        return np.asarray(v, dtype=np.float64)


def _heun_step(velocity: Velocity, x: np.ndarray, *, t: float, h: float) -> np.ndarray:
    first = velocity(x, t)
    second = velocity(x + h * first, t + h)
    return x + 0.5 * h * (first + second)


def _undo_heun_step(velocity: Velocity, y: np.ndarray, *, t: float, h: float) -> np.ndarray:
    """Find x whose step from t to t + h is y, by x <- x - (step(x) - y) from a backward step.

    The map contracts by about h times the field's Lipschitz constant, so a few corrections
    reach the noise of float32; a row that stops improving keeps its best.
    """
    x = _heun_step(velocity, y, t=t + h, h=-h)
    residual = _heun_step(velocity, x, t=t, h=h) - y
    worst = np.abs(residual).max(axis=1)
    best, best_worst = x.copy(), worst.copy()
    for _ in range(_MOST_CORRECTIONS):
        if (best_worst <= _BACKWARD_TOLERANCE).all():
            break
        x = x - residual
        residual = _heun_step(velocity, x, t=t, h=h) - y
        worst = np.abs(residual).max(axis=1)
        better = worst < best_worst
        if not better.any():
            break
        best[better], best_worst[better] = x[better], worst[better]
    return best


def _in_chunks(x: np.ndarray, carry: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    parts = [carry(x[i : i + _ROWS_AT_ONCE]) for i in range(0, len(x), _ROWS_AT_ONCE)]
    return np.concatenate(parts) if parts else x.copy()


def flow_forward(
    velocity: Velocity, z: Float64[np.ndarray, "n d"], *, steps: int
) -> Float64[np.ndarray, "n d"]:
    """Carry noise z at t = 0 to data at t = 1 by ``steps`` equal steps of Heun's method."""

    def carry(x: np.ndarray) -> np.ndarray:
        for i in range(steps):
            x = _heun_step(velocity, x, t=i / steps, h=1.0 / steps)
        return x

    return _in_chunks(z, carry)


def flow_backward(
    velocity: Velocity, y: Float64[np.ndarray, "n d"], *, steps: int
) -> Float64[np.ndarray, "n d"]:
    """Invert ``flow_forward`` itself, not only the differential equation that it approximates."""

    def carry(x: np.ndarray) -> np.ndarray:
        for i in reversed(range(steps)):
            x = _undo_heun_step(velocity, x, t=i / steps, h=1.0 / steps)
        return x

    return _in_chunks(y, carry)
