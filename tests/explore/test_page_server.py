"""Who is answered by the page's server, and what its commands refuse."""

import json
import urllib.error
import urllib.request

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from toys import Stretch

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


@pytest.fixture(scope="module")
def server():
    study = lsbe.create_study(Stretch(), examples=["6", "17", "18"])
    with study.explore(open_browser=False) as running:
        yield running


def asked(server, path, *, body=None, token=True, **headers):
    base, _, given = server.address.partition("/?token=")
    if token:
        headers["X-Token"] = given
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


def did(server, command, **values):
    status, text, _ = asked(server, f"/do/{command}", body=values)
    return status, json.loads(text)


@pytest.mark.parametrize(
    "headers",
    [
        {"token": False},
        {"token": False, "X-Token": "guess"},
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
    ],
)
def test_others_are_refused(server, headers):
    for path, body in (("/", None), ("/do/state", {})):
        status, _, sent = asked(server, path, body=body, **headers)
        assert status == 403
        assert "default-src 'none'" in sent["Content-Security-Policy"]
    assert asked(server, "/page.js", token=False)[0] == 200
    assert asked(server, "/desk.py")[0] == 404


def test_a_page_without_inline_script(server):
    _, text, headers = asked(server, "/")
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert "<script>" not in text
    assert "style=" not in text


def test_commands_answer_with_what_is_on_show(server):
    _, state = did(server, "state")
    keys = [item["key"] for item in state["gallery"]]
    assert len(set(keys)) == 9
    assert state["seeds"] == ["6", "17", "18"]
    _, moved = did(server, "around", key=keys[0], angle=0.3, turn=0)
    assert keys[0] in [item["key"] for item in moved["items"]]
    _, mixed = did(server, "blend", weights=[1, 1, 0])
    np.testing.assert_allclose(mixed["item"]["weights"], [0.7071, 0.7071, 0], atol=1e-4)
    # a point becomes a trial once somebody says something of it
    status, _ = did(server, "mark", key=mixed["item"]["key"], on=True)
    _, state = did(server, "state")
    assert status == 200
    assert [item["number"] for item in state["favourites"]] == [9]


@pytest.mark.parametrize(
    ("command", "values", "problem"),
    [
        ("_fail", {}, "no command"),
        ("close", {}, "no command"),
        ("mark", {"key": "w0", "on": True}, "no longer on the page"),
        ("mark", {"key": "t99", "on": True}, "no trial 99"),
        ("mark", {"kee": "t1"}, "unexpected keyword"),
        ("around", {"key": "t0", "angle": 9, "turn": 0}, "angle=9"),
        ("blend", {"weights": [0, 0, 0]}, "not all zero"),
        ("blend", {"weights": [1]}, "give 3 numbers"),
        ("prefer", {"best": None, "among": ["t0"]}, "compare two or more"),
        ("at", {"x": 9, "y": 0}, "off the map"),
        ("undo", {}, "no preference to take back"),
        ("between", {}, "mark two or more favourites"),
        ("evaluate", {"key": "t0"}, "no objective"),
        ("search", {"num": 0}, "num=0"),
    ],
)
def test_commands_that_cannot_be_meant_say_why(server, command, values, problem):
    status, answer = did(server, command, **values)
    assert status == 409
    assert problem in answer["problem"]


def test_a_file_is_served_only_after_it_was_written(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert asked(server, "/written/0")[0] == 404
    assert did(server, "keep", key="t0")[0] == 200
    _, state = did(server, "state")
    place = next(i for i, path in enumerate(state["files"]) if path.endswith(".json"))
    status, text, headers = asked(server, f"/written/{place}")
    assert (status, json.loads(text)["trial"]) == (200, 0)
    assert headers["Content-Disposition"].startswith("attachment")


def test_a_notebook_shows_the_page_in_a_frame(server):
    assert f'src="{server.address}"' in server._repr_html_()


def test_a_port_in_use_is_named(server):
    port = int(server.address.split(":")[2].split("/")[0])
    with pytest.raises(ArgumentError, match=f"port={port} cannot be used"):
        lsbe.create_study(Stretch()).explore(port=port, open_browser=False)
