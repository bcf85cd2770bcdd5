"""Text of strangers, made safe for a terminal."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    r"""Return one line of text with every control, bidi and surrogate character made visible.

    >>> print(plain("wing\x1b]0;owned\x07"))
    wing\x1b]0;owned\x07
    """
    return "".join(
        ascii(c)[1:-1] if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c
        for c in text
    )
