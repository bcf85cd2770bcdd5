"""Keeping the password of a database out of every message, log, report and export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, unquote_plus

from optuna.exceptions import StorageInternalError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError as UrlError
from sqlalchemy.exc import SQLAlchemyError

from latent_spaces_by_example.errors import LatentSpacesError, StudyError

_HIDDEN = "***"


def shown_storage(storage: Any) -> str:
    """A storage as a message may show it: the URL without its password and its options.

    >>> shown_storage("postgresql://ann:secret@db.example:5432/runs?sslmode=require")
    'postgresql://ann:***@db.example:5432/runs'
    """
    if not isinstance(storage, str):
        return f"<{type(storage).__name__}>"
    if "://" not in storage:
        return repr(storage)
    try:
        # an option may hold a password or a key too
        return make_url(storage).set(query={}).render_as_string(hide_password=True)
    except (UrlError, ValueError):
        return storage.split("://")[0] + "://..."


def without_password(text: str, storage: Any) -> str:
    """The text of an error about a storage, with whatever is secret in its URL left out."""
    if not isinstance(storage, str) or "://" not in storage:
        return text
    for secret in sorted(_secrets(storage), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


@contextmanager
def storage_errors(storage: Any, *, doing: str) -> Iterator[None]:
    """Errors of a database in this block are ours, and say nothing secret.

    Raises:
        StudyError: in place of the database's error.
    """
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError, ValueError, RuntimeError) as error:
        if isinstance(error, LatentSpacesError):
            raise
        # the driver's own words, without the advertisement that SQLAlchemy puts around them
        said = str(getattr(error, "orig", None) or error).strip()
        plain = f"storage={shown_storage(storage)} cannot be {doing}: {said}"
        message = without_password(plain, storage)
        # the chain of a traceback shows the original message, so it goes where that is secret
        cause = error if message == plain and not _secrets_in(storage) else None
        raise StudyError(message) from cause


def _secrets_in(storage: Any) -> bool:
    return isinstance(storage, str) and bool(_secrets(storage))


def _secrets(url: str) -> set[str]:
    """The password as it is written and as it is meant, and such options likewise."""
    rest, _, query = url.split("://", 1)[-1].partition("?")
    # what cannot be read as a URL is searched too: a mistyped one is shown most of all
    written = re.match(r"[^/@]*:([^@]*)@", rest) or re.match(r"[^:]*:(.*)@", rest)
    found = {written[1]} if written else set()
    for option in query.split("&"):
        name, _, value = option.partition("=")
        if re.search("pass|key|secret|token", name, re.IGNORECASE):
            found.add(value)
    meant = {decode(secret) for secret in found for decode in (unquote, unquote_plus)}
    return (found | meant) - {""}
