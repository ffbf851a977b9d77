"""Patterns as ECMA-262 reads them, which is what OpenAPI says of ``pattern``, written for Python's ``re``."""

from __future__ import annotations

import re

_SPACE = r"\t\n\x0b\x0c\r\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASS = r"\[(?:\\.|[^\]\\])*\]"
_TOKEN = re.compile(rf"\\k<\w+>|\\.|{_CLASS}|\$|\.|\(\?<(?![=!])", re.DOTALL)
_IN_CLASS = re.compile(r"\\.|(?!^)[\[&|~]", re.DOTALL)
_FLAGS = re.compile(r"\(\?([imsx]+)\)")

# What the two read differently. ``(?a)`` does the rest: \d, \w and \b know ASCII only.
_WORDS = {"$": r"\Z", ".": r"[^\n\r\u2028\u2029]", "(?<": "(?P<", r"\s": f"[{_SPACE}]", r"\S": f"[^{_SPACE}]",
          "[]": "(?!)", "[^]": r"[\s\S]"}  # fmt: skip


def ecma_pattern(pattern: str) -> str:
    """The pattern in Python's words: ``$`` is the very end of the text, also after a newline, and a digit is 0 to 9."""
    flags = _FLAGS.match(pattern)  # not ECMA's, but vendors write it
    start = flags.end() if flags else 0
    return f"(?a{flags[1] if flags else ''})" + _TOKEN.sub(_translated, pattern[start:])


def _translated(found: re.Match[str]) -> str:
    word = found[0]
    if word.startswith(r"\k<"):
        return f"(?P={word[3:-1]})"
    if word in _WORDS:
        return _WORDS[word]
    return _IN_CLASS.sub(_in_class, word) if word.startswith("[") else word


def _in_class(found: re.Match[str]) -> str:
    """Within brackets: ``[``, ``&``, ``|`` and ``~`` stand for themselves, which Python may change its mind about."""
    word = found[0]
    return _SPACE if word == r"\s" else word if len(word) > 1 else f"\\{word}"
