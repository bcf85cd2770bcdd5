"""Transport maps: one-to-one maps between a model's latents and standard Gaussian inner latents.

One file per law of the latents.
"""

from latent_spaces_by_example.transport_maps.base import TransportMap
from latent_spaces_by_example.transport_maps.gaussian import GaussianTransportMap
from latent_spaces_by_example.transport_maps.identity import IdentityTransportMap
from latent_spaces_by_example.transport_maps.product import ProductTransportMap
from latent_spaces_by_example.transport_maps.uniform import UniformTransportMap

__all__ = [
    "GaussianTransportMap",
    "IdentityTransportMap",
    "ProductTransportMap",
    "TransportMap",
    "UniformTransportMap",
]
