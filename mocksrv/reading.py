"""How a field is read: the contract, keys and test data see what is read, answers echo what was sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mocksrv.phones import phone_key
from mocksrv.words import Each, Place, Step


def _as_text(value: Any) -> Any:
    """A JSON number as the text it was written in; ``true`` is no number."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _of_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: change(value) if isinstance(value, str) else value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "upper": _of_text(str.upper),
    "lower": _of_text(str.lower),
    "trimmed": _of_text(str.strip),
    "text": _as_text,
}


def _reader(how: str, region: str) -> Callable[[Any], Any]:
    return READERS.get(how) or _of_text(partial(phone_key, region=region))


def read_body(body: Any, reads: Mapping[Place, str], region: str) -> Any:
    """The document as the rules see it; the very same object when nothing is read in a way of its own."""
    for place, how in reads.items():
        if place.root == "body":
            body = _changed(body, place.steps, _reader(how, region))
    return body


def read_query(query: Any, reads: Mapping[Place, str], region: str) -> Any:
    """The query parameters as the rules see them."""
    for place, how in reads.items():
        name = place.steps[0]
        if place.root == "query" and name in query:
            query = query.copy()
            query[name] = _reader(how, region)(query[name])
    return query


def _changed(value: Any, steps: tuple[Step, ...], read: Callable[[Any], Any]) -> Any:
    if not steps:
        return read(value)
    step, rest = steps[0], steps[1:]
    if isinstance(step, Each):
        return [_changed(item, rest, read) for item in value] if isinstance(value, list) else value
    if isinstance(value, dict) and step in value:
        return {**value, step: _changed(value[step], rest, read)}
    return value
