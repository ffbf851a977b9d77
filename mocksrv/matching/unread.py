"""Request patterns that are not read: what is refused, with what sentence, and how things are shown in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mocksrv.call import text_of

# A regex or a JSONPath that somebody wrote is shorter; and so many steps may one matcher take to judge one text.
MOST_CHARACTERS = 1_000
MOST_STEPS = 10_000_000
MOST_SHOWN = 200


class UnknownMatcher(ValueError):
    """A pattern that is not read, or a text that takes too many steps to be judged; ``str()`` is a sentence."""


def too_long(what: str) -> UnknownMatcher:
    """What is raised when something takes too many steps."""
    return UnknownMatcher(f"{what} takes too many steps")


def an_object(where: str, value: object) -> Mapping[str, Any]:
    """The value, which has to be an object. Raises UnknownMatcher."""
    if not isinstance(value, Mapping):
        raise UnknownMatcher(f"{where} is an object, not {shown(value)}")
    return value


def a_text(name: str, value: object) -> str:
    """The value, which has to be a text. Raises UnknownMatcher."""
    if not isinstance(value, str):
        raise UnknownMatcher(f'"{name}" is a text, not {shown(value)}')
    return value


def a_short_text(name: str, value: object) -> str:
    """A text that is as short as what somebody writes. Raises UnknownMatcher."""
    text = a_text(name, value)
    if len(text) > MOST_CHARACTERS:
        raise UnknownMatcher(f'"{name}" has more than {MOST_CHARACTERS} characters')
    return text


def shown(value: object) -> str:
    """JSON as it is, a text in quotes: in one line, and not too long."""
    text = text_of(value)
    cut = text[:MOST_SHOWN] + "..." * (len(text) > MOST_SHOWN)
    line = json.dumps(cut, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return f'"{line}"' if isinstance(value, str) else cut
