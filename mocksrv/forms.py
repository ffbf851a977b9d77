"""The forms of the notation: what a fixture may say, word by word, as frozen dataclasses.

Each field's metadata holds the marshmallow field that reads it, so that a word is declared once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from mocksrv.clock import parse_duration
from mocksrv.errors import Mark, nearest
from mocksrv.schema import Nest, Read, word
from mocksrv.words import (
    KINDS,
    Conditional,
    Constant,
    Made,
    Place,
    Quote,
    Rate,
    Value,
    read_field,
    read_place,
    read_quote,
    read_rate,
    read_template,
    read_value,
    read_when,
)

NOWHERE = Mark("?")


def _each(read: Any) -> Any:
    return fields.List(read if isinstance(read, fields.Field) else Read(read))


def _map(key: Callable[[str], Any], value: Any) -> Any:
    return fields.Dict(keys=Read(key), values=value if isinstance(value, fields.Field) else Read(value))


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("a text is wanted here")
    return str(raw)


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(raw: object) -> str:
        if raw not in words:
            raise ValueError(f'"{raw}" is not one of {", ".join(words)}')
        return str(raw)

    return read


@dataclass(frozen=True)
class Answer:
    """A quote, with the fields to renew in it."""

    quote: Quote
    fields: tuple[tuple[tuple[str | int, ...], Value], ...] = ()

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
    return Answer(read_quote(raw["reply"]), tuple((read_field(name), read_value(v)) for name, v in renewed.items()))


def _again(raw: object) -> Answer | str:
    return str(raw) if raw in ("same", "new") else read_answer(raw)


def _accepted(raw: object) -> Answer | str:
    return "accepted" if raw == "accepted" else read_answer(raw)


def _constants(raw: object) -> Value:
    return read_value(raw, constants=True)


def _issue(raw: object) -> dict[str, Value]:
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


def _attempts(raw: object) -> Attempts:
    text = _text(raw)
    if text.isdigit() and int(text):
        return Attempts(int(text))
    rate = read_rate(text)
    return Attempts(rate.most, rate.seconds)


def _check(raw: object) -> dict[str, Place]:
    if isinstance(raw, Mapping):
        return {str(name): read_place(place) for name, place in raw.items()}
    return {"code": read_place(_text(raw))}


def _texts(raw: object) -> dict[str, Value]:
    """One text for all channels, or one for each; ``otherwise`` is the key of the rest."""
    if isinstance(raw, Mapping) and "as" not in raw:
        return {str(channel): _constants(text) for channel, text in raw.items()}
    return {"otherwise": _constants(raw)}


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
    first, _, kind = text.partition(" ")
    if kind and kind not in KINDS:
        raise ValueError(f'"{kind}" is not a kind of violation{nearest(kind, KINDS)}')
    if first == "any":
        return Line(None, kind or None)
    place = Place("body", (), "body") if first == "body" else read_place(first)
    return Line(place, kind or None)


@dataclass(frozen=True, kw_only=True)
class Credential:
    """How one security scheme of the spec is judged."""

    is_: Place | None = word(read_place, named="is")
    missing: Answer = word(read_answer, needed=True)
    unknown: Answer = word(read_answer, needed=True)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Require:
    """A record that must exist, and in which state."""

    key: Value | None = word(read_template)
    missing: Answer | str | None = word(_accepted)
    used: Answer | None = word(read_answer)
    unused: Answer | None = word(read_answer)
    exhausted: Answer | None = word(read_answer)
    expired: Answer | None = word(read_answer)
    differs: dict[Place, Answer] = word(_map(read_place, read_answer), dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many calls, or successes, in a sliding window, for each value of ``per``."""

    rate: Rate = word(read_rate, needed=True)
    of: str = word(_one_of("calls", "successes"), needed=True)
    per: Value | None = word(read_template)
    exceeded: Answer = word(read_answer, needed=True)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Making:
    """An OTP that is made when the call is accepted."""

    issue: dict[str, Value] = word(_issue, needed=True)
    key: Value = word(read_template, needed=True)
    again: Answer | str | None = word(_again)
    lives: float | None = word(parse_duration)
    attempts: Attempts | None = word(_attempts)
    keeps: dict[str, Value] = word(_map(_text, _constants), dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Checking:
    """An OTP that is judged, and used up when the call is accepted."""

    key: Value = word(read_template, needed=True)
    check: dict[str, Place] = word(_check, needed=True)
    missing: Answer = word(read_answer, needed=True)
    used: Answer = word(read_answer, needed=True)
    exhausted: Answer | None = word(read_answer)
    expired: Answer | None = word(read_answer)
    wrong: Answer = word(read_answer, needed=True)
    mark: Mark = NOWHERE


def _otp(raw: object) -> type[Any]:
    return Checking if isinstance(raw, Mapping) and "check" in raw else Making


@dataclass(frozen=True, kw_only=True)
class Message:
    """What lands in the inbox when the call is accepted; a place with ``[]`` makes one for each item."""

    via: Value = word(_constants, needed=True)
    to: Value = word(_constants, needed=True)
    text: dict[str, Value] = word(_texts, needed=True)
    subject: dict[str, Value] = word(_texts, dict)
    when: tuple[tuple[Place, str], ...] = word(read_when, ())
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Creation:
    """A record that is made when the call is accepted."""

    key: Value = word(read_template, needed=True)
    again: Answer | str | None = word(_again)
    lives: float | None = word(parse_duration)
    keeps: dict[str, Value] = word(_map(_text, _constants), dict)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signature that a call must carry; ``{seconds}`` in ``over`` is the signer's time, since the epoch."""

    in_: Place = word(read_place, named="in", needed=True)
    how: str = word(_one_of("rsa-oaep-sha1 base64"), needed=True)
    over: Value = word(read_template, needed=True)
    key: str = word(_text, needed=True)
    within: float = word(parse_duration, needed=True)
    when: tuple[tuple[Place, str], ...] = word(read_when, ())
    missing: Answer = word(read_answer, needed=True)
    wrong: Answer = word(read_answer, needed=True)
    stale: Answer = word(read_answer, needed=True)
    mark: Mark = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Success:
    """The accepting answer."""

    reply: Quote = word(read_quote, needed=True)
    fields: dict[tuple[str | int, ...], Value] = word(_map(read_field, read_value), dict)
    instead: dict[Place, dict[str, Answer]] = word(_map(read_place, _map(_text, read_answer)), dict)
    mark: Mark = NOWHERE

    @property
    def answer(self) -> Answer:
        """Its quote with its fields."""
        return Answer(self.reply, tuple(self.fields.items()))


@dataclass(frozen=True, kw_only=True)
class ProductForm:
    """``product.yaml``: what holds for every operation of a product."""

    mount: str = word(_text, "")
    scope: Place | None = word(read_place)
    credentials: dict[str, Credential] = word(_map(_text, Nest(Credential)), dict)
    missing_means: list[str] = word(_each(_one_of("absent", "null", "blank", "empty")), list, named="missing means")
    records: dict[str, list[dict[str, str]]] = word(_map(_text, _each(_map(_text, _text))), dict)
    signed: Signed | None = word(Nest(Signed))
    limits: list[Limit] = word(_each(Nest(Limit)), list)
    headers: dict[str, Value] = word(_map(_text, _constants), dict)
    otherwise: Answer | None = word(read_answer)
    unknown_path: Quote | None = word(read_quote, named="unknown path")
    unknown_method: Quote | None = word(read_quote, named="unknown method")
    mark: Mark = NOWHERE


def _operations(raw: object) -> tuple[str, ...]:
    return tuple(_text(name) for name in raw) if isinstance(raw, list) else (_text(raw),)


@dataclass(frozen=True, kw_only=True)
class OperationForm:
    """``<operation>.yaml``: one operation, in the order of a request's life."""

    operation: tuple[str, ...] = word(_operations, needed=True)
    reads: dict[Place, str] = word(_map(read_place, _one_of("upper", "lower", "trimmed", "text")), dict)
    tighten: dict[Place, dict[str, Any]] = word(_map(read_place, _map(_text, lambda raw: raw)), dict)
    violations: dict[Line, Answer] = word(_map(read_line, read_answer), dict)
    triggers: dict[Place, dict[str, Answer]] = word(_map(read_place, _map(_text, read_answer)), dict)
    requires: dict[str, Require] = word(_map(_text, Nest(Require)), dict)
    limits: list[Limit] = word(_each(Nest(Limit)), list)
    otp: Making | Checking | None = word(Nest(_otp))
    messages: list[Message] = word(_each(Nest(Message)), list)
    person: Value | None = word(read_template)
    creates: dict[str, Creation] = word(_map(_text, Nest(Creation)), dict)
    success: Success = word(Nest(Success), needed=True)
    unquoted: dict[Quote, str] = word(_map(read_quote, _text), dict)
    mark: Mark = NOWHERE
