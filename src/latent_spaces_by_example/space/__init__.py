"""The space of a study: seed latents, and the one composition u <-> w <-> inner latent <-> z."""

from latent_spaces_by_example.space.choice import choose
from latent_spaces_by_example.space.distances import angles_between, distances_between
from latent_spaces_by_example.space.draws import (
    latent_from_random_seed,
    latents_from_random_seeds,
    random_seed_of_draw,
    transport_map_of,
)
from latent_spaces_by_example.space.examples import InvertedExample, invert_examples, spanned_by
from latent_spaces_by_example.space.factories import (
    angular_surrogate_chart,
    knothe_rosenblatt_surrogate_chart,
)
from latent_spaces_by_example.space.projection import Projection
from latent_spaces_by_example.space.seed_latents import SeedLatents
from latent_spaces_by_example.space.surrogate_chart import SurrogateChart

__all__ = [
    "InvertedExample",
    "Projection",
    "SeedLatents",
    "SurrogateChart",
    "angles_between",
    "angular_surrogate_chart",
    "choose",
    "distances_between",
    "invert_examples",
    "knothe_rosenblatt_surrogate_chart",
    "latent_from_random_seed",
    "latents_from_random_seeds",
    "random_seed_of_draw",
    "spanned_by",
    "transport_map_of",
]
