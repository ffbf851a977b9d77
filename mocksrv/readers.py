"""How the sections of a fixture are read: from text to frozen values. Readers raise ValueError with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from mocksrv.errors import Mark, nearest
from mocksrv.schema import Read
from mocksrv.words import (
    KINDS,
    Conditional,
    Constant,
    Made,
    Place,
    Quote,
    Value,
    read_field,
    read_place,
    read_quote,
    read_rate,
    read_value,
)
from mocksrv.yamltext import Text

NOWHERE = Mark("?")


def each(read: Any) -> Any:
    """A list of what the reader reads."""
    inner = read if isinstance(read, fields.Field) else Read(read)
    return fields.List(inner, error_messages={"invalid": "a list is wanted here"})


def mapping(key: Callable[[str], Any], value: Any) -> Any:
    """A mapping, its keys and values read."""
    values = value if isinstance(value, fields.Field) else Read(value)
    return fields.Dict(keys=Read(key), values=values, error_messages={"invalid": "a mapping is wanted here"})


def read_text(raw: object) -> str:
    """A text as it stands. Raises ValueError."""
    if not isinstance(raw, str):
        raise ValueError("a text is wanted here")
    return str(raw)


def read_kind(raw: object) -> str:
    """The kind of a record; it remembers where it is written. Raises ValueError."""
    if not isinstance(raw, str):
        raise ValueError("a text is wanted here")
    return raw


def read_status(raw: object) -> int:
    """An HTTP status. Raises ValueError."""
    text = read_text(raw)
    if not re.fullmatch("[1-5][0-9][0-9]", text):
        raise ValueError(f'"{text}" is not an HTTP status; write it like "400"')
    return int(text)


def read_count(raw: object) -> int:
    """A whole number, not negative. Raises ValueError."""
    text = read_text(raw)
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(f'"{text}" is not a whole number')
    return int(text)


def one_of(*words: str) -> Callable[[Any], str]:
    """A reader of one word of a closed list."""

    def read(raw: object) -> str:
        if raw not in words:
            raise ValueError(f'"{raw}" is not one of {", ".join(words)}')
        return str(raw)

    return read


@dataclass(frozen=True)
class Answer:
    """A quote, with the fields to renew in it, and the answers whose lists are appended to its own."""

    quote: Quote
    fields: tuple[tuple[tuple[str | int, ...], Value], ...] = ()
    joined: tuple[Quote, ...] = ()

    @property
    def mark(self) -> Mark:
        """Where it is quoted."""
        return self.quote.mark


def read_answer(raw: object) -> Answer:
    """``409 duplicate`` or ``{reply: 409 duplicate, fields: {...}}``. Raises ValueError."""
    if isinstance(raw, str):
        return Answer(read_quote(raw))
    if not isinstance(raw, Mapping) or "reply" not in raw or set(raw) - {"reply", "fields"}:
        raise ValueError('an answer is "<status> <example name>" or {reply: <quote>, fields: {...}}')
    renewed = raw.get("fields") or {}
    if not isinstance(renewed, Mapping):
        raise ValueError('"fields" maps fields of the answer to values')
    return Answer(read_quote(raw["reply"]), tuple((read_field(name), read_value(v)) for name, v in renewed.items()))


def read_again(raw: object) -> Answer | str:
    """``same``, ``new`` or an answer. Raises ValueError."""
    return str(raw) if raw in ("same", "new") else read_answer(raw)


def read_accepted(raw: object) -> Answer | str:
    """``accepted`` or an answer. Raises ValueError."""
    return "accepted" if raw == "accepted" else read_answer(raw)


def read_constant(raw: object) -> Value:
    """A value, or a text that stands for itself. Raises ValueError."""
    return read_value(raw, constants=True)


def read_issue(raw: object) -> dict[str, Value]:
    """One code, or one for each name. Raises ValueError."""
    codes = {"code": raw} if not isinstance(raw, Mapping) or "as" in raw else dict(raw)
    found: dict[str, Value] = {}
    for name, value in codes.items():
        found[str(name)] = _code(read_value(value, constants=True))
    return found


def _code(value: Value) -> Value:
    if isinstance(value, Conditional):
        _code(value.value)
    elif isinstance(value, Constant) and not value.text.isalnum():
        raise ValueError(f'"{value.text}" is not a code; write digits, or words like "6 digits"')
    elif isinstance(value, Made) and value.kind == "faker":
        raise ValueError(f'"{value.detail}" is not a code; write digits, or words like "6 digits"')
    return value


@dataclass(frozen=True)
class Attempts:
    """How many wrong codes are compared; ``within`` seconds, or for good."""

    most: int
    within: float | None = None


def read_attempts(raw: object) -> Attempts:
    """``3``, or ``3 per 24 hours``. Raises ValueError."""
    text = read_text(raw)
    if text.isdigit() and int(text):
        return Attempts(int(text))
    rate = read_rate(text)
    return Attempts(rate.most, rate.seconds)


def read_check(raw: object) -> dict[str, Place]:
    """Where the code stands, or where each of several does. Raises ValueError."""
    if isinstance(raw, Mapping):
        return {str(name): read_place(place) for name, place in raw.items()}
    return {"code": read_place(read_text(raw))}


def read_texts(raw: object) -> dict[str, Value]:
    """One text for all channels, or one for each; ``otherwise`` is the key of the rest."""
    if isinstance(raw, Mapping) and "as" not in raw:
        return {str(channel): read_constant(text) for channel, text in raw.items()}
    return {"otherwise": read_constant(raw)}


@dataclass(frozen=True)
class Line:
    """The left side of a violation line: a place or any, a kind or any."""

    place: Place | None
    kind: str | None

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.place) if self.place else "any", self.kind) if part)


def read_line(text: str) -> Line:
    """``body.x missing``, ``any type``, ``body malformed``, ``otherwise``. Raises ValueError."""
    if text == "otherwise":
        return Line(None, None)
    first, *rest = text.split(maxsplit=1) or [""]
    kind = rest[0].strip() if rest else ""
    if kind and kind not in KINDS:
        raise ValueError(f'"{kind}" is not a kind of violation{nearest(kind, KINDS)}')
    if first == "any":
        return Line(None, kind or None)
    place = Place("body", (), "body") if first == "body" else read_place(Text(first, getattr(text, "mark", NOWHERE)))
    return Line(place, kind or None)


@dataclass(frozen=True)
class Differs:
    """A place of the call that must be what a record keeps: under the same name, or under that of ``other``."""

    place: Place
    other: Place | None = None

    def __str__(self) -> str:
        return f"{self.place} from {self.other}" if self.other else str(self.place)


def read_differs(text: str) -> Differs:
    """``body.phone``, or ``body.number from user.phone``. Raises ValueError."""
    place, separator, other = text.partition(" from ")
    mark = getattr(text, "mark", NOWHERE)
    return Differs(read_place(Text(place, mark)), read_place(Text(other, mark)) if separator else None)


Claim = Value | tuple[Value, ...]


def read_claim(raw: object) -> Claim:
    """A value; a list is a list in the token too, not "the first that there is". Raises ValueError."""
    return tuple(read_constant(item) for item in raw) if isinstance(raw, list) else read_constant(raw)
