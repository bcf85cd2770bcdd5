"""The house: file names, first words of docstrings, names of values, tests of promises."""

import ast
import re
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import latent_spaces_by_example
from test_import import MAY_IMPORT

ROOT = Path(latent_spaces_by_example.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
TREES = {path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# "base" is what the others of its room build on, and each room may have one
EVERYWHERE = {"__init__.py", "__main__.py", "base.py"}


def test_no_two_files_of_one_name_in_neighbouring_rooms():
    rooms = defaultdict(set)
    for path in TREES:
        if path.name not in EVERYWHERE and len(path.parts) > 1:
            rooms[path.parts[0]] |= {path.name}
    for first, second in combinations(rooms, 2):
        if first in MAY_IMPORT[second] or second in MAY_IMPORT[first]:
            assert not rooms[first] & rooms[second], f"{first} and {second}"


def test_docstrings_begin_with_a_verb_or_a_thing():
    questions = {"What", "Whether", "Of", "How", "Where", "Which", "Who", "When"}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            text = isinstance(node, DOCUMENTED) and ast.get_docstring(node)
            first = text.split()[0].strip(",:.") if text else ""
            assert first not in questions, f"{path}: {text.splitlines()[0]}"


def test_values_are_not_called_by_participles():
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            name = node.arg if isinstance(node, ast.arg) else getattr(node, "id", "")
            assert name not in {"found", "said", "told"}, f"{path}, line {node.lineno}: {name}"


def test_the_tests_that_hold_the_promises_are_there():
    tests = Path(__file__).parent
    named = re.findall(r"`tests/(\S+\.py)::(\w+)`", (tests / "README.md").read_text("utf-8"))
    assert len(named) > 90
    for file, name in named:
        assert f"def {name}(" in (tests / file).read_text("utf-8"), f"{file}::{name}"
