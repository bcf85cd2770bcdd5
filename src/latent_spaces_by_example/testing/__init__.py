"""Contract tests: what any chart, transport map, generator or search, yours included, must do.

Subclass a contract in a test file under a name that starts with ``Test``, give it the thing to
test, and let pytest run it. Needs pytest. The names are listed in ``__init__.pyi`` and loaded when
first used, so that one part's packages are not all parts'.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
