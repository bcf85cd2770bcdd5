import time

import pytest

from latent_spaces_by_example.study.passwords import shown_storage, without_password

# "SECRET" is the part that may be seen nowhere
STORAGES = [
    "postgresql://ann:SECRET%40t@db.example:5432/runs",
    "postgresql+psycopg://ann:SECRET@db.example/runs?sslmode=require",
    "postgresql://ann@db.example/runs?password=SECRET%2Ft",
    "postgresql://ann:SECRET@db.example:port/runs",
    "nonsense://:SECRET@",
    "postgresql:/ann:SECRET@db.example/runs",
    "postgresql:ann:SECRET@db.example/runs",
    "//ann:SECRET@db.example/runs",
    "ann:SECRET@db.example/runs",
    "host=db.example password=SECRET dbname=runs",
    "host=db.example password='SECRET word' dbname=runs",
    "postgresql://ann:p/SECRET@db.example/runs",
    "postgresql://ann:p@SECRET/x@db.example/runs",
    "postgresql://ann:p?SECRET#x@db.example/runs",
]


@pytest.mark.parametrize("storage", STORAGES)
def test_a_password_is_never_shown(storage):
    shown = shown_storage(storage)
    assert "SECRET" not in shown
    assert "***" in shown or "?" in storage
    for text in (f"cannot open {storage}: no", f"'{storage}'\nTraceback", storage):
        assert "SECRET" not in without_password(text)
    # as the driver read it, alone in a message
    for secret in ("SECRET%40t", "SECRET@t", "SECRET/t", "SECRET word"):
        if secret.replace("@", "%40").replace("/t", "%2Ft") in storage:
            assert "SECRET" not in without_password(f"no: {secret}", storage=storage)


def test_a_password_with_a_space_is_struck_out_where_its_storage_is_known():
    storage = "postgresql://ann:my SECRET@db.example/runs"
    assert shown_storage(storage) == "postgresql://ann:***@db.example/runs"
    assert "SECRET" not in without_password(f"no: {storage}", storage=storage)


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////runs/a.db",
        "postgresql://ann@db.example:5432/runs",
        'File "model.py", line 12, in generate: x[1:n] @ y[:, 0]@z',
        "shape (3, 4): expected num_tokens=12, at 12:03:55",
        "see https://example.org:443/docs",
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert without_password(text) == text


@pytest.mark.parametrize(
    "text",
    [
        'request failed: {"api_key": "SECRET"}',
        "PGPASSWORD=SECRET psql",
        "https://api.example/v1?access_token=SECRET&n=2",
        "requests.get(url, token='SECRET')",
    ],
)
def test_other_secrets_in_errors(text):
    assert "SECRET" not in without_password(text)


def test_what_is_no_text():
    assert shown_storage(None) == "memory"
    assert shown_storage(object()) == "<object>"
    assert shown_storage("runs/a.db") == "'runs/a.db'"


@pytest.mark.parametrize(
    "part", ["a:", "x", "password", "a.b://", "pwd", "?a=b&", '"token', "a@b:", "?key", "'token='"]
)
def test_a_long_text_takes_no_longer_than_its_length(part):
    text = part * (300_000 // len(part))
    start = time.monotonic()
    without_password(text)
    without_password(f"{text}@")
    assert time.monotonic() - start < 5
