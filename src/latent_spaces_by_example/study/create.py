"""Starting a study, and opening one that exists."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from latent_spaces_by_example import __version__, generators
from latent_spaces_by_example.arguments import check_positive
from latent_spaces_by_example.arrays import library_named
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.parameters import split_parameters
from latent_spaces_by_example.search import load as load_search
from latent_spaces_by_example.search.base import prior_seeds_wanted
from latent_spaces_by_example.space import SeedLatents, spanned_by
from latent_spaces_by_example.study.artifacts import read_policy
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.noise import declared_noisy
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import SeedLatentFacts, Settings, name_of
from latent_spaces_by_example.study.several_scores import declared_scores
from latent_spaces_by_example.study.stored_seeds import as_attributes, from_attributes
from latent_spaces_by_example.study.study import Study
from latent_spaces_by_example.transport_maps.layout import layout_of
from latent_spaces_by_example.validity import require_determinism
from latent_spaces_by_example.validity.candidates import mistaken_scale


def optimise(
    generator: Any,
    objective: Callable[[Sequence[Any]], Any],
    *,
    budget: int,
    examples: Sequence[Any] | None = None,
    seed_latents: Any = None,
    search: Any = "latent-gp",
    random_seed: int = 0,
    batch_size: int = 1,
    storage: Any = None,
    name: str | None = None,
    within_span: bool | None = None,
    num_seeds: int | None = None,
    out: str | os.PathLike[str] | None = None,
    check_generator: bool = True,
    artifacts: str = "all",
    scores: Sequence[str] | None = None,
    noisy: bool | None = None,
) -> Study:
    """Find the output of ``generator`` that ``objective`` scores highest, in so many evaluations.

    Searches the latents z = sum_k w_k z_k, on the shell of the seed latents z_k, that examples span
    (Willis et al. 2025, arXiv 2509.23800); with no examples, the whole prior of the model.

    Args:
        generator: has ``latent_shape`` and ``generate(z)``; see
            :class:`latent_spaces_by_example.generators.Generator`.
        objective: a sequence of n outputs -> n scores, higher is better; a score is a float, or a
            mapping with "score" and any other figures to keep beside it.
        budget: how many evaluations, at least 1; those of the examples are counted.
        examples: outputs (or names that the generator knows), to be inverted; they span the space.
        seed_latents: latents in place of examples, shape (K, *latent_shape), or a dictionary of
            such for a generator whose latents are made of named parts. Tensors and JAX arrays
            are what ``generate`` is given then, of their dtype and on their device. Or K random
            seeds such as [1234567, 42], whole numbers that the generator draws latents from by
            its own convention; the study then stores these numbers and no arrays.
        search: a name that :func:`latent_spaces_by_example.search.load` knows, a search, or a
            sampler object of Optuna.
        random_seed: at least 0; the same one gives the same proposals.
        batch_size: how many latents are generated and scored together, at least 1.
        storage: an Optuna storage or its URL; by default a database in ``out``, else memory.
        name: of the study in its storage.
        within_span: whether to stay between the examples, with no weight below zero; by default
            true where there are examples or seed latents.
        num_seeds: how many prior draws span the space where there are no examples; by default
            what the search asks for.
        out: a run folder to be made, for the database and the seed latents.
        check_generator: whether to make one latent twice, and beside another, before anything
            else, and to stop if the outputs differ; costs four generations and no evaluation.
        scores: the names of the scores where the objective gives several; by default what it says
            by an attribute ``scores``. :meth:`Study.front` then has the best compromises.
        noisy: whether a second evaluation of the same output would score something else; by default
            what the objective says by an attribute ``noisy``, else false. The default search then
            expects noise, and draws more before it steps; and the best trial is the one of which
            most is expected, since the best score is in part luck.
        artifacts: which outputs the run folder keeps, as pictures and files: "all", "none", or
            "best:K", those of the K best and thumbnails of the others.

    Returns:
        The study: ``best_score``, ``best_latent``, ``best_output``, ``scores``, ``weights``.

    Raises:
        ArgumentError: an argument is wrong; nothing has been evaluated or written.
        StudyError: the folder or the name is taken.
        GeneratorError: the generator is not a function of its latents; nothing has been written.
        EvaluationError: too many evaluations in a row failed, as in :meth:`Study.run`. Every
            finished one is stored.

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
    check_positive(budget, argument="budget")
    engine = load_search(search)
    seeds = spanned_by(
        generator,
        examples=examples,
        seed_latents=seed_latents,
        num_prior_seeds=prior_seeds_wanted(engine) if num_seeds is None else num_seeds,
        random_seed=random_seed,
    )
    if check_generator:
        check_before_study(generator, seeds)
    study = new_study(
        generator,
        seeds,
        objective=name_of(objective),
        search=search if isinstance(search, str) else engine,
        budget=budget,
        batch_size=batch_size,
        within_span=within_span,
        storage=storage,
        name=name,
        out=out,
        artifacts=artifacts,
        scores=declared_scores(objective, scores),
        noisy=declared_noisy(objective, noisy),
    )
    return study.run(objective, search=engine, budget=budget)


