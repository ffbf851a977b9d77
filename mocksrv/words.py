"""The words that fixtures are written in: quotes, places, values, rates. Text goes in, a frozen value comes out.

Whether a word fits the spec (does the example exist, is there such a record) is asked later, in ``vendor``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mocksrv.clock import parse_duration
from mocksrv.errors import Mark, nearest
from mocksrv.yamltext import Text

_NAME = r"[A-Za-z_][\w-]*"
_PLACE = re.compile(rf"({_NAME})((?:\.[\w-]+|\[\d*\])+)")
_NEARLY_PLACE = re.compile(r"(body|header|query|path|client)[.\[]\S*")
_STEP = re.compile(r"\.([\w-]+)|\[(\d*)\]")
_HOLE = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")
_QUOTE = re.compile(r"([1-5]\d\d)\s+(\S.*)")
_RATE = re.compile(r"(\d+)\s+per\s+(.+)")
_UNKNOWN = Mark("?")

# What a violation line may name as its kind: `missing`, or the keyword of JSON Schema that failed.
KINDS = frozenset({
    "missing", "type", "enum", "const", "minLength", "maxLength", "pattern", "format", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "contains",
    "minContains", "maxContains", "minProperties", "maxProperties", "additionalProperties", "unevaluatedProperties",
    "propertyNames", "dependentRequired", "anyOf", "oneOf", "allOf", "not", "if", "malformed", "mediatype", "within",
})  # fmt: skip


class Each:
    """The step ``[]`` of a place: every item of a list."""

    def __repr__(self) -> str:
        return "[]"


EACH = Each()
Step = str | int | Each


@dataclass(frozen=True)
class Place:
    """``body.user_id``, ``header.x-client-id``, ``body.list[].x``, ``user.phone``: where a value stands."""

    root: str
    steps: tuple[Step, ...]
    text: str = field(compare=False)
    mark: Mark = field(compare=False, default=_UNKNOWN)

    def __str__(self) -> str:
        return self.text

    @property
    def many(self) -> bool:
        """Whether it names a list of values."""
        return EACH in self.steps


@dataclass(frozen=True)
class Made:
    """A value that mocksrv makes: ``19 digits``, ``uuid``, ``like SBIN0######``, ``counter from 10``, a Faker name."""

    kind: str
    detail: str = ""
    mark: Mark = field(compare=False, default=_UNKNOWN)


@dataclass(frozen=True)
class Constant:
    """A text that stands for itself."""

    text: str


@dataclass(frozen=True)
class Template:
    """A text with holes: ``{place or word}``. A doubled brace is never a hole."""

    parts: tuple[str | Value, ...]


@dataclass(frozen=True)
class First:
    """The first of several values that there is."""

    options: tuple[Value, ...]


@dataclass(frozen=True)
class Conditional:
    """A value that is there only when every place of ``when`` equals its text."""

    value: Value
    when: tuple[tuple[Place, str], ...]


@dataclass(frozen=True)
class Number:
    """A value that is shown as a whole number although records keep texts."""

    value: Value


Value = Place | Made | Constant | Template | First | Conditional | Number


@dataclass(frozen=True)
class Quote:
    """``409 duplicateOtpRequest``: an answer, by status and by the name of the spec's example."""

    status: int
    example: str
    mark: Mark = field(compare=False, default=_UNKNOWN)

    def __str__(self) -> str:
        return f"{self.status} {self.example}"

    def names(self, status: int, example: str) -> bool:
        """Whether this is the answer that it quotes."""
        return (self.status, self.example) == (status, example)


@dataclass(frozen=True)
class Rate:
    """So many in a sliding window of seconds."""

    most: int
    seconds: float


def read_quote(text: str) -> Quote:
    """Split at the first blank: example names may hold blanks and slashes. Raises ValueError."""
    match = _QUOTE.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text}" is not a quote; write "<status> <example name>", like "409 duplicate"')
    return Quote(int(match[1]), match[2], getattr(text, "mark", _UNKNOWN))


def looks_like_place(text: str) -> bool:
    """Whether it has the form of a place, whatever its root."""
    return _PLACE.fullmatch(text) is not None


def read_place(text: str) -> Place:
    """Raises ValueError when the text has not the form of a place."""
    match = _PLACE.fullmatch(text)
    if not match:
        raise ValueError(f'"{text}" is not a place; write it like "body.user_id" or "header.x-client-id"')
    mark = getattr(text, "mark", _UNKNOWN)
    return Place(match[1], tuple(read_steps(match[2])), str(text), mark)


def read_steps(text: str) -> Iterator[Step]:
    """The steps behind a root: ``.a[].b[0]``."""
    for match in _STEP.finditer(text):
        name, index = match[1], match[2]
        yield name if name is not None else int(index) if index else EACH


def read_field(text: str) -> tuple[str | int, ...]:
    """The path of an answer's field: ``auth.token``, ``phone_numbers[1].phone``. Raises ValueError."""
    steps = tuple(read_steps("." + text))
    joined = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    if EACH in steps or joined != "." + text:
        raise ValueError(f'"{text}" is not a field; write it like "user_id", "auth.token" or "list[0].name"')
    return tuple(step for step in steps if not isinstance(step, Each))


