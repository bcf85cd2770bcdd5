"""Latents -> wing sections and back, by a flow model that was trained on real sections."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.base import checked_latents
from latent_spaces_by_example.zoo.airfoil.dat_files import write_dat
from latent_spaces_by_example.zoo.airfoil.geometry import POINTS_PER_SIDE, resample
from latent_spaces_by_example.zoo.airfoil.lookup import find_section, search_sections
from latent_spaces_by_example.zoo.airfoil.representation import (
    NUM_POINTS,
    SectionRepresentation,
    first_fault,
)
from latent_spaces_by_example.zoo.embedded import (
    OnnxVelocity,
    Velocity,
    flow_backward,
    flow_forward,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_FOLDER = Path(__file__).parent


class AirfoilGenerator:
    """Wing sections from standard Gaussian latents, z -> x.

    x = decode(flow(z)): a flow-matching model carries z to the coordinates of a smooth
    representation of thickness and camber (Lipman et al. 2023, arXiv 2210.02747, equation 23),
    in which every thickness is positive. Its latents are independent standard Gaussians.

    An output is an array of shape (127, 2) in Selig order: trailing edge, upper side, leading
    edge at (0, 0), lower side, trailing edge, chord of length 1 on the x axis. Every output has
    the same x.

    >>> from latent_spaces_by_example.generators import load
    >>> generator = load("airfoil")
    >>> z = np.random.default_rng(0).standard_normal((2, *generator.latent_shape))
    >>> sections = generator.generate(z)
    >>> bool(np.abs(generator.generate(generator.invert(sections)) - sections).max() < 1e-5)
    True
    """

    name = "airfoil"
    suffix = ".dat"
    default_objective = "lift-to-drag"
    num_candidates = 256

    def __init__(
        self, velocity: Velocity, *, representation: SectionRepresentation, steps: int
    ) -> None:
        """Put a generator together from its parts; ``load`` does so for the trained one.

        Args:
            velocity: v(x, t) in the representation's coordinates, (n, d) -> (n, d).
            representation: sections <-> vectors of d numbers.
            steps: number of steps of Heun's method, at least 1.
        """
        self.latent_shape: tuple[int, ...] = (representation.num_dims,)
        self.representation = representation
        self._velocity = velocity
        self._steps = steps

    def generate(self, z: npt.ArrayLike) -> Float64[np.ndarray, "n 127 2"]:
        """Make one section from each latent.

        The same latents give the same bits; alone or in a batch, a latent gives the same section
        to about 1e-6 chord (float32 inside).

        Args:
            z: latents, floating point, shape (n, d); any finite values, drawn from N(0, 1).

        Raises:
            ArgumentError: wrong shape, not floating point, or not finite.
        """
        latents = checked_latents(z, latent_shape=self.latent_shape).astype(np.float64)
        return self.representation.decode(flow_forward(self._velocity, latents, steps=self._steps))

    def invert(self, outputs: Iterable[npt.ArrayLike]) -> Float64[np.ndarray, "n d"]:
        """Return the latents behind sections on the model's grid.

        Heun's steps are undone one by one, so what is inverted is ``generate`` itself. A section
        that the model cannot make exactly comes back as a close one: compare
        ``generate(invert(x))`` with x.

        Args:
            outputs: n sections, each of shape (127, 2), as ``generate`` and ``example`` give them.

        Raises:
            ArgumentError: wrong shape or other x than the model's, not finite, sides that touch
                or cross, or a trailing edge off the x axis or blunter than 5 % of the chord.
        """
        rows = [_checked_output(output) for output in outputs]
        sections = np.stack(rows) if rows else np.empty((0, NUM_POINTS, 2))
        fault = first_fault(sections)
        if fault is not None:
            raise ArgumentError(
                f"output {fault[0]} has {fault[1]}, so it is no section that this model can make; "
                "give outputs of generate() or example(), or sections on the same grid"
            )
        y = self.representation.encode(sections)
        return flow_backward(self._velocity, y, steps=self._steps)

    def example(self, name: str | PathLike[str]) -> Float64[np.ndarray, "127 2"]:
        """Look up a real section, on the model's grid and ready for ``invert``.

        Args:
            name: a name in AeroSandbox's database, a NACA code of four or five digits, or the
                path of a ``.dat`` file.

        Raises:
            ArgumentError: no such name (the message suggests near ones), an unreadable file, or
                a section that this model cannot make.
            MissingPackageError: the name needs the database, and AeroSandbox is not installed.

        >>> from latent_spaces_by_example.generators import load
        >>> load("airfoil").example("naca2412").shape
        (127, 2)
        """
        outline = find_section(Path(name) if isinstance(name, PathLike) else name)
        try:
            section = resample(outline, points_per_side=POINTS_PER_SIDE)
        except ArgumentError as error:
            raise ArgumentError(f"the section {str(name)!r} cannot be read: {error}") from error
        fault = first_fault(section[None])
        if fault is not None:
            raise ArgumentError(
                f"the section {str(name)!r} has {fault[1]}, which this model cannot make; "
                "name another one, or mend its coordinates"
            )
        return section

    def list_examples(self, query: str = "") -> list[str]:
        """Return the names of sections that contain the query, those that begin with it first.

        Raises:
            MissingPackageError: AeroSandbox, which brings the database, is not installed.

        >>> from latent_spaces_by_example.generators import load
        >>> load("airfoil").list_examples("rae28")
        ['rae2822']
        """
        return search_sections(query)

    def features(self, outputs: Sequence[npt.ArrayLike]) -> Float64[np.ndarray, "n 32"]:
        """Return the heights of n sections at every fourth point, in chords, shape (n, 32).

        >>> from latent_spaces_by_example.generators import load
        >>> generator = load("airfoil")
        >>> generator.features(generator.example("naca2412")[None]).shape
        (1, 32)
        """
        return np.stack([_checked_output(output)[::4, 1] for output in outputs])

    def render(self, output: npt.ArrayLike) -> Image:
        """Draw one section of shape (127, 2), as a PIL image of 800 x 320 pixels.

        Raises:
            ArgumentError: not a finite array of shape (127, 2).
        """
        from latent_spaces_by_example.zoo.airfoil.picture import draw_sections

        return draw_sections(_checked_output(output))

    def render_overlay(self, output: npt.ArrayLike, reference: npt.ArrayLike) -> Image:
        """Draw one section over the outline of another, as a PIL image of 800 x 320 pixels.

        Raises:
            ArgumentError: one is not a finite array of shape (127, 2).
        """
        from latent_spaces_by_example.zoo.airfoil.picture import draw_sections

        return draw_sections(_checked_output(output), _checked_output(reference))

    def save(self, output: npt.ArrayLike, path: str | PathLike[str]) -> None:
        """Write one section of shape (127, 2) as a Selig ``.dat`` file titled by its name.

        Raises:
            ArgumentError: not a finite array of shape (127, 2).
        """
        write_dat(Path(path), _checked_output(output), name=f"{self.name}: {Path(path).stem}")


def _checked_output(output: Any) -> Float64[np.ndarray, "127 2"]:
    section = np.asarray(output)
    if section.shape != (NUM_POINTS, 2) or section.dtype.kind not in "fiu":
        raise ArgumentError(
            f"an output has shape {section.shape} and dtype {section.dtype}, "
            f"but numbers of shape ({NUM_POINTS}, 2) were expected"
        )
    if not np.isfinite(section).all():
        raise ArgumentError("an output has a coordinate that is not finite")
    return section.astype(np.float64)


def load() -> AirfoilGenerator:
    """Load the trained model that comes with this package.

    >>> load().latent_shape
    (28,)
    """
    settings = json.loads((_FOLDER / "training.json").read_text(encoding="utf-8"))
    with np.load(_FOLDER / "representation.npz") as arrays:
        parts = {name: array.astype(np.float64) for name, array in arrays.items()}
    return AirfoilGenerator(
        OnnxVelocity(_FOLDER / "velocity.onnx"),
        representation=SectionRepresentation(**parts),
        steps=int(settings["steps_of_heun"]),
    )