def new_study(
    generator: Any,
    seeds: SeedLatents,
    *,
    objective: str,
    search: Any,
    budget: int,
    batch_size: int = 1,
    within_span: bool | None = None,
    storage: Any = None,
    name: str | None = None,
    out: str | os.PathLike[str] | None = None,
    artifacts: str = "all",
    scores: Sequence[str] = (),
    noisy: bool = False,
) -> Study:
    """A study with nothing evaluated yet; :meth:`Study.run` evaluates.

    Arguments as of :func:`optimise`; ``seeds`` span the space and bring the random seed with them,
    ``objective`` is what to call the objective.
    """
    check_positive(budget, argument="budget")
    check_positive(batch_size, argument="batch_size")
    if read_policy(artifacts) is not None and scores:
        raise ArgumentError(f"artifacts={artifacts!r} is for one score; give 'all' or 'none'")
    if within_span is None:
        within_span = seeds.num_examples > 0
    if within_span and seeds.num_given == 0:
        raise ArgumentError("within_span=True needs examples, seed_latents or num_seeds to span it")
    if within_span and seeds.num_given == 1:
        raise ArgumentError(
            "one seed latent spans a space of one point, with nothing to search; give more "
            "examples, or let the search leave their span (within_span=False, --beyond-examples)"
        )
    given = np.array(seeds.relative_norms[: seeds.num_examples])
    if len(given) and (warning := mistaken_scale(given)):
        warnings.warn(warning, UserWarning, stacklevel=3)
    settings = Settings(
        generator=name_of(generator),
        latent_shape=seeds.latent_shape,
        objective=objective,
        search=name_of(search),
        random_seed=seeds.random_seed,
        batch_size=batch_size,
        budget=budget,
        within_span=within_span,
        num_given=seeds.num_given,
        examples=tuple(
            SeedLatentFacts(
                name=seeds.name(i),
                relative_norm=float(seeds.relative_norms[i]),
                rms_error=seeds.rms_errors[i],
                random_seed=None if len(seeds.examples) else seeds.random_seed_of(i),
                moved=seeds.moved[i],
                unlike=seeds.unlike[i],
            )
            for i in range(seeds.num_examples)
        ),
        seed_digest=seeds.digest,
        version=__version__,
        array_library=seeds.array_library,
        artifacts=artifacts,
        score_names=tuple(scores),
        num_hidden_dims=seeds.num_hidden_dims,
        noisy=noisy,
    )
    folder = None
    if out is not None:
        folder = RunFolder.create(out)
        # before the database, so that a study that exists always has its seed latents
        folder.save_seed_latents(seeds)
        storage = folder.storage if storage is None else storage
        name = name or folder.path.resolve().name
    records = Records.create(
        storage,
        name=name or "study",
        settings=settings.to_json(),
        # for workers that do not see the folder; in a study in memory there are none
        attributes={} if storage is None else as_attributes(seeds.examples),
    )
    return Study(records, generator=generator, seeds=seeds, folder=folder)


def check_before_study(generator: Any, seeds: SeedLatents) -> None:
    """Stop a study before it begins if its generator is not a function of its latents.

    It is given two prior draws, as arrays of the library that the study's latents are of.

    Raises:
        GeneratorError: with the likely cause and the fix.
        Exception: whatever the generator raises on a latent.
    """
    require_determinism(generator, seeds.prior_draws((0, 1)))


def open_study(
    out: str | os.PathLike[str] | None = None,
    *,
    storage: Any = None,
    name: str | None = None,
    generator: Any = None,
    seed_latents: Any = None,
) -> Study:
    """A study that exists, to look at or to :meth:`Study.run` further.

    Args:
        out: its run folder.
        storage: where it is, if not in a run folder: an Optuna storage or its URL.
        name: of the study in its storage; not needed where there is only one.
        generator: the one it was made with; by default the embedded one of the recorded name.
        seed_latents: the ones it was made with, where there is no run folder that holds them.

    Raises:
        StudyError: there is no such study, it is of another generator or of other seed latents, or
            the generator cannot be found by its name.
    """
    folder = None if out is None else RunFolder(out)
    if folder is None and storage is None:
        raise ArgumentError("give out (a run folder) or storage (an Optuna URL)")
    if folder is not None and storage is None:
        storage = folder.existing_storage()
    records = Records.open(storage, name=name)
    settings = Settings.from_json(records.settings)
    generator = _same_generator(generator, settings)
    random_seeds = [facts.random_seed for facts in settings.examples]
    if random_seeds and None not in random_seeds:
        seed_latents = random_seeds if seed_latents is None else seed_latents
    elif settings.examples:
        stored = False
        if seed_latents is None and folder is not None:
            seed_latents = folder.load_seed_latents()[: len(settings.examples)]
            stored = True
        elif seed_latents is None:
            seed_latents = from_attributes(records.attributes)
            stored = True
        if seed_latents is None:
            raise StudyError(
                f"study {records.name!r} has seed latents of its own, too large for its storage; "
                "give seed_latents or out"
            )
        if stored and not hasattr(generator, "latent_from_random_seed"):
            seed_latents = library_named(settings.array_library).array(seed_latents)
    seeds = SeedLatents(
        generator,
        seed_latents if settings.examples else None,
        names=[facts.name for facts in settings.examples],
        rms_errors=[facts.rms_error for facts in settings.examples],
        num_prior_seeds=settings.num_given,
        random_seed=settings.random_seed,
        num_hidden_dims=settings.num_hidden_dims,
    )
    if seeds.digest != settings.seed_digest:
        raise StudyError(
            f"the seed latents given are not those of study {records.name!r}: their digests differ"
        )
    return Study(records, generator=generator, seeds=seeds, folder=folder)


def _same_generator(generator: Any, settings: Settings) -> Any:
    if generator is None:
        if split_parameters(settings.generator)[0] not in generators.names():
            raise StudyError(
                f"the study is of the generator {settings.generator}, which is not one of the "
                "library's own; give it as generator (--generator)"
            )
        generator = generators.load(settings.generator)
    found, shape = name_of(generator), layout_of(generator.latent_shape).latent_shape
    if (found, shape) != (settings.generator, settings.latent_shape):
        raise StudyError(
            f"the study is of the generator {settings.generator} with latents of shape "
            f"{settings.latent_shape}, not of {found} with {shape}"
        )
    return generator
