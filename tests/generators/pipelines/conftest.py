"""Tiny pipelines: in memory, built once for all tests that leave them alone, or in a folder."""

import copy
from importlib.util import find_spec

import pytest

NEEDED = ("torch", "diffusers", "transformers")
collect_ignore_glob = [] if all(map(find_spec, NEEDED)) else ["test_*.py"]


def pytest_itemcollected(item):
    """Let diffusers and transformers warn about each other, which is not about us."""
    about = ("ignore::DeprecationWarning", "ignore::FutureWarning")
    item.add_marker(pytest.mark.filterwarnings(*about))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Several threads on tiny matrices only wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The folder of a tiny pipeline, by name."""
    from tiny.pipelines import save_tiny_pipeline

    home = tmp_path_factory.mktemp("pipelines")

    def folder(name):
        if not (home / name).exists():
            save_tiny_pipeline(name, home / name)
        return home / name

    return folder


@pytest.fixture(scope="session")
def built():
    """A tiny pipeline by name, the same networks each time, and a scheduler of its own."""
    import torch

    from tiny.pipelines import TINY_PIPELINES

    known = {}

    def pipeline(name):
        if name not in known:
            torch.manual_seed(0)
            known[name] = TINY_PIPELINES[name]()
        mine = copy.copy(known[name])
        mine.scheduler = copy.deepcopy(mine.scheduler)
        return mine

    return pipeline
