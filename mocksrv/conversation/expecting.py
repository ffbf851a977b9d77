"""What came, held against what was expected: every difference, with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mocksrv.clock import LAST_SECONDS

# An answer tells a time that is a little later than the one before the call, and other computers have other clocks.
TOLERANCE = 30.0
MOST_SHOWN = 300
Path = tuple[str | int, ...]


class Nothing:
    """There is nothing at a place. Not None: a JSON null is something."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()


@dataclass(frozen=True)
class Like:
    """A text, or a number as it is written, that a regular expression matches from end to end."""

    pattern: re.Pattern[str]
    number: bool = False

    def fits(self, found: Any) -> bool:
        """Whether a value is like that."""
        if self.number:
            is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
            return is_number and self.pattern.fullmatch(json.dumps(found)) is not None
        return isinstance(found, str) and self.pattern.fullmatch(found) is not None

    def __str__(self) -> str:
        return f"a {'number' if self.number else 'text'} like {self.pattern.pattern}"


@dataclass(frozen=True)
class Near:
    """A time that is near. ``form`` is how it is written: in ``seconds`` or ``milliseconds``, else as RFC 3339."""

    at: datetime
    form: str = ""

    def fits(self, found: Any) -> bool:
        """Whether a value is such a time."""
        seconds = seconds_of(found) if isinstance(found, str) is (self.form == "") else None
        return seconds is not None and abs(seconds - self.at.timestamp()) <= TOLERANCE

    def __str__(self) -> str:
        return f"a time about {written(self.at, self.form)}"


def seconds_of(found: Any) -> float | None:
    """Seconds since 1970 of a time as RFC 3339, or as a number of seconds or milliseconds; None for what is none."""
    if isinstance(found, bool) or not isinstance(found, (str, int, float)):
        return None
    try:
        if isinstance(found, str):
            read = datetime.fromisoformat(found.upper())
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        return found / 1000 if found > LAST_SECONDS else float(found)
    except (ValueError, OverflowError):
        return None


def written(at: datetime, form: str = "") -> str | int:
    """A time as RFC 3339 in UTC, ``fine`` with its milliseconds; as a number of ``seconds`` or ``milliseconds``."""
    if form in ("seconds", "milliseconds"):
        return int(at.timestamp() * (1000 if form == "milliseconds" else 1))
    text = at.astimezone(UTC).isoformat(timespec="milliseconds" if form == "fine" else "seconds")
    return text.replace("+00:00", "Z")


@dataclass(frozen=True)
class Difference:
    """One place where something else came; NOTHING where one of them has nothing."""

    path: Path
    expected: Any
    came: Any

    @property
    def place(self) -> str:
        """The place as a person names it: ``body.errors[0].code``."""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")

    def __str__(self) -> str:
        return f"expected {shown(self.expected)}, came {shown(self.came)}"


def differences(expected: Any, came: Any, path: Path) -> Iterator[Difference]:
    """Every difference, in the order of what was expected; the whole body of a dict or list counts."""
    if isinstance(expected, Mapping) and isinstance(came, Mapping):
        for name in [*expected, *(each for each in came if each not in expected)]:
            yield from differences(expected.get(name, NOTHING), came.get(name, NOTHING), (*path, str(name)))
    elif isinstance(expected, list) and isinstance(came, list):
        for index in range(max(len(expected), len(came))):
            one, other = (each[index] if index < len(each) else NOTHING for each in (expected, came))
            yield from differences(one, other, (*path, index))
    elif not _same(expected, came):
        yield Difference(path, expected, came)


def _same(expected: Any, came: Any) -> bool:
    if isinstance(expected, (Like, Near)):
        return expected.fits(came)
    return type(expected) is type(came) and bool(expected == came)


def shown(value: Any) -> str:
    """A value as a person reads it, shortened."""
    if isinstance(value, (Like, Near, Nothing)):
        return str(value) if not isinstance(value, Nothing) else repr(value)
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "a document that is nested very deeply"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} ..."
