"""What a study must remember to be continued, by anyone, on another day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from latent_spaces_by_example.errors import LatentSpacesError, StudyError
from latent_spaces_by_example.study.schema import SCHEMA, migrated
from latent_spaces_by_example.transport_maps.layout import LatentShape, layout_of


@dataclass(frozen=True)
class SeedLatentFacts:
    """What a report says of a given seed latent.

    Attributes:
        name: what the user called it.
        relative_norm: norm of its inner latent over the sqrt(d) that the model expects.
        rms_error: difference between the example and what its latent generates; None where the
            seed latent was given as a latent.
        random_seed: the integer that it was given as; None where it was given otherwise.
        moved: how far a repair moved its inner latent, over its norm; None without one.
        unlike: why it is unlike anything that the model makes; None if it is not.
    """

    name: str
    relative_norm: float
    rms_error: float | None = None
    random_seed: int | None = None
    moved: float | None = None
    unlike: str | None = None


@dataclass(frozen=True)
class Settings:
    """What is fixed when a study is created.

    Attributes:
        generator: its name.
        latent_shape: the shape of one latent; a dictionary of shapes, where it has named parts.
        objective: its specification, or the qualified name of the callable.
        search: its name, or the qualified name of its class.
        random_seed: the study's.
        batch_size: how many latents are generated and scored together.
        budget: how many evaluations the study was last asked to have in all.
        within_span: whether only non-negative weights of the given seed latents are searched.
        num_given: how many seed latents span the user's space: the examples, or prior draws.
        examples: the seed latents that examples or arrays gave, in order.
        seed_digest: SHA-256 of their bytes, or of the integers that they were given as.
        version: of this library, when the study was created.
        schema: of this record.
        array_library: of the latents that its generator is given.
        score_names: of the scores where there are several, each higher is better.
        num_hidden_dims: how many numbers each seed latent has that the model never sees.
        artifacts: which outputs are kept: "all", "none", or "best:K".
        noisy: whether a second evaluation of the same output would score something else.
    """

    generator: str
    latent_shape: LatentShape
    objective: str
    search: str
    random_seed: int
    batch_size: int
    budget: int
    within_span: bool
    num_given: int
    examples: tuple[SeedLatentFacts, ...]
    seed_digest: str
    version: str
    schema: int = SCHEMA
    array_library: str = "numpy"
    artifacts: str = "all"
    score_names: tuple[str, ...] = ()
    num_hidden_dims: int = 0
    noisy: bool = False

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """The settings that a storage holds.

        Raises:
            StudyError: a newer version of the library wrote them, or they are damaged.
        """
        # a study that names no scores has one
        values = {"score_names": [], **migrated(values)}
        missing = sorted({f.name for f in fields(cls)} - set(values))
        if missing:
            raise StudyError(f"the study's settings lack {', '.join(missing)}: it is damaged")
        known = {f.name: values[f.name] for f in fields(cls)}
        try:
            known["latent_shape"] = layout_of(known["latent_shape"]).latent_shape
            known["score_names"] = tuple(known["score_names"])
            known["examples"] = tuple(SeedLatentFacts(**facts) for facts in known["examples"])
        except (LatentSpacesError, TypeError, ValueError) as error:
            raise StudyError(f"the study's settings are damaged: {error}") from error
        return cls(**known)


def name_of(thing: Any) -> str:
    """What a study records of a generator, objective or search: its own name, or its class's.

    >>> name_of("latent-gp"), name_of(len)
    ('latent-gp', 'builtins:len')
    """
    if isinstance(thing, str):
        return thing
    for attribute in ("spec", "name"):
        name = getattr(thing, attribute, None)
        if isinstance(name, str):
            return name
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}:{named.__qualname__}"
