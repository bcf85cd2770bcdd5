"""A study: a search that is running or has run, and the latents, outputs and scores it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arguments import check_positive
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.search import load as load_search
from latent_spaces_by_example.search import load_stored as load_stored_search
from latent_spaces_by_example.search.base import History
from latent_spaces_by_example.search.latent_gp import expected_scores
from latent_spaces_by_example.space import SeedLatents
from latent_spaces_by_example.study.artifacts import Artifacts, files_of
from latent_spaces_by_example.study.asking import Asking
from latent_spaces_by_example.study.driver import Driver, Limits, StopSignal
from latent_spaces_by_example.study.evaluation import generated
from latent_spaces_by_example.study.executors import (
    Executor,
    Model,
    ProcessPool,
    check_executor,
    travelling_names,
)
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.lock import driver_lock
from latent_spaces_by_example.study.notebook import html_of
from latent_spaces_by_example.study.progress import Progress
from latent_spaces_by_example.study.proposals import Proposals, checked_weights
from latent_spaces_by_example.study.ranking import Ranking, declared_noisy
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.results import told_result
from latent_spaces_by_example.study.settings import Settings, name_of
from latent_spaces_by_example.study.table import dataframe_of
from latent_spaces_by_example.study.top import top_trials
from latent_spaces_by_example.study.trial import (
    Trial,
    constraint_names,
    scores_of,
    weights_table,
)
from latent_spaces_by_example.study.validity import CandidateCheck
from latent_spaces_by_example.transport_maps.layout import rows_of

Callback = Callable[["Study", Trial], object]


class Study:
    """A search for the best output that a generator can make, kept in a database.

    Made by :func:`latent_spaces_by_example.optimise`,
    :func:`latent_spaces_by_example.create_study` and
    :func:`latent_spaces_by_example.open_study`. Go on with it by :meth:`run`, which evaluates, or
    by :meth:`ask` and :meth:`tell`, between which the user does.

    Attributes:
        folder: the run folder, or None.
        artifacts: the outputs of its trials, kept in the folder; None without one.
    """

    def __init__(
        self,
        records: Records,
        *,
        generator: Callable[[], Any],
        seeds: Callable[[Any], SeedLatents],
        folder: RunFolder | None = None,
    ) -> None:
        """Keep the records; generator and seed latents are made when they are first needed."""
        self._records = records
        self._make_generator = generator
        self._make_seeds = seeds
        self._depth = 0
        # a search of the user's own, as far as it was given to this object
        self._search: Any = None
        self._exception: BaseException | None = None
        # of noisy scores: the trials that have one, and the expected scores of all
        self._expected: tuple[tuple[Any, ...], np.ndarray] = ((), np.zeros(0))
        self.folder = folder
        self.artifacts = None
        if folder is not None:
            self.artifacts = Artifacts(
                records,
                ranking=self.ranking,
                folder=folder.artifacts,
                policy=self.settings.artifacts,
            )

    def __repr__(self) -> str:
        """Say in one line how the study stands."""
        trials = self._records.trials()
        num_scored = sum(trial.score is not None for trial in trials)
        if not num_scored:
            best = "nothing finished yet"
        elif self.scores_are_several:
            best = f"{len(self.front())} on the front of {', '.join(self.settings.score_names)}"
        else:
            kind = "best expected score" if self.settings.noisy else "best score"
            best = f"{kind} {self.best_score:.6g}"
        if num_scored and not self.feasible:
            best += ", violating constraints"
        return f"<Study {self.name!r} of {self.settings.generator}: {num_scored} scored, {best}>"

    def _repr_html_(self) -> str:
        return html_of(self)

    # ------------------------------------------------------------------ what it consists of

    @cached_property
    def generator(self) -> Any:
        """The generator, z -> x; one that comes along is loaded when it is first needed.

        Raises:
            StudyError: it is the user's own, and was not given when the study was opened.
        """
        return self._make_generator()

    @cached_property
    def seeds(self) -> SeedLatents:
        """The seed latents that the trials' weights refer to."""
        return self._make_seeds(self.generator)

    @property
    def settings(self) -> Settings:
        """What was fixed when the study was created."""
        return self._records.settings

    @property
    def ranking(self) -> Ranking:
        """Compares trials, by the study's directions and constraints."""
        return Ranking(self.settings.score_names, self.settings.directions)

    @property
    def records(self) -> Records:
        """The trials as the storage has them."""
        return self._records

    @property
    def optuna_study(self) -> Any:
        """The same study as an ``optuna.Study``, for Optuna's own tools."""
        return self._records.optuna_study

    @cached_property
    def candidate_check(self) -> CandidateCheck:
        """Tells whether a latent is what the seed latents promise."""
        return CandidateCheck(self.seeds, generator=self.generator)

    @cached_property
    def proposals(self) -> Proposals:
        """Opens trials: examples, what a search proposes, the user's own points."""
        return Proposals(
            self._records, seeds=self.seeds, ranking=self.ranking, check=self.candidate_check
        )

    # ------------------------------------------------------------------ what is known so far

    @property
    def name(self) -> str:
        """The study's name in its storage."""
        return self._records.name

    @property
    def scores_are_several(self) -> bool:
        """True if the study has several named scores."""
        return bool(self.settings.score_names)

    @property
    def trials(self) -> list[Trial]:
        """Every trial so far, in the order of their numbers; open and failed ones too.

        In a study of noisy scores each that has a score has its ``expected_score``.
        """
        trials = self._records.trials()
        if not self.settings.noisy or self.scores_are_several:
            return trials
        return self._expecting(trials)

    def _expecting(self, trials: list[Trial]) -> list[Trial]:
        scored = tuple((t.number, t.score) for t in trials if t.score is not None)
        if scored != self._expected[0]:
            expected = self.ranking.oriented(expected_scores(self.proposals.history(trials)))
            self._expected = (scored, expected)
        return [
            trial
            if trial.score is None
            else replace(trial, expected_score=float(self._expected[1][place]))
            for place, trial in enumerate(trials)
        ]

    @property
    def finished_trials(self) -> list[Trial]:
        """The trials with a score."""
        return [trial for trial in self.trials if trial.score is not None]

    @property
    def scores(self) -> Float64[np.ndarray, " n"]:
        """The score of every trial as the user gave it, shape (n,); NaN where there is none."""
        return scores_of(self._records.trials())

    @property
    def weights(self) -> Float64[np.ndarray, "n K"]:
        """The weights of every trial over the study's K seed latents, shape (n, K)."""
        return weights_table(self._records.trials(), self.settings.num_given)

    @property
    def seed_names(self) -> list[str]:
        """Names of the seed latents, in the order of the weights' columns."""
        given = [facts.name for facts in self.settings.examples]
        draws = range(1, self.weights.shape[1] - len(given) + 1)
        return [*given, *(f"prior draw {number}" for number in draws)]

    @property
    def best_trial(self) -> Trial:
        """The trial with the best score; the earliest of equals.

        In a study of noisy scores, the trial with the highest expected score. Trials that meet
        every constraint come first; if none does, it is the one that violates them least, and
        :attr:`feasible` is false.

        Raises:
            StudyError: no trial has a score yet, or there are several scores.
        """
        self._check_one_score("best_trial")
        best = self.ranking.best(self.trials)
        if best is None:
            raise StudyError(f"study {self.name!r} has no finished evaluation yet")
        return best

    @property
    def feasible(self) -> bool:
        """True if the best trial, or any, meets every constraint; true if there are none.

        Raises:
            StudyError: no trial has a score yet.
        """
        if self.scores_are_several:
            return any(trial.feasible for trial in self.trials)
        return self.best_trial.feasible

    def front(self) -> list[Trial]:
        """Return the Pareto front: feasible trials that no other one beats in every score.

        In a study of one score these are the best trial and its equals. Ordered by the first
        score, best first; empty if nothing is feasible.
        """
        return self.ranking.front(self.trials)

    @property
    def best_score(self) -> float:
        """The score of the best trial; in a study of noisy scores its expected score."""
        return float(self.best_trial.expected_or_score)  # type: ignore[arg-type]

    @property
    def best_latent(self) -> Any:
        """The latent of the best trial, shape latent_shape, as ``generate`` is given it."""
        return rows_of(self.latents(self.best_trial.weights[None]), 0)

    @property
    def best_output(self) -> Any:
        """The best trial's output, generated again from its latent."""
        return self.output(self.best_trial.number)

    def output(self, number: int) -> Any:
        """Generate the output of one trial again."""
        trial = self._records.trial(number)
        return generated(self.generator, self.latents(trial.weights[None]))[0]

    def latents(self, weights: Any) -> Any:
        """Return the latents at weights of shape (n, K) over the study's seed latents.

        In the array library of the seed latents: NumPy arrays, or tensors for a model that is
        given tensors.
        """
        return self.seeds.latents(weights)

    def expected_scores(self) -> Float64[np.ndarray, " n"]:
        """Return the score of every trial without its noise, as far as all scores tell, (n,).

        The best of many noisy scores is in part luck. This is the median of what a trial would
        score without noise, by the default search's Gaussian process given all scores, whichever
        search proposed the trials; NaN where a trial has no score. The size of the noise is
        estimated. That there is noise is taken for granted: exact scores need no estimate.

        Raises:
            StudyError: there are several scores.

        Example:
            >>> import latent_spaces_by_example as lsbe
            >>> noise = np.random.default_rng(0)
            >>> class Model:
            ...     latent_shape = (4,)
            ...     def generate(self, z):
            ...         return z
            >>> study = lsbe.optimise(
            ...     Model(), lambda x: x[:, 0] + noise.standard_normal(len(x)), budget=20
            ... )
            >>> study.expected_scores().shape
            (20,)
        """
        self._check_one_score("expected_scores")
        return self.ranking.oriented(expected_scores(self.history()))

    def top(
        self,
        num: int,
        *,
        diverse: bool = False,
        by_output: bool = False,
        expected: bool | None = None,
    ) -> list[Trial]:
        """Return the best ``num`` trials, best first; or good ones that differ.

        Args:
            num: how many, at least 1; fewer come back if fewer are finished.
            diverse: spread them over the better quarter of the trials: after the best one, each is
                the trial farthest from its nearest predecessor.
            by_output: measure "far" by the root mean square difference of the outputs, which are
                generated again for it, instead of the angle between the latents.
            expected: rank by :meth:`expected_scores`; by default in a study of noisy scores.

        Returns:
            Trials, in the order in which they were chosen.

        Raises:
            ArgumentError: ``num`` is below 1, or the outputs are not arrays of one shape.
            StudyError: nothing is finished yet, or there are several scores.
        """
        check_positive(num, argument="num")
        self._check_one_score("top")
        trials = self._records.trials()
        if self.settings.noisy if expected is None else expected:
            trials = self._expecting(trials)
        return top_trials(self, trials, num=num, diverse=diverse, by_output=by_output)

    def _check_one_score(self, name: str) -> None:
        if self.scores_are_several:
            raise StudyError(
                f"study {self.name!r} has the scores {', '.join(self.settings.score_names)}, and "
                f"{name} is for studies of one; study.front() has the trials that no other one "
                "beats in every score"
            )

    def history(self, *, until: int | None = None) -> History:
        """Return what a search is told: every trial so far, or those before number ``until``."""
        trials = self._records.trials()
        return self.proposals.history([t for t in trials if until is None or t.number < until])

    def to_dataframe(self) -> Any:
        """Return every trial as a row of a ``pandas.DataFrame``, indexed by its number.

        Columns: ``state`` ("finished", "failed" or "pending"), ``score``, ``expected score`` if
        scores are noisy, a ``constraint NAME`` for each constraint and ``feasible`` if there are
        any, a ``metric NAME`` for each metric of the objective, ``seconds``, ``error``,
        ``warning``, ``worker``, ``picture`` (the path of the picture kept), and a ``weight NAME``
        for each seed latent.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return dataframe_of(self)

    def save(self) -> None:
        """Write history, seed latents and best output to the run folder, if there is one."""
        if self.folder is None:
            return
        self.folder.save_history(self.trials, self.seed_names)
        try:
            generator = self.generator
        except StudyError:
            return  # the user's own, and not given: what can be written without it is there
        # a study that was opened has made only the draws that were asked for since
        self.seeds.extend_to(self.weights.shape[1])
        self.folder.save_seed_latents(self.seeds)
        trials = self.front() if self.scores_are_several else self.ranking.ranked(self.trials)[:1]
        outputs = {t.number: files_of(generator, self.output(t.number)) for t in trials}
        self.folder.save_outputs(outputs, several=self.scores_are_several)

    # ------------------------------------------------------------------ the loop by hand

    def ask(self, n: int | None = None, *, u: Any = None, weights: Any = None) -> list[Trial]:
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
            check_positive(n, argument="n")
            with self._driving():
                return self._asked(n)
        own = (
            self._weights_at(u)
            if weights is None
            else checked_weights(
                weights,
                who="weights is",
                most=max(self.settings.num_given, self.weights.shape[1], 1),
            )
        )
        with self._driving():
            return [t for t in self._with_outputs(self.proposals.own(own)) if t.pending]

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
        number = trial.number if isinstance(trial, Trial) else trial
        if isinstance(number, bool) or not isinstance(number, int | np.integer):
            raise ArgumentError(f"trial={trial!r:.60}; give a trial or its number")
        number = int(number)
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
                told = self._records.tell(number, result)
            elif replace:
                told = self._records.correct(number, result)
            else:
                has = f"failed ({known.error})" if known.score is None else f"score {known.score:g}"
                raise StudyError(
                    f"trial {number} of study {self.name!r} has a result already: {has}; to "
                    "correct it, say replace=True, which keeps the earlier one beside it"
                )
            if self.artifacts is not None:
                self.artifacts.thin(self._records.trials(), told)
            return told

    def _asking(self) -> Asking:
        return Asking(
            self._records,
            proposals=self.proposals,
            generator=self.generator,
            artifacts=self.artifacts,
        )

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
        check_positive(workers, argument="workers")
        if executor is not None:
            check_executor(executor)
        with self._driving():
            self._store_run(objective, limits)
            with Progress.of(self, budget=limits.budget, shown=progress) as shown:

                def on_trial(trial: Trial) -> None:
                    shown.update(self, trial)
                    for callback in callbacks:
                        callback(self, trial)

                driver = Driver(
                    records=self._records,
                    proposals=self.proposals,
                    search=engine,
                    generator=self.generator,
                    objective=objective,
                    artifacts=self.artifacts,
                    batch_size=self.settings.batch_size,
                    limits=limits,
                    on_trial=on_trial,
                )
                if executor is None and workers == 1 and timeout is None:
                    driver.run()
                    return self
                model = Model.of(
                    self.generator,
                    objective,
                    names=travelling_names(names, self.generator, objective),
                )
                if executor is not None:
                    driver.run(executor, model=model, num_pending=num_pending)
                    return self
                pool = ProcessPool(workers, model=model, timeout=timeout)
                try:
                    driver.run(pool, model=model, num_pending=num_pending)
                finally:
                    pool.close()
        return self

    def set_budget(self, budget: int) -> None:
        """Store how many trials the study is to have in all.

        Raises:
            ArgumentError: it is below 1.
        """
        check_positive(budget, argument="budget")
        self._change(budget=int(budget))

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
        if self._search is not None:
            return self._search
        return load_stored_search(self.settings.search)

    def _limits(self, *, budget: int | None, **rest: Any) -> Limits:
        budget = self.settings.budget if budget is None else budget
        if budget is None:
            raise ArgumentError("budget is needed: how many trials the study is to have in all")
        check_positive(budget, argument="budget")
        check_positive(rest["max_consecutive_failures"], argument="max_consecutive_failures")
        for name in ("max_seconds", "timeout"):
            value = rest[name]
            if value is not None and not (isinstance(value, int | float) and value > 0):
                raise ArgumentError(f"{name}={value!r}; give a number of seconds above 0")
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
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        folder = None if self.folder is None else self.folder.path
        with driver_lock(self._records.storage, study_name=self.name, folder=folder):
            self._records.refresh()
            self._records.conclude_told()
            self._records.is_current = True
            self._depth = 1
            try:
                yield
            finally:
                self._depth = 0
                self._records.is_current = False
