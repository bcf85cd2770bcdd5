"""Search everything that a generative model can make, in the space that a few examples span.

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latent_spaces_by_example import (
        charts,
        description,
        diagnostics,
        errors,
        generators,
        objectives,
        repairs,
        report,
        search,
        seeds,
        study,
        transport_maps,
    )
    from latent_spaces_by_example.description import describe
    from latent_spaces_by_example.diagnostics import diagnose
    from latent_spaces_by_example.report import write_report
    from latent_spaces_by_example.study import (
        Study,
        export_study,
        import_study,
        open_study,
        optimise,
    )
    from latent_spaces_by_example.surrogate import (
        SurrogateChart,
        angular_surrogate_chart,
        knothe_rosenblatt_surrogate_chart,
    )

try:
    __version__ = version("latent-spaces-by-example")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"

_HOME_OF = {
    "Study": "study",
    "SurrogateChart": "surrogate",
    "angular_surrogate_chart": "surrogate",
    "diagnose": "diagnostics",
    "describe": "description",
    "knothe_rosenblatt_surrogate_chart": "surrogate",
    "export_study": "study",
    "import_study": "study",
    "open_study": "study",
    "optimise": "study",
    "write_report": "report",
}
_MODULES = frozenset(
    {
        "charts",
        "description",
        "diagnostics",
        "errors",
        "generators",
        "objectives",
        "report",
        "repairs",
        "search",
        "seeds",
        "study",
        "testing",
        "transport_maps",
    }
)

__all__ = [
    "Study",
    "SurrogateChart",
    "__version__",
    "angular_surrogate_chart",
    "charts",
    "describe",
    "description",
    "diagnose",
    "diagnostics",
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
    "study",
    "transport_maps",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
