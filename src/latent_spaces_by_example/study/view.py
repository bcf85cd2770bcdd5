"""Read a study: its trials, the best of them, and what they tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.arguments import check_whole
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.generators.features import Features
from latent_spaces_by_example.search.base import History, Preference
from latent_spaces_by_example.search.latent_gp import expected_scores
from latent_spaces_by_example.search.latent_gp.taste import tastes
from latent_spaces_by_example.space import SeedLatents, SurrogateChart
from latent_spaces_by_example.study.artifacts import Artifacts
from latent_spaces_by_example.study.candidate_check import CandidateCheck
from latent_spaces_by_example.study.evaluation import generated
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.looking import Looking
from latent_spaces_by_example.study.notebook import html_of
from latent_spaces_by_example.study.output_files import files_of
from latent_spaces_by_example.study.preferences import Preferences
from latent_spaces_by_example.study.proposals import Proposals
from latent_spaces_by_example.study.ranking import Ranking
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.table import dataframe_of
from latent_spaces_by_example.study.top import top_trials
from latent_spaces_by_example.study.trial import Trial, number_of, scores_of, weights_table
from latent_spaces_by_example.transport_maps.layout import rows_of


class StudyView:
    """The state of a study; the base of :class:`Study`, which goes on with it.

    Attributes:
        folder: the run folder, or None.
        artifacts: the outputs of its trials, kept in the folder; None without one.
    """

    def __init__(
        self,
        records: Records,
        *,
        generator: Callable[[], Any],
        space: Callable[[Any], SurrogateChart],
        folder: RunFolder | None = None,
        features: Features | None = None,
    ) -> None:
        """Keep the records; generator and space are made when they are first needed.

        The features are given if they are the user's own function.
        """
        self._records = records
        self._features = features
        self._make_generator = generator
        self._make_space = space
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
        trials = self.trials
        num_scored = sum(trial.score is not None for trial in trials)
        best = self.ranking.best_in_words(trials)
        return (
            f"<Study {self.name!r} of {self.settings.generator}: {num_scored} scored, best {best}>"
        )

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
    def space(self) -> SurrogateChart:
        """The space that the study searches: u <-> w <-> inner latent <-> z."""
        return self._make_space(self.generator)

    @property
    def seeds(self) -> SeedLatents:
        """The seed latents that the trials' weights refer to."""
        return self.space.seeds

    @property
    def settings(self) -> Settings:
        """The settings that were fixed when the study was created."""
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
    def proposals(self) -> Proposals:
        """Opens trials: examples, what a search proposes, the user's own points."""
        looking = Looking(
            self._records, generator=self.generator, space=self.space, function=self._features
        )
        return Proposals(
            self._records,
            space=self.space,
            ranking=self.ranking,
            check=CandidateCheck(self.space, generator=self.generator),
            looking=looking,
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
            history = replace(self.proposals.history(trials), noisy=True)
            expected = self.ranking.oriented(expected_scores(history))
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
        return [self.settings.seed_name(column) for column in range(self.weights.shape[1])]

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
    def preferences(self) -> list[Preference]:
        """Return the answers given to :meth:`Study.prefer` that still stand, oldest first."""
        return Preferences(self._records).all()

    def tastes(self) -> Float64[np.ndarray, " n"]:
        """Return how much every trial is liked, as far as all preferences and scores tell, (n,).

        These are means of the default search's model of taste, in standard deviations of what the
        person likes about prior draws; only differences mean anything. NaN where a trial was
        neither compared nor scored.
        """
        return tastes(self.proposals.seen(self._records.trials()))

    @property
    def favourite(self) -> Trial:
        """The trial that is liked best, as far as all preferences and scores tell.

        Raises:
            StudyError: nothing was compared.
        """
        trials = self._records.trials()
        taste = tastes(self.proposals.seen(trials))
        if np.isnan(taste).all():
            raise StudyError(
                f"study {self.name!r} has no favourite: nothing was compared yet; say which of "
                "some trials is best with study.prefer(best, over=[...])"
            )
        return trials[int(np.nanargmax(taste))]

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

    def output(self, trial: int | Trial) -> Any:
        """Generate the output of one trial again.

        Args:
            trial: the trial, or its number.

        Raises:
            ArgumentError: it is neither.
            StudyError: there is no such trial, or the study's generator was not given.
        """
        weights = self._records.trial(number_of(trial)).weights
        return generated(self.generator, self.latents(weights[None]))[0]

    def latents(self, weights: Any) -> Any:
        """Return the latents at weights of shape (n, K) over the study's seed latents.

        In the array library of the seed latents: NumPy arrays, or tensors for a model that is
        given tensors.
        """
        return self.space.from_w_to_z(weights)

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
        history = replace(self.history(), noisy=True)
        return self.ranking.oriented(expected_scores(history))

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
        check_whole(num, argument="num")
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
        ``warning``, ``worker``, ``latent NAME`` for each measure of the latent and ``latent
        fault``, a ``weight NAME`` for each seed latent, and ``picture`` (the path of the picture
        kept). ``history.csv`` in the run folder has the same ones, but for the picture.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return dataframe_of(self)

    def save(self) -> None:
        """Write history, seed latents and best output to the run folder, if there is one."""
        if self.folder is None:
            return
        self.folder.save_history(self.trials, settings=self.settings)
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
