"""The one call that looks at a space from all three sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.charts import AngularChart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.space.typicality import unlike_the_model
from latent_spaces_by_example.transport_maps.layout import layout_of
from latent_spaces_by_example.validity.description.outputs import OutputReader
from latent_spaces_by_example.validity.description.result import Description, SeedLatentLikeness
from latent_spaces_by_example.validity.description.spaces import ChartSpace, Space
from latent_spaces_by_example.validity.description.stationarity import stationarity_of
from latent_spaces_by_example.validity.description.uniqueness import uniqueness_of
from latent_spaces_by_example.validity.description.validity import validity_of

_STEP = 0.05


def describe(
    chart: Any,
    generator: Any = None,
    *,
    num_points: int = 200,
    random_seed: int = 0,
    examples: Any = None,
    names: Sequence[str] | None = None,
    output_features: Callable[[Sequence[Any]], Any] | None = None,
    output_valid: Callable[[Sequence[Any]], Any] | None = None,
    batch_size: int = 64,
) -> Description:
    """Say what a space is like: validity, uniqueness and stationarity, by random points of it.

    Over u uniform in the cube: the law of the norm of inner and of its elements; the minimum of
    \\|inner - inner'\\| / \\|u - u'\\|; Spearman's rank correlation of \\|u - u'\\|, of the angle
    between w and w', and of \\|inner - inner'\\| with \\|x - x'\\|, under the chart's own weight
    chart and under every one that the library has.

    Args:
        chart: a surrogate chart of at least two seed latents, or another :class:`~latent_spaces_\
by_example.description.Space`.
        generator: if given, outputs are looked at too; 2 ``num_points`` of them are made for each
            of the weight charts, so that slow models want few points. A generator's outputs are
            compared as arrays of one shape.
        num_points: n, at least 10.
        random_seed: at least 0.
        examples: what the seed latents were inverted from, in their order, to see which of them
            the generator does not give back.
        names: what to call the seed latents.
        output_features: outputs -> (n, p) numbers between which distances mean something;
            default: the outputs themselves, flattened.
        output_valid: outputs -> n booleans, your own check of them.
        batch_size: how many outputs are made at once.

    Returns:
        A :class:`~latent_spaces_by_example.validity.description.Description`: print it, or take its
        ``figures()``, ``table()``, ``pictures()`` or ``save(folder)``.

    Raises:
        ArgumentError: if an argument is not as above, or the generator's latents or outputs do
            not fit.

    Source: the three properties, Willis et al. 2025 (arXiv 2509.23800); that norms alone do not
    tell, Bodin et al. 2024 (arXiv 2408.08558).

    Example:
        >>> import latent_spaces_by_example as lsbe
        >>> seed_latents = np.random.default_rng(0).standard_normal((4, 1024))
        >>> chart = lsbe.knothe_rosenblatt_surrogate_chart(seed_latents, combination="shell")
        >>> description = lsbe.describe(chart, num_points=50)
        >>> description.validity.norms_inside
        1.0
        >>> print(description.uniqueness.collapsed[0])
        where u_1 = 0, u_2 to u_3 do not matter
        >>> [(row.name, round(row.by_u, 1)) for row in description.stationarity]
        [('KnotheRosenblatt', 1.0), ('Angular', 0.8)]
    """
    spaces = _spaces(chart)
    _check(spaces[0], generator, num_points=num_points, random_seed=random_seed)
    rng = np.random.default_rng(random_seed)
    reader = OutputReader(
        generator, features=output_features, valid=output_valid, batch_size=batch_size
    )
    u = rng.random((num_points, spaces[0].num_coordinates))
    stepped = _stepped(u, rng)
    made = [(reader.features_at(space, u), reader.features_at(space, stepped)) for space in spaces]
    first, first_stepped = made[0]
    return Description(
        name=spaces[0].name,
        num_coordinates=spaces[0].num_coordinates,
        num_latent_dims=spaces[0].num_latent_dims,
        combination=chart.combination if isinstance(chart, SurrogateChart) else None,
        num_points=num_points,
        random_seed=random_seed,
        has_outputs=generator is not None,
        seed_latents=_likeness(chart, reader, examples=examples, names=names, outputs=first),
        validity=validity_of(spaces[0], u, outputs_valid=reader.share_valid(spaces[0], u)),
        uniqueness=uniqueness_of(
            spaces[0], u, stepped, outputs=first, stepped_outputs=first_stepped, rng=rng
        ),
        stationarity=tuple(
            stationarity_of(space, u, stepped, outputs=outputs, stepped_outputs=moved)
            for space, (outputs, moved) in zip(spaces, made, strict=True)
        ),
    )


def _spaces(chart: Any) -> list[Space]:
    """What is described: the space, and a chart's seed latents under the other weight charts."""
    if isinstance(chart, Space):
        return [chart]
    if not isinstance(chart, SurrogateChart):
        raise ArgumentError(
            f"chart is {type(chart).__name__}; expected a SurrogateChart, for example "
            "knothe_rosenblatt_surrogate_chart(seed_latents), or a description.Space"
        )
    others = [KnotheRosenblattChart(), AngularChart()]
    weight_charts = [chart.weight_chart]
    weight_charts += [other for other in others if type(other) is not type(chart.weight_chart)]
    return [ChartSpace(chart, weight_chart=weight_chart) for weight_chart in weight_charts]


