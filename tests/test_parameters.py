import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.parameters import read_parameters, split_parameters


class Taker:
    def __init__(self, *, count: int = 1, ratio: float = 0.5, kind: str = "a", on: bool = False):
        self.values = (count, ratio, kind, on)


def scale(outputs, factor, power=None):
    return [factor * output for output in outputs]


def read(text, of=Taker):
    return read_parameters(text, of=of, named="taker", skip_first=of is scale)


@settings(max_examples=15, deadline=None)
@given(
    count=st.integers(-(2**53), 2**53),
    ratio=st.floats(allow_nan=False),
    kind=st.text("abc:=", min_size=1).filter(lambda text: text == text.strip()),
    on=st.booleans(),
)
def test_values_come_back_in_the_type_of_the_default(count, ratio, kind, on):
    text = f"count={count}, ratio={ratio} ,kind={kind},on={on}"
    assert read(text) == {"count": count, "ratio": ratio, "kind": kind, "on": on}
    assert type(read("ratio=2")["ratio"]) is float


@pytest.mark.parametrize(("value", "meant"), [("2", 2), ("2.5", 2.5), ("1e3", 1000), ("up", "up")])
def test_without_a_default_a_value_is_what_it_reads_as(value, meant):
    found = read(f"factor={value}", of=scale)["factor"]
    assert found == meant
    assert type(found) is type(meant)


def test_the_first_parameter_of_a_function_is_not_for_the_user():
    with pytest.raises(ArgumentError, match="no parameter 'outputs'"):
        read("outputs=1,factor=2", of=scale)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "cuont=2",
            r"no parameter 'cuont' \(did you mean count or on\?\); it has count=1, ratio=0.5",
        ),
        ("count", "must read name=value, not 'count'"),
        ("count=", "must read name=value"),
        ("count=1,count=2", "given twice"),
        ("count=1.5", "must be a whole number, not '1.5'"),
        ("count=many", "must be a number, not 'many'"),
        ("ratio=half", "must be a number, not 'half'"),
        ("on=perhaps", "must be true or false, not 'perhaps'"),
    ],
)
def test_bad_parameters(text, words):
    with pytest.raises(ArgumentError, match=words):
        read(text)


def test_a_parameter_without_a_default_is_needed():
    with pytest.raises(ArgumentError, match="needs the parameter 'factor': taker:factor="):
        read("power=2", of=scale)


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("name", ("name", "")),
        ("name:a=1,b=2", ("name", "a=1,b=2")),
        ("module:function", ("module:function", "")),
        ("module:function:a=x:y", ("module:function", "a=x:y")),
    ],
)
def test_specs_are_split_before_the_parameters(spec, parts):
    assert split_parameters(spec) == parts
