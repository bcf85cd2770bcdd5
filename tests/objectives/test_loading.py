import sys

import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.objectives import load
from latent_spaces_by_example.study.ranking import declared_directions

MODULE = """
from functools import partial

TABLE = {"a": 1}


def area(outputs):
    return [float(output) for output in outputs]


def weighted(outputs, weight=1.0, *, power: int = 1, sign: bool = True, name="x"):
    return [{"score": weight * output**power, "sign": sign, "name": name} for output in outputs]


def needs(outputs, *, limit):
    return [{"score": 0.0, "limit": limit} for _ in outputs]


def loss(outputs, weight=1.0):
    return [weight * float(output) for output in outputs]


loss.direction = "minimise"


class Counted:
    def __init__(self, start=0):
        self.start = start

    def __call__(self, outputs):
        return [self.start + len(outputs)] * len(outputs)


class Mute:
    pass


class Group:
    inner = staticmethod(area)


doubled = partial(weighted, weight=2.0)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module of the user's own, in the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"scores_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(MODULE)
    yield name
    sys.modules.pop(name, None)


@pytest.mark.parametrize("spec", ["loss", "loss:weight=2", "area"])
def test_the_direction_that_a_function_declares(module, spec):
    declared = "maximise" if spec == "area" else "minimise"
    assert declared_directions(load(f"{module}:{spec}")) == (declared,)


def test_a_function_in_the_current_directory(module):
    objective = load(f"{module}:area")
    assert objective([1, 2]) == [1.0, 2.0]
    assert objective.spec == f"{module}:area"


def test_parameters_of_a_function(module):
    spec = f"{module}:weighted:weight=3,power=2,sign=no,name=a=b:c"
    objective = load(spec)
    assert objective([2.0]) == [{"score": 12.0, "sign": False, "name": "a=b:c"}]
    assert objective.spec == spec
    assert load(objective.spec)([2.0]) == objective([2.0])
    assert load(f"{module}:doubled")([2.0])[0]["score"] == 4.0


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("0.5", 0.5), ("1e3", 1000), ("abc", "abc")])
def test_a_parameter_without_a_default_is_what_it_reads_as(module, text, value):
    (figures,) = load(f"{module}:needs:limit={text}")([0])
    assert figures["limit"] == value
    assert type(figures["limit"]) is type(value)


def test_a_class_is_made_and_its_object_called(module):
    assert load(f"{module}:Counted:start=5")(["a", "b"]) == [7, 7]
    assert load(f"{module}:Counted")(["a"]) == [1]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("absent_module:area", r"no module 'absent_module', neither in .* nor installed"),
        ("{m}.deeper:area", r"no module .*not a package|no module '{m}\.deeper'"),
        ("{m}:aera", r"has no 'aera' \(did you mean area or partial\?\)"),
        ("{m}:TABLE", r"\{'a': 1\}, which cannot be called"),
        ("{m}:Mute", r"Mute object at .*, which cannot be called"),
        ("{m}:area:weight=2", r"no parameter 'weight'; it has none"),
        (
            "{m}:weighted:wieght=2",
            r"no parameter 'wieght' \(did you mean weight\?\); it has weight=1.0, power=1, ",
        ),
        ("{m}:weighted:weight=heavy", r"parameter 'weight' .* must be a number, not 'heavy'"),
        ("{m}:weighted:power=1.5", r"parameter 'power' .* must be a whole number, not '1.5'"),
        ("{m}:weighted:sign=2", r"parameter 'sign' .* must be true or false, not '2'"),
        ("{m}:weighted:weight=1,weight=2", r"'weight' .* given twice"),
        ("{m}:weighted:weight=1,power", r"must read name=value, not 'power'"),
        ("{m}:weighted:weight=", r"must read name=value, not 'weight='"),
        ("{m}:needs", r"needs the parameter 'limit': {m}:needs:limit=\.\.\."),
        ("lift-to-drg", r"no objective is called 'lift-to-drg' \(did you mean lift-to-drag\?\)"),
        ("{m}", r"package\.module:name"),
        ("{m}:", r"package\.module:name"),
        (":area", r"package\.module:name"),
        ("", r"no objective is called ''"),
        ("{m}:area:area", r"package\.module:name"),
        ("lift-to-drag:speed=3", r"no parameter 'speed'.*; it has cl=1\.0, reynolds=1000000\.0"),
        ("lift-to-drag:cl=high", r"parameter 'cl' of lift-to-drag must be a number"),
        ("lift-to-drag:cl=-1", r"cl=-1.0; expected a number above 0"),
    ],
)
def test_bad_specs(module, spec, message):
    with pytest.raises(ArgumentError, match=message.replace("{m}", module)):
        load(spec.replace("{m}", module))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import absent_dependency", "ModuleNotFoundError: No module named 'absent_dependency'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_module_that_fails_at_import(module, tmp_path, source, message):
    (tmp_path / f"broken_{module}.py").write_text(source)
    with pytest.raises(ArgumentError, match=f"fails at import: {message}"):
        load(f"broken_{module}:area")


def test_lift_to_drag_is_made_again_from_its_spec():
    objective = load("lift-to-drag:cl=0.7, reynolds=5e5,model_size=medium")
    assert vars(load(objective.spec)) == vars(objective)
    assert (objective.cl, objective.reynolds, objective.model_size) == (0.7, 5e5, "medium")
    assert load("lift-to-drag").spec == load(load("lift-to-drag").spec).spec
