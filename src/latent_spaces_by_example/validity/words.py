"""Verdicts and advice, in words: what a failing figure means and which option helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from latent_spaces_by_example.validity.figures import Figure
from latent_spaces_by_example.validity.set_tests import MiddleNorm

if TYPE_CHECKING:
    from latent_spaces_by_example.validity.diagnosis import LatentDiagnosis

_FINE = "as the model would draw it"
_WHOLE_LAW = ("Kolmogorov-Smirnov", "Anderson-Darling")
_STRUCTURE = ("neighbours", "spectrum", "peak")
_OFF_CENTRE = 0.1  # of the norm in the middle, beyond which a rule is worth a word
_MOST_NAMED = 5
_SHARED_Z = 0.5  # of the median latent, from which on a tendency is the set's


def latent_verdict(figures: Sequence[Figure], failed: Sequence[str]) -> str:
    """What is wrong with one latent; what only follows from something said is left out."""
    value = {figure.name: figure.value for figure in figures}
    said = []
    if "mean" in failed:
        said.append(f"elements average {value['mean']:+.3g} and not 0")
    if "norm" in failed and ("mean" not in failed or "variance" in failed):
        said.append(f"norm {value['norm']:.2f} times what the law expects")
    elif "variance" in failed:
        said.append(f"elements have variance {value['variance']:.3g} and not 1")
    if "kurtosis" in failed:
        side = "heavier" if value["kurtosis"] > 0 else "lighter"
        said.append(f"tails {side} than the law's (excess kurtosis {value['kurtosis']:+.2g})")
    elif "skewness" in failed:  # heavy tails make it large by themselves
        said.append(f"elements lean to one side (skewness {value['skewness']:+.2g})")
    said += _structure(value, failed)
    if not said and failed:
        said.append("elements are not distributed as the law says")
    return "; ".join(said) or _FINE


def _structure(value: Mapping[str, float], failed: Sequence[str]) -> list[str]:
    said = []
    if "neighbours" in failed:
        alike = "alike" if value["neighbours"] > 0 else "opposite"
        said.append(f"neighbouring elements are {alike} (correlation {value['neighbours']:+.2g})")
    else:
        axes = [name for name in failed if name.startswith("along axis")]
        said += [f"elements {name} are correlated ({value[name]:+.2g})" for name in axes]
    if "spectrum" in failed and not said:
        side = "low" if value["spectrum"] > 0 else "high"
        said.append(f"{side} frequencies hold more than their share")
    if "peak" in failed:
        said.append(f"one frequency holds {value['peak']:.2%} of the power: a periodic pattern")
    return said


def set_verdict(
    latents: Sequence[LatentDiagnosis],
    figures: Sequence[Figure],
    *,
    failed: Sequence[str],
    correlation: Float64[np.ndarray, "K K"],
) -> str:
    """The verdict over all: how many latents are at fault, and what the set has besides."""
    value = {figure.name: figure.value for figure in figures}
    bad = [latent.name for latent in latents if not latent.ok]
    count = len(latents)
    if not bad and not failed:
        one, many = "This latent is", f"These {count} latents are"
        return f"{one if count == 1 else many} what the model would draw, as far as tests can tell."
    said = []
    if bad:
        said.append(_of_bad(bad, count))
    if "correlation" in failed:
        pairs = np.triu(np.abs(correlation), 1)
        i, j = np.unravel_index(int(pairs.argmax()), pairs.shape)
        said.append(
            f"{latents[int(i)].name} and {latents[int(j)].name} are correlated "
            f"({value['correlation']:+.2f}), which independent draws are not"
        )
    if "effective rank" in failed:
        rank = f"{value['effective rank']:.2f}"
        if rank == f"{count:.2f}":
            said.append(f"the {count} latents are more nearly orthogonal than draws are")
        else:
            said.append(f"the {count} latents amount to {rank} independent ones")
    said += _shared(latents, value, failed=failed)
    if not said:
        said.append("one of them weighs on all figures of the set")
    text = "; ".join(said)
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


def _shared(
    latents: Sequence[LatentDiagnosis], value: Mapping[str, float], *, failed: Sequence[str]
) -> list[str]:
    words = {
        "norm": "norms are {:.3f} of the expected one on average",
        "mean": "elements average {:+.2g} over all latents",
        "skewness": "elements lean to one side (mean skewness {:+.2g})",
        "kurtosis": "tails are not the law's (mean excess kurtosis {:+.2g})",
        "neighbours": "neighbouring elements are correlated ({:+.2g} on average)",
    }
    said = [
        text.format(value[f"all: {name}"])
        for name, text in words.items()
        if f"all: {name}" in failed and _tendency(latents, name) >= _SHARED_Z
    ]
    return [f"what the latents share: {' and '.join(said)}"] if said else []


def _tendency(latents: Sequence[LatentDiagnosis], name: str) -> float:
    """|median z|: large where most latents share it, small where one is far out."""
    zs = [f.z for latent in latents for f in latent.figures if f.name == name and f.z is not None]
    return float(abs(np.median(zs)))


def advice_on(
    latents: Sequence[LatentDiagnosis],
    figures: Sequence[Figure],
    *,
    failed: Sequence[str],
    middle: Mapping[str, MiddleNorm | None],
) -> tuple[str, ...]:
    """What to do about each failing, in the order in which to try it."""
    faults = {name for latent in latents for name in latent.failed} | set(failed)
    norms = [latent.relative_norm for latent in latents if "norm" in latent.failed]
    said: list[str] = []
    if "mean" in faults or "all: mean" in faults:
        said.append(
            "A mean that is not 0: the law has another mean than the transport map says. Give it "
            "as transport_maps.GaussianTransportMap(mean=...), or take out what was added."
        )
    if "all: norm" in faults or norms:
        said.append(_about_norms(latents, norms, shared="all: norm" in faults))
    if faults & {"kurtosis", "skewness", "all: kurtosis", "all: skewness"} or (
        faults & set(_WHOLE_LAW) and not faults & {"mean", "norm", "variance"}
    ):
        said.append(
            "Elements of another law: if the model's own draws have it, give that law as the "
            "transport map (UniformTransportMap, or a TransportMap of your own); if they do not, "
            "the inversion has not come to an end: use more steps or a finer solver."
        )
    if faults & {*_STRUCTURE, "all: neighbours"} or any("along axis" in name for name in faults):
        said.append(
            "Structure over the axes: inversion left something of the example in the latent, or "
            "it was resized or blurred. Invert with more steps, compare the reconstruction error "
            "that lsbe optimise --examples prints, and never resize a latent."
        )
    said += _about_the_set(faults, middle)
    return tuple(said)


def _about_norms(latents: Sequence[LatentDiagnosis], norms: list[float], *, shared: bool) -> str:
    values = [latent.relative_norm for latent in latents]
    low, high = min(values), max(values)
    if shared and high - low < 0.05 * high:
        scale = float(np.mean(values))
        return (
            f"Norms that are all off alike ({low:.3f} to {high:.3f}): the law has another scale "
            "than the transport map says. If the model's own draws have it too, give "
            f"transport_maps.GaussianTransportMap(scale={scale:.3g}) for latents that have no map "
            "yet; if not, divide the inner latents by it."
        )
    return (
        f'Norms from {low:.2f} to {high:.2f} of the expected one: combination="shell" keeps what '
        "lies between such seed latents at norms between theirs, as a study always does. To move "
        "one onto the model's own shell, divide its inner latent by the figure given here, and "
        "look at what it then generates."
    )


def _about_the_set(faults: set[str], middle: Mapping[str, MiddleNorm | None]) -> list[str]:
    said = []
    linear = middle.get("linear")
    if faults & {"correlation", "effective rank"}:
        advice = (
            "Latents that are not independent: leave out one of each pair that is alike, choose "
            "examples that differ more, or fill up with prior draws (--beyond-examples, "
            "within_span=False)."
        )
        if linear is not None and abs(linear.centre - 1.0) > _OFF_CENTRE:
            advice += (
                f' With combination="linear" the middle of their space has norm {linear.centre:.2f}'
                ' of the expected one; use SurrogateChart(..., combination="shell"), as a study '
                "always does."
            )
        said.append(advice)
    return said
