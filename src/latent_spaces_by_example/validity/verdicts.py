"""Verdicts and advice, in words: what a failing statistic means and which option helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.validity.set_tests import MiddleNorm
from latent_spaces_by_example.validity.statistic import LatentDiagnosis, Statistic

_FINE = "as the model would draw it"
_OFF_CENTRE = 0.1  # of the norm in the middle, beyond which a rule is worth a word
_MOST_NAMED = 5
_SHARED_Z = 0.5  # of the median latent, from which on a tendency is the set's
_UNEVEN = 1.5  # spread of the means along an axis beyond which a common mean does not explain it
_SHARED = {
    "norm": "norms are {:.3f} of the expected one on average",
    "mean": "elements average {:+.2g} over all latents",
    "skewness": "elements lean to one side (mean skewness {:+.2g})",
    "kurtosis": "tails are not the law's (mean excess kurtosis {:+.2g})",
    "neighbours": "neighbouring elements are correlated ({:+.2g} on average)",
}
_ON_MEANS = (
    "A mean that is not 0: the law has another mean than the transport map says. Give it as "
    "transport_maps.GaussianTransportMap(mean=...), or take out what was added."
)
_ON_LAWS = (
    "Elements of another law: if the model's own draws have it, give that law as the transport map "
    "(UniformTransportMap, or a TransportMap of your own); if they do not, the inversion has not "
    "come to an end: use more steps or a finer solver."
)
_ON_STRUCTURE = (
    "Structure over the axes: inversion left something of the example in the latent, or it was "
    "resized or blurred. Invert with more steps, compare the reconstruction error that lsbe "
    "optimise --examples prints, and never resize a latent."
)
_ON_CHANNELS = (
    "Slices along an axis, such as channels, that differ from each other: check that shift and "
    "scale of each channel were undone (a decoder's latents_mean and latents_std), and invert with "
    "more steps; if the model's own draws differ so too, give mean and variance for each element: "
    "transport_maps.GaussianTransportMap(mean=..., variance=...)."
)
_ON_DEPENDENCE = (
    "Latents that are not independent: leave out one of each pair that is alike, choose examples "
    "that differ more, or fill up with prior draws (--beyond-examples, within_span=False)."
)


def latent_verdict(statistics: Sequence[Statistic], failed: Sequence[str]) -> str:
    """Return what is wrong with one latent; consequences of a fault already named are left out."""
    value = {s.name: s.value for s in statistics}
    parts = []
    if "mean" in failed:
        parts.append(f"elements average {value['mean']:+.3g} and not 0")
    if "norm" in failed:
        parts.append(f"norm {value['norm']:.2f} times what the law expects")
    if "kurtosis" in failed:
        side = "heavier" if value["kurtosis"] > 0 else "lighter"
        parts.append(f"tails {side} than the law's (excess kurtosis {value['kurtosis']:+.2g})")
    elif "skewness" in failed:  # heavy tails make it large by themselves
        parts.append(f"elements lean to one side (skewness {value['skewness']:+.2g})")
    parts += _structure(value, failed)
    parts += _uneven(value, failed, mean_failed="mean" in failed)
    if not parts and failed:
        parts.append("elements are not distributed as the law says")
    return "; ".join(parts) or _FINE


def _structure(value: Mapping[str, float], failed: Sequence[str]) -> list[str]:
    parts = []
    if "neighbours" in failed:
        alike = "alike" if value["neighbours"] > 0 else "opposite"
        parts.append(f"neighbouring elements are {alike} (correlation {value['neighbours']:+.2g})")
    else:
        axes = [name for name in failed if name.startswith("along axis")]
        parts += [f"elements {name} are correlated ({value[name]:+.2g})" for name in axes]
    if "peak" in failed:
        parts.append(f"one frequency holds {value['peak']:.2%} of the power: a periodic pattern")
    return parts


def _uneven(value: Mapping[str, float], failed: Sequence[str], *, mean_failed: bool) -> list[str]:
    return [
        f"{name.removeprefix('all: ')} differ {value[name]:.1f} times as much as by chance"
        for name in failed
        if "variances of axis" in name
        or ("means of axis" in name and not (mean_failed and value[name] < _UNEVEN))
    ]


def set_verdict(
    latents: Sequence[LatentDiagnosis],
    statistics: Sequence[Statistic],
    *,
    failed: Sequence[str],
    correlation: Float64[np.ndarray, "K K"],
) -> str:
    """Return the verdict over all: the latents at fault, and what the set has besides."""
    value = {s.name: s.value for s in statistics}
    bad = [latent.name for latent in latents if not latent.ok]
    count = len(latents)
    if not bad and not failed:
        subject = "This latent is" if count == 1 else f"These {count} latents are"
        return f"{subject} what the model would draw, as far as tests can tell."
    parts = [_of_bad(bad, count)] if bad else []
    if "correlation" in failed:
        pairs = np.triu(np.abs(correlation), 1)
        i, j = np.unravel_index(int(pairs.argmax()), pairs.shape)
        parts.append(
            f"{latents[int(i)].name} and {latents[int(j)].name} are correlated "
            f"({value['correlation']:+.2f}), which independent draws are not"
        )
    if "effective rank" in failed:
        rank = f"{value['effective rank']:.2f}"
        if rank == f"{count:.2f}":
            parts.append(f"the {count} latents are more nearly orthogonal than draws are")
        else:
            parts.append(f"the {count} latents amount to {rank} independent ones")
    shared = [
        words.format(value[f"all: {name}"])
        for name, words in _SHARED.items()
        if f"all: {name}" in failed and _tendency(latents, name) >= _SHARED_Z
    ]
    shared += _uneven(value, failed, mean_failed="all: mean" in failed)
    if shared:
        parts.append(f"what the latents share: {' and '.join(shared)}")
    if not parts:
        parts.append("one of them weighs on all statistics of the set")
    text = "; ".join(parts)
    if not bad:
        return f"As a set, these latents are not what the model would draw: {text}."
    return text[0].upper() + text[1:] + "."


def _of_bad(bad: Sequence[str], count: int) -> str:
    if count == 1:
        return "this latent is not what the model would draw"
    if len(bad) == count:
        return f"none of the {count} latents is what the model would draw"
    verb = "is" if len(bad) == 1 else "are"
    named = ", ".join(bad[:_MOST_NAMED]) + (", ..." if len(bad) > _MOST_NAMED else "")
    return f"{len(bad)} of {count} latents {verb} not what the model would draw: {named}"


def _tendency(latents: Sequence[LatentDiagnosis], name: str) -> float:
    """Return |median z|: large if most latents share it, small if only one is far out."""
    zs = [s.z for lat in latents for s in lat.statistics if s.name == name and s.z is not None]
    return float(abs(np.median(zs)))


def advice_on(
    latents: Sequence[LatentDiagnosis],
    *,
    failed: Sequence[str],
    middle: Mapping[str, MiddleNorm | None],
) -> tuple[str, ...]:
    """Return what to do about each failing, in the order in which to try it."""
    every = {name.removeprefix("all: ") for latent in latents for name in latent.failed}
    every |= {name.removeprefix("all: ") for name in failed}
    faults = {name.partition(" axis ")[0] for name in every}
    advice: list[str] = []
    if "mean" in faults:
        advice.append(_ON_MEANS)
    if "norm" in faults:
        advice.append(_about_norms(latents, shared="all: norm" in failed))
    if faults & {"kurtosis", "skewness"} or (
        "Kolmogorov-Smirnov" in faults and not faults & {"mean", "norm"}
    ):
        advice.append(_ON_LAWS)
    if faults & {"neighbours", "peak", "along"}:
        advice.append(_ON_STRUCTURE)
    if "variances of" in faults or ("means of" in faults and "mean" not in faults):
        advice.append(_ON_CHANNELS)
    if faults & {"correlation", "effective rank"}:
        linear, words = middle.get("linear"), _ON_DEPENDENCE
        if linear is not None and abs(linear.centre - 1.0) > _OFF_CENTRE:
            words += (
                f' With combination="linear" the middle of their space has norm {linear.centre:.2f}'
                ' of the expected one; use SurrogateChart(..., combination="shell"), as a study '
                "always does."
            )
        advice.append(words)
    return tuple(advice)


def _about_norms(latents: Sequence[LatentDiagnosis], *, shared: bool) -> str:
    norms = [latent.relative_norm for latent in latents]
    low, high = min(norms), max(norms)
    alike = high - low < 0.05 * high
    if alike and (shared or not 0.5 <= high <= 2.0):
        return (
            f"Norms that are all off alike ({low:.3f} to {high:.3f}): the law has another scale "
            "than the transport map says. If the model's own draws have it too, give "
            f"transport_maps.GaussianTransportMap(scale={np.mean(norms):.3g}) for latents that "
            "have no map yet; if not, divide the inner latents by it."
        )
    return (
        f'Norms from {low:.2f} to {high:.2f} of the expected one: combination="shell" keeps what '
        "lies between such seed latents at norms between theirs, as a study always does. To move "
        "one onto the model's own shell, divide its inner latent by the norm given here "
        "(--repair rescale), and look at what it then generates."
    )
