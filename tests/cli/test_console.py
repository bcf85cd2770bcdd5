"""Tables, options in messages, and what may not reach a terminal."""

import pytest

from latent_spaces_by_example import optimise
from latent_spaces_by_example.cli.console import Column, as_options, table
from latent_spaces_by_example.cli.hints import command
from latent_spaces_by_example.cli.options import Place
from toys import Stretch, height


@pytest.mark.parametrize("width", [60, 80])
def test_tables_are_cut_by_columns(width):
    columns = [Column("trial", ["1", "2"], always=True)]
    columns += [Column(f"metric {n}", [f"{n}.123", f"-{n}.5"]) for n in range(20)]
    columns += [Column("same", ["1", "1"]), Column("empty", ["", ""])]
    lines, left_out = table(columns, width=width)
    assert all(len(line) <= width for line in lines)
    assert "…" not in "".join(lines)
    assert lines[0].count("metric") + len(left_out) == 20
    assert not {"same", "empty"} & {*left_out, *lines[0].split()}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("out='runs/a' exists", "--out 'runs/a' exists"),
        ("num_seeds=1.5; give", "--seeds 1.5; give"),
        ("within_span=False needs", "--beyond-examples"),
        ("storage=postgresql://ann:***@db/runs?name=x cannot", "--storage postgresql"),
        ("lift-to-drag:cl=0.7 and out of budget", "lift-to-drag:cl=0.7 and out of budget"),
    ],
)
def test_messages_are_in_the_words_of_the_command_line(message, expected):
    assert as_options(message).startswith(expected)


def test_a_password_is_in_no_hint():
    place = Place("runs/a", storage="postgresql://ann:s3cret@db/runs")
    assert command("status", place) == "lsbe status runs/a --storage 'postgresql://ann:***@db/runs'"


def test_escape_sequences_of_names_stay_away(lsbe):
    name = "a\x1b]0;owned\x07\x9b2J\u202e"

    class Named(Stretch):
        pass

    Named.name = name
    optimise(Named(), height, budget=3, search="random", out="runs/wing", name=name)
    for words in (["status", "runs/wing"], ["list"], ["top", "runs/wing"], ["resume", "runs/wing"]):
        output = lsbe(*words, code=2 if words[0] == "resume" else 0)
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(output)
