"""Opening a study that exists."""

from __future__ import annotations

import os
from typing import Any

from latent_spaces_by_example import generators, plugins
from latent_spaces_by_example.arguments import check_has
from latent_spaces_by_example.arrays import library_named
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.generators.features import Features
from latent_spaces_by_example.space import SeedLatents, SurrogateChart
from latent_spaces_by_example.study.folder import RunFolder
from latent_spaces_by_example.study.looking import declared_features
from latent_spaces_by_example.study.overview import open_records
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Settings, name_of
from latent_spaces_by_example.study.stored_seeds import from_attributes
from latent_spaces_by_example.study.study import Study
from latent_spaces_by_example.transport_maps.layout import layout_of


def check_generator_object(generator: Any) -> None:
    """Refuse what is no generator.

    Raises:
        ArgumentError: a string, a class, or an object without ``latent_shape`` or ``generate``.
    """
    if isinstance(generator, str):
        raise ArgumentError(
            f"generator={generator!r} is a name; load it first: lsbe.generators.load({generator!r})"
        )
    check_has(generator, "latent_shape", "generate", argument="generator")


def open_study(
    out: str | os.PathLike[str] | None = None,
    *,
    storage: Any = None,
    name: str | None = None,
    generator: Any = None,
    seed_latents: Any = None,
    features: Any = None,
) -> Study:
    """Open a study that exists, to look at, to tell results, or to go on with.

    The generator is needed only for latents and outputs that have to be made: telling a result
    needs none.

    Args:
        out: its run folder.
        storage: where it is, if not in a run folder: an Optuna storage or its URL.
        name: of the study in its storage; not needed if there is only one.
        generator: the one it was made with; one that comes along is loaded by its stored name when
            it is first needed.
        seed_latents: the ones it was made with, if there is no run folder that holds them.
        features: the ones it was made with, if they are a function of the user's own.

    Raises:
        StudyError: there is no such study, or it is of another generator or other features.
    """
    folder = None if out is None else RunFolder(out)
    records = open_records(out, storage=storage, name=name, access="write")
    settings = records.settings
    if generator is not None:
        _check_same_generator(generator, settings)

    def make_generator() -> Any:
        return _stored_generator(settings) if generator is None else generator

    def make_space(model: Any) -> SurrogateChart:
        seeds = _opened_seeds(model, records, folder=folder, seed_latents=seed_latents)
        return SurrogateChart(seeds, combination="shell")

    function = None if features is None else _same_features(features, settings)
    return Study(
        records, generator=make_generator, space=make_space, folder=folder, features=function
    )


def _same_features(features: Any, settings: Settings) -> Features | None:
    name, function = declared_features(features)
    if name != settings.features:
        raise StudyError(f"the study looks at outputs by features {settings.features}, not {name}")
    return function


def _stored_generator(settings: Settings) -> Any:
    if not plugins.is_safe_to_reload("generators", settings.generator):
        raise StudyError(
            f"this needs the study's generator {settings.generator}, which does not come along "
            "with the library; give it when the study is opened: open_study(..., generator=...), "
            "or --generator module:name"
        )
    generator = generators.load(settings.generator)
    _check_same_generator(generator, settings)
    return generator


def _check_same_generator(generator: Any, settings: Settings) -> None:
    check_generator_object(generator)
    name, shape = name_of(generator), layout_of(generator.latent_shape).latent_shape
    if (name, shape) != (settings.generator, settings.latent_shape):
        raise StudyError(
            f"the study is of the generator {settings.generator} with latents of shape "
            f"{settings.latent_shape}, not of {name} with {shape}"
        )


def _opened_seeds(
    generator: Any, records: Records, *, folder: RunFolder | None, seed_latents: Any
) -> SeedLatents:
    settings = records.settings
    random_seeds = [facts.random_seed for facts in settings.examples]
    if random_seeds and None not in random_seeds:
        seed_latents = random_seeds if seed_latents is None else seed_latents
    elif settings.examples and seed_latents is None:
        if folder is not None:
            seed_latents = folder.load_seed_latents()[: len(settings.examples)]
        else:
            seed_latents = from_attributes(records.attributes())
        if seed_latents is None:
            raise StudyError(
                f"study {records.name!r} has seed latents of its own, too large for its storage; "
                "give seed_latents or out"
            )
        if not hasattr(generator, "latent_from_random_seed"):
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
    return seeds
