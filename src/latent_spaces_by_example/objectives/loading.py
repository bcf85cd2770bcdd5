"""Objectives from strings: a name, or the place of the user's own, with parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from latent_spaces_by_example import plugins
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives.base import Objective


@dataclass(frozen=True)
class UserObjective:
    """Wrap a user's own objective with the string that it was loaded from.

    Attributes:
        spec: the string that ``load`` makes it from again.
        function: the function, or callable object, that scores the outputs.
    """

    spec: str
    function: Callable[[Any], Iterable[Any]] = field(repr=False)

    @property
    def scores(self) -> tuple[str, ...]:
        """Return the names of several scores, where the function declares them."""
        return tuple(self._declared("scores", ()))

    @property
    def noisy(self) -> Any:
        """Return whether a second evaluation may score otherwise, where the function says so."""
        return self._declared("noisy", False)

    @property
    def direction(self) -> Any:
        """Return "maximise" or "minimise", where the function says so, else None."""
        return self._declared("direction", None)

    def _declared(self, attribute: str, otherwise: Any) -> Any:
        # parameters make a partial function, which does not have its function's attributes
        return getattr(getattr(self.function, "func", self.function), attribute, otherwise)

    def __call__(self, outputs: Any) -> Iterable[Any]:
        """Score n outputs with the user's function."""
        return self.function(outputs)


def names() -> list[str]:
    """Return the names that :func:`load` knows, in alphabetical order."""
    return plugins.names("objectives")


def load(spec: str) -> Objective:
    """Load an objective: ``NAME`` or ``MODULE:FUNCTION``, then ``:KEY=VALUE,...``.

    Modules are looked for in the current directory too. A function is called with the outputs,
    the parameters added by name; a class is made with the parameters, and its object is called
    with the outputs.

    Args:
        spec: such as "lift-to-drag", "lift-to-drag:cl=0.7,reynolds=5e5",
            "my_package.my_module:score" or "my_module:score:weight=2".

    Returns:
        A callable with ``spec``, the string that makes it again.

    Raises:
        ArgumentError: unknown name, module or function, something that cannot be called, or a
            parameter that it does not have or cannot take.
        MissingPackageError: the objective needs a package that is not installed.

    >>> load("lift-to-drag:cl=0.7").spec
    'lift-to-drag:cl=0.7,reynolds=1000000.0,min_thickness=0.12,...'
    """
    made: Any = plugins.load("objectives", spec)
    if not callable(made):
        raise ArgumentError(
            f"{spec} is {made!r:.60}, which cannot be called: expected a function of a sequence "
            "of outputs that returns their scores, or a class whose objects are such"
        )
    if plugins.is_registered("objectives", spec) and hasattr(made, "spec"):
        registered: Objective = made
        return registered
    return UserObjective(spec=spec.strip(), function=made)
