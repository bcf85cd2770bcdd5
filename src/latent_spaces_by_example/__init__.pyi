from . import (
    charts,
    errors,
    generators,
    objectives,
    report,
    search,
    space,
    study,
    testing,
    transport_maps,
    validity,
    zoo,
)
from . import space as seeds
from .errors import StopStudy
from .report import write_report
from .space import (
    SurrogateChart,
    angular_surrogate_chart,
    knothe_rosenblatt_surrogate_chart,
    repairs,
)
from .study import Patience, Study, Trial, create_study, open_study, optimise
from .study.archive import export_study, import_study
from .validity import describe, diagnose

__version__: str

__all__ = [
    "Patience",
    "StopStudy",
    "Study",
    "SurrogateChart",
    "Trial",
    "__version__",
    "angular_surrogate_chart",
    "charts",
    "create_study",
    "describe",
    "diagnose",
    "errors",
    "export_study",
    "generators",
    "import_study",
    "knothe_rosenblatt_surrogate_chart",
    "objectives",
    "open_study",
    "optimise",
    "repairs",
    "report",
    "search",
    "seeds",
    "space",
    "study",
    "testing",
    "transport_maps",
    "validity",
    "write_report",
    "zoo",
]
