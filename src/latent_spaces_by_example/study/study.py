"""A study, and the ways to go on with it: ask and tell, or run."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any

from latent_spaces_by_example.arguments import check_flag, check_whole, checked_number
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.search import load as load_search
from latent_spaces_by_example.search import load_stored as load_stored_search
from latent_spaces_by_example.search.base import Preference, check_search
from latent_spaces_by_example.study.asking import Asking, own_points
from latent_spaces_by_example.study.callbacks import check_callbacks
from latent_spaces_by_example.study.driver import Driver, Limits, StopSignal
from latent_spaces_by_example.study.executors import (
    Executor,
    Model,
    ProcessPool,
    check_executor,
)
from latent_spaces_by_example.study.lock import DriverLock, driver_lock
from latent_spaces_by_example.study.preferences import Preferences, told_preference
from latent_spaces_by_example.study.progress import progress_of
from latent_spaces_by_example.study.ranking import declared_noisy
from latent_spaces_by_example.study.results import told_result
from latent_spaces_by_example.study.settings import MOST_TRIALS, name_of
from latent_spaces_by_example.study.trial import (
    Trial,
    constraint_names,
    number_of,
)
from latent_spaces_by_example.study.view import StudyView

Callback = Callable[["Study", Trial], object]
# the room of the page stands on this one, and is loaded when a page is asked for
_PAGE = "latent_spaces_by_example.explore"


class Study(StudyView):
    """A search for the best output that a generator can make, kept in a database.

    Made by :func:`latent_spaces_by_example.optimise`,
    :func:`latent_spaces_by_example.create_study` and
    :func:`latent_spaces_by_example.open_study`. Go on with it by :meth:`run`, which evaluates, or
    by :meth:`ask` and :meth:`tell`, between which the user does.

    Attributes:
        folder: the run folder, or None.
        artifacts: the outputs of its trials, kept in the folder; None without one.
    """

    # a search of the user's own, as far as it was given to this object
    _search: Any = None
    _lock: DriverLock

    # ------------------------------------------------------------------ the loop by hand

    def ask(
        self,
        n: int | None = None,
        *,
        u: Any = None,
        weights: Any = None,
        generate: bool = True,
    ) -> list[Trial]:
        """Open trials for the user to evaluate.

        Examples come first, as in a run. A trial stays open until it is told, however often the
        study is opened; meanwhile the search knows that it is being evaluated, and a run leaves it
        alone. It counts towards the budget. If the generator fails at a latent, that trial is
        failed with the reason, and another is asked for.

        Args:
            n: how many trials, at least 1; 1 by default.
            u: points of the user's own in place of proposals, shape (n, K - 1), in the unit
                hypercube over the K given seed latents.
            weights: points of the user's own, shape (n, K), rows of unit norm.
            generate: whether to make the outputs; otherwise trials have neither ``latent`` nor
                ``output``, and :meth:`latents` and :meth:`output` make them.

        Returns:
            The trials, each with its ``number``, ``weights``, ``latent`` and ``output``. Of the
            user's own points that the generator fails at, none comes back.

        Raises:
            ArgumentError: more than one of the three was given, or one has a wrong shape or value.
            EvaluationError: the generator failed at ten latents in a row.
            StudyError: another process runs the study, or its generator was not given.

        Example:
            >>> import latent_spaces_by_example as lsbe
            >>> class Model:
            ...     latent_shape = (4,)
            ...     def generate(self, z):
            ...         return z
            >>> study = lsbe.create_study(Model(), direction="minimise")
            >>> for trial in study.ask(3):
            ...     _ = study.tell(trial, float(trial.output[0] ** 2))
            >>> len(study.finished_trials)
            3
        """
        if sum(value is not None for value in (n, u, weights)) > 1:
            raise ArgumentError("give one of n, u and weights")
        if u is None and weights is None:
            n = 1 if n is None else n
            check_whole(n, argument="n")
            with self._driving():
                return Asking(self, generate=generate).proposed(n, engine=self._engine(None))
        own = own_points(u, weights, num_given=self.settings.num_given, most=self.weights.shape[1])
        with self._driving():
            return Asking(self, generate=generate).own(own)

    def tell(
        self,
        trial: int | Trial,
        value: Any = None,
        *,
        error: str | None = None,
        replace: bool = False,
    ) -> Trial:
        """Store the score of a trial, or why it has none.

        Args:
            trial: one that was asked for, or its number.
            value: its score, higher or lower is better as the study was told; or a mapping with
                "score", any metrics (numbers and texts), and "constraints", a mapping from names
                to numbers that are at most 0 if they are met. In a study of several scores a
                mapping from their names, or with "scores".
            error: why it could not be evaluated.
            replace: correct a trial that has a result; the earlier one is kept beside it.

        Returns:
            The trial with its result.

        Raises:
            ArgumentError: the value is not what the study takes; nothing is stored.
            StudyError: there is no such trial, it has a result already, or another process runs
                the study.
        """
        number = number_of(trial)
        with self._driving():
            known = self._records.trial(number)
            others = [t for t in self._records.trials() if t.number != number]
            result = told_result(
                number,
                value,
                error=error,
                score_names=self.settings.score_names,
                constraints=constraint_names(others),
            )
            if known.pending:
                finished = self._records.tell(number, result)
            elif replace:
                finished = self._records.correct(number, result)
            else:
                has = f"failed ({known.error})" if known.score is None else f"score {known.score:g}"
                raise StudyError(
                    f"trial {number} of study {self.name!r} has a result already: {has}; to "
                    "correct it, say replace=True, which keeps the earlier one beside it"
                )
            if self.artifacts is not None:
                self.artifacts.thin(finished)
            return finished

    # ------------------------------------------------------------------ the loop by eye

    def prefer(self, best: int | Trial, *, over: Iterable[int | Trial]) -> Preference:
        """Store that a trial is liked better than others.

        The default search learns a person's taste from such answers, and :meth:`ask` then
        proposes what they may like; scores of the same study count as well. A trial that is
        compared needs no score: the search no longer waits for it, though :meth:`tell` may still
        give it one.

        Args:
            best: the trial that is liked best, or its number.
            over: one or more others that were in sight.

        Raises:
            ArgumentError: there is no other, or a trial is named twice.
            StudyError: there is no such trial, it failed, or another process runs the study.

        Example:
            >>> import latent_spaces_by_example as lsbe
            >>> class Model:
            ...     latent_shape = (4,)
            ...     def generate(self, z):
            ...         return z
            >>> study = lsbe.create_study(Model())
            >>> trials = study.ask(4)
            >>> study.prefer(trials[2], over=[trials[0], trials[1], trials[3]])
            Preference(best=2, among=(2, 0, 1, 3))
            >>> study.favourite.number
            2
        """
        if isinstance(over, str | bytes | Trial) or not isinstance(over, Iterable):
            raise ArgumentError(f"over={over!r:.60}; give one or more trials, or their numbers")
        return self.tell_preference([best, *over], best=best)

    def tell_preference(
        self, trials: Iterable[int | Trial], *, best: int | Trial | None = None
    ) -> Preference:
        """Store which of some trials is liked best; by default that there is no difference.

        Args:
            trials: two or more trials, or their numbers.
            best: one of them, or None for no difference.

        Raises:
            ArgumentError: there are fewer than two, one is named twice, or ``best`` is no
                trial among them.
            StudyError: there is no such trial, it failed, or another process runs the study.
        """
        preference = told_preference(trials, best=best)
        with self._driving():
            Preferences(self._records).add(preference)
        return preference

    def withdraw_preference(self) -> Preference:
        """Take back the last answer that stands, and return it.

        Raises:
            StudyError: there is none, or another process runs the study.
        """
        with self._driving():
            return Preferences(self._records).withdraw()

    def explore(
        self, objective: Any = None, *, port: int = 0, open_browser: bool | None = None
    ) -> Any:
        """Open a local page on which to look around, choose by taste, and keep what is liked.

        The page is served by a thread of this process, on this machine alone.

        Args:
            objective: scores outputs on demand; None without one.
            port: of 127.0.0.1; 0 for any that is free.
            open_browser: whether to open the page; by default unless a notebook shows it.

        Returns:
            The :class:`latent_spaces_by_example.explore.PageServer`, with its ``address`` and
            ``close()``. As the last expression of a notebook's cell it shows the page there.

        Raises:
            ArgumentError: the port is in use.
            MissingPackageError: the extra ``explore`` is not installed.
        """
        if open_browser is None:
            open_browser = "ipykernel" not in sys.modules
        server = import_module(_PAGE).PageServer(self, objective=objective, port=port)
        return server.start(open_browser=open_browser)

    # ------------------------------------------------------------------ the loop in our hands

    def run(
        self,
        objective: Callable[..., Any],
        *,
        budget: int | None = None,
        search: Any = None,
        executor: Executor | None = None,
        num_pending: int | None = None,
        workers: int = 1,
        timeout: float | None = None,
        max_seconds: float | None = None,
        max_consecutive_failures: int = 10,
        callbacks: Sequence[Callback] = (),
        progress: bool | None = None,
        stop: StopSignal | None = None,
        grace: float = 20.0,
        names: tuple[str | None, str | None] = (None, None),
    ) -> Study:
        """Evaluate until the study has ``budget`` trials in all, open and failed ones counted.

        Trials that an earlier run left open are evaluated first, under their own numbers, so that
        a study cut in two proposes what an uncut one would. Trials that :meth:`ask` gave out are
        left to whoever asked.

        Args:
            objective: a sequence of n outputs -> n scores, and metrics and constraints.
            budget: at least 1; by default the budget of the last run.
            search: proposes from the history; by default the one that the study was made with,
                which must be given again if it is the user's own code.
            executor: runs the evaluations in place of this process: anything with
                ``submit(function, argument)`` that returns something with ``done()`` and
                ``result()``.
            num_pending: how many outputs are in flight; needed if the executor's size cannot be
                read from it.
            workers: run evaluations in so many processes of this machine, if above 1.
            timeout: seconds that one output may take in an executor or in ``workers``.
            max_seconds: begin no evaluation after so many seconds.
            max_consecutive_failures: so many failures in a row end the run.
                Before the first score, three with the same programming error (a ``TypeError``,
                say) are enough.
            callbacks: called as ``callback(study, trial)`` once a trial's result is stored; one
                that raises :class:`latent_spaces_by_example.StopStudy` ends the run cleanly.
            progress: show a progress bar; by default in a terminal and in a notebook.
            stop: ends the run once its ``is_set()`` is true, such as a ``threading.Event``.
            grace: seconds that evaluations in flight have then.
            names: by which workers load generator and objective (``module:name``), each None to
                send the object itself.

        Raises:
            EvaluationError: every evaluation failed, or too many in a row did; the user's own
                exception is its ``__cause__``. Every result is stored.
            ArgumentError: an argument is wrong, or the search or the objective breaks its contract.
            StudyError: another process runs the study.
        """
        engine = self._engine(search)
        limits = self._limits(
            budget=budget,
            max_seconds=max_seconds,
            timeout=timeout,
            max_consecutive_failures=max_consecutive_failures,
            stop=stop,
            grace=grace,
        )
        if not callable(objective) or isinstance(objective, type):
            raise ArgumentError(
                f"objective={objective!r:.80} cannot be called with outputs; give a function, or "
                "lsbe.objectives.load('lift-to-drag') for one that comes along"
            )
        check_whole(workers, argument="workers")
        check_callbacks(callbacks)
        if progress is not None:
            check_flag(progress, argument="progress")
        if num_pending is not None:
            check_whole(num_pending, argument="num_pending")
        if executor is not None:
            check_executor(executor)
        with self._driving():
            self._store_run(objective, limits)
            with progress_of(self, budget=limits.budget, shown=progress) as show_progress:

                def on_trial(trial: Trial) -> None:
                    self._lock.confirm()
                    show_progress()
                    for callback in callbacks:
                        callback(self, trial)

                driver = Driver(self, objective, search=engine, limits=limits, on_trial=on_trial)
                if executor is None and workers == 1 and timeout is None:
                    driver.run()
                    return self
                model = Model.of(self.generator, objective, names=names)
                pool: Any = nullcontext(executor)
                if executor is None:
                    pool = ProcessPool(workers, model=model, timeout=timeout)
                with pool as opened:
                    driver.run(opened, model=model, num_pending=num_pending)
        return self

    def set_noisy(self, noisy: bool = True) -> None:
        """Store whether scores are noisy; the study goes on by it.

        What was proposed before was proposed without, so a study that is told at once takes
        another course.
        """
        self._change(noisy=declared_noisy(None, noisy))

    def use_search(self, search: Any) -> None:
        """Let this object's next runs and asks use a search, by its name or as an object.

        Raises:
            ArgumentError: it is no search.
        """
        self._search = load_search(search)

    def _engine(self, search: Any) -> Any:
        if search is not None:
            self.use_search(search)
            check_search(
                self._search,
                num_scores=max(1, len(self.settings.score_names)),
                num_given=self.settings.num_given,
                within_span=self.settings.within_span,
            )
        if self._search is not None:
            return self._search
        return load_stored_search(self.settings.search)

    def _limits(self, *, budget: int | None, **rest: Any) -> Limits:
        budget = self.settings.budget if budget is None else budget
        if budget is None:
            raise ArgumentError("budget is needed: how many trials the study is to have in all")
        check_whole(budget, argument="budget", most=MOST_TRIALS)
        check_whole(rest["max_consecutive_failures"], argument="max_consecutive_failures")
        for name in ("max_seconds", "timeout"):
            if rest[name] is not None:
                checked_number(rest[name], argument=name, low=0.0, high=math.inf, above=True)
        return Limits(budget=int(budget), **rest)

    def _store_run(self, objective: Any, limits: Limits) -> None:
        known = self.settings.objective or name_of(objective)
        budget = max(limits.budget, len(self._records.trials()))
        self._change(budget=budget, objective=known)

    def _change(self, **values: Any) -> None:
        import msgspec

        changed = msgspec.structs.replace(self.settings, **values)
        if changed != self.settings:
            self._records.store_settings(changed)

    @contextmanager
    def _driving(self) -> Iterator[None]:
        """Hold the study's lock, with its trials read anew; may be nested."""
        folder = None if self.folder is None else self.folder.path
        with driver_lock(self._records.storage, study_name=self.name, folder=folder) as lock:
            self._lock = lock
            if lock.depth > 1 and self._records.is_current:
                yield
                return
            with self._records.read_once():
                self._records.conclude_told()
                yield
