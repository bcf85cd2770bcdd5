"""See every random draw of torch, on any device, below its Python interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, final

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from latent_spaces_by_example.generators.tape.deck import Deck, Draw, RandomSource
from latent_spaces_by_example.generators.tape.parts import GAUSSIAN, UNIFORM
from latent_spaces_by_example.generators.tape.streams import SeedStreams, integer_of

_GAUSSIAN_OPS = frozenset({"randn", "randn_like", "normal_", "normal"})
_UNIFORM_OPS = frozenset({"rand", "rand_like", "uniform_"})
# In inference mode these arrive whole, and what they draw inside is not seen.
_COMPOSITE_OPS = frozenset(
    {"feature_dropout", "feature_alpha_dropout", "rrelu", "scaled_dot_product_attention"}
    | {"dropout_", "alpha_dropout_", "feature_dropout_", "feature_alpha_dropout_", "rrelu_"}
)
# An operation with one of these at zero, or false, draws nothing.
_FLAGS = frozenset({"train", "training", "dropout", "dropout_p", "p"})


@dataclass(frozen=True)
class _Law:
    """Describe loc + scale N(0, 1), or loc + scale U(0, 1) below ``high``.

    ``asked`` is what the sampler passed to torch, before torch rounded it to the draw's dtype.
    """

    name: str
    loc: float = 0.0
    scale: float = 1.0
    high: float = 1.0
    asked: tuple[float, float] = (0.0, 1.0)

    @property
    def standard(self) -> bool:
        return self.loc == 0.0 and self.scale == 1.0

    def fill(self, target: torch.Tensor, generator: torch.Generator | None) -> None:
        if self.name == GAUSSIAN:
            target.normal_(self.loc, self.scale, generator=generator)
        else:
            target.uniform_(*self.asked, generator=generator)


@final
class TorchDraws(TorchDispatchMode):
    """Send draws of torch in this thread to a deck; run all else as it is.

    Sees every operation, below torch's Python interface, which costs each of them some 20
    microseconds.

    Attributes:
        draws: how many it has answered.
    """

    def __init__(self, deck: Deck) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self._deck = deck
        self.draws = 0
        self._handlers = {"gaussian": self._gaussian, "uniform": self._uniform, "hold": self._hold}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer one operation of torch."""
        kind = how_it_draws(func)
        if kind is None:
            return func(*args, **kwargs) if kwargs else func(*args)
        return self._handlers[kind](func, args, kwargs or {})

    def _gaussian(self, func: Any, args: Any, kwargs: Any) -> Any:
        call = _arguments(func, args, kwargs)
        mean, std = call.get("mean", 0.0), call.get("std", 1.0)
        tensors = tuple(p for p in (mean, std) if isinstance(p, torch.Tensor))
        target = _target(func, call, tensors)
        if not target.is_floating_point() and (not target.is_complex() or tensors or mean != 0.0):
            return self._hold(func, args, kwargs)
        # torch.normal with tensors is a plainer draw, scaled and shifted in the draw's own dtype
        law = _Law(
            GAUSSIAN,
            loc=0.0 if tensors else float(mean),
            scale=1.0 if isinstance(std, torch.Tensor) else float(std),
        )
        self._fill(func, law, target, call.get("generator"))
        if isinstance(std, torch.Tensor):
            target.mul_(std)
        if tensors:
            target.add_(mean)
        return target

    def _uniform(self, func: Any, args: Any, kwargs: Any) -> Any:
        call = _arguments(func, args, kwargs)
        target = _target(func, call, ())
        if not target.is_floating_point():
            return self._hold(func, args, kwargs)
        # torch rounds the ends to the draw's dtype before it scales
        asked = call.get("from", 0.0), call.get("to", 1.0)
        low, high = torch.tensor(asked, dtype=target.dtype).tolist()
        law = _Law(UNIFORM, loc=low, scale=high - low, high=high, asked=asked)
        self._fill(func, law, target, call.get("generator"))
        return target

    def _fill(self, func: Any, law: _Law, target: torch.Tensor, generator: Any) -> None:
        if target.is_complex():
            target, law = torch.view_as_real(target), replace(law, scale=law.scale / 2**0.5)
        shape, strides, dtype = tuple(target.shape), target.stride(), target.dtype

        def now() -> np.ndarray:
            return _draw(law, target, generator)

        def again(streams: SeedStreams) -> np.ndarray:
            fresh = torch.empty_strided(shape, strides, dtype=dtype)
            return _draw(law, fresh, streams.torch)

        def state() -> bytes:
            own = _default_generator({"self": target}) if generator is None else generator
            # what fills memory in another order, or is scaled otherwise, is another draw
            return own.get_state().numpy().tobytes() + repr((strides, law)).encode()

        self.draws += 1
        wide = dtype == torch.float64 or not law.standard
        draw = Draw(_name(func), law.name, shape, _dtype_name(dtype), wide, state, now, again)
        _write(law, target, self._deck.combine(draw))

    def _hold(self, func: Any, args: Any, kwargs: Any) -> Any:
        call = _arguments(func, args, kwargs)
        flags = [call[flag] for flag in _FLAGS & call.keys()]
        if any(isinstance(flag, (bool, float)) and not flag for flag in flags):
            return func(*args, **kwargs)
        if self._deck.categorical and _name(func) in ("multinomial", "exponential_"):
            return self._by_uniforms(func, call)
        self.draws += 1
        given = next((a for a in call.values() if isinstance(a, torch.Generator)), None)
        generator = _default_generator(call) if given is None else given
        source = _source(generator)
        return self._deck.hold(_name(func), source=source, run=lambda: func(*args, **kwargs))

    def _by_uniforms(self, func: Any, call: dict[str, Any]) -> torch.Tensor:
        """Draw categories, or exponential numbers, as functions of uniform ones.

        The category is the largest log p + G, with G = -log(-log U) of Gumbel's law: one for each
        category (Gumbel 1954; Kool et al. 2019, arXiv 1903.06059, for draws without replacement).
        """
        given = call["self"]
        if _name(func) == "exponential_":
            share = self._uniforms(_name(func), tuple(given.shape), call)
            return given.copy_(torch.log1p(-share).neg() / float(call["lambd"]))
        *rows, num_categories = given.shape
        count, replacement = int(call["num_samples"]), bool(call["replacement"])
        shape = (*rows, count, num_categories) if replacement else (*rows, num_categories)
        gumbel = -torch.log(-torch.log(self._uniforms(_name(func), shape, call)))
        logs = given.double().log()
        if replacement:
            chosen = (logs.unsqueeze(-2) + gumbel).argmax(-1)
        else:
            chosen = (logs + gumbel).topk(count, dim=-1).indices
        out = call.get("out")
        return chosen if out is None else out.resize_(chosen.shape).copy_(chosen)

    def _uniforms(self, op: str, shape: tuple[int, ...], call: dict[str, Any]) -> torch.Tensor:
        """Return uniform numbers of the latent inside (0, 1), as float64 where the draw is made."""
        generator = call.get("generator")
        own = _default_generator(call) if generator is None else generator

        def now() -> np.ndarray:
            fresh = torch.empty(shape, device=own.device)
            return fresh.uniform_(generator=own).cpu().numpy()

        def again(streams: SeedStreams) -> np.ndarray:
            return torch.empty(shape).uniform_(generator=streams.torch).numpy()

        def state() -> bytes:
            return own.get_state().numpy().tobytes()

        self.draws += 1
        draw = Draw(op, UNIFORM, shape, "float32", False, state, now, again)
        share = torch.from_numpy(np.array(self._deck.combine(draw), dtype=np.float64))
        return share.clamp(2.0**-25, 1.0 - 2.0**-25).to(call["self"].device)


