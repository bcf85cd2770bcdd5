"""Test each of several latents and their set against the model's law, at one error rate for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arguments import (
    ArrayLike,
    check_finite,
    check_instance,
    checked_number,
)
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.span import SeedSpan
from latent_spaces_by_example.transport_maps import IdentityTransportMap, TransportMap
from latent_spaces_by_example.transport_maps.layout import layout_of
from latent_spaces_by_example.validity.channel_tests import channel_statistics
from latent_spaces_by_example.validity.diagnosis import Diagnosis
from latent_spaces_by_example.validity.marginal_tests import marginal_statistics
from latent_spaces_by_example.validity.set_tests import middle_norms, set_statistics
from latent_spaces_by_example.validity.statistic import LatentDiagnosis, Statistic, checked_names
from latent_spaces_by_example.validity.verdicts import advice_on, latent_verdict, set_verdict
from latent_spaces_by_example.validity.whiteness import whiteness_statistics

# How the error rate is shared out: most to what is commonly wrong and hardest to see.
_LATENT_SHARES = {
    "norm": 0.36,
    "mean": 0.20,
    "skewness": 0.02,
    "kurtosis": 0.06,
    "Kolmogorov-Smirnov": 0.03,
    "neighbours": 0.11,
    "along": 0.03,
    "peak": 0.02,
    "means of": 0.10,
    "variances of": 0.06,
}
_SET_SHARES = {
    "correlation": 0.30,
    "effective rank": 0.07,
    "all: norm": 0.20,
    "all: mean": 0.15,
    "all: skewness": 0.03,
    "all: kurtosis": 0.10,
    "all: neighbours": 0.10,
    "all: means of": 0.55,
    "all: variances of": 0.20,
}
_SHARE_OF_THE_SET = 0.6
_SHARE_OF_CHANNELS = 0.7  # of the tests along three axes and more: the first counts channels
DEFAULT_LEVEL = 0.007
_FEWEST_DIMS = 4
_MOST_LEVEL = 0.99
_SMALLEST, _LARGEST = 1e-100, 1e100  # squares and their sums stay within float64


def diagnose(
    latents: ArrayLike,
    *,
    transport_map: TransportMap | None = None,
    generator: Any = None,
    names: Sequence[str] | None = None,
    level: float = DEFAULT_LEVEL,
) -> Diagnosis:
    """Test whether latents are ones that their law would draw, each of them and as a set.

    Under the transport map, latents of the law are d independent standard Gaussians. Tested of
    each inner latent: norm, mean, skewness, kurtosis, the whole marginal law
    (Kolmogorov-Smirnov), whiteness over its spatial axes, means and variances of the slices along
    each axis; of the set: pairwise cosines, effective rank, and tendencies
    that the latents share. A weighted Bonferroni rule over all of it keeps the probability that
    true prior draws fail any test below ``level``.

    Args:
        latents: shape (K, *latent_shape), floating point, of any array library.
        transport_map: the latents' law; by default the generator's, else that of independent
            standard Gaussians.
        generator: the generator that the latents are for: tells their shape, and their law if
            ``transport_map`` is not given.
        names: one for each latent, for verdicts; by default "latent 0", "latent 1", ...
        level: between 0 and 1, a bound on the probability that true prior draws fail any test.

    Returns:
        Statistics, verdicts in words and advice; ``.ok`` is the verdict as a bool.

    Raises:
        ArgumentError: a latent has the wrong shape, is NaN, infinite or all zeros, or leaves the
            law's support (the message names latent and element), or another argument is wrong.

    Source: Bodin et al. 2024 (arXiv 2408.08558) for why the norm alone is not enough.

    Example:
        >>> z = np.random.default_rng(0).standard_normal((3, 4, 32, 32))
        >>> diagnose(z).ok
        True
        >>> diagnose(1.1 * z).latents[0].verdict
        'norm 1.10 times what the law expects'
    """
    level = checked_number(level, argument="level", low=0.0, high=_MOST_LEVEL, above=True)
    if transport_map is None:
        transport_map = getattr(generator, "transport_map", None) or IdentityTransportMap()
    check_instance(
        transport_map,
        TransportMap,
        argument="transport_map",
        example="transport_maps.GaussianTransportMap(scale=2.0)",
    )
    z = _checked(latents, generator)
    names = checked_names(names, [f"latent {k}" for k in range(len(z))])
    mapped = transport_map.forward(z)
    inner = library_of(mapped).on_host(mapped)
    _check_each_finite(inner, name=f"inner latents of {transport_map!r:.60}")
    if inner.shape[1] < _FEWEST_DIMS:
        raise ArgumentError(
            f"latents have {inner.shape[1]} inner dimensions; expected at least {_FEWEST_DIMS}, "
            "since tests of fewer have next to no power"
        )
    _check_sizes(inner)
    return _diagnosis(inner, latent_shape=tuple(z.shape[1:]), names=names, level=level)


def _diagnosis(
    inner: Float[np.ndarray, "K d"],
    *,
    latent_shape: tuple[int, ...],
    names: Sequence[str],
    level: float,
) -> Diagnosis:
    count, d = inner.shape
    # a map that changes the number of dimensions leaves no axes to be white over
    layout = latent_shape if prod(latent_shape) == d else (d,)
    x = inner.astype(np.float64)
    of_latents = [
        marginal_statistics(row)
        + whiteness_statistics(row, layout)
        + channel_statistics(row[None], layout)
        for row in x
    ]
    share = (1.0 - _SHARE_OF_THE_SET) / count if count > 1 else 1.0
    latents = tuple(
        _latent(name, _adjusted(statistics, _LATENT_SHARES, of_all=share), level=level)
        for name, statistics in zip(names, of_latents, strict=True)
    )
    span = SeedSpan(inner)
    of_set: list[Statistic] = []
    if count > 1:
        of_set = set_statistics(span, of_latents=of_latents)
        of_set += [replace(s, name=f"all: {s.name}") for s in channel_statistics(x, layout)]
        of_set = _adjusted(of_set, _SET_SHARES, of_all=_SHARE_OF_THE_SET)
    failed = tuple(s.name for s in of_set if s.adjusted < level)
    middle = middle_norms(span)
    return Diagnosis(
        level=level,
        latent_shape=latent_shape,
        num_inner_dims=d,
        latents=latents,
        statistics=tuple(of_set),
        failed=failed,
        correlation=span.correlation,
        effective_rank=float(count**2 / (span.correlation**2).sum()),
        middle=middle,
        verdict=set_verdict(latents, of_set, failed=failed, correlation=span.correlation),
        advice=advice_on(latents, failed=failed, middle=middle),
    )


def _latent(name: str, statistics: list[Statistic], *, level: float) -> LatentDiagnosis:
    failed = tuple(s.name for s in statistics if s.adjusted < level)
    return LatentDiagnosis(
        name=name,
        relative_norm=next(s.value for s in statistics if s.name == "norm"),
        statistics=tuple(statistics),
        failed=failed,
        verdict=latent_verdict(statistics, failed),
    )


def _adjusted(
    statistics: list[Statistic], shares: Mapping[str, float], *, of_all: float
) -> list[Statistic]:
    """Apply a weighted Bonferroni rule: p / share, the shares adding up to ``of_all``."""
    groups = [s.name.partition(" axis ")[0] for s in statistics]
    weights = []
    for place, group in enumerate(groups):
        members = groups.count(group)
        weight = shares[group] / members
        if members > 2 and not group.startswith("along"):
            first = groups.index(group) == place
            other = (1.0 - _SHARE_OF_CHANNELS) / (members - 1)
            weight = shares[group] * (_SHARE_OF_CHANNELS if first else other)
        weights.append(weight)
    scale = of_all / sum(weights)
    return [
        replace(s, adjusted=min(1.0, s.p_value / (weight * scale)))
        for s, weight in zip(statistics, weights, strict=True)
    ]


def _checked(latents: ArrayLike, generator: Any) -> Any:
    """Return the latents as an array of shape (K, *latent_shape), finite."""
    z = library_of(latents).float_array(latents, name="latents", shape="(K, *latent_shape)")
    shape = tuple(z.shape)
    if generator is not None:
        latent_shape = getattr(generator, "latent_shape", None)
        if latent_shape is None or isinstance(latent_shape, Mapping):
            raise ArgumentError(
                f"generator={generator!r:.60} has latent_shape {latent_shape!r}; expected a "
                "generator whose latents are one array, such as lsbe.generators.load('airfoil')"
            )
        z = layout_of(latent_shape).pack(z, name="latents")
    elif len(shape) < 2 or 0 in shape:
        hint = "; write latents[None] for a single one" if len(shape) == 1 else ""
        raise ArgumentError(f"latents has shape {shape}; expected (K, *latent_shape){hint}")
    if not len(z):
        raise ArgumentError(f"latents has shape {shape}; expected at least one latent")
    _check_each_finite(library_of(z).on_host(z), name="latents")
    return z


def _check_each_finite(latents: Float[np.ndarray, "K ..."], *, name: str) -> None:
    for k, latent in enumerate(latents):
        check_finite(latent, name=f"{name}[{k}]")


def _check_sizes(inner: Float[np.ndarray, "K d"]) -> None:
    for k, row in enumerate(inner):
        largest = float(np.abs(row).max())
        if not _SMALLEST <= largest <= _LARGEST:
            size = "all zeros" if largest == 0.0 else f"of size {largest:.1g}"
            raise ArgumentError(
                f"latents[{k}] is {size} as an inner latent, which no law draws; leave it out, or "
                "find out where it was made"
            )
