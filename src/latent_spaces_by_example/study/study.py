"""A study: a search that is running or has run, and the latents, outputs and scores it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arguments import check_positive
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.search import load as load_search
from latent_spaces_by_example.search import load_stored as load_stored_search
from latent_spaces_by_example.search.base import History, SearchSpace
from latent_spaces_by_example.search.latent_gp import expected_scores
from latent_spaces_by_example.space import SeedLatents, SurrogateChart
from latent_spaces_by_example.study.artifacts import Artifacts
from latent_spaces_by_example.study.feasibility import (
    merit_of,
    violations_of,
)
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.loop import Hooks, OnBegin, evaluate_until
from latent_spaces_by_example.study.noise import declared_noisy, expecting
from latent_spaces_by_example.study.notebook import html_of
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.saving import save_files
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.several_scores import front_of, objectives_of
from latent_spaces_by_example.study.table import dataframe_of
from latent_spaces_by_example.study.top import top_trials
from latent_spaces_by_example.study.trial import Trial, scores_of, weights_table
from latent_spaces_by_example.study.validity import CandidateCheck
from latent_spaces_by_example.study.work import Slots
from latent_spaces_by_example.transport_maps.layout import rows_of

OnTrial = Callable[["Study", Trial], None]


class Study:
    """A search for the best output that a generator can make, kept in a database.

    Made by :func:`latent_spaces_by_example.optimise` and
    :func:`latent_spaces_by_example.open_study`; :meth:`run` goes on with it.

    Attributes:
        generator: z -> x.
        seeds: the seed latents that the trials' weights refer to.
        space: the surrogate chart over them.
        settings: what was fixed when the study was created.
        folder: where it leaves its files, or None.
        artifacts: the outputs of its trials, kept in the folder; None where there is none.
        candidate_check: tells whether a latent is what its seed latents promise.
    """

    def __init__(
        self,
        records: Records,
        *,
        generator: Any,
        seeds: SeedLatents,
        folder: RunFolder | None = None,
    ) -> None:
        self._records = records
        self.generator = generator
        self.seeds = seeds
        self.space = SurrogateChart(seeds, combination="shell")
        self.settings = Settings.from_json(records.settings)
        self.folder = folder
        self.candidate_check = CandidateCheck(self.space, generator=generator)
        # of noisy scores: the trials that have one, and what is expected of all
        self._expected: tuple[tuple[int, ...], np.ndarray] = ((), np.zeros(0))
        self.artifacts = None
        if folder is not None:
            self.artifacts = Artifacts(
                records,
                generator=generator,
                folder=folder.artifacts,
                policy=self.settings.artifacts,
            )

    def __repr__(self) -> str:
        finished = self.finished_trials
        if self.settings.score_names:
            best = f"{len(self.front())} on the front of {', '.join(self.settings.score_names)}"
        else:
            what = "best expected score" if self.settings.noisy else "best score"
            best = f"{what} {self.best_score:.6g}" if finished else "nothing finished yet"
        if finished and not self.feasible:
            best += ", violating constraints"
        return f"<Study {self.name!r} of {self.settings.generator}: {len(finished)} scored, {best}>"

    def _repr_html_(self) -> str:
        return html_of(self)

    # ------------------------------------------------------------------ what is known so far

    @property
    def name(self) -> str:
        """The study's name in its storage."""
        return self._records.name

    @property
    def records(self) -> Records:
        """The trials as the storage has them, for what works on the study beside :meth:`run`."""
        return self._records

    @property
    def optuna_study(self) -> Any:
        """The same study as an ``optuna.Study``, for Optuna's own tools."""
        return self._records.optuna_study

    @property
    def trials(self) -> list[Trial]:
        """Every trial so far, in the order of their numbers; pending and failed ones too.

        In a study of noisy scores each that has a score says what is expected of it.
        """
        trials = self._records.trials()
        if not self.settings.noisy or self.settings.score_names:
            return trials
        scored = tuple(trial.number for trial in trials if trial.score is not None)
        if scored != self._expected[0]:
            self._expected = (scored, expected_scores(self.history_of(trials)))
        return expecting(trials, self._expected[1])

    @property
    def finished_trials(self) -> list[Trial]:
        """The trials with a score."""
        return [trial for trial in self.trials if trial.score is not None]

    @property
    def scores(self) -> Float64[np.ndarray, " n"]:
        """The score of every trial, higher is better, shape (n,); NaN where there is none."""
        return scores_of(self._records.trials())

    @property
    def weights(self) -> Float64[np.ndarray, "n K"]:
        """The weights of every trial over the study's K seed latents, shape (n, K)."""
        return weights_table(self._records.trials(), self.seeds.num_given)

    @property
    def seed_names(self) -> list[str]:
        """What the seed latents are called, in the order of the weights' columns."""
        return [self.seeds.name(i) for i in range(self.weights.shape[1])]

    @property
    def best_trial(self) -> Trial:
        """The trial with the highest score; the earliest of equals.

        In a study of noisy scores the one of which most is expected, its ``expected_score``.
        Of those that meet every constraint; where none does, the one of the least violation, which
        :attr:`feasible` says.

        Raises:
            StudyError: no trial has a score yet, or there are several scores.
        """
        if self.settings.score_names:
            names = ", ".join(self.settings.score_names)
            raise StudyError(
                f"study {self.name!r} has the scores {names}, and so no one best trial: "
                "study.front() has those that no other one beats in all"
            )
        finished = self.finished_trials
        if not finished:
            raise StudyError(f"study {self.name!r} has no finished evaluation yet")
        return max(finished, key=merit_of)

    @property
    def feasible(self) -> bool:
        """Whether the best trial, or any, meets every constraint; true where there are none.

        Raises:
            StudyError: no trial has a score yet.
        """
        if self.settings.score_names:
            return any(trial.feasible for trial in self.trials)
        return self.best_trial.feasible

    def front(self) -> list[Trial]:
        """The Pareto front: feasible trials that no other one beats in every score.

        In a study of one score the best trial, and its equals. Ordered by the first score, highest
        first; empty where nothing is feasible.
        """
        return front_of(self.trials, self.settings.score_names)

    @property
    def best_score(self) -> float:
        """The score of the best trial; in a study of noisy scores what is expected of it."""
        return float(self.best_trial.worth)  # type: ignore[arg-type]

    @property
    def best_latent(self) -> Any:
        """The latent of the best trial, shape latent_shape, as ``generate`` is given it."""
        return rows_of(self.latents(self.best_trial.weights[None]), 0)

    @property
    def best_output(self) -> Any:
        """The best trial's output, generated again from its latent."""
        return self.generator.generate(self.latents(self.best_trial.weights[None]))[0]

    def expected_scores(self) -> Float64[np.ndarray, " n"]:
        """The score of every trial without its noise, as far as all scores tell, shape (n,).

        Of noisy scores the best one is in part luck. This is the median of what a trial's score
        would be without noise, by the default search's Gaussian process given what all trials
        scored, whichever search proposed them; NaN where a trial has no score. How noisy scores
        are is estimated. That they are is taken for granted: of exact ones each says it all.

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
        return expected_scores(self.history())

    def top(
        self,
        num: int,
        *,
        diverse: bool = False,
        by_output: bool = False,
        expected: bool | None = None,
    ) -> list[Trial]:
        """The best ``num`` trials, best first; or good ones that differ.

        Args:
            num: how many, at least 1; fewer come back where fewer are finished.
            diverse: whether to spread them over the better quarter of the trials: after the best
                one, each is the trial farthest from its nearest predecessor.
            by_output: whether "far" is the root mean square difference of the outputs, which are
                generated again for it, instead of the angle between the latents.
            expected: whether the best are those of which most is expected, by
                :meth:`expected_scores`; by default where the study says that scores are noisy.

        Returns:
            Trials, in the order in which they were chosen; with an ``expected_score``, if so.

        Raises:
            ArgumentError: ``num`` is below 1, or the outputs are not arrays of one shape.
            StudyError: nothing is finished yet, or there are several scores.
        """
        check_positive(num, argument="num")
        self._check_one_score("top")
        if expected is None:
            expected = self.settings.noisy
        return top_trials(self, num, diverse=diverse, by_output=by_output, expected=expected)

    def _check_one_score(self, method: str) -> None:
        if self.settings.score_names:
            raise StudyError(f"{method} is for studies of one score; study.front() is for several")

    def latents(self, weights: Any) -> Any:
        """The latents at weights of shape (n, K) over the study's seed latents.

        In the array library of the seed latents: NumPy arrays, or tensors for a model that is
        given tensors.
        """
        return self.space.from_w_to_z(weights)

    @property
    def slots(self) -> Slots:
        """How the numbers of trials fall into batches."""
        return Slots(corners=self.seeds.num_examples, batch_size=self.settings.batch_size)

    def history(self, *, until: int | None = None) -> History:
        """What a search is told: every trial so far, or those before number ``until``."""
        trials = self._records.trials()
        return self.history_of([t for t in trials if until is None or t.number < until])

    def history_of(self, trials: list[Trial]) -> History:
        """What a search would be told if these were all the trials there are."""
        weights = weights_table(trials, self.seeds.num_given)
        scores = scores_of(trials)
        num_seeds = weights.shape[1]
        space = SearchSpace(
            correlation=self.space.correlation_of(num_seeds),
            num_given=self.seeds.num_given,
            num_latent_dims=self.seeds.num_latent_dims + self.seeds.num_hidden_dims,
            within_span=self.settings.within_span,
            draw=lambda m: self.space.correlation_of(num_seeds + m),
        )
        return History(
            space=space,
            weights=weights,
            scores=scores,
            finished=np.isfinite(scores),
            failed=np.array([trial.error is not None for trial in trials], dtype=bool),
            random_seed=self.settings.random_seed,
            violations=violations_of(trials),
            objectives=objectives_of(trials, self.settings.score_names),
            num_known=self.slots.num_known(trials),
            noisy=self.settings.noisy,
        )

    def to_dataframe(self) -> Any:
        """Every trial as a row of a ``pandas.DataFrame``, indexed by its number.

        Columns: ``state`` ("finished", "failed" or "pending"), ``score``, ``expected score`` where
        scores are noisy, a ``constraint NAME`` for each constraint and ``feasible`` where there are
        any, a ``figure NAME`` for each figure of the objective, ``seconds``, ``error``,
        ``warning``, ``worker``, ``picture`` (the path of the picture kept), and a ``weight NAME``
        for each seed latent.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return dataframe_of(self)

    def save(self) -> None:
        """Write history, seed latents and best output to the run folder, where there is one."""
        save_files(self)

    # ------------------------------------------------------------------ going on with it

    def set_budget(self, budget: int) -> None:
        """Store how many trials the study is to have in all; workers that start later read it.

        Raises:
            ArgumentError: it is below 1.
        """
        check_positive(budget, argument="budget")
        self._change("budget", budget)

    def set_noisy(self, noisy: bool = True) -> None:
        """Store whether scores are noisy, where that shows only now; the study goes on by it.

        As :func:`latent_spaces_by_example.optimise` takes it. What was proposed before was proposed
        without, so that a study which is told at once takes another course.
        """
        self._change("noisy", declared_noisy(None, noisy))

    def _change(self, name: str, value: Any) -> None:
        if getattr(self.settings, name) != value:
            self._records.store_settings({**self.settings.to_json(), name: value})
            self.settings = Settings.from_json(self._records.settings)

    def run(
        self,
        objective: Callable[..., Any],
        *,
        search: Any = None,
        budget: int,
        on_trial: OnTrial | None = None,
        on_begin: OnBegin | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Study:
        """Evaluate until the study has ``budget`` trials in all, failed ones counted.

        Trials that an earlier run left pending are evaluated first, under their own numbers, so
        that a study cut in two proposes what an uncut one would. Other processes may run the same
        study at the same time: each trial is evaluated by one of them, and all return at the end.

        Args:
            objective: a sequence of n outputs -> n scores, higher is better, and constraints.
            search: proposes weights from the history; by default the one the study was made with,
                which must be given again if it is code of yours.
            budget: at least 1.
            on_trial: called with the study and each trial once its result is stored.
            on_begin: called with the numbers of the trials whose evaluation begins.
            stop: asked between evaluations whether to return before the end.

        Raises:
            EvaluationError: too many evaluations in a row failed: ten, or more where so many
                candidates fail that ten in a row mean nothing.
            ArgumentError: the budget is below 1, or the search or the objective breaks its
                contract. Whatever is raised, every finished evaluation is stored.
        """
        engine = load_stored_search(self.settings.search) if search is None else load_search(search)
        self.set_budget(budget)
        evaluate_until(
            self, objective, engine=engine, budget=budget, hooks=Hooks(on_trial, on_begin, stop)
        )
        return self
