"""What a description holds, and the table, the figures and the files that it becomes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from latent_spaces_by_example.validity.description.stationarity import Stationarity
from latent_spaces_by_example.validity.description.uniqueness import Uniqueness
from latent_spaces_by_example.validity.description.validity import Validity


@dataclass(frozen=True)
class SeedLatentLikeness:
    """What one seed latent is like.

    Attributes:
        name: what it is called.
        relative_norm: norm of the inner latent over the sqrt(d) that the model expects.
        relative_error: distance between the example and what its latent gives back, over the
            median one between two outputs; None where no examples were given.
        unlike: why it is unlike anything that the model makes; None if it is not.
    """

    name: str
    relative_norm: float
    relative_error: float | None
    unlike: str | None


@dataclass(frozen=True)
class Description:
    """What a space is like; print it for the table.

    Attributes:
        name: of the weight chart, or of the space.
        num_coordinates: m, the dimension of the cube.
        num_latent_dims: d.
        combination: the rule that combines seed latents; None for what is no surrogate chart.
        num_points: how many random points were looked at.
        random_seed: what they were drawn from.
        has_outputs: whether a generator was looked at too.
        seed_latents: what each is like; empty for what is no surrogate chart.
        validity: whether the points are latents that the model would draw.
        uniqueness: whether distinct points are distinct latents and outputs.
        stationarity: how far distances in the space can be relied on; the space's own chart
            first, then the library's others.
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
        """The table."""
        return self.table()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know before searching the space, in words."""
        found = [f"{s.name}: {s.unlike}" for s in self.seed_latents if s.unlike is not None]
        if self.validity.norms_inside < 0.9:
            low, high = self.validity.norm_interval
            found.append(
                f"{1 - self.validity.norms_inside:.0%} of the points have a latent norm outside "
                f"{low:.2f} to {high:.2f} of the expected one, which 99% of prior draws keep to"
            )
        if self.validity.elements_rejected > 0.1:
            found.append(
                f"{self.validity.elements_rejected:.0%} of the points have latents whose elements "
                "are not like those of prior draws"
            )
        return tuple(found)

    def figures(self) -> dict[str, float]:
        """Every figure by name; what was not looked at is left out."""
        validity, uniqueness = self.validity, self.uniqueness
        figures: dict[str, float | None] = {
            "norm_smallest": float(validity.relative_norms.min()),
            "norm_mean": float(validity.relative_norms.mean()),
            "norm_largest": float(validity.relative_norms.max()),
            "norms_inside": validity.norms_inside,
            "elements_rejected": validity.elements_rejected,
            "outputs_valid": validity.outputs_valid,
            "latent_ratio": uniqueness.latent_ratio,
            "output_ratio": uniqueness.output_ratio,
            "identical_outputs": uniqueness.identical_outputs,
            "collapsed_faces": float(len(uniqueness.collapsed)),
        }
        for row in self.stationarity:
            figures[f"{row.name}: by_u"] = row.by_u
            figures[f"{row.name}: by_weights"] = row.by_weights
            figures[f"{row.name}: by_latents"] = row.by_latents
            figures[f"{row.name}: latent_evenness"] = row.latent_evenness
            figures[f"{row.name}: output_evenness"] = row.output_evenness
        return {name: value for name, value in figures.items() if value is not None}

    def table(self) -> str:
        """The description in lines of text."""
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
        return "\n".join(lines)

    def pictures(self) -> dict[str, bytes]:
        """A PNG each for "validity", "uniqueness" and "stationarity"."""
        # matplotlib takes longer to import than all the rest to compute
        from latent_spaces_by_example.validity.description import pictures

        return {
            "validity": pictures.validity(self),
            "uniqueness": pictures.uniqueness(self),
            "stationarity": pictures.stationarity(self),
        }

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the table, the figures and the pictures into a folder; returns its path."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / "description.txt").write_text(self.table() + "\n", encoding="utf-8")
        figures = {k: v if abs(v) < float("inf") else str(v) for k, v in self.figures().items()}
        (path / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
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
    if uniqueness.output_ratio is not None and uniqueness.identical_outputs is not None:
        lines += [
            f"  smallest change of the output      {uniqueness.output_ratio:.3g} of the usual "
            "distance per unit of u",
            f"  pairs with the very same output    {uniqueness.identical_outputs:.2%}",
        ]
    if not uniqueness.collapsed:
        return [*lines, "  no face of the cube collapses"]
    shown = [f"  {face}" for face in uniqueness.collapsed[:4]]
    more = len(uniqueness.collapsed) - len(shown)
    return [*lines, *shown, *([f"  and {more} more faces collapse so"] if more else [])]


def _stationarity_lines(rows: tuple[Stationarity, ...], has_outputs: bool) -> list[str]:
    width = max(len(row.name) for row in rows)
    target = "outputs" if has_outputs else "latents"
    lines = [
        f"  rank correlation of distances with those of {target}; unevenness of a short step",
        f"  {'':<{width}}  {'u':>6}  {'weights':>7}  {'latents':>7}  {'latent':>7}  {'output':>7}",
    ]
    for row in rows:
        cells = [f"{row.by_u:>6.2f}", *(_cell(v, 7) for v in (row.by_weights, row.by_latents))]
        cells += [_cell(row.latent_evenness, 7), _cell(row.output_evenness, 7)]
        lines.append(f"  {row.name:<{width}}  " + "  ".join(cells))
    return lines


def _cell(value: float | None, width: int) -> str:
    return " " * width if value is None else f"{value:>{width}.2f}"
