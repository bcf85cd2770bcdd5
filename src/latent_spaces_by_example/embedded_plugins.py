"""The table of the generators, objectives and searches that come along with the library."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import Distribution
from typing import Any

PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Plugin:
    """Say what a name stands for.

    Attributes:
        target: "package.module:attribute", a class or a function that makes the object.
        line: one line on it.
        extra: the extra of this package that brings what it needs.
        text: the parameter that plain words after the name set: "clip:a red car".
        files: the parameters that choose a file or a model, so that something gets opened,
            downloaded or run.
        distribution: the package that registered it; None for the embedded ones.
    """

    target: str
    line: str = ""
    extra: str | None = None
    text: str | None = None
    files: tuple[str, ...] = ()
    distribution: Distribution | None = None


def _embedded(target: str, line: str, **more: Any) -> Plugin:
    return Plugin(f"{PACKAGE}.{target}", line, **more)


# pyproject.toml declares the same names as entry points; this table also serves a source tree
# whose installed metadata are older, and costs no reading of metadata.
EMBEDDED: dict[str, dict[str, Plugin]] = {
    "generators": {
        "airfoil": _embedded(
            "zoo.airfoil.generator:load",
            "wing sections, from a flow model trained on real ones",
            extra="airfoil",
        ),
        "diffusers": _embedded(
            "generators.pipelines:diffusers",
            "images, videos and sounds of any pipeline: diffusers:FOLDER_OR_HUB_ID",
            extra="diffusers",
            text="pipeline",
            files=("pipeline",),
        ),
        "digits": _embedded(
            "zoo.digits.generator:load",
            "handwritten digits of 8 x 8 pixels, from a flow model trained on real ones",
            extra="digits",
        ),
        "microstructure": _embedded(
            "zoo.microstructure.generator:Microstructure",
            "two-phase materials, from Gaussian random fields",
        ),
    },
    "objectives": {
        "clip": _embedded(
            "zoo.clip:Clip",
            "how well an image fits a text or another image, by CLIP: clip:a red sports car",
            extra="diffusers",
            text="prompt",
            files=("image", "model"),
        ),
        "digit-margin": _embedded(
            "zoo.digits.digit_margin:DigitMargin",
            "how clearly a picture shows one digit rather than another",
            extra="digits",
        ),
        "effective-conductivity": _embedded(
            "zoo.microstructure.effective_conductivity:EffectiveConductivity",
            "how well a two-phase material conducts in one direction",
        ),
        "lift-to-drag": _embedded(
            "zoo.airfoil.lift_to_drag:LiftToDrag",
            "lift over drag of a wing section at a given lift, by NeuralFoil",
            extra="airfoil",
        ),
    },
    "searches": {
        "chosen-seeds": _embedded(
            "search.chosen_seeds:ChosenSeedsSearch",
            "score prior draws, then search between the best of them",
        ),
        "cma-es": _embedded(
            "search.samplers:CMAESSearch",
            "a Gaussian that follows the better half of each generation",
        ),
        "direct": _embedded(
            "search.direct:DirectSearch", "divide the hypercube where the best score could be"
        ),
        "gp": _embedded(
            "search.samplers:GPSearch", "a Gaussian process in the hypercube, by Optuna"
        ),
        "latent-gp": _embedded(
            "search.latent_gp:LatentGPSearch",
            "a Gaussian process over the angles between latents (the default)",
        ),
        "nsga-ii": _embedded(
            "search.samplers:NSGAIISearch", "evolve a population towards the front of the scores"
        ),
        "random": _embedded("search.coverage:RandomSearch", "uniformly distributed points"),
        "sobol": _embedded("search.coverage:SobolSearch", "evenly spread points, a Sobol sequence"),
        "tpe": _embedded(
            "search.samplers:TPESearch", "points where better trials are denser than the others"
        ),
    },
}
