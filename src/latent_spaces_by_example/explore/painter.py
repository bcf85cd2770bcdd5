"""One thread that generates what somebody waits for, and drops the rest."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_spaces_by_example.explore.shown import Shown

_MOST_BYTES = 128 * 2**20
_SLOW = 1.5  # seconds: an output that takes longer is sketched first
_SKETCH_SHARE = 4  # an output takes so many times as long as its sketch, until that was measured


@dataclass(frozen=True)
class Item:
    """A point that can be shown.

    Attributes:
        key: names it on the page.
        weights: over the study's seed latents, shape (K,).
        number: of the trial there; None if it is none.
    """

    key: str
    weights: np.ndarray
    number: int | None = None


class Painter:
    """Generates items in the order in which pages want them.

    Each page says which items it shows; what no page wants any more is never begun. While an output
    takes more than 1.5 s, all that are wanted are sketched before the first is made. What was
    made is kept up to 128 MiB, the oldest is dropped first.

    Args:
        make: makes what is shown of an item, a rough sketch of it if asked to, or None where there
            is no sketch; may take long, and may raise.
        on_made: called in this thread with an item, and with the error if there was one.
        can_sketch: whether ``make`` may be asked for sketches.
    """

    def __init__(
        self,
        make: Callable[..., Shown | None],
        *,
        on_made: Callable[[Item, Exception | None], None],
        can_sketch: bool = False,
    ) -> None:
        self._make, self._on_made = make, on_made
        self._sketches = can_sketch
        self._changed = threading.Condition()
        self._wanted: dict[str, list[Item]] = {}
        self._made: OrderedDict[str, Shown] = OrderedDict()
        self._failed: dict[str, str] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="lsbe-painter", daemon=True)
        self._thread.start()

    def want(self, page: str, items: Sequence[Item]) -> None:
        """Say what a page shows, in place of what it showed before; nothing once it is closed."""
        with self._changed:
            if items:
                self._wanted[page] = list(items)
            else:
                self._wanted.pop(page, None)
            self._changed.notify()

    def shown(self, key: str) -> Shown | None:
        """Return what was made of an item, if it is still there."""
        with self._changed:
            return self._made.get(key)

    def error(self, key: str) -> str | None:
        """Return why an item could not be made."""
        return self._failed.get(key)

    @property
    def is_watched(self) -> bool:
        """True while a page shows anything."""
        return bool(self._wanted)

    def close(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            item, rough = job
            problem: Exception | None = None
            made: Shown | None = None
            begun = time.monotonic()
            try:
                made = self._make(item, rough=rough)
            except Exception as error:
                problem = error
            took = (time.monotonic() - begun) * (_SKETCH_SHARE if rough else 1)
            if rough and made is None:  # the output itself says why
                self._sketches, problem = False, None
                continue
            self._sketches = self._sketches and took > _SLOW
            with self._changed:
                if made is None:
                    self._failed[item.key] = f"{type(problem).__name__}: {problem!s:.300}"
                else:
                    self._made[item.key] = made
                    self._drop_oldest()
            if not self._closed:
                self._on_made(item, problem)

    def _next(self) -> tuple[Item, bool] | None:
        """Wait for an item to make, and return it, and whether to sketch it."""
        with self._changed:
            while not self._closed:
                for rough in (True, False) if self._sketches else (False,):
                    for items in self._wanted.values():
                        for item in items:
                            if not self._is_done(item.key, rough=rough):
                                return item, rough
                self._changed.wait()
        return None

    def _is_done(self, key: str, *, rough: bool) -> bool:
        made = self._made.get(key)
        return key in self._failed or (made is not None and (rough or not made.is_rough))

    def _drop_oldest(self) -> None:
        wanted = {item.key for items in self._wanted.values() for item in items}
        size = sum(made.num_bytes for made in self._made.values())
        for key in [key for key in self._made if key not in wanted]:
            if size <= _MOST_BYTES:
                return
            size -= self._made.pop(key).num_bytes


def key_of(weights: Any, number: int | None) -> str:
    """Return the key of an item: of a trial its number, else a digest of its weights.

    >>> key_of([1.0], 12)
    't12'
    """
    import hashlib

    if number is not None:
        return f"t{number}"
    return "w" + hashlib.sha256(np.asarray(weights, dtype=np.float64).tobytes()).hexdigest()[:20]
