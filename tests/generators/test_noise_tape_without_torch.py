import subprocess
import sys
from pathlib import Path

import pytest

import latent_spaces_by_example as lsbe

SOURCE = str(Path(lsbe.__file__).parents[1])


def run(code):
    environment = {"PYTHONPATH": SOURCE}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )


def test_without_torch_one_line_says_how_to_get_it():
    code = """
import sys
sys.modules["torch"] = None
import latent_spaces_by_example as lsbe
try:
    lsbe.generators.noise_tape
except lsbe.errors.MissingPackageError as error:
    print(error)
"""
    done = run(code)
    assert done.stdout.strip() == (
        "generators.noise_tape needs torch; install it with: "
        "pip install 'latent-spaces-by-example[torch]'"
    ), done.stderr


def test_torch_is_imported_only_when_asked_for():
    done = run(
        "import sys, latent_spaces_by_example.generators as g; print('torch' in sys.modules)"
    )
    assert done.stdout.strip() == "False", done.stderr


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'noise_tapes'"):
        _ = lsbe.generators.noise_tapes
