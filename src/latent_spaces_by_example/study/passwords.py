"""Passwords kept out of every message, log, report and export."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, unquote_plus

_HIDDEN = "***"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:/{0,3}"
# scheme, user, and a password that may hold any character: it ends at the last "@"
_WHOLE = re.compile(rf"((?:{_SCHEME}|//)?[^:/@?\s]*):(?!/)(.+)@", re.DOTALL)
_WHOLE_URL = re.compile(rf"({_SCHEME}|//)([^:/@?]*):(.*)@", re.DOTALL)
_IN_TEXT = re.compile(
    rf"""((?:{_SCHEME}|//)[^\s:/@?"']*):(\S+)@"""
    r"""|(?<![^\s"'=(\[])([\w.%+-]+):(?!/)(\S+)@"""
)
_NAME = r"\w*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key|access_?key)"
_QUOTED = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_NAMED = re.compile(
    rf"""(?i)\b({_NAME}["']?\s*=\s*|{_NAME}["']?\s*:\s*(?=["']))({_QUOTED}|[^\s&;,]+)"""
)
_OPTION = re.compile(r"(?i)[?&]([^=&\s]*(?:pass|key|secret|token)[^=&\s]*)=([^&\s]+)")


def shown_storage(storage: Any) -> str:
    """Return a storage as a message may show it: its URL without password and options.

    Strings that are no URL, or a mistyped one, lose what may be a password too.

    >>> shown_storage("postgresql://ann:secret@db.example:5432/runs?sslmode=require")
    'postgresql://ann:***@db.example:5432/runs'
    >>> shown_storage("postgresql:/ann:secret@db.example/runs")
    "'postgresql:/ann:***@db.example/runs'"
    """
    if storage is None:
        return "memory"
    if not isinstance(storage, str):
        return f"<{type(storage).__name__}>"
    if storage.startswith("sqlite:"):
        return storage.partition("?")[0]
    shown = _WHOLE_URL.sub(rf"\1\2:{_HIDDEN}@", storage, count=1)
    if shown == storage:
        shown = _WHOLE.sub(rf"\1:{_HIDDEN}@", storage, count=1)
    shown = without_password(shown.partition("?")[0])
    return shown if "://" in storage else repr(shown)


def without_password(text: str, *, storage: Any = None) -> str:
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
    text = _OPTION.sub(lambda match: f"{match[0][: match.start(2) - match.start()]}{_HIDDEN}", text)
    return _IN_TEXT.sub(lambda match: f"{match[1] or match[3]}:{_HIDDEN}@", text)


def _secrets(storage: Any) -> set[str]:
    """Return the passwords and keys in a URL, both as written and decoded."""
    if not isinstance(storage, str) or storage.startswith("sqlite:"):
        return set()
    written = {option[2] for option in _OPTION.finditer(storage)}
    written |= {named[2].strip("'\"") for named in _NAMED.finditer(storage)}
    # drivers end the password at another "@" than a person would
    for pattern in (_WHOLE_URL, _WHOLE):
        if match := pattern.match(storage):
            password = match[match.lastindex or 0]
            written |= {password, password.partition("@")[0]}
    decoded = {decode(secret) for secret in written for decode in (unquote, unquote_plus)}
    return (written | decoded) - {"", _HIDDEN}