def _source(generator: torch.Generator) -> RandomSource:
    def seeded(seeds: Sequence[int]) -> torch.Tensor:
        fresh = torch.Generator(generator.device)
        return fresh.manual_seed(integer_of(seeds)).get_state()

    def skip() -> None:
        torch.rand((), generator=generator, device=generator.device)

    return RandomSource(generator.get_state, generator.set_state, seeded, skip)


@cache
def how_it_draws(func: Any) -> str | None:
    """Return "gaussian", "uniform", "hold" for a law that cannot be combined, or None."""
    name = _name(func)
    if func.namespace == "aten" and name in _GAUSSIAN_OPS:
        return "gaussian"
    if func.namespace == "aten" and name in _UNIFORM_OPS:
        return "uniform"
    takes_generator = any("Generator" in str(a.type) for a in func._schema.arguments)
    seeded = torch.Tag.nondeterministic_seeded in func.tags
    return "hold" if seeded or takes_generator or name in _COMPOSITE_OPS else None


def _name(func: Any) -> str:
    return str(func._schema.name.split("::")[-1])


def _dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _arguments(func: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    """Return all arguments by name, defaults included."""
    call = {}
    for position, argument in enumerate(func._schema.arguments):
        if position < len(args):
            call[argument.name] = args[position]
        elif argument.name in kwargs:
            call[argument.name] = kwargs[argument.name]
        elif argument.has_default_value():
            call[argument.name] = argument.default_value
    return call


def _target(func: Any, call: dict[str, Any], parameters: tuple[Any, ...]) -> torch.Tensor:
    """Return the tensor that a draw is written to: the caller's own, or a new one."""
    if func._schema.name.endswith("_"):
        return call["self"]
    tensors = [p for p in parameters if isinstance(p, torch.Tensor)]
    if tensors:
        shape = np.broadcast_shapes(*(tuple(t.shape) for t in tensors))
    else:
        shape = tuple(call["self"].shape if "self" in call else call["size"])
    out = call.get("out")
    if out is not None:
        return out if tuple(out.shape) == shape else out.resize_(shape)
    if tensors:
        return torch.empty(shape, dtype=tensors[0].dtype, device=tensors[0].device)
    names = ("dtype", "layout", "device", "pin_memory", "memory_format")
    options = {name: call[name] for name in names if call.get(name) is not None}
    if "self" in call:
        return torch.empty_like(call["self"], **options)
    return torch.empty(shape, **options)


def _draw(law: _Law, target: torch.Tensor, generator: torch.Generator | None) -> np.ndarray:
    """Draw into ``target``; return the standard numbers behind what is there now."""
    if law.scale == 0.0:
        # nothing of the draw is left after scaling, but it was made, and has a latent
        law = _Law(law.name)
    law.fill(target, generator)
    values = target.detach().cpu()
    if law.standard:
        return (values if values.dtype == torch.float64 else values.float()).numpy()
    standard = (values.double().numpy() - law.loc) / law.scale
    return np.clip(standard, 0.0, 1.0) if law.name == UNIFORM else standard


def _write(law: _Law, target: torch.Tensor, standard: np.ndarray) -> None:
    """Write loc + scale * standard, computed in float64 and rounded once.

    The standard numbers behind float32 or shorter draws give those back bit for bit.
    """
    values = torch.from_numpy(np.asarray(standard, order="C"))
    if not law.standard:
        values = values.double() * law.scale + law.loc
    if law.name == UNIFORM and law.scale > 0.0:
        values = values.to(target.dtype)
        if bool((values >= law.high).any()):
            # a draw below the upper end must not reach it by rounding
            end = torch.tensor([law.high, -torch.inf], dtype=target.dtype)
            reached = (values >= law.high) & (torch.from_numpy(standard) < 1.0)
            values = torch.where(reached, torch.nextafter(end[0], end[1]), values)
    target.copy_(values)


def _default_generator(call: dict[str, Any]) -> torch.Generator:
    """Return the generator that an operation draws from if it is given none."""
    tensors = [a for a in call.values() if isinstance(a, torch.Tensor)]
    device = tensors[0].device if tensors else torch.device(call.get("device") or "cpu")
    if device.type == "cpu":
        return torch.default_generator
    module = getattr(torch, device.type)
    if device.type == "mps":
        return module._get_default_mps_generator()
    index = module.current_device() if device.index is None else device.index
    return module.default_generators[index]
