"""The values that a text may name: ``$name``, ``$now-5m``, ``${name|number}``; ``$$`` is a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.clock import parse_duration
from mocksrv.errors import nearest

NOW, UNIQUE = "now", "unique"
PATTERN, NUMBER_PATTERN = "~ ", "~# "
NAME = re.compile("[a-z_][a-z0-9_]*")
FORMS: Mapping[str, str] = {
    "number": "as a number",
    "text": "as a text",
    "fine": "a time with its milliseconds",
    "seconds": "a time in seconds since 1970",
    "milliseconds": "a time in milliseconds since 1970",
}
_OF_TIMES = ("fine", "seconds", "milliseconds")
_OFFSET = r"[+-][0-9]+(?:ms|s|m|h|d)"
_HOLE = re.compile(rf"\$\$|\$\{{([a-z_][^{{}}]*)\}}|\$(now{_OFFSET}(?![A-Za-z0-9_])|[a-z_][a-z0-9_]*)")
_INNER = re.compile(rf"([a-z_][a-z0-9_]*)({_OFFSET})?")


@dataclass(frozen=True)
class Hole:
    """A value that is named: how far from it, in seconds, and in which forms."""

    name: str
    offset: float = 0.0
    forms: tuple[str, ...] = ()

    @property
    def made(self) -> bool:
        """Whether it needs nothing before it: the time, or what is unique."""
        return self.name in (NOW, UNIQUE) or self.name.startswith(f"{UNIQUE}_")


def parts_of(text: str) -> tuple[str | Hole, ...]:
    """The text in pieces, with its holes read. Raises ValueError with a sentence for one that cannot be read."""
    found: list[str | Hole] = []
    end = 0
    for match in _HOLE.finditer(text):
        found += [text[end : match.start()], "$" if match[0] == "$$" else _hole(match[1], match[2], match[0])]
        end = match.end()
    return tuple(part for part in (*found, text[end:]) if part != "")


def _hole(braced: str | None, bare: str | None, whole: str) -> Hole:
    named, *forms = (braced or bare or "").split("|")
    match = _INNER.fullmatch(named)
    if match is None:
        raise ValueError(f'"{whole}" names no value; write it like "$name", "${{now-5m|seconds}}" or, for itself, "$$"')
    offset = 0.0 if match[2] is None else parse_duration(match[2][1:]) * (-1 if match[2][0] == "-" else 1)
    if match[1] != NOW and (match[2] or any(form in _OF_TIMES for form in forms)):
        raise ValueError(f'"{whole}": only "now" has offsets and the forms of a time')
    unknown = [form for form in forms if form not in FORMS]
    if unknown:
        raise ValueError(f'"{whole}": there is no form "{unknown[0]}"{nearest(unknown[0], FORMS)}')
    return Hole(match[1], offset, tuple(forms))


def escaped(text: str) -> str:
    """The text as it must be written to stand for itself where holes are read."""
    return re.sub(r"\$(?=[$a-z_{])", "$$", text)


def pattern_of(text: str) -> str | None:
    """The regular expression that a text is, with its holes unread; None when it is none."""
    sign = next((each for each in (NUMBER_PATTERN, PATTERN) if text.startswith(each)), None)
    return None if sign is None else text.removeprefix(sign)


def texts_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text within a document, and where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts_in(item, (*path, str(name)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts_in(item, (*path, index))
