"""Transport maps: one-to-one maps between a model's latents and standard Gaussian inner latents.

One file per law of the latents.
"""

from latent_spaces_by_example.transport_maps.base import TransportMap
from latent_spaces_by_example.transport_maps.element_law import ElementLaw
from latent_spaces_by_example.transport_maps.elementwise import ElementwiseTransportMap
from latent_spaces_by_example.transport_maps.gaussian import GaussianTransportMap
from latent_spaces_by_example.transport_maps.host import HostTransportMap
from latent_spaces_by_example.transport_maps.identity import IdentityTransportMap
from latent_spaces_by_example.transport_maps.named_product import NamedProductTransportMap
from latent_spaces_by_example.transport_maps.product import ProductTransportMap
from latent_spaces_by_example.transport_maps.rotation import RotationTransportMap
from latent_spaces_by_example.transport_maps.sphere import SphereTransportMap
from latent_spaces_by_example.transport_maps.uniform import UniformTransportMap

__all__ = [
    "ElementLaw",
    "ElementwiseTransportMap",
    "GaussianTransportMap",
    "HostTransportMap",
    "IdentityTransportMap",
    "NamedProductTransportMap",
    "ProductTransportMap",
    "RotationTransportMap",
    "SphereTransportMap",
    "TransportMap",
    "UniformTransportMap",
]
