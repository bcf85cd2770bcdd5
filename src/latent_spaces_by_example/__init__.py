"""Search everything that a generative model can make, in the space that a few examples span.

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latent_spaces_by_example import (
        charts,
        errors,
        generators,
        objectives,
        report,
        search,
        space,
        study,
        transport_maps,
        validity,
    )
    from latent_spaces_by_example.report import write_report
    from latent_spaces_by_example.space import (
        SurrogateChart,
        angular_surrogate_chart,
        knothe_rosenblatt_surrogate_chart,
    )
    from latent_spaces_by_example.study import (
        Patience,
        StopStudy,
        Study,
        Trial,
        create_study,
        open_study,
        optimise,
    )
    from latent_spaces_by_example.study.archive import export_study, import_study
    from latent_spaces_by_example.validity import describe, diagnose

try:
    __version__ = version("latent-spaces-by-example")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"

_HOME_OF = {
    "Study": "study",
    "SurrogateChart": "space",
    "angular_surrogate_chart": "space",
    "diagnose": "validity",
    "describe": "validity",
    "knothe_rosenblatt_surrogate_chart": "space",
    "Patience": "study",
    "StopStudy": "errors",
    "Trial": "study",
    "create_study": "study",
    "export_study": "study.archive",
    "import_study": "study.archive",
    "open_study": "study",
    "optimise": "study",
    "write_report": "report",
}
# attribute -> module below this one
_MODULES = {
    "charts": "charts",
    "errors": "errors",
    "generators": "generators",
    "objectives": "objectives",
    "repairs": "space.repairs",
    "report": "report",
    "search": "search",
    "seeds": "space",
    "space": "space",
    "study": "study",
    "testing": "testing",
    "transport_maps": "transport_maps",
    "validity": "validity",
    "zoo": "zoo",
}

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
    "transport_maps",
    "validity",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
