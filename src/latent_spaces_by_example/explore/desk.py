"""The state of a page: a study, what is on show, and everything that a person can do with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError
from latent_spaces_by_example.explore.kept import keep
from latent_spaces_by_example.explore.painter import Item, Painter, key_of
from latent_spaces_by_example.explore.plane import nine_around
from latent_spaces_by_example.explore.shown import Shown, shown
from latent_spaces_by_example.study import Study, Trial, create_study
from latent_spaces_by_example.study.evaluation import generated
from latent_spaces_by_example.study.settings import read

GALLERY = 9
MOST_SLIDERS = 5
MOST_SEARCHED = 1000
_MOST_POINTS = 2000  # points that are no trials and that are remembered
_ATTRIBUTE = "lsbe:explore"
_LINEAGE = "lsbe:lineage"

Event = Callable[[dict[str, Any]], None]
_Number = Annotated[int, Meta(ge=0)]


class Marks(Struct, frozen=True):
    """The part of a page that the study keeps: numbers of trials."""

    gallery: tuple[_Number, ...] = ()
    favourites: tuple[_Number, ...] = ()


class Desk:
    """One study, and what a person does with it; every method but :meth:`run` is a command.

    Commands run one at a time in a thread of their own, outputs are made in the painter's. The two
    meet at the seed latents and at the generator, each of which has a lock.

    Args:
        study: the study.
        objective: scores outputs on demand; None without one.
        announce: called with events for all pages, from any thread.
    """

    def __init__(self, study: Study, *, objective: Any = None, announce: Event) -> None:
        self.study = study
        self._objective = objective
        self._announce = announce
        self._points: dict[str, Item] = {}
        self._space_lock, self._generator_lock = threading.RLock(), threading.RLock()
        self._commands = ThreadPoolExecutor(1, thread_name_prefix="lsbe-desk")
        self._searching = [0, 0]
        self._marks = Marks()
        # what the favourite follows from, and its number: finding it takes a tenth of a second
        self._liked: tuple[Any, int | None] = ((), None)
        self._begin(study)

    def _begin(self, study: Study) -> None:
        self.study = study
        self._points.clear()
        stored = study.records.attributes().get(_ATTRIBUTE)
        self._marks = Marks()
        if stored is not None:
            self._marks = read(stored, as_a=Marks, what="the page's marks")
        self.painter = Painter(self._make, on_made=self._made)

    def close(self) -> None:
        """End the threads once what is under way is done."""
        self.painter.close()
        self._commands.shutdown(wait=False, cancel_futures=True)

    def run(self, name: str, values: dict[str, Any]) -> Any:
        """Queue a command; return the future of its answer.

        Raises:
            ArgumentError: there is no such command.
        """
        if name not in COMMANDS:
            raise ArgumentError(f"there is no command {name[:40]!r}")
        return self._commands.submit(self._command, name, values)

    def _command(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        try:
            with self._space_lock:
                answer = getattr(self, name)(**values)
        except TypeError as error:
            raise ArgumentError(f"command {name}: {error}") from error
        if name not in _LOOKS:
            self._announce({"changed": name})
        return answer if isinstance(answer, dict) else {}

    # ------------------------------------------------------------------ what is on show

    def state(self) -> dict[str, Any]:
        """Return everything that a page needs to draw itself."""
        trials = {trial.number: trial for trial in self.study.records.trials()}
        if not self._marks.gallery:
            self.nine_more()
            trials = {trial.number: trial for trial in self.study.records.trials()}
        settings = self.study.settings
        scored = self.study.ranking.ranked(trials.values())
        return {
            "study": self.study.name,
            "folder": None if self.study.folder is None else str(self.study.folder.path),
            "generator": settings.generator,
            "objective": None if self._objective is None else settings.objective or "yours",
            "direction": settings.directions[0],
            "seeds": [facts.name for facts in settings.examples][:MOST_SLIDERS],
            "has_sliders": 2 <= len(settings.examples) <= MOST_SLIDERS,
            "gallery": [self._item(trials[number]) for number in self._marks.gallery],
            "favourites": [self._item(trials[number]) for number in self._marks.favourites],
            "favourite": self._favourite(),
            "best": scored[0].number if scored else None,
            "num_answers": len(self.study.preferences),
            "num_trials": len(trials),
            "searching": self._searching,
        }

    def _item(self, trial: Trial) -> dict[str, Any]:
        return self._described(
            Item(key_of(trial.weights, trial.number), trial.weights, trial.number)
        )

    def _described(self, item: Item) -> dict[str, Any]:
        self._points[item.key] = item
        for key in list(self._points)[: len(self._points) - _MOST_POINTS]:
            del self._points[key]
        trial = None if item.number is None else self.study.records.trial(item.number)
        return {
            "key": item.key,
            "number": item.number,
            "weights": [round(float(w), 4) for w in item.weights[:MOST_SLIDERS]],
            "score": None if trial is None else trial.score,
            "error": (trial.error if trial is not None else None) or self.painter.error(item.key),
            **self.look_of(item.key),
        }

    def look_of(self, key: str) -> dict[str, Any]:
        """Return what a page can show of an item so far."""
        made = self.painter.shown(key)
        if made is None:
            return {"ready": False, "error": self.painter.error(key)}
        return {
            "ready": True,
            "files": list(made.files),
            "table": list(made.table),
            "words": made.words,
        }

    def want(self, page: str, keys: Sequence[str]) -> None:
        """Say which items a page shows; may be called from any thread."""
        known = [self._points.get(str(key)) for key in keys[:200]]
        items = [item for item in known if item is not None]
        self.painter.want(page, items)
        for item in items:  # made while the page was waiting for its state
            if self.painter.shown(item.key) is not None:
                self._announce({"made": {"key": item.key, **self.look_of(item.key)}})

    def _make(self, item: Item) -> Shown:
        with self._space_lock:
            study = self.study
            latents = study.latents(item.weights[None])
        with self._generator_lock:
            output = generated(study.generator, latents)[0]
            return shown(study.generator, output)

    def _made(self, item: Item, error: Exception | None) -> None:
        if error is not None and item.number is not None:
            with suppress(RuntimeError):  # the page was closed
                self._commands.submit(self._fail, item.number, f"{type(error).__name__}: {error}")
        self._announce({"made": {"key": item.key, **self.look_of(item.key)}})

    def _fail(self, number: int, reason: str) -> None:
        with suppress(LatentSpacesError):  # somebody else runs the study, or it has a result
            self.study.tell(number, error=reason)

    # ------------------------------------------------------------------ taste

    def nine_more(self) -> None:
        """Show what the search proposes, beside the favourite once there is one."""
        with self._generator_lock:
            favourite = self._favourite()
            known = [] if favourite is None else [favourite]
            asked = self.study.ask(GALLERY - len(known), generate=False)
        self._see(gallery=(*known, *(trial.number for trial in asked)))

    def prefer(self, *, best: str | None, among: list[str]) -> None:
        """Store which item is best, or that there is no difference, and show nine more."""
        items = [self._trial(key) for key in among]
        usable = [n for n in items if self.study.records.trial(n).error is None]
        chosen = None if best is None else self._trial(best)
        self.study.tell_preference(usable, best=chosen)
        self._see(gallery=tuple(usable))
        self.nine_more()

    def undo(self) -> None:
        """Take the last answer back, and show the outputs that it was about."""
        preference = self.study.withdraw_preference()
        self._see(gallery=preference.among[:GALLERY])

    def _favourite(self) -> int | None:
        """Return the number of the study's favourite, if anything was compared."""
        preferences = self.study.preferences
        scores = tuple(self.study.scores[np.isfinite(self.study.scores)].tolist())
        known = (self.study.name, tuple(preferences), scores)
        if known != self._liked[0]:
            self._liked = (known, self.study.favourite.number if preferences else None)
        return self._liked[1]

    # ------------------------------------------------------------------ moving about

    def around(self, *, key: str, angle: float, turn: int) -> dict[str, Any]:
        """Return nine items on a plane through one; the first plane points to the favourites."""
        if not 1e-4 <= float(angle) <= np.pi / 2 or not 0 <= int(turn) < 1000:
            raise ArgumentError(f"angle={angle!r}, turn={turn!r}; give 0 to pi/2, and 0 to 999")
        centre = self._known(key)
        favourites = [n for n in self._marks.favourites if n != centre.number][:2]
        weights = [self.study.records.trial(n).weights for n in favourites]
        width = max([len(row) for row in weights], default=0)
        towards = np.stack([np.pad(w, (0, width - len(w))) for w in weights]) if weights else None
        rows = nine_around(
            self.study, centre.weights, angle=float(angle), turn=int(turn), towards=towards
        )
        items = [Item(key_of(row, None), row) for row in rows]
        gaps = np.abs(rows[:, : len(centre.weights)] - centre.weights).max(axis=1)
        items[int(np.argmin(gaps))] = centre
        return {"items": [self._described(item) for item in items]}

    def blend(self, *, weights: list[float]) -> dict[str, Any]:
        """Return the item at weights over the given seed latents, brought to unit norm."""
        row = np.array(weights, dtype=np.float64)
        num_given = self.study.settings.num_given
        if row.shape != (num_given,) or not np.isfinite(row).all() or not row.any():
            raise ArgumentError(f"weights={weights!s:.60}; give {num_given} numbers, not all zero")
        row = row / np.linalg.norm(row)
        return {"item": self._described(Item(key_of(row, None), row))}

    def mark(self, *, key: str, on: bool) -> None:
        """Mark a favourite, or unmark it."""
        number = self._trial(key)
        others = [n for n in self._marks.favourites if n != number]
        self._see(favourites=(*others, number) if on else tuple(others))

    def between(self) -> None:
        """Go on with a child study, whose seed latents are the favourites."""
        numbers = self._marks.favourites
        if len(numbers) < 2:
            raise ArgumentError(
                "mark two or more favourites first; a search needs two to go between"
            )
        parent, directions = self.study, self.study.settings.directions
        rows = [parent.records.trial(number).weights for number in numbers]
        width = max(len(row) for row in rows)
        weights = np.stack([np.pad(row, (0, width - len(row))) for row in rows])
        child = create_study(
            parent.generator,
            seed_latents=parent.latents(weights),
            direction=list(directions) if len(directions) > 1 else directions[0],
            scores=parent.settings.score_names or None,
            objective=self._objective,
            random_seed=parent.settings.random_seed,
            out=None if parent.folder is None else _next_child(parent.folder.path),
            check_generator=False,
        )
        lineage = {
            "study": parent.name,
            "study_id": parent.settings.study_id,
            "folder": None if parent.folder is None else str(parent.folder.path),
            "trials": list(numbers),
            "weights": weights.tolist(),
            "seed_digest": parent.settings.seed_digest,
            "random_seed": parent.settings.random_seed,
        }
        child.records.store_attribute(_LINEAGE, lineage)
        self.painter.close()
        self._begin(child)

    # ------------------------------------------------------------------ scores

    def evaluate(self, *, key: str) -> None:
        """Score one item by the objective."""
        number = self._trial(key)
        score = self._scorer()
        with self._generator_lock:
            output = self.study.output(number)
            try:
                [value] = score([output])
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                raise ArgumentError(f"it cannot be scored: {reason}") from error
        self.study.tell(number, value, replace=True)

    def search(self, *, num: int) -> None:
        """Queue so many evaluations of what the search proposes; commands may come in between."""
        if not 1 <= int(num) <= MOST_SEARCHED:
            raise ArgumentError(f"num={num!r}; search for 1 to {MOST_SEARCHED} at a time")
        self._scorer()
        self._searching = [0, int(num)]
        self._commands.submit(self._search_on)

    def stop(self) -> None:
        """End the search after the evaluation under way."""
        self._searching = [0, 0]

    def _search_on(self) -> None:
        done, total = self._searching
        if done >= total:
            return
        try:
            with self._space_lock, self._generator_lock:
                budget = len(self.study.records.trials()) + 1
                self.study.run(self._scorer(), budget=budget, progress=False)
        except LatentSpacesError as error:
            self._searching = [0, 0]
            self._announce({"problem": str(error)})
            return
        self._searching = [done + 1, total] if done + 1 < total else [0, 0]
        self._announce({"changed": "search", "searching": self._searching})
        self._commands.submit(self._search_on)

    def _scorer(self) -> Any:
        if self._objective is None:
            raise ArgumentError(
                "there is no objective to score by; start again with --objective NAME"
            )
        return self._objective

    # ------------------------------------------------------------------ keeping

    def keep(self, *, key: str) -> dict[str, Any]:
        """Write an item's output to files, with the numbers that make it again."""
        item = self._known(key)
        folder = self.study.folder
        to = Path("kept") if folder is None else folder.path / "kept"
        with self._generator_lock:
            files = keep(self.study, item.weights, to=to, number=item.number)
        return {"files": [str(path) for path in files]}

    # ------------------------------------------------------------------ inside

    def _known(self, key: str) -> Item:
        item = self._points.get(key)
        if item is None and key[:1] == "t" and key[1:].isdecimal():
            trial = self.study.records.trial(int(key[1:]))
            return Item(key, trial.weights, trial.number)
        if item is None:
            raise ArgumentError("that output is no longer on the page; load the page again")
        return item

    def _trial(self, key: str) -> int:
        """Return the number of the trial at an item, which becomes one if it is none."""
        item = self._known(key)
        if item.number is not None:
            return item.number
        same = next(
            (
                trial.number
                for trial in self.study.records.trials()
                if len(trial.weights) == len(item.weights) and (trial.weights == item.weights).all()
            ),
            None,
        )
        if same is None:
            same = self.study.ask(weights=item.weights[None], generate=False)[0].number
        return same

    def _see(self, **values: Any) -> None:
        self._marks = msgspec.structs.replace(self._marks, **values)
        self.study.records.store_attribute(_ATTRIBUTE, msgspec.to_builtins(self._marks))


COMMANDS = (
    *("state", "nine_more", "prefer", "undo", "around", "blend", "mark", "between"),
    *("evaluate", "search", "stop", "keep"),
)

_LOOKS = ("state", "around", "blend", "keep")  # commands that change nothing for other pages


def _next_child(folder: Path) -> Path:
    number = 1
    while (path := folder.with_name(f"{folder.name}-between-{number}")).exists():
        number += 1
    return path
