"""The values of one play: what was remembered, the time, and what no play before has used."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from mocksrv.conversation.expecting import Like, Near, written
from mocksrv.conversation.notation import NOW, NUMBER_PATTERN, UNIQUE, Hole, parts_of, pattern_of

LETTERS, DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
LENGTH = 10


class Lacking(LookupError):
    """A value that no step has given, as the one that would have was skipped."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Values:
    """The values of one play. ``clock`` gives the time of the server that is asked; ``begin`` it anew for each step.

    Whatever fills a hole raises Lacking when there is no such value.
    """

    clock: Callable[[], datetime]
    remembered: dict[str, Any] = field(default_factory=dict)
    _unique: dict[str, str] = field(default_factory=dict)
    _now: datetime | None = None

    def begin(self) -> None:
        """Forget what time it was."""
        self._now = None

    def filled(self, value: Any) -> Any:
        """A document to send: a text that is one hole gets its value as it is, a number as a number."""
        return _each(value, self._text)

    def expected(self, value: Any) -> Any:
        """A document to compare with: a pattern is a Like, ``$now`` is a Near."""
        return _each(value, self._expected)

    def url(self, text: str) -> str:
        """A path with its query; what is filled in is percent-encoded."""
        return self._joined(text, lambda value: quote(value, safe=""))

    def _expected(self, text: str) -> Any:
        pattern, parts = pattern_of(text), parts_of(text)
        if pattern is not None:
            return Like(re.compile(self._joined(pattern, re.escape)), text.startswith(NUMBER_PATTERN))
        if len(parts) == 1 and isinstance(parts[0], Hole) and parts[0].name == NOW:
            form = next((each for each in parts[0].forms if each.endswith("seconds")), "")
            return Near(self._moment(parts[0]), form)
        return self._text(text)

    def _text(self, text: str) -> Any:
        parts = parts_of(text)
        if len(parts) == 1 and isinstance(parts[0], Hole):
            return self._value(parts[0])
        return self._joined(text, str)

    def _joined(self, text: str, put: Callable[[str], str]) -> str:
        pieces = (part if isinstance(part, str) else put(plain(self._value(part))) for part in parts_of(text))
        return "".join(pieces)

    def _value(self, hole: Hole) -> Any:
        value: Any
        if hole.name == NOW:
            value = written(self._moment(hole), next((each for each in hole.forms if each != "text"), ""))
        elif hole.made:
            value = self._unique.setdefault(hole.name, fresh(hole.name))
        elif hole.name in self.remembered:
            value = self.remembered[hole.name]
        else:
            raise Lacking(hole.name)
        for form in hole.forms:
            value = plain(value) if form == "text" else _number(value) if form == "number" else value
        return value

    def _moment(self, hole: Hole) -> datetime:
        self._now = self._now or self.clock()
        return self._now + timedelta(seconds=hole.offset)


def fresh(name: str) -> str:
    """A value that nobody has used: ten letters and digits, or what the name asks for: ``digits``, a ``uuid``."""
    kind = name.removeprefix(UNIQUE).removeprefix("_")
    if kind.startswith("uuid"):
        return str(uuid.uuid4())
    first, rest = ("9", DIGITS) if kind.startswith("digits") else (secrets.choice(LETTERS), LETTERS + DIGITS)
    return first + "".join(secrets.choice(rest) for _ in range(LENGTH - 1))


def plain(value: Any) -> str:
    """A value within a text: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> Any:
    try:
        return int(value)
    except (ValueError, TypeError):
        return value


def _each(value: Any, text: Callable[[str], Any]) -> Any:
    """The document with each of its texts as another value."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {str(name): _each(item, text) for name, item in value.items()}
    return [_each(item, text) for item in value] if isinstance(value, list) else value
