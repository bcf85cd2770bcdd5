"""Transport maps: one-to-one maps between a model's latents and standard Gaussian inner latents.

One file per law of the latents. The names are listed in ``__init__.pyi`` and loaded when first
used, because scipy.stats takes long to import.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
