"""PyTorch tensors on any device, with gradients from latents back to weights and coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, final

import numpy as np
import torch
from jaxtyping import Float

from latent_spaces_by_example.arrays.base import ArrayLibrary, Forward, Index, PullBack
from latent_spaces_by_example.arrays.numpy_arrays import NumpyArrays
from latent_spaces_by_example.errors import ArgumentError

_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# Columns worked on at a time: on the host, few enough for a core's cache; on a device, enough to
# fill it, and few enough that a float32 copy of half-precision columns is no burden.
_HOST_BLOCK = 1 << 14
_DEVICE_BLOCK = 1 << 18
_NUMPY = NumpyArrays()


@final
class TorchArrays(ArrayLibrary):
    """Tensors in, tensors out; differentiable from u and w to z, and through transport maps."""

    name: ClassVar[str] = "torch"

    def is_array(self, value: Any) -> bool:
        """Return True for a tensor."""
        return isinstance(value, torch.Tensor)

    def float_array(self, value: torch.Tensor, *, name: str, shape: str) -> torch.Tensor:
        """Refuse sparse tensors, and other dtypes than the four floating-point ones."""
        if value.layout is not torch.strided:
            raise ArgumentError(
                f"{name} is a tensor of layout {value.layout}; expected a dense one of shape "
                f"{shape}: convert it with .to_dense()"
            )
        if value.dtype not in _DTYPES:
            raise ArgumentError(
                f"{name} holds {self.dtype_name(value)} values; expected float16, bfloat16, "
                f"float32 or float64 numbers of shape {shape}: convert it with .float() if these "
                "values are meant"
            )
        return value

    def seed_array(self, value: torch.Tensor, *, name: str, shape: str) -> torch.Tensor:
        """Refuse tensors that require a gradient, which would be wrong or missing."""
        if value.requires_grad:
            raise ArgumentError(
                f"{name} requires a gradient; expected constants, since gradients flow to "
                f"coordinates and weights only: give {name}.detach()"
            )
        return self.float_array(value, name=name, shape=shape)

    def eps(self, array: torch.Tensor) -> float:
        """Return the spacing of the dtype at 1."""
        return float(torch.finfo(array.dtype).eps)

    def on_host(self, array: torch.Tensor, index: Index = ...) -> np.ndarray:
        """Return a copy from a device, or a view of host memory; float32 for bfloat16.

        Raises:
            ArgumentError: the tensor would lose its gradient here.
        """
        if array.requires_grad and torch.is_grad_enabled():
            raise ArgumentError(
                "a tensor that requires a gradient was given where none can flow: gradients go "
                "from latents z back to weights w and coordinates u, not the other way, and need "
                "a weight chart that is a DifferentiableChart; give tensor.detach()"
            )
        return _host(array[index])

    def from_host(self, array: np.ndarray, *, like: torch.Tensor) -> torch.Tensor:
        """Return a tensor of the dtype and on the device of ``like``."""
        return _tensor(array).to(like.device, like.dtype)

    def array(self, array: np.ndarray) -> torch.Tensor:
        """Return a tensor on the host."""
        return _tensor(array)

    def beside(self, values: Any, *, like: torch.Tensor) -> torch.Tensor:
        """Return float64 where the device has it; still differentiable if ``mapped`` made it so."""
        tensor: torch.Tensor = values if self.is_array(values) else _tensor(values)
        return tensor.to(like.device, _widest(like.device))

    def mapped(
        self, value: Any, *, name: str, forward: Forward, pull_back: PullBack | None
    ) -> torch.Tensor:
        """Return forward(value) as a float64 tensor on the host."""
        if not self.is_array(value):
            return _tensor(forward(value))
        shape = "(n, K - 1)" if name == "u" else "(n, K)"
        value = self.float_array(value, name=name, shape=shape)
        if pull_back is None:
            return _tensor(forward(self.on_host(value)))
        mapped: torch.Tensor = _Mapped.apply(value, forward, pull_back)  # type: ignore[no-untyped-call]
        return mapped

    def combine(
        self, coefficients: torch.Tensor, rows: Float[torch.Tensor, "K d"]
    ) -> Float[torch.Tensor, "n d"]:
        """Return coefficients @ rows, a block of columns at a time."""
        combined: torch.Tensor = _Combined.apply(coefficients, rows)  # type: ignore[no-untyped-call]
        return combined

    def affine(
        self, rows: Float[torch.Tensor, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[torch.Tensor, "n d"]:
        """Return rows L^T + mean."""
        wide, (scale, shift) = _widened(rows, factor, mean)
        scaled = wide @ scale.T if factor.ndim == 2 else wide * scale
        return (scaled + shift).to(rows.dtype)

    def inverse_affine(
        self, rows: Float[torch.Tensor, "n d"], *, factor: np.ndarray, mean: np.ndarray
    ) -> Float[torch.Tensor, "n d"]:
        """Return (rows - mean) L^-T."""
        wide, (scale, shift) = _widened(rows, factor, mean)
        centred = wide - shift
        if factor.ndim == 2:
            return torch.linalg.solve_triangular(scale, centred.T, upper=False).T.to(rows.dtype)
        return (centred / scale).to(rows.dtype)


class _Mapped(torch.autograd.Function):
    """A map of small numbers by NumPy, with the derivative that it says it has."""

    @staticmethod
    def forward(value: torch.Tensor, forward: Forward, pull_back: PullBack) -> torch.Tensor:
        return _tensor(forward(_host(value)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        value, _, ctx.pull_back = inputs
        ctx.save_for_backward(value)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (value,) = ctx.saved_tensors
        pulled = _PulledBack.apply(value, gradient, ctx.pull_back)  # type: ignore[no-untyped-call]
        return pulled, None, None


class _PulledBack(torch.autograd.Function):
    """The derivative itself; a function of its own, because ``torch.func`` traces a backward."""

    @staticmethod
    def forward(value: torch.Tensor, gradient: torch.Tensor, pull_back: PullBack) -> torch.Tensor:
        pulled = pull_back(_host(value), _host(gradient))
        return _tensor(pulled).to(value.device, value.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        """Keep nothing: there is no second derivative."""

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None, None]:
        raise ArgumentError(
            "a second derivative in w or u was asked for; charts and combination rules have the "
            "first one only: take gradients without create_graph=True"
        )


class _Combined(torch.autograd.Function):
    """coefficients @ rows, where only the coefficients have a gradient."""

    @staticmethod
    def forward(coefficients: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        if rows.device.type == "cpu" and rows.dtype == _working(rows):
            if torch.backends.mkl.is_available():
                # in NumPy's memory, whose large pages are there sooner than PyTorch's small ones
                fresh = np.empty((len(coefficients), rows.shape[1]), _host(rows).dtype)
                return torch.mm(coefficients.to(rows.dtype), rows, out=torch.from_numpy(fresh))
            # in the same memory, by the product that was made fast for few rows and many columns
            return torch.from_numpy(_NUMPY.combine(_host(coefficients), _host(rows)))
        combined = rows.new_empty((len(coefficients), rows.shape[1]))
        factors = coefficients.to(rows.device, _working(rows))
        for columns, block in _blocks(rows):
            combined[:, columns] = factors @ block
        return combined

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        coefficients, rows = inputs
        ctx.dtype, ctx.device = coefficients.dtype, coefficients.device
        ctx.save_for_backward(rows)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        (rows,) = ctx.saved_tensors
        total = torch.zeros((len(gradient), len(rows)), dtype=ctx.dtype, device=ctx.device)
        for columns, block in _blocks(rows):
            part = gradient[:, columns].to(block.dtype) @ block.T
            total = total + part.to(ctx.device, ctx.dtype)
        return total, None


def _working(rows: torch.Tensor) -> torch.dtype:
    # Half precision would round the weights themselves, and add up in too few digits.
    return torch.float32 if rows.dtype in (torch.float16, torch.bfloat16) else rows.dtype


def _blocks(rows: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    size = _HOST_BLOCK if rows.device.type == "cpu" else _DEVICE_BLOCK
    for start in range(0, rows.shape[1], size):
        columns = slice(start, start + size)
        yield columns, rows[:, columns].to(_working(rows))


def _widest(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64  # MPS has no float64


def _widened(
    rows: torch.Tensor, *parameters: np.ndarray
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    widest = _widest(rows.device)
    return rows.to(widest), [_tensor(p).to(rows.device, widest) for p in parameters]


def _host(tensor: torch.Tensor) -> np.ndarray:
    host = tensor.detach().cpu()
    numbers: np.ndarray = (host.float() if host.dtype == torch.bfloat16 else host).numpy()
    return numbers


def _tensor(array: np.ndarray) -> torch.Tensor:
    # PyTorch takes neither negative strides nor, without a warning, memory that is read-only.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))
