"""Watch whether a sampler draws only in functions of torch's Python interface that draw by name.

Looking at every operation below that interface slows a small network by a tenth; looking at the
calls of the interface costs next to nothing. So a recording looks at everything, and a replay only
inside the functions that can draw by their name, if the recording drew in no others.
"""

from __future__ import annotations

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


@final
class RouteWatch(TorchFunctionMode):
    """Count the draws of calls that draw by name, while ``draws`` answers all."""

    def __init__(self, draws: TorchDraws) -> None:
        super().__init__()
        self._draws = draws
        self._by_name = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one call, and see whether it drew."""
        before = self._draws.draws
        try:
            return func(*args, **(kwargs or {}))
        finally:
            if _can_draw(_name(func)):
                self._by_name += self._draws.draws - before

    @property
    def saw_all(self) -> bool:
        """Return whether no draw came another way, as in TorchScript or a backward pass."""
        return self._by_name == self._draws.draws


@final
class RouteGate(TorchFunctionMode):
    """Answer the draws of calls that can draw by name; let all others pass."""

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self._deck = deck

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one call."""
        name = _name(func)
        if _can_draw(name) and not _is_switched_off(name, args, kwargs):
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
