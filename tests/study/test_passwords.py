import traceback

import pytest
from sqlalchemy.exc import OperationalError

from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study import open_study
from latent_spaces_by_example.study.passwords import (
    shown_storage,
    storage_errors,
    without_password,
)

URLS = [
    "postgresql://ann:s3cr%40t@db.example:5432/runs",
    "postgresql+psycopg://ann:s3cr%40t@db.example/runs?sslmode=require",
    "mysql://ann@db.example/runs?password=s3cr%40t",
    "postgresql://ann:s3cr%40t@db.example:port/runs",  # no port: it cannot be read as a URL
    "nonsense://:s3cr%40t@",
]


@pytest.mark.parametrize("url", URLS)
def test_shown_without_its_password(url):
    assert "s3cr" not in shown_storage(url)
    assert shown_storage(url).startswith(url.split("://")[0])


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("secret", ["s3cr%40t", "s3cr@t"])
def test_errors_lose_it_as_it_is_written_and_as_it_is_meant(url, secret):
    if "port/" in url or "nonsense" in url:
        secret = "s3cr%40t"  # it cannot be decoded where the URL cannot be read
    assert "s3cr" not in without_password(f"no: {secret} at {url}", url)


@pytest.mark.parametrize("url", URLS)
def test_neither_the_message_nor_its_chain_holds_it(url, caplog):
    with pytest.raises(StudyError) as caught, storage_errors(url, doing="opened"):
        raise OperationalError(f"cannot connect to {url}", {}, Exception(url))
    assert "s3cr" not in "".join(traceback.format_exception(caught.value))
    assert "s3cr" not in caplog.text


@pytest.mark.parametrize("url", URLS)
def test_a_storage_that_cannot_be_opened(url, caplog, capfd):
    with pytest.raises(StudyError) as caught:
        open_study(storage=url, name="a")
    assert "s3cr" not in "".join(traceback.format_exception(caught.value))
    output = capfd.readouterr()
    assert "s3cr" not in output.out + output.err + caplog.text


def test_our_own_errors_pass():
    with pytest.raises(ArgumentError, match=r"^mine$"), storage_errors(None, doing="opened"):
        raise ArgumentError("mine")


def test_a_storage_without_a_password_keeps_the_cause():
    with pytest.raises(StudyError) as caught, storage_errors("sqlite:///a.db", doing="read"):
        raise ValueError("broken")
    assert isinstance(caught.value.__cause__, ValueError)


class TestMessages:
    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://me:s3cret%2Fword@host/db",
            "postgresql://:s3cret%2Fword@host/db",
            "postgresql://host/db?user=me&password=s3cret%2Fword",
        ],
    )
    def test_are_struck_out_however_they_are_quoted(self, url):
        message = f"cannot reach {url} with s3cret/word"
        assert "s3cret" not in without_password(message, url)
        assert "host" in without_password(message, url)

    def test_an_at_sign_within(self):
        assert "p@ss" not in without_password("no: p@ss", "postgresql://me:p@ss@host/db")
