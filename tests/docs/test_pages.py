"""The pages are true: their code runs and prints what they show, their commands and names exist."""

import doctest
import re
import shlex
import sys
import textwrap
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from latent_spaces_by_example.cli import main

ROOT = Path(__file__).parents[2]
PAGES = {path.stem: path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
FENCE = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# blocks with one of these are only compiled: published models, clusters that are not here
ELSEWHERE = re.compile(r"from_pretrained|black-forest-labs|stabilityai|SLURM|slurm|MyPipeline")
# pages of which every block builds on a published model
COMPILED_ONLY = {"diffusers", "inversion"}
# processes that start slowly on a busy machine would end the cluster
IN_THREADS = "processes=False, dashboard_address=None"
# what stands in the folder when a page begins
BEFORE = {
    "studies": """
import latent_spaces_by_example as lsbe
generator, objective = lsbe.generators.load("digits"), lsbe.objectives.load("digit-margin:digit=3")
lsbe.optimise(generator, objective, budget=2, out="runs/wing")
"""
}
NEEDS = {
    "README": ["neuralfoil"],
    "arrays": ["torch"],
    "choosing": ["neuralfoil"],
    "constraints": ["neuralfoil"],
    "generators": ["torch"],
    "image_optimisation": ["neuralfoil"],
    "noisy_scores": ["neuralfoil"],
    "objectives": ["neuralfoil"],
    "own_loop": ["neuralfoil", "cma", "nevergrad"],
    "quickstart": ["neuralfoil"],
    "report": ["neuralfoil"],
    "samplers": ["torch"],
    "several_scores": ["neuralfoil"],
    "space": ["neuralfoil"],
    "studies": ["onnxruntime"],
    "workers": ["distributed"],
}
SLOW = {"image_optimisation", "space", "workers"}


def blocks_of(page, language):
    """Return (prose before, code, text block that follows at once or None) of each block."""
    text = PAGES[page].read_text(encoding="utf-8")
    fences, end = list(FENCE.finditer(text)), 0
    for place, fence in enumerate(fences):
        prose, end = text[end : fence.start()], fence.end()
        if fence[2] != language:
            continue
        shown, following = None, fences[place + 1 : place + 2]
        if following and following[0][2] == "text":
            between = text[fence.end() : following[0].start()]
            shown = None if between.strip() else textwrap.dedent(following[0][3]).strip()
        yield prose, textwrap.dedent(fence[3]), shown


WITH_PYTHON = [
    pytest.param(page, marks=[pytest.mark.slow] * (page in SLOW))
    for page in PAGES
    if any(blocks_of(page, "python"))
]


@pytest.mark.parametrize("page", WITH_PYTHON)
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_the_code_runs_and_prints_what_is_shown(page, tmp_path, monkeypatch, capsys):
    """One namespace a page, in an empty folder; budgets and grids are cut."""
    for package in NEEDS.get(page, []):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names = {"__name__": "page"}
    exec(BEFORE.get(page, ""), names)
    for number, (prose, code, shown) in enumerate(blocks_of(page, "python")):
        if code.startswith(">>>"):
            continue  # the test below
        where = f"{page}.md, block {number}"
        code = re.sub(r"\bbudget=(\d+)", lambda cut: f"budget={4 + int(cut[1]) // 50}", code)
        code = code.replace("size=9,", "size=3,")
        code = code.replace("LocalCluster(", f"LocalCluster({IN_THREADS}, ")
        compiled = compile(code, where, "exec")
        if page in COMPILED_ONLY or ELSEWHERE.search(code):
            continue
        if file := re.findall(r"nto `(\w+)\.py`", prose):
            Path(f"{file[-1]}.py").write_text(code, encoding="utf-8")
            monkeypatch.delitem(sys.modules, file[-1], raising=False)
            continue
        capsys.readouterr()
        printed = ""
        try:
            exec(compiled, names)
        except Exception as error:
            if shown is None:
                raise
            printed = f"{type(error).__module__}.{type(error).__qualname__}: {error}"
        if shown is not None:
            printed = (capsys.readouterr().out + printed).strip()
            assert printed.split() == shown.split(), where


@pytest.mark.parametrize("page", [p for p, f in PAGES.items() if ">>> " in f.read_text("utf-8")])
def test_the_sessions_print_what_is_shown(page):
    result = doctest.testfile(
        str(PAGES[page]), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.attempted > 15
    assert result.failed == 0


def commands():
    for page in PAGES:
        for language in ("console", ""):
            for _, code, _ in blocks_of(page, language):
                for line in code.replace("\\\n", " ").splitlines():
                    if command := re.match(r"(?:\$ )?(?:\S*/)?lsbe (.+)", line):
                        yield page, shlex.split(command[1], comments=True)


def test_the_commands_and_their_options_exist():
    seen = set()
    for page, (name, *arguments) in commands():
        assert name in main.commands, f"{page}: lsbe {name}"
        command = main.commands[name]
        try:
            command.make_parser(click.Context(command)).parse_args(arguments)
        except click.UsageError as error:
            pytest.fail(f"{page}: lsbe {name} {' '.join(arguments)}: {error.message}")
        seen.add(name)
    assert seen == set(main.commands), "a command that no page shows"


def test_every_name_of_the_reference_is_there():
    text = PAGES["api"].read_text(encoding="utf-8")
    for kind, path in re.findall(r"^\.\. auto(\w+):: (\S+)$", text, flags=re.MULTILINE):
        parts = path.split(".")
        for depth in range(len(parts), 0, -1):
            try:
                value = import_module(".".join(parts[:depth]))
            except ModuleNotFoundError:
                continue
            break
        for part in parts[depth:]:
            value = getattr(value, part)
        assert kind == "module" or value.__doc__, path


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!http)([^)#]+)", PAGES["README"].read_text(encoding="utf-8"))
    assert len(links) > 10
    assert not [link for link in links if not (ROOT / link).exists()]


def test_every_picture_is_shown_and_every_page_is_in_the_contents():
    pages = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
    pictures = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert pictures == set(re.findall(r"pictures/([\w-]+\.png)", "".join(pages.values())))
    assert {page for page in pages if page not in ("README", "index")} <= set(
        re.findall(r"^\w+$", pages["index"], flags=re.MULTILINE)
    )
