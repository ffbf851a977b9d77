"""One request as the rules see it: places and what stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mocksrv.words import Each, Place, Step

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 64
_SIGNS = re.compile(r'\\.|["\[\]{}]', re.DOTALL)


class Absent:
    """There is nothing at the place. Not None: a JSON null is something."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


class Malformed(ValueError):
    """A body that is not a JSON document that mocksrv reads."""


@dataclass(frozen=True)
class Call:
    """What was asked: of which operation, with which headers, query, path parameters and body.

    ``headers`` and ``query`` are Werkzeug's (case-insensitive names; the first of several values). ``body`` is the
    parsed document as the fixture reads it, ``sent`` as it came; ``{}`` when there was none, and meaningless when
    ``malformed``.
    """

    operation: str
    method: str
    url: str
    headers: Any
    query: Any
    path: Mapping[str, str]
    body: Any
    media_type: str
    malformed: bool = False
    sent: Any = None

    def as_sent(self) -> Call:
        """The same call with its body as it was sent, for answers that echo it."""
        return replace(self, body=self.sent)

    def read(self, place: Place) -> Any:
        """What was sent there, or ABSENT; a list for a place with ``[]``."""
        name = place.steps[0] if place.steps else None
        if place.root == "body":
            return ABSENT if self.malformed else at(self.body, place.steps)
        source = {"header": self.headers, "query": self.query, "path": self.path}.get(place.root, {})
        return source.get(name, ABSENT)


def at(value: Any, steps: tuple[Step, ...]) -> Any:
    """What stands behind the steps, or ABSENT; ``[]`` gives the list of what stands in each item."""
    for index, step in enumerate(steps):
        if isinstance(step, Each):
            if not isinstance(value, list):
                return ABSENT
            found = [at(item, steps[index + 1 :]) for item in value]
            return [item for item in found if item is not ABSENT]
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return ABSENT
            value = value[step]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return ABSENT
    return value


def text_of(value: Any) -> str:
    """A value as the text that keys, triggers and conditions compare."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def read_json(raw: bytes) -> Any:
    """The document of a body; ``{}`` when it is empty.

    Raises Malformed: not UTF-8, not JSON (NaN and numbers beyond a float included), nested deeper than 64 levels, or
    with half a surrogate pair, which no answer could carry.
    """
    if not raw.strip():
        return {}
    try:
        text = raw.decode("utf-8-sig")
        if text.count("[") + text.count("{") > MOST_DEPTH and _depth(text) > MOST_DEPTH:
            raise Malformed("nested too deeply")
        document = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (UnicodeError, ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None
    return document


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is beyond a float")
    return number


def _depth(text: str) -> int:
    """How deeply brackets are nested, outside of texts."""
    deepest = depth = 0
    within = False
    for sign in _SIGNS.findall(text):
        if sign == '"':
            within = not within
        elif not within and sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif not within and sign in "]}":
            depth -= 1
    return deepest
