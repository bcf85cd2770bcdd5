from .base import TransportMap
from .element_law import ElementLaw
from .elementwise import ElementwiseTransportMap
from .gaussian import GaussianTransportMap
from .host import HostTransportMap
from .identity import IdentityTransportMap
from .named_product import NamedProductTransportMap
from .product import ProductTransportMap
from .rotation import RotationTransportMap
from .sphere import SphereTransportMap
from .uniform import UniformTransportMap

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
