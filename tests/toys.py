"""A generator and objectives small enough to reason about, for tests of what is built on them."""

import numpy as np


class Stretch:
    """x = 2 z: deterministic and invertible."""

    name = "tests.toys:stretch"
    latent_shape = (4, 8)

    def generate(self, z):
        return [2.0 * latent for latent in z]

    def invert(self, outputs):
        return np.stack([np.asarray(x) / 2.0 for x in outputs])

    def example(self, name):
        return np.random.default_rng(int(name)).standard_normal(self.latent_shape) * 2.0


class Noisy(Stretch):
    name = "tests.toys:noisy"

    def generate(self, z):
        return [x + np.random.standard_normal(x.shape) for x in super().generate(z)]  # noqa: NPY002


stretch, noisy = Stretch(), Noisy()


def height(outputs):
    """A smooth score with one optimum on the shell."""
    return [float(x[0, 0] + 0.5 * x[1, 1]) for x in outputs]


def height_and_spread(outputs):
    """The same with a figure beside it."""
    return [
        {"score": s, "spread": float(np.std(x))}
        for s, x in zip(height(outputs), outputs, strict=True)
    ]


def height_and_turn(outputs):
    """The same with an angle and a number that is always the same."""
    return [{"score": s, "alpha": 12.5 + s, "constant": 3.25} for s in height(outputs)]


def height_of_sections(sections, scale=1.0):
    """A score of airfoil sections that costs nothing."""
    return [scale * float(section[:, 1].max()) for section in sections]


def measured_height_of_sections(sections, scale=1.0):
    """The same, and says that it is noisy."""
    return height_of_sections(sections, scale)


measured_height_of_sections.noisy = True


def light_and_even(outputs):
    """Two scores, the second mostly lower where the first is higher."""
    return [{"scores": {"up": float(x[0, 0]), "low": -float(x[0, 0] + x[0, 1])}} for x in outputs]


light_and_even.scores = ("up", "low")
