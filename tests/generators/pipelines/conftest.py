"""One tiny pipeline of each kind, written to disk once for all tests."""

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
