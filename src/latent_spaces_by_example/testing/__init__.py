"""Contract tests: what any chart, transport map, generator or search, yours included, must do.

Subclass a contract in a test file under a name that starts with ``Test``, give it the thing to
test, and let pytest run it. Needs pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latent_spaces_by_example.testing.chart_contract import ChartContract
    from latent_spaces_by_example.testing.generator_contract import GeneratorContract
    from latent_spaces_by_example.testing.search_contract import SearchContract
    from latent_spaces_by_example.testing.transport_map_contract import TransportMapContract

# One file per contract, loaded when asked for, so that one part's packages are not all parts'.
_HOME_OF = {
    "ChartContract": "chart_contract",
    "GeneratorContract": "generator_contract",
    "SearchContract": "search_contract",
    "TransportMapContract": "transport_map_contract",
}

__all__ = ["ChartContract", "GeneratorContract", "SearchContract", "TransportMapContract"]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
