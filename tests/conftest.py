"""What holds for all tests: shape annotations that are checked, and time that is not wasted."""

import functools
import gc
import linecache
import signal
from pathlib import Path

import pytest
from alembic import util as alembic_util
from hypothesis import settings
from jaxtyping import config as jaxtyping_config
from jaxtyping import install_import_hook

# What is imported stays: looking for garbage among its million objects would take 3 s.
gc.disable()

# The files of the mathematics that write shapes, where a wrong one may go unnoticed.
MATHEMATICS = ("charts", "transport_maps", "space")
HOUSE = Path(__file__).parents[1] / "src/latent_spaces_by_example"
install_import_hook(
    [
        f"latent_spaces_by_example.{room}.{file.stem}"
        for room in MATHEMATICS
        for file in (HOUSE / room).glob("*.py")
        if "from jaxtyping import" in file.read_text(encoding="utf-8")
    ],
    "beartype.beartype",
)

from latent_spaces_by_example.study import looking  # noqa: E402  the hook comes first

# Toys take no time, so a search would look at 256 of them for each proposal, for 0.2 s. Tests of
# other things do without; those of looking say how many.
looking._LEAST_SECONDS = 0.0

# what a hundred examples of a law find, twenty find a run or two later
settings.register_profile("few", max_examples=20, deadline=None)
settings.load_profile("few")

# For each new database Optuna reads the thirty files of its migrations, which stay what they are.
alembic_util.load_python_file = functools.cache(alembic_util.load_python_file)

# Run in the background, a shell lets us ignore Ctrl-C, and what the tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

check_cache = linecache.checkcache


def check_cache_undisturbed(filename: str | None = None) -> None:
    """``linecache.checkcache`` without a garbage collection in the middle of it.

    Every doctest begins with it. It walks over a list of the sources that it knows, and SQLAlchemy
    (2.1) takes the source of a class out when the class is collected, as those of Optuna's
    migrations are: a collection during the walk ends it with a KeyError (in Python 3.11).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        check_cache(filename)
    finally:
        if was_enabled:
            gc.enable()


linecache.checkcache = check_cache_undisturbed


def pytest_runtest_setup(item):
    """Check shapes in the tests and doctests of the mathematics: a checked call costs 30 us."""
    is_checked = any(room in item.path.parts for room in (*MATHEMATICS, "arrays", "testing"))
    jaxtyping_config.update("jaxtyping_disable", not is_checked)


def pytest_collection_finish():
    """Look for garbage from here on, but seldom: the imported objects are looked through as well.

    To freeze them would hide them from the noise tape, which asks who holds a random source.
    """
    gc.set_threshold(10_000, 10, 20)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def databases_that_wait_for_no_disk():
    """Spare each commit five waits for the disk, which only a power cut makes a difference to."""
    from latent_spaces_by_example.study import database

    before, database.SYNCHRONOUS = database.SYNCHRONOUS, "OFF"
    yield before
    database.SYNCHRONOUS = before


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory):
    """Return the folder of a CLIP of random weights."""
    from tiny.pipelines import save_tiny_clip

    return save_tiny_clip(tmp_path_factory.mktemp("clip"))
