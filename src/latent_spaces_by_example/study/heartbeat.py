"""A sign of life of the trials that are being evaluated, for workers that cannot see us."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from latent_spaces_by_example.study.claims import BEAT_SECONDS


class Heartbeat:
    """Counts up an attribute of each trial in hand, every so many seconds, from a thread.

    An evaluation in C code that keeps Python's lock for a minute stops the thread too, and is
    taken for dead; it is then evaluated twice, and the first result counts.

    Args:
        beat: writes the count of one trial, by number; what it raises is ignored, since the loop
            meets the same storage and knows what to do.
        seconds: between beats. Evaluations that are shorter write nothing.
    """

    def __init__(self, beat: Callable[[int, int], object], seconds: float = BEAT_SECONDS) -> None:
        self._beat = beat
        self._seconds = seconds
        self._numbers: frozenset[int] = frozenset()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def hold(self, numbers: Iterable[int]) -> None:
        """Beat for these trials from now on, and for no others."""
        self._numbers = frozenset(numbers)
        if self._thread is None and self._numbers:
            self._thread = threading.Thread(target=self._run, name="lsbe heartbeat", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Stop beating."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        count = 0
        while not self._ended.wait(self._seconds):
            count += 1
            for number in self._numbers:
                try:
                    self._beat(number, count)
                except Exception:
                    continue  # finished meanwhile, or the storage is away
