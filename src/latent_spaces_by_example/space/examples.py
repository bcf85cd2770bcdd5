"""Turn examples into seed latents: invert them, and check what their latents generate."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_spaces_by_example.arguments import check_finite, check_has, check_whole
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.distances import rms_difference
from latent_spaces_by_example.space.draws import as_array, on_host, transport_map_of
from latent_spaces_by_example.space.repairs import METHODS
from latent_spaces_by_example.space.seed_latents import SeedLatents
from latent_spaces_by_example.space.surrogate_chart import SurrogateChart
from latent_spaces_by_example.transport_maps.layout import layout_of, rows_of


@dataclass(frozen=True)
class InvertedExample:
    """An example, the latent behind it, and how well the one gives back the other.

    Attributes:
        name: what the user called it.
        output: the example itself.
        latent: the latent that the generator's ``invert`` found, shape latent_shape; a dictionary
            of arrays, where the generator's latents are made of named parts.
        relative_norm: norm of the inner latent over the sqrt(d) that the model expects.
        rms_error: root mean square of generate(latent) - output; NaN if these are no arrays.
        relative_error: the same over what two of the examples differ by (median); NaN for a
            single example, or if these are no arrays.
        moved: how far a repair moved the latent, over its norm; None without one.
    """

    name: str
    output: Any
    latent: Any
    relative_norm: float
    rms_error: float
    relative_error: float
    moved: float | None = None


def invert_examples(
    generator: Any, examples: Sequence[Any], *, repair: str | None = None
) -> list[InvertedExample]:
    """Find the latents behind examples: z = invert(x), and check that generate(z) gives x back.

    Args:
        generator: has ``invert``; and ``example`` where examples are given by name, or
            ``read_example`` where they are given as files, pictures and the like.
        examples: outputs of the generator's kind, or names that ``generator.example`` knows, or
            whatever ``generator.read_example`` reads.
        repair: what to do to the latents once they are found: a name in ``repairs.METHODS``; by
            default nothing.

    Raises:
        ArgumentError: the generator cannot invert, an example or the repair is unknown, or no
            example is given.
    """
    check_has(generator, "latent_shape", "generate", argument="generator")
    if isinstance(examples, (str, bytes)) or not hasattr(examples, "__len__"):
        raise ArgumentError(f"examples={examples!r:.60}; expected a list of examples")
    if len(examples) == 0:
        raise ArgumentError("examples is empty; give at least one, or leave it out")
    if isinstance(examples, Mapping):
        raise ArgumentError("examples is a mapping; give a list of examples")
    if not hasattr(generator, "invert"):
        raise ArgumentError(
            f"examples were given, but {type(generator).__name__} has no invert(outputs); "
            "give seed_latents instead, or add that method"
        )
    names = [
        str(os.fspath(x)) if isinstance(x, (str, os.PathLike)) else f"example {i}"
        for i, x in enumerate(examples, 1)
    ]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(f"example {name!r} is given twice; leave one of them out")
    if repair is not None and not (isinstance(repair, str) and repair in METHODS):
        raise ArgumentError(
            f"repair={repair!r:.60}; expected one of {', '.join(map(repr, METHODS))}"
        )
    outputs = [_output(generator, x) for x in examples]
    # as they came where the generator reads them, so that its errors can name a file
    latents = as_array(
        generator.invert(examples if hasattr(generator, "read_example") else outputs)
    )
    packed = layout_of(generator.latent_shape).pack(latents, name="invert(examples)")
    check_finite(on_host(packed), name="invert(examples)")
    moved: Sequence[float | None] = [None] * len(outputs)
    if repair is not None:
        done = METHODS[repair](latents, transport_map=transport_map_of(generator))
        latents, moved = done.latents, done.distance.tolist()
    back = generator.generate(latents)
    inner = on_host(transport_map_of(generator).forward(latents))
    relative_norms = np.linalg.norm(inner, axis=1) / np.sqrt(inner.shape[1])
    errors = [rms_difference(again, x) for again, x in zip(back, outputs, strict=True)]
    pairs = [rms_difference(x, y) for i, x in enumerate(outputs) for y in outputs[:i]]
    usual = float(np.median(pairs)) if pairs else float("nan")
    return [
        InvertedExample(
            name=name,
            output=output,
            latent=rows_of(latents, i),
            relative_norm=float(norm),
            rms_error=error,
            relative_error=error / usual if usual > 0.0 else float("nan"),
            moved=distance,
        )
        for i, (name, output, norm, error, distance) in enumerate(
            zip(names, outputs, relative_norms, errors, moved, strict=True)
        )
    ]


def spanned_by(
    generator: Any,
    *,
    examples: Sequence[Any] | None = None,
    seed_latents: Any = None,
    num_prior_seeds: int = 0,
    random_seed: int = 0,
    repair: str | None = None,
) -> SurrogateChart:
    """Return the space of a study: over inverted examples, latents as given, or prior draws.

    It grows by prior draws, and combines by the shell rule, so that every candidate keeps the
    norms of its seed latents. Its seed latents are ``space.seeds``.

    Args:
        generator: whose latents they are.
        examples: outputs, or names that the generator knows.
        seed_latents: latents in place of examples, shape (K, *latent_shape), or K random seeds:
            a list, tuple, range or array of whole numbers.
        num_prior_seeds: how many prior draws, where there are neither.
        random_seed: at least 0; of the prior draws.
        repair: what to do to the examples' latents: a name in ``repairs.METHODS``.

    Raises:
        ArgumentError: examples and seed latents were both given, or one of them is wrong.

    >>> class Model:
    ...     latent_shape = (4, 4)
    >>> space = spanned_by(Model(), num_prior_seeds=2, random_seed=7)
    >>> space.from_w_to_z(np.array([[0.6, 0.0, 0.8]])).shape, space.seeds.name(2)
    ((1, 4, 4), 'prior draw 3')
    """
    if examples is not None and seed_latents is not None:
        raise ArgumentError("examples and seed_latents were both given; give one of them")
    check_has(generator, "latent_shape", argument="generator")
    check_whole(num_prior_seeds, argument="num_prior_seeds", least=0)
    check_whole(random_seed, argument="random_seed", least=0)
    if examples is None and repair is not None:
        raise ArgumentError(
            f"repair={repair!r:.60} is for examples; repair seed latents before you give them, "
            f"with repairs.{repair!s:.20}(seed_latents).latents"
        )
    if examples is None:
        seeds = SeedLatents(
            generator, seed_latents, num_prior_seeds=num_prior_seeds, random_seed=random_seed
        )
        return SurrogateChart(seeds, combination="shell")
    inverted = invert_examples(generator, examples, repair=repair)
    layout = layout_of(generator.latent_shape)
    rows = [layout.pack(rows_of(one.latent, None), name="invert(outputs)") for one in inverted]
    stacked = np.concatenate([on_host(row) for row in rows])
    seeds = SeedLatents(
        generator,
        library_of(rows[0]).from_host(stacked, like=rows[0]),
        names=[example.name for example in inverted],
        rms_errors=[example.rms_error for example in inverted],
        relative_errors=[example.relative_error for example in inverted],
        moved=[example.moved for example in inverted],
        random_seed=random_seed,
    )
    return SurrogateChart(seeds, combination="shell")


def _output(generator: Any, example: Any) -> Any:
    """Return an example as an output of the generator's kind."""
    if hasattr(generator, "read_example"):
        return generator.read_example(example)
    if not isinstance(example, str):
        return example
    if not hasattr(generator, "example"):
        raise ArgumentError(
            f"example {example!r} is a name, but {type(generator).__name__} knows no named "
            "examples; give the output itself"
        )
    return generator.example(example)
