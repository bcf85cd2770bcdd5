"""Loading embedded generators by name."""

import os
import subprocess
import sys

import pytest

from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, MissingPackageError


def test_names_can_be_loaded():
    for name in generators.names():
        assert generators.load(name).name == name


@pytest.mark.parametrize("name", ["airfoils", "", "wing", None, 3])
def test_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ArgumentError, match="airfoil"):
        generators.load(name)


def test_near_name_is_suggested():
    with pytest.raises(ArgumentError, match="Did you mean 'airfoil'"):
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
