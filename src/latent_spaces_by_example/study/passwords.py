"""Passwords kept out of every message, log, report and export."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, unquote_plus

_HIDDEN = "***"
# A scheme, well or badly written, and a user; the password after it may hold any character, and
# ends at the last "@".
_BEFORE_PASSWORD = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:/{0,3}|//)?[^:/@?]*:(?!/)|[^:]*://:")
_USER = re.compile(r"/?[\w.%+-]*:")
# Every repetition has a bound, so that the time is linear in a text of any kind.
_NAMED = re.compile(
    r"""(?i)((?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key|access_?key)["']?\s{0,3}"""
    r"""(?:=\s{0,3}|:\s{0,3}(?=["'])))"""
    r"""('(?:\\.|[^'\\]){0,200}'|"(?:\\.|[^"\\]){0,200}"|[^\s&;,]+)"""
)
_OPTION = re.compile(r"([?&][^=&?\s]{1,64}=)([^&\s]+)")
_SECRET_NAME = re.compile(r"(?i)pass|key|secret|token")


def shown_storage(storage: Any) -> str:
    """Return a storage as a message may show it: its URL without password and options.

    A string that is no URL, or a mistyped one, loses what may be a password too.

    >>> shown_storage("postgresql://ann:secret@db.example:5432/runs?sslmode=require")
    'postgresql://ann:***@db.example:5432/runs'
    >>> shown_storage("postgresql:/ann:secret@db.example/runs")
    "'postgresql:/ann:***@db.example/runs'"
    """
    if storage is None:
        return "memory"
    if not isinstance(storage, str):
        engine = getattr(storage, "engine", None)  # of Optuna's RDBStorage
        return f"<{type(storage).__name__}>" if engine is None else shown_storage(str(engine.url))
    if storage.startswith("sqlite:"):
        return storage.partition("?")[0]
    shown = storage
    if password := _password(storage):
        start = len(_before(storage))
        shown = f"{storage[:start]}{_HIDDEN}{storage[start + len(password) :]}"
    shown = without_password(shown.partition("?")[0])
    return shown if "://" in storage else repr(shown)


def without_password(text: str, storage: Any = None) -> str:
    """Return a text with the passwords in it replaced by ``***``.

    Passwords are looked for in URLs, also mistyped ones (``postgresql:ann:PW@host``), in
    ``password=PW`` and its like, and, given a storage's URL, wherever its own password stands.

    >>> without_password("cannot reach postgresql://ann:pass/word@db.example/runs")
    'cannot reach postgresql://ann:***@db.example/runs'
    >>> without_password("host=db.example password='pass word' user=ann")
    'host=db.example password=*** user=ann'
    """
    for secret in sorted(_secrets(storage), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    text = _NAMED.sub(rf"\1{_HIDDEN}", text)
    text = _OPTION.sub(
        lambda option: option[1] + (_HIDDEN if _SECRET_NAME.search(option[1]) else option[2]), text
    )
    return re.sub(r"\S+", lambda word: _without_login(word[0]), text) if "@" in text else text


def _without_login(word: str) -> str:
    head, at, tail = word.rpartition("@")
    slashes = head.find("//")
    colon = head.find(":", slashes + 2 if slashes >= 0 else 0)
    if colon < 0:
        return word
    start = colon + 1
    if slashes < 0 and (user := _USER.match(head, start)):
        start = user.end()
    return word if start == len(head) else f"{head[:start]}{_HIDDEN}{at}{tail}"


def _before(storage: str) -> str:
    match = _BEFORE_PASSWORD.match(storage)
    return match[0] if match else ""


def _password(storage: str) -> str:
    """Return what stands between the user and the last "@"."""
    start = len(_before(storage))
    return storage[start:].rpartition("@")[0] if start else ""


def _secrets(storage: Any) -> set[str]:
    """Return the passwords and keys in a URL, both as written and decoded."""
    if not isinstance(storage, str) or storage.startswith("sqlite:"):
        return set()
    options = _OPTION.finditer(storage)
    written = {option[2] for option in options if _SECRET_NAME.search(option[1])}
    written |= {named[2].strip("'\"") for named in _NAMED.finditer(storage)}
    # a driver may end the password at the first "@"
    password = _password(storage)
    written |= {password, password.partition("@")[0]}
    decoded = {decode(secret) for secret in written for decode in (unquote, unquote_plus)}
    return (written | decoded) - {"", _HIDDEN}
