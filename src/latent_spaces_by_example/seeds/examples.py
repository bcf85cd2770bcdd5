"""Examples as seed latents: inverted, and checked against what their latents generate."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.seeds.draws import as_array, on_host, transport_map_of
from latent_spaces_by_example.seeds.seed_latents import SeedLatents
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
    """

    name: str
    output: Any
    latent: Any
    relative_norm: float
    rms_error: float


def invert_examples(
    generator: Any, examples: Sequence[Any], *, names: Sequence[str] | None = None
) -> list[InvertedExample]:
    """Find the latents behind examples: z = invert(x), and check that generate(z) gives x back.

    Args:
        generator: has ``invert``; and ``example`` where examples are given by name, or
            ``read_example`` where they are given as files, pictures and the like.
        examples: outputs of the generator's kind, or names that ``generator.example`` knows, or
            whatever ``generator.read_example`` reads.
        names: what to call them; by default the names or paths given, or "example 1", "example 2",
            ...

    Raises:
        ArgumentError: the generator cannot invert, an example is unknown, or none is given.
    """
    if len(examples) == 0:
        raise ArgumentError("examples is empty; give at least one, or leave it out")
    if not hasattr(generator, "invert"):
        raise ArgumentError(
            f"examples were given, but {type(generator).__name__} has no invert(outputs); "
            "give seed_latents instead, or add that method"
        )
    if names is None:
        names = [_name_of(x, number=i) for i, x in enumerate(examples, 1)]
    twice = sorted({str(name) for name in names if list(names).count(name) > 1})
    if twice:
        raise ArgumentError(f"example {twice[0]!r} is given twice; leave one of them out")
    outputs = [_output(generator, x) for x in examples]
    # as they came where the generator reads them, so that its errors can name a file
    latents = as_array(
        generator.invert(examples if hasattr(generator, "read_example") else outputs)
    )
    back = generator.generate(latents)
    inner = on_host(transport_map_of(generator).forward(latents))
    relative_norms = np.linalg.norm(inner, axis=1) / np.sqrt(inner.shape[1])
    return [
        InvertedExample(str(name), output, latent, float(norm), _rms_difference(again, output))
        for name, output, latent, norm, again in zip(
            names,
            outputs,
            [rows_of(latents, i) for i in range(len(inner))],
            relative_norms,
            back,
            strict=True,
        )
    ]


def spanned_by(
    generator: Any,
    *,
    examples: Sequence[Any] | None = None,
    seed_latents: Any = None,
    num_prior_seeds: int = 0,
    random_seed: int = 0,
) -> SeedLatents:
    """The seed latents of a space: inverted examples, latents as given, or prior draws.

    Args:
        generator: whose latents they are.
        examples: outputs, or names that the generator knows.
        seed_latents: latents in place of examples, shape (K, *latent_shape), or K random seeds.
        num_prior_seeds: how many prior draws, where there are neither.
        random_seed: at least 0; of the prior draws.

    Raises:
        ArgumentError: examples and seed latents were both given, or one of them is wrong.
    """
    if examples is not None and seed_latents is not None:
        raise ArgumentError("examples and seed_latents were both given; give one of them")
    if num_prior_seeds < 0 or random_seed < 0:
        raise ArgumentError(
            f"num_seeds={num_prior_seeds}, random_seed={random_seed}; both must be at least 0"
        )
    if examples is None:
        return SeedLatents(
            generator, seed_latents, num_prior_seeds=num_prior_seeds, random_seed=random_seed
        )
    inverted = invert_examples(generator, examples)
    layout = layout_of(generator.latent_shape)
    rows = [layout.pack(rows_of(one.latent, None), name="invert(outputs)") for one in inverted]
    stacked = np.concatenate([on_host(row) for row in rows])
    return SeedLatents(
        generator,
        library_of(rows[0]).from_host(stacked, like=rows[0]),
        names=[example.name for example in inverted],
        rms_errors=[example.rms_error for example in inverted],
        random_seed=random_seed,
    )


def _name_of(example: Any, *, number: int) -> str:
    named = isinstance(example, (str, os.PathLike))
    return str(os.fspath(example)) if named else f"example {number}"


def _output(generator: Any, example: Any) -> Any:
    """An example as an output of the generator's kind."""
    if hasattr(generator, "read_example"):
        return generator.read_example(example)
    return _named_output(generator, example) if isinstance(example, str) else example


def _named_output(generator: Any, name: str) -> Any:
    if not hasattr(generator, "example"):
        raise ArgumentError(
            f"example {name!r} is a name, but {type(generator).__name__} knows no named examples; "
            "give the output itself"
        )
    return generator.example(name)


def _rms_difference(first: Any, second: Any) -> float:
    try:
        difference = on_host(as_array(first)).astype(float) - on_host(as_array(second)).astype(
            float
        )
    except (TypeError, ValueError):  # outputs of other kinds, or of different shapes
        return float("nan")
    return float(np.sqrt(np.mean(difference**2)))
