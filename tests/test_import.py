import ast
import subprocess
import sys
from pathlib import Path

import pytest

import latent_spaces_by_example

ROOT = Path(latent_spaces_by_example.__file__).parent
PACKAGE = latent_spaces_by_example.__name__

LEAVES = {"errors", "arguments", "arrays"}
NAMING = {"parameters", "embedded_plugins", "plugins"}
MATHS = LEAVES | {"charts", "transport_maps"}
# What each part may import: the arrows of the design, which all point one way.
MAY_IMPORT = {
    "errors": set(),
    "arguments": {"errors"},
    "arrays": {"errors", "arguments"},
    "charts": LEAVES,
    "transport_maps": LEAVES,
    "space": MATHS,
    "parameters": {"errors"},
    "embedded_plugins": set(),
    "plugins": {"errors", "parameters", "embedded_plugins"},
    "generators": LEAVES | NAMING | {"transport_maps"},
    "objectives": LEAVES | NAMING,
}
MAY_IMPORT["zoo"] = LEAVES | NAMING | {"transport_maps", "generators", "objectives"}
MAY_IMPORT["validity"] = MATHS | {"space", "generators"}
MAY_IMPORT["search"] = MATHS | NAMING | {"space"}
MAY_IMPORT["study"] = MATHS | NAMING | {"space", "validity", "search", "generators", "objectives"}
MAY_IMPORT["report"] = MAY_IMPORT["study"] | {"study", "zoo"}
MAY_IMPORT["explore"] = MAY_IMPORT["report"] | {"report"}
MAY_IMPORT["cli"] = MAY_IMPORT["explore"] | {"explore"}
MAY_IMPORT["__main__"] = {"cli"}
MAY_IMPORT["testing"] = MAY_IMPORT["report"]

HEAVY = [
    "aerosandbox",
    "casadi",
    "click",
    "diffusers",
    "jax",
    "matplotlib",
    "onnxruntime",
    "optuna",
    "pandas",
    "PIL",
    "rich",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "torch",
    "transformers",
]


def part_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported_parts(path):
    """Parts of this package that a file imports, anywhere in it, and for type checking too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full, not relative ones"
            # from package import part; from package.part import name
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE and len(parts) > 1 and parts[1] != "__version__":
                yield parts[1]


def test_imports_point_one_way():
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        if path == ROOT / "__init__.py":
            continue
        part = part_of(path)
        assert part in MAY_IMPORT, f"say in MAY_IMPORT what {part} may import"
        crossed = set(imported_parts(path)) - MAY_IMPORT[part] - {part}
        wrong += [f"{path.relative_to(ROOT)} must not import {other}" for other in sorted(crossed)]
    assert not wrong


def loaded_after(statement):
    code = f"import sys\n{statement}\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    environment = {"PYTHONPATH": str(ROOT.parent), "PATH": ""}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_no_framework():
    assert loaded_after(f"import {PACKAGE}") == set()


def test_the_surrogate_chart_needs_scipy_alone():
    assert loaded_after(f"import {PACKAGE} as lsbe; lsbe.SurrogateChart") == {"scipy"}


def test_a_worker_loads_no_database():
    assert loaded_after(f"import {PACKAGE}.study.executors") == {"scipy"}


def test_public_names_of_the_mathematics_are_there():
    for name in ("SurrogateChart", "knothe_rosenblatt_surrogate_chart", "angular_surrogate_chart"):
        assert callable(getattr(latent_spaces_by_example, name))
    assert latent_spaces_by_example.charts.KnotheRosenblattChart
    assert latent_spaces_by_example.transport_maps.IdentityTransportMap
    assert latent_spaces_by_example.testing.ChartContract


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="simplex_surrogate_chart"):
        _ = latent_spaces_by_example.simplex_surrogate_chart
