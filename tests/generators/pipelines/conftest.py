"""Tiny pipelines: in memory, built once for all tests that leave them alone, or in a folder."""

import copy

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Several threads on tiny matrices only wait for each other."""
    torch = pytest.importorskip("torch")
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
