"""Texts from elsewhere, made safe for a terminal."""

from __future__ import annotations

import re

# Controls of both sets (an escape sequence begins with one), halves of surrogate pairs, marks that
# turn the direction of writing, separators of lines, and invisible tags.
_UNSHOWABLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
)
_IN_TEXT = re.compile(f"[{_UNSHOWABLE}]")
_IN_NAME = re.compile(f"[\t\n{_UNSHOWABLE}]")


def plain(text: object, *, lines: bool = False) -> str:
    r"""Return a text with a replacement character for all that a terminal would act on.

    Args:
        text: a name, a message, or anything with a ``str``.
        lines: keep tabs and line feeds, as in a traceback.

    >>> plain("wing\x1b[2J")
    'wing�[2J'
    >>> plain("one\ntwo", lines=True)
    'one\ntwo'
    """
    return (_IN_TEXT if lines else _IN_NAME).sub("\N{REPLACEMENT CHARACTER}", str(text))
