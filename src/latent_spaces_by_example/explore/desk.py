"""The state of a page: a study, what is on show of it, and the threads that work for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError, StudyError
from latent_spaces_by_example.explore.commands import CHANGES, FILES, LOOKS
from latent_spaces_by_example.explore.judging import GALLERY, nine_more
from latent_spaces_by_example.explore.painter import Item, Painter, key_of
from latent_spaces_by_example.explore.shown import Shown, shown
from latent_spaces_by_example.study import Study, Trial
from latent_spaces_by_example.study.evaluation import generated
from latent_spaces_by_example.study.lock import holder
from latent_spaces_by_example.study.settings import read

MOST_SLIDERS = 5
_MOST_POINTS = 2000  # points that are no trials and that are remembered
_MOST_FILES = 100
_GLANCE = 2.0  # seconds between looks at what other processes did to the study
_ATTRIBUTE = "lsbe:explore"

Event = Callable[[dict[str, Any]], None]
_Number = Annotated[int, Meta(ge=0)]


class Marks(Struct, frozen=True):
    """The part of a page that the study keeps: numbers of trials."""

    gallery: tuple[_Number, ...] = ()
    favourites: tuple[_Number, ...] = ()


class Desk:
    """One study, and what a person sees of it.

    Commands run one at a time in a thread of their own, outputs are made in the painter's. The two
    meet at the seed latents and at the generator, each of which has a lock.

    Args:
        study: the study.
        objective: scores outputs on demand; None without one.
        announce: called with events for all pages, from any thread.

    Attributes:
        marks: what the study keeps of the page.
        searching: evaluations that a search has made and will make; both 0 without one.
        files: written since the page was opened, the last one first.
    """

    def __init__(self, study: Study, *, objective: Any = None, announce: Event) -> None:
        self.objective = objective
        self.announce = announce
        self.space_lock, self.generator_lock = threading.RLock(), threading.RLock()
        self.searching = [0, 0]
        self.files: list[Path] = []
        self._commands = ThreadPoolExecutor(1, thread_name_prefix="lsbe-desk")
        self._closed = threading.Event()
        self.go_on_with(study)
        threading.Thread(target=self._follow, name="lsbe-follow", daemon=True).start()

    def go_on_with(self, study: Study) -> None:
        """Show a study in place of the one before."""
        earlier: Painter | None = getattr(self, "painter", None)
        if earlier is not None:
            earlier.close()
        self.study = study
        self._points: dict[str, Item] = {}
        self._seen: Any = None
        self.marks = self._stored_marks()
        sketches = hasattr(study.generator, "sketch")
        self.painter = Painter(self._make, on_made=self._made, can_sketch=sketches)

    def close(self) -> None:
        """End the threads once what is under way is done."""
        self._closed.set()
        self.painter.close()
        self._commands.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------------ commands

    def run(self, name: str, values: dict[str, Any]) -> Any:
        """Queue a command; return the future of its answer.

        Raises:
            ArgumentError: there is no such command.
        """
        if name != "state" and name not in {*CHANGES, *FILES, *LOOKS}:
            raise ArgumentError(f"there is no command {name[:40]!r}")
        return self._commands.submit(self._command, name, values)

    def queue(self, task: Callable[..., None], *arguments: Any) -> None:
        """Run something after the commands that wait already."""
        with suppress(RuntimeError):  # the page was closed
            self._commands.submit(task, *arguments)

    def _command(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        if name in CHANGES and (other := self._other_driver()) is not None:
            raise StudyError(f"the study is being run by {other}; look on until it has ended")
        try:
            with self.space_lock, self.study.records.read_once():
                if name == "state":
                    return self.state(**values)
                answer = {**CHANGES, **FILES, **LOOKS}[name](self, **values)
        except TypeError as error:
            raise ArgumentError(f"command {name}: {error}") from error
        if name not in LOOKS:
            self._seen = self._glance()
            self.announce({"changed": name})
        return answer if isinstance(answer, dict) else {}

    # ------------------------------------------------------------------ what is on show

    def state(self) -> dict[str, Any]:
        """Return everything that a page needs to draw itself, but for the map."""
        other = self._other_driver()
        if other is None and not self.marks.gallery:
            nine_more(self)
        if self._seen is None:  # what happens from here on is announced
            self._seen = self._glance()
        trials = {trial.number: trial for trial in self.study.records.trials()}
        settings = self.study.settings
        scored = self.study.ranking.ranked(trials.values())
        gallery = self.marks.gallery if other is None else tuple(trials)[-GALLERY:]
        return {
            "study": self.study.name,
            "folder": None if self.study.folder is None else str(self.study.folder.path),
            "generator": settings.generator,
            "objective": None if self.objective is None else settings.objective or "yours",
            "direction": settings.directions[0],
            "seeds": [facts.name for facts in settings.examples][:MOST_SLIDERS],
            "has_sliders": 2 <= len(settings.examples) <= MOST_SLIDERS,
            "gallery": [self.item(trials[number]) for number in gallery if number in trials],
            "favourites": [self.item(trials[n]) for n in self.marks.favourites if n in trials],
            "favourite": self.favourite,
            "best": scored[0].number if scored else None,
            "num_answers": len(self.study.preferences),
            "num_trials": len(trials),
            "searching": self.searching,
            "files": [str(path) for path in self.files],
            "run_by": other,
        }

    def item(self, trial: Trial) -> dict[str, Any]:
        """Return what a page shows of a trial."""
        key = key_of(trial.weights, trial.number)
        return self.described(Item(key, trial.weights, trial.number), trial=trial)

    def described(self, item: Item, *, trial: Trial | None = None) -> dict[str, Any]:
        """Return what a page shows of an item, and remember it by its key."""
        if trial is None and item.number is not None:
            trial = self.study.records.trial(item.number)
        self._points[item.key] = item
        for key in list(self._points)[: len(self._points) - _MOST_POINTS]:
            del self._points[key]
        return {
            "key": item.key,
            "number": item.number,
            "weights": [round(float(w), 4) for w in item.weights[:MOST_SLIDERS]],
            "score": None if trial is None else trial.score,
            **self.look_of(item.key),
            "error": (trial.error if trial is not None else None) or self.painter.error(item.key),
        }

    def look_of(self, key: str) -> dict[str, Any]:
        """Return what a page can show of an item so far."""
        made = self.painter.shown(key)
        if made is None:
            return {"ready": False, "error": self.painter.error(key)}
        return {
            "ready": True,
            "rough": made.is_rough,
            "files": list(made.files),
            "table": list(made.table),
            "words": made.words,
        }

    @property
    def favourite(self) -> int | None:
        """The number of the trial that is liked best, if anything was compared."""
        tastes = self._tastes()
        return max(tastes, key=tastes.__getitem__) if tastes else None

    def levels(self) -> dict[int, float]:
        """Return how good the trials compared, or else scored, are among each other, 0 to 1."""
        values = self._tastes() or self._values(self.study.ranking.oriented(self.study.scores))
        order = sorted(values, key=values.__getitem__)
        return {number: place / max(len(order) - 1, 1) for place, number in enumerate(order)}

    def _tastes(self) -> dict[int, float]:
        return self._values(self.study.tastes()) if self.study.preferences else {}

    def _values(self, column: np.ndarray) -> dict[int, float]:
        """Return the values of a column that there are, by trial number."""
        pairs = zip(self.study.records.trials(), column.tolist(), strict=False)
        return {trial.number: value for trial, value in pairs if np.isfinite(value)}

    # ------------------------------------------------------------------ outputs

    def want(self, page: str, keys: Sequence[str]) -> None:
        """Say which items a page shows; may be called from any thread."""
        items = [self._points[key] for key in keys[:200] if key in self._points]
        self.painter.want(page, items)
        for item in items:  # made, or failed, while the page was waiting for its state
            look = self.look_of(item.key)
            if look["ready"] or look["error"]:
                self.announce({"made": {"key": item.key, **look}})

    def _make(self, item: Item, *, rough: bool) -> Shown | None:
        with self.space_lock:
            study = self.study
            latents = study.latents(item.weights[None])
        with self.generator_lock:
            if not rough:
                return shown(study.generator, generated(study.generator, latents)[0])
            sketched = study.generator.sketch(latents)
            return None if sketched is None else shown(study.generator, sketched[0], rough=True)

    def _made(self, item: Item, error: Exception | None) -> None:
        if error is not None and item.number is not None:
            self.queue(self._fail, item.number, f"{type(error).__name__}: {error}")
        self.announce({"made": {"key": item.key, **self.look_of(item.key)}})

    def _fail(self, number: int, reason: str) -> None:
        with suppress(LatentSpacesError):  # somebody else runs the study, or it has a result
            self.study.tell(number, error=reason)

    # ------------------------------------------------------------------ what others do

    def _other_driver(self) -> str | None:
        """Return who else runs the study; commands never wait for one another here."""
        return holder(self.study.records.storage, study_name=self.study.name)

    def _follow(self) -> None:
        """Look at the study again and again while a page is open, and say what changed."""
        while not self._closed.wait(_GLANCE):
            if self.painter.is_watched:
                self.queue(self._look)

    def _look(self) -> None:
        with suppress(LatentSpacesError):  # the next look may see more
            seen = self._glance()
            if self._seen is not None and seen != self._seen:
                self.marks = self._stored_marks()
                self.announce({"changed": "elsewhere"})
            self._seen = seen

    def _glance(self) -> Any:
        trials = self.study.records.trials()
        settled = sum(not trial.pending for trial in trials)
        return len(trials), settled, self._other_driver(), self._stored_marks()

    # ------------------------------------------------------------------ for commands

    def known(self, key: str) -> Item:
        """Return the item of a key.

        Raises:
            ArgumentError: it was shown too long ago.
        """
        item = self._points.get(key)
        if item is None and key[:1] == "t" and key[1:].isdecimal():
            trial = self.study.records.trial(int(key[1:]))
            return Item(key, trial.weights, trial.number)
        if item is None:
            raise ArgumentError("that output is no longer on the page; load the page again")
        return item

    def trial(self, key: str) -> int:
        """Return the number of the trial at an item, which becomes one if it is none."""
        item = self.known(key)
        if item.number is not None:
            return item.number
        for trial in self.study.records.trials():
            if np.array_equal(trial.weights, item.weights):
                return trial.number
        return self.study.ask(weights=item.weights[None], generate=False)[0].number

    def see(self, **values: Any) -> None:
        """Change what the study keeps of the page."""
        self.marks = msgspec.structs.replace(self.marks, **values)
        self.study.records.store_attribute(_ATTRIBUTE, msgspec.to_builtins(self.marks))

    def wrote(self, paths: Iterable[Path]) -> None:
        """Put files on the page's list."""
        new = list(paths)
        self.files = [*new, *(path for path in self.files if path not in new)][:_MOST_FILES]

    def _stored_marks(self) -> Marks:
        stored = self.study.records.attributes().get(_ATTRIBUTE)
        return Marks() if stored is None else read(stored, as_a=Marks, what="the page's marks")
