"""Names, places and entry points."""

import inspect
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from latent_spaces_by_example import generators, objectives, plugins, search
from latent_spaces_by_example.errors import ArgumentError, MissingPackageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
MODULE = '''
class Scaled:
    """Scale every output.

    At length.
    """

    spec = "scaled:factor=2"

    def __init__(self, *, factor: float = 2.0):
        self.factor = factor

    def __call__(self, outputs):
        return [self.factor * output for output in outputs]


def area(outputs, *, unit=1.0):
    """Sum every output."""
    return [unit * float(output) for output in outputs]
'''
METADATA = "Metadata-Version: 2.1\nName: {0}\nVersion: 1\nSummary: All about {0}\n"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put distributions on the path, each with its entry points for objectives."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "plugged.py").write_text(MODULE)
    (tmp_path / "unsound.py").write_text("raise RuntimeError('no licence')")

    def install(name, points):
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(METADATA.format(name))
        lines = [f"{key} = {value}" for key, value in points.items()]
        group = "[latent_spaces_by_example.objectives]"
        (folder / "entry_points.txt").write_text("\n".join([group, *lines]))
        plugins._installed.cache_clear()

    yield install
    plugins._installed.cache_clear()
    for module in ("plugged", "unsound"):
        sys.modules.pop(module, None)


def test_the_embedded_names_are_declared_as_entry_points():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for kind, table in plugins.EMBEDDED.items():
        declared = project["entry-points"][f"latent_spaces_by_example.{kind}"]
        assert declared == {name: plugin.target for name, plugin in table.items()}
    assert set(plugins.EMBEDDED) == set(plugins.KINDS)


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_each_embedded_name_leads_somewhere_and_has_a_line(kind):
    for name, plugin in plugins.EMBEDDED[kind].items():
        if name == "clip":  # which imports torch
            assert plugins._docstring(plugin.target)
        else:
            target = plugins.resolve(plugin.target)
            assert {plugin.text, *plugin.files} <= {None, *inspect.signature(target).parameters}
        assert 10 < len(plugins.describe(kind)[name]) < 85
        assert plugins.is_registered(kind, f"{name}:a=1")


def test_plugins_of_other_packages(install):
    install("alpha", {"scaled": "plugged:Scaled", "area": "plugged:area", "clip": "plugged:area"})
    install("beta", {"twice": "plugged:area", "unsound": "unsound:score", "gone": "nowhere:score"})
    install("gamma", {"twice": "plugged:Scaled"})
    assert {"scaled", "area", "twice", "lift-to-drag"} <= set(objectives.names())
    assert "plugged" not in sys.modules  # nothing is imported to describe it
    lines = plugins.describe("objectives")
    assert (lines["scaled"], lines["area"]) == ("Scale every output.", "Sum every output.")
    assert lines["gone"] == "All about beta"
    assert "CLIP" in lines["clip"]  # nobody takes an embedded name
    assert objectives.load("scaled:factor=3")([2]) == [6.0]
    area = objectives.load("area:unit=2")
    assert (area([2]), area.spec) == ([4.0], "area:unit=2")
    assert not plugins.is_safe_to_reload("objectives", "scaled")
    for spec, words in {
        "twice": "registered by beta and gamma; name one by its place: plugged:area or",
        "unsound": "'unsound' of beta is broken: .*RuntimeError: no licence",
        "gone": "'gone' of beta is broken: there is no module 'nowhere'",
        "scaled:factr=3": "did you mean factor",
    }.items():
        with pytest.raises(ArgumentError, match=words):
            objectives.load(spec)
    assert objectives.load("effective-conductivity").contrast == 100.0


def test_installed_metadata_may_be_older_than_the_table():
    for kind in plugins.KINDS:
        ours = {point.name for point in entry_points(group=f"latent_spaces_by_example.{kind}")}
        assert ours <= set(plugins.names(kind))
        assert not set(plugins._installed(kind)) & set(plugins.EMBEDDED[kind])


@pytest.mark.parametrize(
    ("kind", "spec", "safe"),
    [
        ("generators", "microstructure:size=64", True),
        ("generators", "diffusers:org/name:steps=3", False),
        ("generators", "diffusers:pipeline=org/name", False),
        ("generators", "my_module:model", False),
        ("objectives", "lift-to-drag:cl=0.7", True),
        ("objectives", "clip:a red sports car", True),
        ("objectives", "clip:prompt=a,device=cpu", True),
        ("objectives", "clip:prompt=x,model=someone/repository", False),
        ("objectives", "clip:a red car:device=cpu, image =/etc/passwd", False),
        ("objectives", " clip : model = someone/repository", False),
        ("objectives", "os:system", False),
        ("searches", "tpe:num_startup_trials=3", True),
        ("searches", "my_module:search", False),
    ],
)
def test_what_a_stored_study_may_name(kind, spec, safe):
    assert plugins.is_safe_to_reload(kind, spec) is safe


def test_parameters_reach_what_is_made():
    generator = generators.load("microstructure:size=24,spectrum=ring,correlation_length=2")
    assert generator.latent_shape == (24, 24)
    for name in set(generators.names()) - {"diffusers"}:
        generator = generators.load(name)
        assert generator.name.split(":")[0] == name
        assert generators.load(generator.name).name == generator.name
        assert generator.default_objective in objectives.names()
    assert search.load("tpe", num_startup_trials=3).num_startup_trials == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("microstructure:sise=24", "did you mean size"),
        ("microstructure:size=2.5", "whole number"),
        ("microstructure:size=30000", "size=30000; expected a number from 2 to 4096"),
        ("microstructure:size=1e300", r"size=1\d{39}; expected a number from 2 to 4096"),
        ("microstructure:size=inf", "whole number"),
        ("microstructure:volume_fraction=half", "must be a number"),
        ("microstructure:ring", "'ring' is no parameter of microstructure"),
        ("airfoil:size=3", "it has none"),
        ("airfoill", "did you mean airfoil"),
        ("", "expected one of airfoil, diffusers, digits"),
        ("a:b:c", "no generator is called 'a:b:c'"),
        ("no_such_module:model", "no module"),
        ("math:pi", "no latent_shape and no generate"),
    ],
)
def test_bad_generators(name, words):
    with pytest.raises(ArgumentError, match=words):
        generators.load(name)


def test_a_bad_kind():
    with pytest.raises(ArgumentError, match="kind='generator'; expected one of generators"):
        plugins.names("generator")
    with pytest.raises(ArgumentError, match="does not take these parameters"):
        plugins.load("searches", "tpe", weight_charts=None)


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    for module in list(sys.modules):
        if module.startswith(("latent_spaces_by_example.zoo.", "onnxruntime", "neuralfoil")):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "neuralfoil", None)
    for load, name in [(generators.load, "airfoil"), (objectives.load, "lift-to-drag")]:
        with pytest.raises(MissingPackageError, match=r"latent-spaces-by-example\[airfoil\]"):
            load(name)


def test_naming_and_loading_import_no_heavy_package():
    program = (
        "import sys; from latent_spaces_by_example import generators, plugins\n"
        "for kind in plugins.KINDS: plugins.describe(kind)\n"
        "generators.load('airfoil')\n"
        "print({'torch', 'scipy', 'matplotlib', 'aerosandbox', 'PIL', 'optuna'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
