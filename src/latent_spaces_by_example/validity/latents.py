"""Would the model draw these latents? Tests of each and of the set, with one error rate for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from jaxtyping import Float

from latent_spaces_by_example.arguments import ArrayLike
from latent_spaces_by_example.arrays import library_of
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.space.span import SeedSpan
from latent_spaces_by_example.transport_maps import IdentityTransportMap, TransportMap
from latent_spaces_by_example.validity.diagnosis import Diagnosis, LatentDiagnosis
from latent_spaces_by_example.validity.figures import Figure
from latent_spaces_by_example.validity.marginal_tests import marginal_figures
from latent_spaces_by_example.validity.set_tests import middle_norms, set_figures
from latent_spaces_by_example.validity.whiteness import whiteness_figures
from latent_spaces_by_example.validity.words import advice_on, latent_verdict, set_verdict

# How the error rate is shared out: most to what is commonly wrong and hardest to see.
_LATENT_SHARES = {
    "norm": 0.36,
    "mean": 0.20,
    "variance": 0.04,
    "skewness": 0.04,
    "kurtosis": 0.06,
    "Kolmogorov-Smirnov": 0.04,
    "Anderson-Darling": 0.05,
    "neighbours": 0.11,
    "along an axis": 0.04,
    "spectrum": 0.03,
    "peak": 0.03,
}
_SET_SHARES = {
    "correlation": 0.3,
    "effective rank": 0.1,
    "all: norm": 0.2,
    "all: mean": 0.15,
    "all: skewness": 0.05,
    "all: kurtosis": 0.1,
    "all: neighbours": 0.1,
}
_SHARE_OF_THE_SET = 0.5
DEFAULT_LEVEL = 0.005
_FEWEST_DIMS = 4


def diagnose(
    latents: ArrayLike,
    *,
    transport_map: TransportMap | None = None,
    generator: Any = None,
    names: Sequence[str] | None = None,
    level: float = DEFAULT_LEVEL,
) -> Diagnosis:
    """Find out whether latents are what their law would draw, each of them and as a set.

    Under the transport map latents of the law are d independent standard Gaussians. Tested of
    each inner latent: norm, mean, variance, skewness, kurtosis, the whole marginal law
    (Kolmogorov-Smirnov, Anderson-Darling), whiteness over its spatial axes; of the set: pairwise
    cosines, effective rank, and tendencies that the latents share. A weighted Bonferroni rule
    over all of it keeps the probability that true prior draws are found at fault below ``level``.

    Args:
        latents: shape (K, *latent_shape), floating point, of any array library.
        transport_map: the latents' law; by default the generator's, else that of independent
            standard Gaussians.
        generator: whose latents they are: tells their shape, and their law if that is not given.
        names: one for each latent, for verdicts; by default "latent 0", "latent 1", ...
        level: between 0 and 1. At the default, fewer than 1 in 100 sets of true prior draws
            were found at fault in 2,000 sets of 64 to 262,144 dimensions.

    Returns:
        Figures, verdicts in words and advice; ``.ok`` is the verdict as a bool.

    Raises:
        ArgumentError: a latent has the wrong shape, is NaN, infinite or all zeros, leaves the
            law's support (the message names latent and element), or another argument is wrong.

    Source: Bodin et al. 2024 (arXiv 2408.08558) for why the norm alone does not tell.

    Example:
        >>> z = np.random.default_rng(0).standard_normal((3, 4, 32, 32))
        >>> diagnose(z).ok
        True
        >>> diagnose(1.1 * z).latents[0].verdict
        'norm 1.10 times what the law expects'
    """
    if not 0.0 < level < 1.0:
        raise ArgumentError(f"level={level!r}; expected a probability between 0 and 1")
    library = library_of(latents)
    z = library.float_array(latents, name="latents", shape="(K, *latent_shape)")
    latent_shape = _checked_shape(tuple(z.shape), generator)
    names = _checked_names(names, count=len(z))
    _check_values(library.on_host(z).reshape(len(z), -1), latent_shape, what="latents")
    if transport_map is None:
        transport_map = getattr(generator, "transport_map", None) or IdentityTransportMap()
    mapped = transport_map.forward(z)
    inner = library_of(mapped).on_host(mapped)
    _check_values(inner, (inner.shape[1],), what=f"inner latents of {transport_map!r:.60}")
    if inner.shape[1] < _FEWEST_DIMS:
        raise ArgumentError(
            f"latents have {inner.shape[1]} inner dimensions; expected at least {_FEWEST_DIMS}, "
            "since of fewer next to nothing can be told"
        )
    _refuse_zeros(inner)
    return _diagnosis(inner, latent_shape=latent_shape, names=names, level=level)


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
    found = []
    for row in inner:
        x = row.astype(np.float64)
        found.append(marginal_figures(x) + whiteness_figures(x, layout))
    span = SeedSpan(inner)
    share = (1.0 - _SHARE_OF_THE_SET) / count if count > 1 else 1.0
    rated = [_adjusted(figures, _latent_shares(figures), share) for figures in found]
    latents = tuple(
        _latent(name, figures, level) for name, figures in zip(names, rated, strict=True)
    )
    of_set: list[Figure] = []
    if count > 1:
        of_set = set_figures(span, of_latents=found)
        of_set = _adjusted(of_set, _SET_SHARES, _SHARE_OF_THE_SET)
    failed = tuple(figure.name for figure in of_set if figure.adjusted < level)
    middle = middle_norms(span)
    return Diagnosis(
        level=level,
        latent_shape=latent_shape,
        num_inner_dims=d,
        latents=latents,
        figures=tuple(of_set),
        failed=failed,
        correlation=span.correlation,
        effective_rank=float(count**2 / (span.correlation**2).sum()),
        middle=middle,
        verdict=set_verdict(latents, of_set, failed=failed, correlation=span.correlation),
        advice=advice_on(latents, of_set, failed=failed, middle=middle),
    )


def _latent(name: str, figures: list[Figure], level: float) -> LatentDiagnosis:
    failed = tuple(figure.name for figure in figures if figure.adjusted < level)
    return LatentDiagnosis(
        name=name,
        relative_norm=next(figure.value for figure in figures if figure.name == "norm"),
        figures=tuple(figures),
        failed=failed,
        verdict=latent_verdict(figures, failed),
    )


def _latent_shares(figures: list[Figure]) -> dict[str, float]:
    axes = [figure.name for figure in figures if figure.name.startswith("along axis")]
    return {
        **_LATENT_SHARES,
        **{name: _LATENT_SHARES["along an axis"] / len(axes) for name in axes},
    }


def _adjusted(figures: list[Figure], shares: dict[str, float], of_all: float) -> list[Figure]:
    """Weighted Bonferroni: p / share, the shares of what was tested adding up to ``of_all``."""
    total = sum(shares[figure.name] for figure in figures)
    return [
        replace(figure, adjusted=min(1.0, figure.p_value * total / (shares[figure.name] * of_all)))
        for figure in figures
    ]


def _checked_shape(shape: tuple[int, ...], generator: Any) -> tuple[int, ...]:
    expected = None if generator is None else tuple(int(n) for n in generator.latent_shape)
    wanted = "(K, *latent_shape)" if expected is None else f"(K, {', '.join(map(str, expected))})"
    single = len(shape) == 1 if expected is None else shape == expected
    hint = "; write latents[None] for a single one" if single else ""
    if len(shape) < 2 or 0 in shape or (expected is not None and shape[1:] != expected):
        whose = "" if expected is None else ", the shape of this generator's latents"
        raise ArgumentError(f"latents has shape {shape}; expected {wanted}{whose}{hint}")
    return shape[1:]


def _checked_names(names: Sequence[str] | None, *, count: int) -> list[str]:
    if names is None:
        return [f"latent {k}" for k in range(count)]
    if isinstance(names, str) or len(names) != count:
        raise ArgumentError(f"names={names!r:.60}; expected one for each of {count} latents")
    return [str(name) for name in names]


def _check_values(
    rows: Float[np.ndarray, "K d"], latent_shape: tuple[int, ...], *, what: str
) -> None:
    for k, row in enumerate(rows):
        finite = np.isfinite(row)
        if not finite.all():
            first = int(np.argmin(finite))
            place = tuple(int(i) for i in np.unravel_index(first, latent_shape))
            element = place if len(place) > 1 else place[0]
            raise ArgumentError(
                f"{what}[{k}] holds {int((~finite).sum())} values that are NaN or infinite, the "
                f"first ({row[first]}) at element {element}; expected finite numbers: leave that "
                "latent out, or find out where it was made"
            )


def _refuse_zeros(inner: Float[np.ndarray, "K d"]) -> None:
    for k, row in enumerate(inner):
        if not row.any():
            raise ArgumentError(
                f"latents[{k}] is all zeros as an inner latent, so it has no direction; leave it "
                "out, or find out where it was made"
            )
