"""Watch which functions of torch's Python interface a sampler draws through.

Looking at every operation below that interface slows a small network by a tenth; looking at the
calls of the interface costs next to nothing. So a recording looks at everything and notes the
calls that drew, and a replay looks only inside those, and inside all that can draw by their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, final

import torch
from torch.overrides import TorchFunctionMode

from latent_spaces_by_example.generators.tape.deck import Deck
from latent_spaces_by_example.generators.tape.torch_draws import TorchDraws, how_it_draws

# Functions written in Python that draw by calling others, out of sight of a function mode.
_DRAW_INSIDE = frozenset(
    {"multi_head_attention_forward", "gumbel_softmax", "fractional_max_pool2d"}
)
_DRAW_INSIDE |= {"fractional_max_pool3d", "dropout1d", "dropout2d", "dropout3d"}


@dataclass(frozen=True)
class Routes:
    """Name the functions through which a sampler drew.

    Attributes:
        names: of functions of torch's Python interface.
        beside_python: whether some draw came through none of them, as in TorchScript.
    """

    names: frozenset[str]
    beside_python: bool


@final
class RouteWatch(TorchFunctionMode):
    """Note which calls make draws, while ``draws`` answers them."""

    def __init__(self, draws: TorchDraws) -> None:
        super().__init__()
        self._draws = draws
        self._names: set[str] = set()
        self._accounted = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one call, and see whether it drew."""
        before = self._draws.draws
        try:
            return func(*args, **(kwargs or {}))
        finally:
            made = self._draws.draws - before
            if made:
                self._names.add(_name(func))
                self._accounted += made

    def routes(self) -> Routes:
        """Return what was noted."""
        return Routes(frozenset(self._names), beside_python=self._accounted < self._draws.draws)


@final
class RouteGate(TorchFunctionMode):
    """Answer the draws of calls that drew before, or that can draw; let all others pass."""

    def __init__(self, deck: Deck, routes: Routes) -> None:
        super().__init__()
        self._deck = deck
        self._looks_into: dict[str, bool] = dict.fromkeys(routes.names, True)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one call."""
        name = getattr(func, "__name__", "")
        looks = self._looks_into.get(name)
        if looks is None:
            looks = self._looks_into[name] = _can_draw(name)
        if looks and not _is_switched_off(name, args, kwargs):
            with TorchDraws(self._deck):
                return func(*args, **(kwargs or {}))
        return func(*args, **kwargs) if kwargs else func(*args)


def _name(func: Any) -> str:
    return getattr(func, "__name__", "")


def _is_switched_off(name: str, args: Any, kwargs: Any) -> bool:
    """Return whether a call is dropout or attention of a network that is not being trained."""
    if name == "scaled_dot_product_attention":
        return len(args) < 5 and not (kwargs and kwargs.get("dropout_p"))
    return name == "dropout" and bool(kwargs) and kwargs.get("training") is False


@cache
def _can_draw(name: str) -> bool:
    if name in _DRAW_INSIDE:
        return True
    own = name and not name.startswith("__")
    operation: Any = getattr(torch.ops.aten, name, None) if own else None
    if not hasattr(operation, "overloads"):
        return False
    return any(how_it_draws(getattr(operation, overload)) for overload in operation.overloads())
