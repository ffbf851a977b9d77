"""Times in requests and answers that were those of their call: told by how far from it they are, not by their date."""

from __future__ import annotations

import math
import re
from typing import Any

from mocksrv.conversation.expecting import seconds_of
from mocksrv.conversation.notation import NOW

_HOUR, _DAY = 3600, 86_400
# A client has its own clock, and takes a while between reading it and calling: nobody means such a difference.
_NOISE = 5
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_ANY = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*")
_MILLISECONDS = 100_000_000_000


def sent_as(value: Any, at: int) -> str | None:
    """What writes a time that a client sent at a moment, in milliseconds; None when it is none, or far from it.

    Only what a play can write in the same form is one.
    """
    match = _UTC.fullmatch(value) if isinstance(value, str) else None
    if match:
        return _near(value, at, "fine" if match[1] else "", _HOUR)
    if isinstance(value, str) and re.fullmatch("[0-9]{10}|[0-9]{13}", value):
        return _near(int(value), at, f"{_unit(int(value))}|text", _HOUR)
    return _near(value, at, _unit(value), _HOUR) if isinstance(value, int) and not isinstance(value, bool) else None


def came_as(value: Any, at: int) -> str | None:
    """What expects a time that a server sent at a moment, in milliseconds; None when it is none, or far from it."""
    if isinstance(value, str) and _ANY.fullmatch(value):
        return _near(value, at, "", 2 * _DAY)
    return _near(value, at, _unit(value), 2 * _DAY) if isinstance(value, int) and not isinstance(value, bool) else None


def _unit(value: int) -> str:
    return "milliseconds" if value > _MILLISECONDS else "seconds"


def _near(value: Any, at: int, form: str, most: int) -> str | None:
    seconds = seconds_of(value)
    # Both sides cut times short to seconds, so the whole seconds above are meant.
    offset = most + 1 if seconds is None else math.ceil(seconds - at / 1000)
    if abs(offset) > most:
        return None
    written = f"{offset:+d}s" if offset % 60 else f"{offset // 60:+d}m"
    named = NOW if abs(offset) < _NOISE else f"{NOW}{written}"
    return f"${{{named}|{form}}}" if form else f"${named}"
