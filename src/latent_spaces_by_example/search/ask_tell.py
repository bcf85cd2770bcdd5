"""Any optimiser with ask and tell as a search of the hypercube."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.hypercube import CubeHistory, HypercubeSearch
from latent_spaces_by_example.search.points import without_repeats
from latent_spaces_by_example.search.replay import DivergedError, Protocol, Replay, Tape


def ask_one_or_many(optimiser: Any) -> Any:
    """What ``optimiser.ask()`` returns."""
    return optimiser.ask()


def tell_one_or_many(optimiser: Any, asked: Any, values: Any) -> None:
    """``optimiser.tell(asked, values)``; a single number if a single point was asked for."""
    objects = not hasattr(asked, "value") and hasattr(asked[0], "value")
    one = len(values) == 1 and not objects and np.ndim(asked) < 2
    optimiser.tell(asked, float(values[0]) if one else values.tolist())


def has_converged(optimiser: Any) -> bool:
    """Whether the packages ``cma`` and ``cmaes`` say that a run is over; else never."""
    package = type(optimiser).__module__.partition(".")[0]
    question = {"cma": "stop", "cmaes": "should_stop"}.get(package)
    return bool(question and getattr(optimiser, question)())


@dataclass(frozen=True)
class AskTellSearch(HypercubeSearch):
    """Propose u by an optimiser that is asked for points and told their values.

    For each proposal a fresh optimiser is taken through the history: it asks for a batch, is told
    the batch's values once all of them are known, and asks for the next. NumPy's and Python's
    global random generators are seeded meanwhile, and given back as they were; so the same history
    gives the same proposal, if ``make`` passes the seed on. What an optimiser has been through in
    this process is remembered, which saves time and changes nothing.

    - A failed trial has the worst score so far. A batch with a pending trial waits.
    - Where more points are wanted than are left of a batch, the optimiser is asked on as if the
      unknown ones had the worst score so far. To it these are trials of others; make its batches a
      multiple of the study's.
    - Trials of others (examples, another search) are left out, or given to ``add``: those before
      its last known batch, and examples at once.
    - A point whose score is known is told without being evaluated again.
    - An optimiser that has stopped, or that asks twenty times for what is known, is made anew
      with another seed.

    Attributes:
        make: ``make(dims, seed)`` returns a fresh optimiser of [0, 1]^dims, all of whose
            randomness comes from the whole number ``seed``, at least 1.
        minimise: whether the optimiser minimises; it is then told minus the scores.
        ask: ``ask(optimiser)`` returns a batch: points as an array of shape (n, dims) or a list of
            n, or one point of shape (dims,); points may be objects that hold theirs as ``value``.
            By default ``optimiser.ask()``.
        tell: ``tell(optimiser, batch, values)``, with what ``ask`` returned and n values. By
            default ``optimiser.tell(batch, values)``; for a single point with a single value.
        add: ``add(optimiser, u, value)`` tells it a point that it did not ask for.
        stopped: ``stopped(optimiser)``: whether to begin again.

    Raises:
        ArgumentError: ``make`` is no function; or, at the first proposal, what it returns has no
            ``ask`` or ``tell``, or the points have another dimension or lie outside [0, 1].

    Example:
        >>> from cmaes import CMA
        >>> def make(dims, seed):
        ...     return CMA(np.full(dims, 0.5), 0.25, np.tile([0.0, 1.0], (dims, 1)), seed=seed)
        >>> def ask(optimiser):
        ...     return [optimiser.ask() for _ in range(optimiser.population_size)]
        >>> def tell(optimiser, points, values):
        ...     optimiser.tell(list(zip(points, values)))
        >>> search = AskTellSearch(make, ask=ask, tell=tell)
    """

    make: Any  # Callable[[int, int], Any]; what is not is refused below
    _: KW_ONLY
    minimise: bool = True
    ask: Callable[[Any], Any] = ask_one_or_many
    tell: Callable[[Any, Any, Any], object] = tell_one_or_many
    add: Callable[[Any, Any, float], object] | None = None
    stopped: Callable[[Any], bool] = has_converged
    _kept: list[Tape] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what can never work, before anything is evaluated."""
        if not callable(self.make):
            has = "an optimiser itself" if hasattr(self.make, "ask") else "not a function"
            raise ArgumentError(
                f"make={self.make!r:.80} is {has}; give a function make(dims, seed) that returns "
                "a fresh optimiser, because it is made again from the history"
            )

    @property
    def name(self) -> str:
        """What a study records."""
        module = getattr(self.make, "__module__", type(self.make).__module__)
        return f"ask-tell:{module}:{getattr(self.make, '__qualname__', type(self.make).__name__)}"

    def propose_in_cube(
        self, trials: CubeHistory, n: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "n dims"]:
        """Take the optimiser through the history, and ask for n points more."""
        tape = self._kept.pop() if self._kept else Tape()
        try:
            replay = Replay(self._protocol(), trials=trials, tape=tape)
            new = replay.proposals(n)
        except DivergedError:
            tape = Tape()
            replay = Replay(self._protocol(), trials=trials, tape=tape)
            new = replay.proposals(n)
        if not replay.has_gone_ahead:  # one that was told what is not known yet is of no more use
            self._kept[:] = [tape]
        points = np.reshape(new, (-1, trials.dims))
        return without_repeats(points, n=n, trials=trials, rng=rng)

    def _protocol(self) -> Protocol:
        return Protocol(
            make=self._make_and_check,
            ask=self.ask,
            tell=self.tell,
            add=self.add,
            stopped=self.stopped,
            sign=-1.0 if self.minimise else 1.0,
            who=self.name,
        )

    def _make_and_check(self, dims: int, seed: int) -> Any:
        optimiser = self.make(dims, seed)
        defaults = {"ask": self.ask is ask_one_or_many, "tell": self.tell is tell_one_or_many}
        for method, is_default in defaults.items():
            if is_default and not callable(getattr(optimiser, method, None)):
                raise ArgumentError(
                    f"make(dims, seed) of {self.name} returned {optimiser!r:.60}, which has no "
                    f"{method}(); return an optimiser with ask and tell, or say how it is spoken "
                    f"to: AskTellSearch(make, {method}=...)"
                )
        return optimiser
