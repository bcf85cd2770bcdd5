"""Validity: is a latent one that the model would draw, is the generator a function of its latents,
and what is a space like?

The names are listed in ``__init__.pyi`` and loaded when first used: scipy.stats takes longer to
import than most studies of a toy take to run.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
