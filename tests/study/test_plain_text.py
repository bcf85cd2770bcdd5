import unicodedata

import pytest

from latent_spaces_by_example.study.plain_text import plain


@pytest.mark.parametrize(
    "name",
    [
        "\x1b]52;c;cm0gLXJm\x07",
        "\x1b]0;title\x07",
        "\x1b[2J",
        "\x9b2J",
        "\x85",
        "a\rb",
        "a\nlsbe: all is well",
        "\u202egnp.exe",
        "\u2066x\u2069",
        "\u200f",
        "\ud800",
        "\u2028",
        "\U000e0041",
    ],
)
def test_nothing_reaches_a_terminal_that_it_would_act_on(name):
    shown = plain(name)
    assert "\N{REPLACEMENT CHARACTER}" in shown
    assert not {unicodedata.category(mark) for mark in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode()
    assert set(plain(name, lines=True)) - {"\n"} <= set(shown)


@pytest.mark.parametrize("name", ["wing", "Flügel 翼 ✈", "e\u0301", "مثال", "[bold]x[/bold]", ""])
def test_other_names_stay_as_they_are(name):
    assert plain(name) == name
    assert plain(f"{name}\n\t{name}", lines=True) == f"{name}\n\t{name}"
