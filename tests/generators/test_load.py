"""Loading embedded generators by name."""

import os
import subprocess
import sys

import pytest

from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, MissingPackageError


def test_names_can_be_loaded():
    for name in generators.names():
        generator = generators.load(name)
        assert generator.name.split(":")[0] == name
        assert generators.load(generator.name).name == generator.name


def test_parameters_reach_the_generator():
    generator = generators.load("microstructure:size=24,spectrum=ring,correlation_length=2")
    assert generator.latent_shape == (24, 24)
    assert generator.name == (
        "microstructure:size=24,correlation_length=2.0,volume_fraction=0.5,anisotropy=1.0,"
        "spectrum=ring"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("microstructure:sise=24", "did you mean size"),
        ("microstructure:size=2.5", "whole number"),
        ("microstructure:volume_fraction=half", "must be a number"),
        ("airfoil:size=3", "it has none"),
        ("no_such_module:model", "no module"),
        ("math:pi", "no latent_shape and no generate"),
    ],
)
def test_bad_parameters(name, words):
    with pytest.raises(ArgumentError, match=words):
        generators.load(name)


@pytest.mark.parametrize("name", ["airfoils", "", "wing"])
def test_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ArgumentError, match="airfoil"):
        generators.load(name)


def test_near_name_is_suggested():
    with pytest.raises(ArgumentError, match="did you mean airfoil"):
        generators.load("airfoill")


def test_missing_onnxruntime_names_the_command(monkeypatch):
    for module in list(sys.modules):
        if module.startswith(("latent_spaces_by_example.generators.", "onnxruntime")):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingPackageError) as caught:
        generators.load("airfoil")
    assert "pip install 'latent-spaces-by-example[airfoil]'" in str(caught.value)
    assert "onnxruntime" in str(caught.value)


def test_loading_imports_no_heavy_package():
    code = (
        "import sys; from latent_spaces_by_example.generators import load; load('airfoil'); "
        "heavy = {'torch', 'scipy', 'matplotlib', 'aerosandbox', 'PIL'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
