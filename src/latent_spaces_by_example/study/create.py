"""Starting a study, and opening one that exists."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from latent_spaces_by_example import __version__
from latent_spaces_by_example.arguments import check_flag, check_whole
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search import load as load_search
from latent_spaces_by_example.search.base import check_search, prior_seeds_wanted
from latent_spaces_by_example.space import SeedLatents, spanned_by
from latent_spaces_by_example.study.artifacts import read_policy
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.looking import declared_features
from latent_spaces_by_example.study.opening import check_generator_object
from latent_spaces_by_example.study.ranking import (
    declared_directions,
    declared_noisy,
    declared_scores,
)
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import (
    MOST_AT_ONCE,
    MOST_CANDIDATES,
    MOST_TRIALS,
    SeedLatentFacts,
    Settings,
    name_of,
)
from latent_spaces_by_example.study.stored_seeds import as_attributes
from latent_spaces_by_example.study.study import Callback, Study
from latent_spaces_by_example.validity import require_determinism
from latent_spaces_by_example.validity.candidates import mistaken_scale


def optimise(
    generator: Any,
    objective: Callable[[Sequence[Any]], Any],
    *,
    budget: int,
    executor: Any = None,
    num_pending: int | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool | None = None,
    max_seconds: float | None = None,
    max_consecutive_failures: int = 10,
    **study: Any,
) -> Study:
    """Find the output of ``generator`` with the best score, in so many evaluations.

    Searches the latents z = sum_k w_k z_k, on the shell of the seed latents z_k, that examples span
    (Willis et al. 2025, arXiv 2509.23800); without examples, the whole prior of the model.

    The same as :func:`create_study` and then :meth:`Study.run`.

    Args:
        generator: has ``latent_shape`` and ``generate(z)``; see
            :class:`latent_spaces_by_example.generators.Generator`.
        objective: a sequence of n outputs -> n scores; a score is a float, or a mapping with
            "score" and any other metrics to keep beside it.
        budget: how many evaluations, at least 1; those of the examples are counted.
        executor: runs the evaluations in place of this process, see :meth:`Study.run`.
        num_pending: how many outputs are in flight in it.
        callbacks: called as ``callback(study, trial)``; may raise
            :class:`latent_spaces_by_example.StopStudy`.
        progress: show a progress bar; by default in a terminal and in a notebook.
        max_seconds: begin no evaluation after so many seconds.
        max_consecutive_failures: so many failures in a row end the run.
            Before the first score three are enough if all have the same error of code, such as
            a ``TypeError``.
        **study: ``examples``, ``seed_latents``, ``search``, ``direction``, ``random_seed``,
            ``batch_size``, ``out`` and the other arguments of :func:`create_study`.

    Returns:
        The study: ``best_score``, ``best_latent``, ``best_output``, ``scores``, ``weights``.

    Raises:
        ArgumentError: an argument is wrong; nothing has been evaluated or written.
        StudyError: the folder or the name is taken.
        GeneratorError: the generator is no function of its latents; nothing has been written.
        EvaluationError: too many evaluations failed, as in :meth:`Study.run`. Every finished one
            is stored.

    Examples:
        >>> import latent_spaces_by_example as lsbe
        >>> class Doubling:
        ...     latent_shape = (16,)
        ...     def generate(self, z):
        ...         return 2 * z
        >>> study = lsbe.optimise(Doubling(), lambda outputs: [x[0] for x in outputs], budget=20)
        >>> study.scores.shape, study.best_latent.shape
        ((20,), (16,))
    """
    check_whole(budget, argument="budget", most=MOST_TRIALS)
    made = create_study(generator, objective=objective, **study)
    return made.run(
        objective,
        budget=budget,
        executor=executor,
        num_pending=num_pending,
        callbacks=callbacks,
        progress=progress,
        max_seconds=max_seconds,
        max_consecutive_failures=max_consecutive_failures,
    )


def create_study(
    generator: Any,
    *,
    examples: Sequence[Any] | None = None,
    seed_latents: Any = None,
    search: Any = "latent-gp",
    direction: Any = None,
    objective: Any = None,
    random_seed: int = 0,
    batch_size: int = 1,
    within_span: bool | None = None,
    num_seeds: int | None = None,
    repair: str | None = None,
    out: str | os.PathLike[str] | None = None,
    storage: Any = None,
    name: str | None = None,
    check_generator: bool = True,
    artifacts: str = "all",
    scores: Sequence[str] | None = None,
    noisy: bool | None = None,
    features: Any = "auto",
    candidates: int | None = None,
) -> Study:
    """Make a study in which nothing is evaluated yet.

    Go on with :meth:`Study.ask` and :meth:`Study.tell`, or with :meth:`Study.run`.

    Args:
        generator: has ``latent_shape`` and ``generate(z)``; see
            :class:`latent_spaces_by_example.generators.Generator`.
        examples: outputs (or names that the generator knows), to be inverted; they span the space.
        seed_latents: latents in place of examples, shape (K, *latent_shape), or a dictionary of
            such for a generator whose latents have named parts. Tensors and JAX arrays are what
            ``generate`` is given then, of their dtype and on their device. Or K random seeds such
            as [1234567, 42], whole numbers that the generator draws latents from by its own
            convention; the study then stores these numbers and no arrays.
        search: a name that :func:`latent_spaces_by_example.search.load` knows, a search, or a
            sampler object of Optuna.
        direction: "maximise" or "minimise"; for several scores a sequence, or a mapping from their
            names. By default what the objective says by an attribute ``direction``, else
            "maximise". Scores are stored and shown as they are given.
        objective: the one that will score, if it is known; only what it says of itself is read.
        random_seed: at least 0; the same one gives the same proposals.
        batch_size: how many latents are proposed, generated and scored together, at least 1.
        within_span: whether to stay between the examples, with no weight below zero; by default
            true if there are examples or seed latents.
        num_seeds: how many prior draws span the space if there are no examples; by default what
            the search asks for.
        repair: change the examples' latents first: "rescale", "gaussianise" or "whiten".
        out: a run folder to be made, for the database, the outputs and the report.
        storage: an Optuna storage or its URL; by default a database in ``out``, else memory.
        name: of the study in its storage; by default the name of the run folder.
        check_generator: make two latents, one of them twice and beside the other, before anything
            else, and stop if the outputs differ or do not depend on the latent.
        artifacts: which outputs the run folder keeps, as pictures and files: "all", "none", or
            "best:K", those of the K best and thumbnails of the others.
        scores: the names of the scores if there are several; by default what the objective says by
            an attribute ``scores``. :meth:`Study.front` then has the best compromises.
        noisy: whether a second evaluation of the same output would give another score; by default
            what the objective says by an attribute ``noisy``, else false. The default search then
            expects noise and draws more before it steps, and the best trial is the one with the
            highest expected score, since the highest score is in part luck.
        features: what the default search sees of an output before it is scored: a function of n
            outputs that returns numbers of shape (n, p), in which alike outputs are near each
            other, or its "module:name"; "generator" for those of the generator, "pixels",
            "components" for principal components of prior outputs, or of pictures "clip" or
            "transformers:MODEL" for the embedding of a vision model. By default ("auto") the
            generator's, or else components if outputs are arrays of one shape. None: nothing.
        candidates: how many outputs each proposal generates and looks at, to propose the one that
            promises most; 1 for none. By default 256, 16 or 1, settled once by what generating and
            scoring took so far, or what the generator says by an attribute ``num_candidates``.

    Raises:
        ArgumentError: an argument is wrong; nothing has been written.
        StudyError: the folder or the name is taken.
        GeneratorError: the generator is no function of its latents; nothing has been written.

    Example:
        >>> import latent_spaces_by_example as lsbe
        >>> class Doubling:
        ...     latent_shape = (16,)
        ...     def generate(self, z):
        ...         return 2 * z
        >>> study = lsbe.create_study(Doubling(), direction="minimise")
        >>> [trial] = study.ask()
        >>> study.tell(trial, 0.31).score
        0.31
    """
    check_generator_object(generator)
    check_whole(random_seed, argument="random_seed", least=0)
    check_whole(batch_size, argument="batch_size", most=MOST_AT_ONCE)
    if num_seeds is not None:
        check_whole(num_seeds, argument="num_seeds", least=0)
    if within_span is not None:
        check_flag(within_span, argument="within_span")
    if candidates is not None:
        check_whole(candidates, argument="candidates", most=MOST_CANDIDATES)
    engine = load_search(search)
    score_names = declared_scores(objective, scores)
    directions = declared_directions(objective, direction, score_names=score_names)
    if read_policy(artifacts) is not None and score_names:
        raise ArgumentError(f"artifacts={artifacts!r} is for one score; give 'all' or 'none'")
    space = spanned_by(
        generator,
        examples=examples,
        seed_latents=seed_latents,
        num_prior_seeds=prior_seeds_wanted(engine) if num_seeds is None else num_seeds,
        random_seed=random_seed,
        repair=repair,
    )
    seeds = space.seeds
    if within_span is None:
        within_span = seeds.num_examples > 0
    _check_span(seeds, within_span=within_span)
    check_search(
        engine,
        num_scores=max(1, len(score_names)),
        num_given=seeds.num_given,
        within_span=within_span,
    )
    given = np.array(seeds.relative_norms[: seeds.num_examples])
    if len(given) and (warning := mistaken_scale(given)):
        warnings.warn(warning, UserWarning, stacklevel=2)
    if check_generator:
        require_determinism(generator, seeds.prior_draws((0, 1)))
    features_name, function = declared_features(features)
    settings = Settings(
        generator=name_of(generator),
        latent_shape=seeds.latent_shape,
        objective="" if objective is None else name_of(objective),
        search=name_of(search if isinstance(search, str) else engine),
        random_seed=seeds.random_seed,
        batch_size=int(batch_size),
        within_span=within_span,
        num_given=seeds.num_given,
        examples=_facts(seeds),
        seed_digest=seeds.digest,
        version=__version__,
        array_library=seeds.array_library,
        artifacts=artifacts,
        score_names=score_names,
        directions=directions,
        num_hidden_dims=seeds.num_hidden_dims,
        noisy=declared_noisy(objective, noisy),
        features=features_name,
        candidates=0 if candidates is None else int(candidates),
    )
    folder = None
    # for whoever opens the study without its folder
    attributes = {} if storage is None else as_attributes(seeds.examples)
    if out is not None:
        folder = RunFolder.create(out)
        # before the database, so that a study that exists always has its seed latents
        folder.save_seed_latents(seeds)
        storage = folder.storage if storage is None else storage
        name = name or folder.path.resolve().name
    records = Records.create(
        storage,
        name=name or "study",
        settings=settings,
        attributes=attributes,
    )
    study = Study(
        records,
        generator=lambda: generator,
        space=lambda _: space,
        folder=folder,
        features=function,
    )
    study.use_search(engine)
    return study


def _check_span(seeds: SeedLatents, *, within_span: bool) -> None:
    if within_span and seeds.num_given == 0:
        raise ArgumentError("within_span=True needs examples, seed_latents or num_seeds to span it")
    if within_span and seeds.num_given == 1:
        raise ArgumentError(
            "one seed latent spans a space of one point, with nothing to search; give more "
            "examples, or let the search leave their span (within_span=False, --beyond-examples)"
        )


def _facts(seeds: SeedLatents) -> tuple[SeedLatentFacts, ...]:
    norms = seeds.relative_norms
    return tuple(
        SeedLatentFacts(
            name=seeds.name(i),
            relative_norm=float(norms[i]),
            rms_error=seeds.rms_errors[i],
            random_seed=None if len(seeds.examples) else seeds.random_seed_of(i),
            moved=seeds.moved[i],
            unlike=seeds.unlike[i],
        )
        for i in range(seeds.num_examples)
    )
