from .chart_contract import ChartContract
from .generator_contract import GeneratorContract
from .search_contract import SearchContract
from .transport_map_contract import TransportMapContract

__all__ = ["ChartContract", "GeneratorContract", "SearchContract", "TransportMapContract"]
