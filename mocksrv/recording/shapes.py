"""How values that a server makes look: which are made, and the pattern that others of their kind fit too."""

from __future__ import annotations

import json
import re
from typing import Any

from mocksrv.conversation.notation import NUMBER_PATTERN, PATTERN, escaped, pattern_of

ANY = f"{PATTERN}.+"
# What the journal shows of a secret; the same secret has the same mask.
MASK = re.compile(r"\*\*\*[0-9a-f]{8}")
UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_LONG = 12
_RUNS = re.compile(rf"{UUID.pattern}|[0-9A-Za-z]+|[^0-9A-Za-z]+")
_KINDS = ("0-9", "0-9a-f", "0-9A-F", "0-9a-z", "0-9A-Z")


def quoted(text: str) -> str:
    """The regular expression of a text; what means nothing there stays as it is, for people to read."""
    return re.sub(r"[.^$*+?{}\[\]\\|()]", r"\\\g<0>", text)


def is_masked(value: Any) -> bool:
    """Whether it is the mask of a secret."""
    return isinstance(value, str) and MASK.fullmatch(value) is not None


def text_of(value: Any) -> str | None:
    """A text, or a number as it is written: what can be the same in a request and an answer. None for the rest."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return value if isinstance(value, str) else json.dumps(value)


def can_be_named(value: Any) -> bool:
    """Whether it is worth a name when a client sends it back: a text or number of four signs with a digit."""
    text = text_of(value)
    return text is not None and len(text) >= 4 and re.search("[0-9]", text) is not None


def looks_made(value: Any) -> bool:
    """Whether nobody but a server would write it: a UUID, or a long text or number that is digits or hexadecimal."""
    text = text_of(value)
    if text is None or isinstance(value, float):
        return False
    runs = max(re.findall(r"[0-9a-f]+|[0-9A-F]+", text), key=len, default="")
    return UUID.search(text) is not None or (len(runs) >= _LONG and _has_digits(runs))


def shape(value: Any) -> str:
    """The pattern of a value's kind: where there are digits its signs may be others of theirs, all else stays."""
    if isinstance(value, (int, float)):
        return f"{NUMBER_PATTERN}{'[0-9.e+-]+' if isinstance(value, float) else '-?[0-9]+'}"
    return _pattern("".join(_run(run) if _has_digits(run) else quoted(run) for run in _RUNS.findall(value)))


def alike(one: Any, other: Any) -> str | None:
    """The pattern of two values that a server made in one place at two times; None when they are no two of a kind.

    Words are never of a kind: an answer that says another word is another answer.
    """
    if isinstance(one, str) and isinstance(other, str):
        return _alike_texts(_RUNS.findall(one), _RUNS.findall(other))
    if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in (one, other)):
        return None
    lengths = [len(json.dumps(each)) for each in (one, other)]
    return shape(one if isinstance(one, float) else other) if lengths[0] == lengths[1] or min(lengths) >= 4 else None


def verbatim(text: str) -> str:
    """A text as a conversation expects it word by word."""
    return _pattern(quoted(text)) if pattern_of(text) is not None else escaped(text)


def _pattern(regex: str) -> str:
    return PATTERN + escaped(regex)


def _alike_texts(one: list[str], other: list[str]) -> str | None:
    if len(one) != len(other):
        return None
    pieces = []
    for first, second in zip(one, other, strict=True):
        if first == second:
            pieces.append(quoted(first))
        elif _has_digits(first) and _has_digits(second):
            pieces.append(_run(first, second))
        else:
            return None
    return _pattern("".join(pieces))


def _has_digits(run: str) -> bool:
    return re.fullmatch("[0-9A-Za-z]*[0-9][0-9A-Za-z]*", run) is not None or UUID.fullmatch(run) is not None


def _run(*runs: str) -> str:
    """The class of the signs of runs, and how many there are."""
    if all(UUID.fullmatch(run) for run in runs):
        return UUID.pattern
    signs = next((kind for kind in _KINDS if all(re.fullmatch(f"[{kind}]+", run) for run in runs)), "0-9A-Za-z")
    lengths = {len(run) for run in runs}
    return f"[{signs}]+" if len(lengths) > 1 else f"[{signs}]{{{lengths.pop()}}}"
