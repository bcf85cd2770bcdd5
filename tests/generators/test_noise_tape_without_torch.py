import subprocess
import sys
from pathlib import Path

import latent_spaces_by_example as lsbe

SOURCE = str(Path(lsbe.__file__).parents[1])


def run(code):
    environment = {"PYTHONPATH": SOURCE}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )


WITHOUT_TORCH = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "torch" else find(name, *more)
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Absent())
import numpy as np
import latent_spaces_by_example as lsbe
class Model:
    rng = np.random.default_rng(0)
    def __call__(self):
        return self.rng.standard_normal(3) + np.random.rand()
tape = lsbe.generators.noise_tape(Model(), rngs=[Model.rng])
print(tape.latent_shape, tape.generate(np.array([[1.0, 2.0, 3.0, 0.5]]))[0])
study = lsbe.optimise(tape, lambda outputs: [x.sum() for x in outputs], budget=4)
print(len(study.trials), lsbe.generators.noise_tape(lambda: np.random.randn(2)).latent_shape)
"""


def test_samplers_of_numpy_alone_need_no_torch():
    done = run(WITHOUT_TORCH)
    assert done.stdout.split("\n")[:2] == ["(4,) [1.5 2.5 3.5]", "4 (2,)"], done.stderr


def test_torch_is_imported_only_when_asked_for():
    done = run(
        "import sys, latent_spaces_by_example.generators as g; print('torch' in sys.modules)"
    )
    assert done.stdout.strip() == "False", done.stderr
