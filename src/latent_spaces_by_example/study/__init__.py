"""Studies: the loop of proposing, generating and scoring, and the database behind it.

The names are listed in ``__init__.pyi`` and loaded when first used: a worker only evaluates, and
should not wait for the database that it never opens.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
