"""Solve x = g(x) from values of g that somebody else computes, one at a time."""

from __future__ import annotations

import torch

_DEPTH = 5  # how many former guesses a new one is made from
_PATIENCE = 10  # guesses without one that is better, after which more are in vain
_WILD = 4.0  # a residual so many times the best one means that the history misleads


class FixedPoint:
    """Search for x = g(x) by Anderson's method.

    x <- x + f - (dX + dF) c with f = g(x) - x and c = argmin |f - dF c|, dX and dF the last
    changes of x and f: it converges where plain x <- g(x) does, sooner, and often where that
    does not. The caller computes g at ``guess`` and hands the value to ``tell``.

    Args:
        guess: where to begin, any shape, float32.
        tolerance: largest root mean square of g(x) - x, relative to that of x.
        most_iterations: how many values of g to use, at least 1.

    Sources:
        Walker and Ni 2011, SIAM J. Numer. Anal. 49, algorithm AA; for inverting diffusion models
        Pan et al. 2023, arXiv 2309.04907.

    >>> search = FixedPoint(torch.ones(3), tolerance=1e-6, most_iterations=50)
    >>> while not search.done:
    ...     search.tell(torch.cos(search.guess))
    >>> search.converged, round(float(search.best[0]), 5)
    (True, 0.73909)
    """

    def __init__(self, guess: torch.Tensor, *, tolerance: float, most_iterations: int) -> None:
        self.guess = self.best = guess
        self.residual = float("inf")
        self.iterations = 0
        self._tolerance = tolerance
        self._most_iterations = most_iterations
        self._best_step = torch.zeros_like(guess)
        self._since_best = 0
        self._history: list[tuple[torch.Tensor, torch.Tensor]] = []

    @property
    def converged(self) -> bool:
        """Return whether ``best`` is within the tolerance."""
        return self.residual <= self._tolerance

    @property
    def done(self) -> bool:
        """Return whether no more values are wanted."""
        spent = self.iterations >= self._most_iterations or self._since_best >= _PATIENCE
        return self.converged or spent

    def tell(self, value: torch.Tensor) -> None:
        """Take g(guess) and make the next guess.

        Values that are not finite count as a guess that leads nowhere.
        """
        self.iterations += 1
        step = value - self.guess
        residual = float(_rms(step) / _rms(self.guess).clamp_min(1e-12))
        if residual < self.residual:
            self.residual, self.best, self._best_step = residual, self.guess, step
            self._since_best = 0
        else:
            self._since_best += 1
        if not residual <= _WILD * self.residual:  # NaN too
            # half as far as before from the best, and nothing learnt from what misled
            self._history.clear()
            self._best_step = 0.5 * self._best_step
            self.guess = self.best + self._best_step
            return
        self._history = [*self._history[-_DEPTH:], (self.guess, step)]
        self.guess = self._next(step)

    def _next(self, step: torch.Tensor) -> torch.Tensor:
        plain = self.guess + step
        if len(self._history) < 2:
            return plain
        pairs = list(zip(self._history[:-1], self._history[1:], strict=True))
        d_guess = torch.stack([(b[0] - a[0]).flatten() for a, b in pairs])
        d_step = torch.stack([(b[1] - a[1]).flatten() for a, b in pairs])
        # a small system: lengths are scaled out, so that a cut-off drops what is parallel
        lengths = d_step.norm(dim=1, keepdim=True).clamp_min(1e-30)
        unit = (d_step / lengths).double()
        gram = (unit @ unit.T).cpu()
        right = (unit @ step.flatten().double()).cpu()
        shares = torch.linalg.pinv(gram, rtol=1e-8, hermitian=True) @ right
        shares = shares.to(d_step) / lengths[:, 0]
        return plain - (shares @ (d_guess + d_step)).reshape(step.shape)


def _rms(x: torch.Tensor) -> torch.Tensor:
    return x.double().square().mean().sqrt()