def _check(space: Space, generator: Any, *, num_points: Any, random_seed: Any) -> None:
    for name, value, least in (("num_points", num_points, 10), ("random_seed", random_seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ArgumentError(f"{name}={value!r}; expected a whole number of at least {least}")
    if space.num_coordinates < 1:
        raise ArgumentError(
            "the chart has one seed latent, whose space is one point, with nothing to describe; "
            "give it at least two"
        )
    if generator is None:
        return
    found, expected = (
        layout_of(getattr(generator, "latent_shape", ())),
        layout_of(space.latent_shape),
    )
    if found != expected:
        raise ArgumentError(
            f"the generator's latents have shape {found.described}, those of the space "
            f"{expected.described}; expected the generator that the seed latents are of"
        )


def _stepped(u: Float64[np.ndarray, "n m"], rng: np.random.Generator) -> Float64[np.ndarray, "n m"]:
    """A point at a short distance from each, in a random direction, within the cube."""
    directions = rng.standard_normal(u.shape)
    directions *= _STEP / np.linalg.norm(directions, axis=1, keepdims=True)
    outside = (u + directions < 0.0) | (u + directions > 1.0)
    moved: Float64[np.ndarray, "n m"] = u + np.where(outside, -directions, directions)
    return moved


def _likeness(
    chart: SurrogateChart | Space,
    reader: OutputReader,
    *,
    examples: Any,
    names: Sequence[str] | None,
    outputs: Float64[np.ndarray, "n p"] | None,
) -> tuple[SeedLatentLikeness, ...]:
    """What each seed latent is like, and whether it is unlike anything that the model makes."""
    if not isinstance(chart, SurrogateChart):
        if examples is not None or names is not None:
            raise ArgumentError("examples and names are for a SurrogateChart; leave them out here")
        return ()
    count = chart.num_seeds
    errors: list[float | None] = [None] * count
    if examples is not None:
        if outputs is None:
            raise ArgumentError("examples were given without a generator; give that too")
        errors = reader.relative_errors(chart, examples, outputs=outputs)
    called = [f"seed {k + 1}" for k in range(count)] if names is None else list(names)
    if len(called) != count:
        raise ArgumentError(f"{len(called)} names were given for {count} seed latents")
    norms = np.sqrt(np.diagonal(chart.gram) / chart.num_latent_dims)
    return tuple(
        SeedLatentLikeness(
            name=name,
            relative_norm=float(norm),
            relative_error=error,
            unlike=unlike_the_model(
                relative_norm=float(norm),
                num_latent_dims=chart.num_latent_dims,
                relative_error=error,
            ),
        )
        for name, norm, error in zip(called, norms, errors, strict=True)
    )
