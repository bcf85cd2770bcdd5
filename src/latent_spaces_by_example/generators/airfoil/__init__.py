"""The embedded generator ``airfoil``: wing sections from 28 numbers; see models/airfoil/CARD.md."""

from latent_spaces_by_example.generators.airfoil.generator import (
    AirfoilGenerator,
    load,
)

__all__ = ["AirfoilGenerator", "load"]
