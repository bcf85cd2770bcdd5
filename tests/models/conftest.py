"""The training scripts are no package: their folder is put on the path, if torch is there."""

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "models" / "airfoil"))
collect_ignore = [] if find_spec("torch") and find_spec("onnx") else ["test_airfoil_training.py"]
