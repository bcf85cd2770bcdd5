"""The schema of what a study stores: its settings, and the points and results of its trials.

Everything that is read from a database passes through here, whoever wrote it: a wrong type, a
number out of bounds or a list too long is an error that names the field.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from latent_spaces_by_example.errors import LatentSpacesError, StudyError
from latent_spaces_by_example.transport_maps.layout import layout_of

SCHEMA = 6
MOST_SEEDS = 50_000
MOST_CANDIDATES = 10_000
MOST_FEATURES = 4096

Direction = Literal["maximise", "minimise"]
Source = Literal["example", "search", "user"]
AskedBy = Literal["run", "user"]

_Name = Annotated[str, Meta(max_length=4096)]
_Text = Annotated[str, Meta(max_length=1_000_000)]
MOST_TRIALS, MOST_AT_ONCE = 10**9, 10**6
_Count = Annotated[int, Meta(ge=1, le=MOST_TRIALS)]
_Number = Annotated[int, Meta(ge=0, le=10**9)]
_Seed = Annotated[int, Meta(ge=0)]
_Size = Annotated[int, Meta(ge=1, le=2**33)]
_Shape = Annotated[tuple[_Size, ...], Meta(max_length=16)]
_Names = Annotated[tuple[_Name, ...], Meta(max_length=1000)]
_Metric = float | int | bool | _Text

S = TypeVar("S", bound=Struct)


class SeedLatentFacts(Struct, frozen=True):
    """Facts about one given seed latent, for tables and reports.

    Attributes:
        name: the user's name for it.
        relative_norm: norm of its inner latent over the sqrt(d) that the model expects.
        rms_error: root mean square of generate(latent) - example; None for a latent that was given.
        random_seed: the integer that it was given as; None if it was given otherwise.
        moved: distance by which a repair moved its inner latent, over its norm; None without one.
        unlike: why it is unlike anything that the model makes, or None.
    """

    name: _Name
    relative_norm: float
    rms_error: float | None = None
    random_seed: _Seed | None = None
    moved: float | None = None
    unlike: _Text | None = None


class Settings(Struct, frozen=True):
    """The settings of a study, fixed when it is created.

    Attributes:
        generator: its name.
        latent_shape: shape of one latent; a dictionary of shapes if it has named parts.
        objective: its specification or qualified name; empty while scores come by hand.
        search: its name, or the qualified name of its class.
        random_seed: the study's.
        batch_size: how many latents are proposed, generated and scored together.
        budget: how many trials a run was last asked for in all; None before the first run.
        within_span: whether only non-negative weights of the given seed latents are searched.
        num_given: how many seed latents span the user's space: the examples, or prior draws.
        examples: the seed latents that examples, arrays or integers gave, in order.
        seed_digest: SHA-256 of their bytes, or of the integers.
        version: of this library, when the study was created.
        schema: of this record.
        study_id: random, so that a table of results can name its study.
        array_library: of the latents that the generator is given.
        score_names: names of the scores if there are several, else empty.
        directions: for each score, whether higher or lower is better.
        num_hidden_dims: how many numbers each seed latent has that the model never sees.
        artifacts: which outputs are kept: "all", "none", or "best:K".
        noisy: whether a second evaluation of the same output would give another score.
        features: what the search sees of outputs: "auto", "generator", "components", "pixels",
            "clip", "transformers:MODEL", the qualified name of the user's function, or "none".
        candidates: how many outputs a proposal may generate and look at; 0 until that is settled.
    """

    generator: _Name
    latent_shape: _Shape | dict[_Name, _Shape]
    objective: _Name
    search: _Name
    random_seed: _Seed
    batch_size: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)]
    within_span: bool
    num_given: Annotated[int, Meta(ge=0, le=MOST_SEEDS)]
    examples: Annotated[tuple[SeedLatentFacts, ...], Meta(max_length=MOST_SEEDS)]
    seed_digest: _Name
    version: _Name
    budget: _Count | None = None
    schema: int = SCHEMA
    study_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] = msgspec.field(
        default_factory=lambda: uuid.uuid4().hex
    )
    array_library: _Name = "numpy"
    score_names: _Names = ()
    directions: Annotated[tuple[Direction, ...], Meta(min_length=1, max_length=1000)] = (
        "maximise",
    )
    num_hidden_dims: Annotated[int, Meta(ge=0, le=64)] = 0
    artifacts: Annotated[str, Meta(pattern="^(all|none|best:[0-9]{1,9})$")] = "all"
    noisy: bool = False
    features: _Name = "none"
    candidates: Annotated[int, Meta(ge=0, le=MOST_CANDIDATES)] = 1

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        return values

    def seed_name(self, column: int) -> str:
        """Return the name of a seed latent; prior draws are counted from 1."""
        if column < len(self.examples):
            return self.examples[column].name
        return f"prior draw {column - len(self.examples) + 1}"

    @classmethod
    def from_json(cls, values: Any) -> Settings:
        """Read the settings that a storage holds.

        Raises:
            StudyError: another version of the library wrote them, or they are damaged; the message
                names the field.
        """
        _check_schema(values)
        settings = read(values, as_a=cls, what="the study's settings")
        shape = settings.latent_shape
        size = sum(map(math.prod, shape.values() if isinstance(shape, dict) else [shape]))
        if size > 2**33:
            raise StudyError(f"the study's settings are damaged: latent_shape has {size} numbers")
        if len(settings.score_names) == 1 or len(settings.directions) != max(
            1, len(settings.score_names)
        ):
            raise StudyError(
                "the study's settings are damaged: directions has "
                f"{len(settings.directions)} entries for {len(settings.score_names)} score_names"
            )
        if len(settings.examples) not in (0, settings.num_given):
            raise StudyError(
                f"the study's settings are damaged: num_given is {settings.num_given} for "
                f"{len(settings.examples)} examples"
            )
        try:
            layout_of(shape)
        except LatentSpacesError as error:
            raise StudyError(f"the study's settings are damaged: {error}") from error
        return settings


class Point(Struct, frozen=True):
    """The part of a trial that is stored when it is proposed.

    Attributes:
        weights: over the study's first seed latents; the rest are zero.
        source: whether it is an example, a proposal of the search, or the user's own point.
        asked_by: whether a run asked for it, which takes it up again if it is cut, or the user.
        batch: first number and size of the batch that it was proposed in.
        waiting: numbers of earlier trials whose results were not known at that time.
        validity: measures of its inner latent, by name.
        invalid: why its latent is invalid, or None.
    """

    weights: Annotated[tuple[float, ...], Meta(min_length=1, max_length=MOST_SEEDS)]
    source: Source
    asked_by: AskedBy
    batch: tuple[_Number, _Count]
    waiting: Annotated[tuple[_Number, ...], Meta(max_length=1_000_000)] = ()
    validity: dict[_Name, float] = {}
    invalid: _Text | None = None


class Result(Struct, frozen=True, omit_defaults=True):
    """The result of a trial: scores, or an error.

    Attributes:
        scores: as the user gives them, in the order of the study's scores; empty if it failed.
        metrics: other numbers, truth values and short texts beside the score.
        constraints: each is met where its value is at most 0.
        seconds: how long generating and scoring took; None if that is not known.
        error: why it failed; None if it did not.
        traceback: of the user's own exception.
        warning: what went wrong beside the evaluation.
        worker: host:pid of the process that evaluated it.
    """

    scores: Annotated[tuple[float, ...], Meta(max_length=1000)] = ()
    metrics: dict[_Name, _Metric] = {}
    constraints: dict[_Name, float] = {}
    seconds: float | None = None
    error: _Text | None = None
    traceback: _Text | None = None
    warning: _Text | None = None
    worker: _Name | None = None


class StoredFeatures(Struct, frozen=True):
    """Features of the output of one trial; none if the generator fails at it."""

    values: Annotated[tuple[float, ...], Meta(max_length=MOST_FEATURES)]


class StoredPreferences(Struct, frozen=True):
    """The answers of a person who compared trials.

    Attributes:
        answers: number of the trial chosen, None for "no difference"; and those of all compared.
    """

    answers: tuple[
        tuple[_Number | None, Annotated[tuple[_Number, ...], Meta(min_length=2, max_length=1000)]],
        ...,
    ]


def read(values: Any, *, as_a: type[S], what: str) -> S:
    """Return stored JSON values as a struct.

    Raises:
        StudyError: a value has a wrong type or is out of bounds; the message names the field.
    """
    try:
        return msgspec.convert(values, as_a)
    except (msgspec.ValidationError, RecursionError) as error:
        raise StudyError(f"{what} are damaged: {error}") from error


def _check_schema(values: Any) -> None:
    schema = values.get("schema") if isinstance(values, Mapping) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise StudyError(f"the study's settings are damaged: schema is {schema!r:.60}")
    if schema != SCHEMA:
        made_by = f"{values.get('version', 'unknown')!s:.60}"
        do = (
            "install a newer one: pip install --upgrade latent-spaces-by-example"
            if schema > SCHEMA
            else "run it with that version, or begin it anew"
        )
        raise StudyError(
            f"the study has schema {schema}, of version {made_by} of this library; this version "
            f"reads schema {SCHEMA}: {do}"
        )


def name_of(thing: Any) -> str:
    """Return the name to record of a generator, objective or search: its own, or its class's.

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
