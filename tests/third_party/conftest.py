"""Samplers of other packages, unmodified; each is skipped where its package is not installed."""

import sys
import types
from importlib import import_module
from importlib.util import find_spec
from unittest.mock import MagicMock

import pytest

# What these packages import for training, evaluation and image files, and no sampler calls.
UNUSED = [
    "torchvision",
    "torchvision.transforms",
    "torchvision.transforms.functional",
    "torchvision.utils",
    "torchvision.datasets",
    "pytorch_fid",
    "pytorch_fid.fid_score",
    "pytorch_fid.inception",
    "fairscale",
    "fairscale.nn",
    "fairscale.nn.checkpoint",
    "fairscale.nn.checkpoint.checkpoint_activations",
]


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def package():
    """Return a function that imports a module of a package, or skips the test.

    Of ``package.module`` the package's own ``__init__`` is left out: it would import what only
    training needs.
    """

    def module(name):
        parent = name.partition(".")[0]
        if name == parent:
            return pytest.importorskip(name)
        spec = find_spec(parent)
        if spec is None:
            pytest.skip(f"{parent} is not installed")
        bare = types.ModuleType(parent)
        bare.__path__ = list(spec.submodule_search_locations)
        missing = [n for n in UNUSED if find_spec(n.partition(".")[0]) is None]
        stand_ins = {n: MagicMock() for n in missing} | {parent: bare}
        before = {n: sys.modules.get(n) for n in stand_ins}
        sys.modules.update(stand_ins)
        try:
            return import_module(name)
        except ImportError as error:
            pytest.skip(f"{name} cannot be imported: {error}")
        finally:
            for n, known in before.items():
                if known is None:
                    del sys.modules[n]
                else:
                    sys.modules[n] = known

    return module
