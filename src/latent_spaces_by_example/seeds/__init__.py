"""Where seed latents come from: arrays, inverted examples, and prior draws by number."""

from latent_spaces_by_example.seeds.choice import angles_between, choose, distances_between
from latent_spaces_by_example.seeds.draws import (
    latent_from_random_seed,
    latents_from_random_seeds,
    random_seed_of_draw,
    transport_map_of,
)
from latent_spaces_by_example.seeds.examples import InvertedExample, invert_examples, spanned_by
from latent_spaces_by_example.seeds.seed_latents import SeedLatents

__all__ = [
    "InvertedExample",
    "SeedLatents",
    "angles_between",
    "choose",
    "distances_between",
    "invert_examples",
    "latent_from_random_seed",
    "latents_from_random_seeds",
    "random_seed_of_draw",
    "spanned_by",
    "transport_map_of",
]