def read_word(text: str) -> Made | None:
    """One word of the closed list, or None. A bare lower-case name is taken for a Faker name and looked up later."""
    mark = getattr(text, "mark", _UNKNOWN)
    if match := re.fullmatch(r"([1-9]\d?) (digits|hex|HEX)", text):
        return Made(match[2], match[1], mark)
    if match := re.fullmatch(r"like (\S+)", text):
        return Made("like", match[1], mark)
    if match := re.fullmatch(r"counter from (\d+)", text):
        return Made("counter", match[1], mark)
    if match := re.fullmatch(r"token (\w+)", text):
        return Made("token", match[1], mark)
    if text in ("uuid", "now", "path"):
        return Made(str(text), "", mark)
    if re.fullmatch(r"[a-z]+(_[a-z]+)*", text):
        return Made("faker", str(text), mark)
    return None


def read_template(text: str) -> Value:
    """A text in which holes may stand; a bare place is a place, and ``uuid`` alone is the word. Raises ValueError."""
    mark = getattr(text, "mark", _UNKNOWN)
    if looks_like_place(text) or _NEARLY_PLACE.fullmatch(text):
        return read_place(text)
    if (word := read_word(text)) and word.kind != "faker":
        return word
    parts: list[str | Value] = []
    end = 0
    for hole in _HOLE.finditer(text):
        parts += [text[end : hole.start()], _read_hole(Text(hole[1].strip(), mark))]
        end = hole.end()
    return Template((*parts, text[end:])) if parts else Constant(str(text))


def _read_hole(text: str) -> Value:
    if text == "code":
        return read_place(Text("otp.code", text.mark if isinstance(text, Text) else _UNKNOWN))
    if looks_like_place(text):
        return read_place(text)
    word = Made("seconds") if text == "seconds" else read_word(text)
    if word is None:
        raise ValueError(f'"{{{text}}}" is neither a place nor a word')
    return word


def read_value(raw: object, *, constants: bool = False) -> Value:
    """A place, a word, a list (the first that there is) or ``{as: value, when: {...}}``.

    ``{number: value}`` shows a whole number. With ``constants``, any other text is a text with holes and may stand for
    itself. Raises ValueError.
    """
    if isinstance(raw, list):
        return First(tuple(read_value(option, constants=constants) for option in raw))
    if isinstance(raw, Mapping) and set(raw) == {"number"}:
        return Number(read_value(raw["number"], constants=constants))
    if isinstance(raw, Mapping):
        if "as" not in raw or set(raw) - {"as", "when"}:
            raise ValueError('a conditional value is written {as: <value>, when: {<place>: <text>}}')  # fmt: skip
        return Conditional(read_value(raw["as"], constants=constants), read_when(raw.get("when", {})))
    text = raw if isinstance(raw, str) else str(raw)
    if not text:
        return Constant("")  # the last of a list: then the field is there, and empty
    if constants:
        return read_template(text)
    if looks_like_place(text):
        return read_place(text)
    word = read_word(text)
    if word is None:
        words = ["uuid", "now", "path", "19 digits", "24 hex", "64 HEX", "counter from 10", "like AB####"]
        raise ValueError(f'"{text}" is neither a place nor a word{nearest(text, words)}')
    return word


def read_when(raw: object) -> tuple[tuple[Place, str], ...]:
    """The conditions of a ``when``: equality only, all of them. Raises ValueError."""
    if not isinstance(raw, Mapping) or not all(isinstance(text, str) for text in raw.values()):
        raise ValueError('"when" maps places to texts')
    return tuple((read_place(place), str(text)) for place, text in raw.items())


def read_rate(text: str) -> Rate:
    """``500 per day``, ``3 per 24 hours``. Raises ValueError."""
    match = _RATE.fullmatch(text.strip())
    if not match or not int(match[1]):
        raise ValueError(f'"{text}" is not a rate; write it like "500 per day" or "5 per 15 minutes"')
    return Rate(int(match[1]), parse_duration(match[2]))


def places_in(value: Value | None) -> Iterator[Place]:
    """Every place that a value reads."""
    if isinstance(value, Place):
        yield value
    elif isinstance(value, Template):
        for part in value.parts:
            if not isinstance(part, str):
                yield from places_in(part)
    elif isinstance(value, First):
        for option in value.options:
            yield from places_in(option)
    elif isinstance(value, Number):
        yield from places_in(value.value)
    elif isinstance(value, Conditional):
        yield from places_in(value.value)
        yield from (place for place, _ in value.when)


def words_in(value: Value | None) -> Iterator[Made]:
    """Every word that a value makes."""
    if isinstance(value, Made):
        yield value
    elif isinstance(value, Template):
        for part in value.parts:
            if not isinstance(part, str):
                yield from words_in(part)
    elif isinstance(value, First):
        for option in value.options:
            yield from words_in(option)
    elif isinstance(value, (Conditional, Number)):
        yield from words_in(value.value)
