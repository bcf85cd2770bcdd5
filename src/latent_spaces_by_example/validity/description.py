"""The description of a space: a table with a verdict, metrics, plots, files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from latent_spaces_by_example.space.typicality import LEAST_NORM, MOST_NORM
from latent_spaces_by_example.validity.space_validity import Validity
from latent_spaces_by_example.validity.stationarity import Stationarity
from latent_spaces_by_example.validity.uniqueness import Uniqueness

_ENOUGH_INSIDE, _MOST_REJECTED, _MOST_IDENTICAL = 0.9, 0.1, 0.5
_MOST_FACES = 4


@dataclass(frozen=True)
class SeedLatentLikeness:
    """The norm of one seed latent and the error of its reconstruction.

    Attributes:
        name: of the seed latent.
        relative_norm: norm of the inner latent over the sqrt(d) that the model expects.
        relative_error: distance between the example and its reconstruction, over the median
            distance between two outputs; None if no examples were given.
        unlike: why it is unlike anything that the model makes and what to do, or None.
    """

    name: str
    relative_norm: float
    relative_error: float | None
    unlike: str | None


@dataclass(frozen=True)
class Description:
    """A space seen from three sides; print it for the table.

    Attributes:
        name: of the weight chart, or of the space.
        num_coordinates: m, the dimension of the cube.
        num_latent_dims: d.
        combination: the rule that combines seed latents; None if it is no surrogate chart.
        num_points: number of random points that were looked at.
        random_seed: the seed that they were drawn from.
        has_outputs: True if a generator was looked at too.
        seed_latents: norm and error of each; empty if it is no surrogate chart.
        validity: are the points latents that the model would draw?
        uniqueness: are distinct points distinct latents and outputs?
        stationarity: does a distance mean the same everywhere? The space's own chart first, then
            the library's others.
    """

    name: str
    num_coordinates: int
    num_latent_dims: int
    combination: str | None
    num_points: int
    random_seed: int
    has_outputs: bool
    seed_latents: tuple[SeedLatentLikeness, ...]
    validity: Validity
    uniqueness: Uniqueness
    stationarity: tuple[Stationarity, ...]

    def __str__(self) -> str:
        """Return the table."""
        return self.table()

    @property
    def _norms_are_off(self) -> bool:
        return self.validity.norms_inside < _ENOUGH_INSIDE

    @property
    def _harmless(self) -> bool:
        """True if norms are off only as those of examples are, which the shell rule keeps."""
        norms = self.validity.relative_norms
        usual = norms.min() >= LEAST_NORM and norms.max() <= MOST_NORM
        return self._norms_are_off and self.combination == "shell" and bool(usual)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what should be mended before the space is searched, in words."""
        lines = [f"{s.name}: {s.unlike}" for s in self.seed_latents if s.unlike is not None]
        if self._harmless:
            return tuple(lines)
        if self._norms_are_off:
            low, high = self.validity.norm_interval
            lines.append(
                f"{1 - self.validity.norms_inside:.0%} of the points have a latent norm outside "
                f"{low:.2f} to {high:.2f} of the expected one, the range of 99% of prior draws"
            )
        if self.validity.elements_rejected > _MOST_REJECTED:
            lines.append(
                f"{self.validity.elements_rejected:.0%} of the points have latents whose elements "
                "are not like those of prior draws"
            )
        return tuple(lines)

    @property
    def verdict(self) -> str:
        """Return in a sentence whether to search the space, and what to do first."""
        identical = self.uniqueness.identical_outputs or 0.0
        if identical > _MOST_IDENTICAL:
            return (
                f"Do not search it: {identical:.0%} of pairs of points have the very same output."
            )
        unlike = ", ".join(s.name for s in self.seed_latents if s.unlike is not None)
        if self._norms_are_off and self.combination == "linear":
            return 'Search it with combination="shell", which keeps the norms of its seed latents.'
        if unlike:
            return (
                f"Mend {unlike} before you search it, as the warnings say, or look first at what "
                "lies near."
            )
        if self._harmless:
            norms = self.validity.relative_norms
            return (
                f"Good to search: its points have {norms.min():.2f} to {norms.max():.2f} of the "
                "expected norm, as its seed latents do, which models cope with."
            )
        if self._norms_are_off or self.validity.elements_rejected > _MOST_REJECTED:
            return (
                "Do not search it yet: most of its latents are not ones that the model would draw; "
                "check the seed latents with lsbe.diagnose, and the transport map."
            )
        return "Good to search: its points are latents that the model would draw."

    def metrics(self) -> dict[str, float]:
        """Return every number by name; those that were not looked at are left out."""
        validity, uniqueness = self.validity, self.uniqueness
        metrics: dict[str, float | None] = {
            "norm_smallest": float(validity.relative_norms.min()),
            "norm_mean": float(validity.relative_norms.mean()),
            "norm_largest": float(validity.relative_norms.max()),
            "collapsed_faces": float(len(uniqueness.collapsed)),
        }
        for name in ("norms_inside", "elements_rejected", "outputs_valid"):
            metrics[name] = getattr(validity, name)
        for name in ("latent_ratio", "output_ratio", "identical_outputs"):
            metrics[name] = getattr(uniqueness, name)
        for row in self.stationarity:
            for name in ("by_u", "by_weights", "by_latents", "latent_evenness", "output_evenness"):
                metrics[f"{row.name}: {name}"] = getattr(row, name)
        return {name: value for name, value in metrics.items() if value is not None}

    def table(self) -> str:
        """Return the description in lines of text, the verdict last."""
        rule = "" if self.combination is None else f", combination {self.combination!r}"
        lines = [
            f"{self.name}: {self.num_coordinates} coordinates{rule}; latents of "
            f"{self.num_latent_dims} dimensions; {self.num_points} random points"
        ]
        lines += ["", "Validity", *_validity_lines(self.validity)]
        lines += ["", "Uniqueness", *_uniqueness_lines(self.uniqueness)]
        lines += ["", "Stationarity", *_stationarity_lines(self.stationarity, self.has_outputs)]
        if self.warnings:
            lines += ["", "Warnings", *(f"  {warning}" for warning in self.warnings)]
        return "\n".join([*lines, "", f"Verdict: {self.verdict}"])

    def pictures(self) -> dict[str, bytes]:
        """Return a PNG each for "validity", "uniqueness" and "stationarity"."""
        from latent_spaces_by_example.validity import plots  # matplotlib

        return {
            "validity": plots.validity_plot(
                self.validity.relative_norms,
                num_latent_dims=self.num_latent_dims,
                seed_norms=[seed.relative_norm for seed in self.seed_latents],
            ),
            "uniqueness": plots.uniqueness_plot(self.stationarity),
            "stationarity": plots.stationarity_plot(self.stationarity),
        }

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the table, the metrics and the pictures into a folder, and return its path."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / "description.txt").write_text(self.table() + "\n", encoding="utf-8")
        metrics = {k: v if abs(v) < float("inf") else str(v) for k, v in self.metrics().items()}
        (path / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
        for name, png in self.pictures().items():
            (path / f"{name}.png").write_bytes(png)
        return path


def _validity_lines(validity: Validity) -> list[str]:
    low, high = validity.norm_interval
    norms = validity.relative_norms
    lines = [
        f"  latent norm over the expected one  {norms.min():.2f} to {norms.max():.2f} "
        f"(99% of prior draws: {low:.2f} to {high:.2f})",
        f"  points with a norm in that range   {validity.norms_inside:.1%} (prior draws: 99%)",
        f"  points with unusual elements       {validity.elements_rejected:.1%} (prior draws: 1%)",
    ]
    if validity.outputs_valid is not None:
        lines.append(f"  outputs that pass your check       {validity.outputs_valid:.1%}")
    return lines


def _uniqueness_lines(uniqueness: Uniqueness) -> list[str]:
    lines = [
        f"  smallest change of the latent      {uniqueness.latent_ratio:.3g} of its expected norm "
        "per unit of u"
    ]
    if uniqueness.output_ratio is not None:
        lines += [
            f"  smallest change of the output      {uniqueness.output_ratio:.3g} of the usual "
            "distance per unit of u",
            f"  pairs with the very same output    {uniqueness.identical_outputs:.2%}",
        ]
    if not uniqueness.collapsed:
        return [*lines, "  no face of the cube collapses"]
    lines += [f"  {face}" for face in uniqueness.collapsed[:_MOST_FACES]]
    more = len(uniqueness.collapsed) - _MOST_FACES
    return [*lines, *([f"  and {more} more faces collapse so"] if more > 0 else [])]


def _stationarity_lines(rows: tuple[Stationarity, ...], has_outputs: bool) -> list[str]:
    width = max(len(row.name) for row in rows)
    target = "outputs" if has_outputs else "latents"
    lines = [
        f"  rank correlation of distances with those of {target}; unevenness of a short step",
        f"  {'':<{width}}  {'u':>7}  {'weights':>7}  {'latents':>7}  {'latent':>7}  {'output':>7}",
    ]
    for row in rows:
        cells = (row.by_u, row.by_weights, row.by_latents, row.latent_evenness, row.output_evenness)
        shown = ("" if cell is None else f"{cell:.2f}" for cell in cells)
        lines.append(f"  {row.name:<{width}}  " + "  ".join(f"{cell:>7}" for cell in shown))
    return lines
