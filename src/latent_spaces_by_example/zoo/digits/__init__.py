"""The embedded generator ``digits``: digits of 8 x 8 pixels; see models/digits/CARD.md."""

from latent_spaces_by_example.zoo.digits.generator import DigitsGenerator, load

__all__ = ["DigitsGenerator", "load"]
