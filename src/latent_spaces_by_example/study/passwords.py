"""Keeping the password of a database out of every message, log, report and export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
        plain = f"storage={shown_storage(storage)} cannot be {doing}: {error}"
        message = without_password(plain, storage)
        # the chain of a traceback shows the original message, so it goes where that is secret
        cause = error if message == plain and not _secrets_in(storage) else None
        raise StudyError(message) from cause


def _secrets_in(storage: Any) -> bool:
    return isinstance(storage, str) and bool(_secrets(storage))


def _secrets(url: str) -> set[str]:
    """The password as it is written and as it is meant, and the values of the options."""
    rest = url.split("://", 1)[-1]
    found = set()
    written = re.match(r"[^/@]*:([^@]*)@", rest) or re.match(r"[^:]*:(.*)@", rest)
    if written:
        found.add(written[1])
    try:
        parsed = make_url(url)
    except (UrlError, ValueError):
        return found - {""}
    if parsed.password:
        found.add(str(parsed.password))
    for name, value in parsed.query.items():
        if re.search("pass|key|secret|token", name, re.IGNORECASE):
            found.update([value] if isinstance(value, str) else value)
    return found - {""}
