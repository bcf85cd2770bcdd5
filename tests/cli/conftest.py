"""``lsbe`` in this process, in a folder of its own, on toys."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from latent_spaces_by_example.cli import main

TESTS = Path(__file__).parents[1]


@pytest.fixture
def lsbe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("LSBE_STORAGE", raising=False)

    def run(*arguments, code=0, **options):
        result = CliRunner().invoke(main, [str(a) for a in arguments], **options)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return " ".join(result.output.split())

    return run


@pytest.fixture
def start():
    """Start a command in a process of its own."""
    paths = [str(TESTS), str(TESTS.parent / "src")]

    def begin(*arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "latent_spaces_by_example", *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([*paths, os.getcwd()])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return begin
