"""``describe``: validity, uniqueness and stationarity of a space, by random points of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from latent_spaces_by_example.arguments import check_callable, check_has, check_whole
from latent_spaces_by_example.charts import AngularChart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space import SurrogateChart
from latent_spaces_by_example.space.typicality import unlike_the_model
from latent_spaces_by_example.transport_maps.layout import layout_of
from latent_spaces_by_example.validity.description import Description, SeedLatentLikeness
from latent_spaces_by_example.validity.space_outputs import OutputReader
from latent_spaces_by_example.validity.space_validity import validity_of
from latent_spaces_by_example.validity.spaces import ChartSpace, Points, Space
from latent_spaces_by_example.validity.stationarity import stationarity_of
from latent_spaces_by_example.validity.statistic import checked_names
from latent_spaces_by_example.validity.uniqueness import uniqueness_of

_STEP = 0.05
_MOST_POINTS = 10_000  # all pairs of them are compared


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
    """Describe a space by random points of it: validity, uniqueness and stationarity.

    Over u uniform in the cube: the law of the norm of inner and of its elements; the minimum of
    \\|inner - inner'\\| / \\|u - u'\\|; Spearman's rank correlation of \\|u - u'\\|, of the angle
    between w and w', and of \\|inner - inner'\\| with \\|x - x'\\|, under the chart's own weight
    chart and under every one that the library has.

    Args:
        chart: a surrogate chart of at least two seed latents, or another
            :class:`~latent_spaces_by_example.validity.Space`.
        generator: if given, outputs are looked at too; 2 ``num_points`` of them are made for each
            of the weight charts, so that slow models want few points. A generator's outputs are
            compared as arrays of one shape.
        num_points: n, 10 to 10,000.
        random_seed: at least 0.
        examples: the outputs that the seed latents were inverted from, in their order, to see
            which of them the generator does not give back.
        names: of the seed latents, for the table.
        output_features: outputs -> (n, p) numbers between which distances mean something;
            default: the outputs themselves, flattened.
        output_valid: outputs -> n booleans, your own check of them.
        batch_size: how many outputs are made at once.

    Returns:
        A :class:`~latent_spaces_by_example.validity.Description`: print it, or take its
        ``verdict``, ``metrics()``, ``table()``, ``pictures()`` or ``save(folder)``.

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
    own = spaces[0]
    _check(own, generator, num_points=num_points, random_seed=random_seed)
    if generator is None and (examples is not None or output_valid is not None):
        name = "output_valid was" if examples is None else "examples were"
        raise ArgumentError(f"{name} given without a generator; give that too")
    for name, function in (("output_features", output_features), ("output_valid", output_valid)):
        if function is not None:
            check_callable(function, argument=name, called="outputs -> an array, a row for each")
    rng = np.random.default_rng(random_seed)
    reader = OutputReader(generator, output_features, output_valid, batch_size)
    u = rng.random((num_points, own.num_coordinates))
    stepped = _stepped(u, rng)
    outputs: list[Any] = [None] * len(spaces)
    moved, passed = list(outputs), None
    if generator is not None:
        outputs[0], passed = reader.at(own, u)
        outputs[1:] = [reader.at(space, u)[0] for space in spaces[1:]]
        moved = [reader.at(space, stepped)[0] for space in spaces]
    return Description(
        name=own.name,
        num_coordinates=own.num_coordinates,
        num_latent_dims=own.num_latent_dims,
        combination=chart.combination if isinstance(chart, SurrogateChart) else None,
        num_points=num_points,
        random_seed=random_seed,
        has_outputs=generator is not None,
        seed_latents=_likeness(chart, reader, examples=examples, names=names, outputs=outputs[0]),
        validity=validity_of(
            own, u, outputs_valid=None if passed is None else float(passed.mean())
        ),
        uniqueness=uniqueness_of(
            own, u, stepped, outputs=outputs[0], stepped_outputs=moved[0], rng=rng
        ),
        stationarity=tuple(
            stationarity_of(space, u, stepped, outputs=at, stepped_outputs=near)
            for space, at, near in zip(spaces, outputs, moved, strict=True)
        ),
    )


def _spaces(chart: Any) -> list[Space]:
    """Return the space, and the seed latents of a chart under the other weight charts."""
    if isinstance(chart, Space):
        return [chart]
    if not isinstance(chart, SurrogateChart):
        raise ArgumentError(
            f"chart is {type(chart).__name__}; expected a SurrogateChart, for example "
            "knothe_rosenblatt_surrogate_chart(seed_latents), or a validity.Space"
        )
    others = [KnotheRosenblattChart(), AngularChart()]
    weight_charts = [chart.weight_chart]
    weight_charts += [other for other in others if type(other) is not type(chart.weight_chart)]
    return [ChartSpace(chart, weight_chart=weight_chart) for weight_chart in weight_charts]


def _check(space: Space, generator: Any, *, num_points: Any, random_seed: Any) -> None:
    check_whole(num_points, argument="num_points", least=10, most=_MOST_POINTS)
    check_whole(random_seed, argument="random_seed", least=0)
    if space.num_coordinates < 1:
        raise ArgumentError(
            "the chart has one seed latent, whose space is one point, with nothing to describe; "
            "give it at least two"
        )
    if generator is None:
        return
    check_has(generator, "latent_shape", "generate", argument="generator")
    its, expected = layout_of(generator.latent_shape), layout_of(space.latent_shape)
    if its != expected:
        raise ArgumentError(
            f"the generator's latents have shape {its.described}, those of the space "
            f"{expected.described}; give the generator that the seed latents belong to"
        )


def _stepped(u: Points, rng: np.random.Generator) -> Points:
    """Return a point at a short distance from each, in a random direction, within the cube."""
    directions = rng.standard_normal(u.shape)
    directions *= _STEP / np.linalg.norm(directions, axis=1, keepdims=True)
    outside = (u + directions < 0.0) | (u + directions > 1.0)
    moved: Points = u + np.where(outside, -directions, directions)
    return moved


def _likeness(
    chart: SurrogateChart | Space,
    reader: OutputReader,
    *,
    examples: Any,
    names: Sequence[str] | None,
    outputs: Any,
) -> tuple[SeedLatentLikeness, ...]:
    """Return norm and error of each seed latent, and why it is unlike what the model makes."""
    if not isinstance(chart, SurrogateChart):
        if examples is not None or names is not None:
            raise ArgumentError("examples and names are for a SurrogateChart; leave them out here")
        return ()
    count = chart.num_seeds
    errors: list[float | None] = [None] * count
    if examples is not None:
        errors = [*reader.relative_errors(chart, examples, outputs=outputs)]
    called = checked_names(names, [f"seed {k + 1}" for k in range(count)])
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
