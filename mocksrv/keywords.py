"""Which keys of a spec are OpenAPI's own words, and which are names or data that only look like them.

``properties: {$ref: {type: string}}`` is a property of that name, and an example's ``value: {$ref: http://...}`` is
what a client will get: neither is a reference, nor does a ``pattern`` in them need to be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Pointer = tuple[str | int, ...]
OBJECT, EXAMPLE, LINK, EXTENSION = "object", "example", "link", "extension"

# Mappings whose keys are names: what each name stands for.
_NAMES = {
    **dict.fromkeys(
        ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "schemas", "responses",
         "parameters", "requestBodies", "headers", "securitySchemes", "callbacks", "pathItems", "paths", "webhooks",
         "content", "encoding", "variables"),
        OBJECT,
    ),
    "examples": EXAMPLE,
    "links": LINK,
}  # fmt: skip
# Keys whose values are data. ``default`` is none of them: openapi-core follows a reference there.
_DATA = {
    OBJECT: ("example", "enum", "const"),
    EXAMPLE: ("value",),
    LINK: ("parameters", "requestBody"),
    EXTENSION: (),
}


class Keyword(NamedTuple):
    """One of OpenAPI's words: the path of what it stands in, that itself, the word, and what kind of thing it is."""

    at: Pointer
    holder: dict[str, Any]
    word: str
    role: str

    @property
    def value(self) -> Any:
        """What the word is set to."""
        return self.holder[self.word]


def keywords(value: Any, at: Pointer = (), role: str = OBJECT) -> Iterator[Keyword]:
    """Every keyword of a spec, or of a part of one."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from keywords(item, (*at, index), role)
    elif isinstance(value, dict):
        for word, item in list(value.items()):
            yield Keyword(at, value, word, role)
            if word not in _DATA[role]:
                yield from _within(word, item, (*at, word), role)


def _within(word: str, value: Any, at: Pointer, role: str) -> Iterator[Keyword]:
    if role == EXTENSION or word.startswith("x-"):
        yield from keywords(value, at, EXTENSION)
    elif word in _NAMES and isinstance(value, dict):
        for name, item in list(value.items()):
            yield from keywords(item, (*at, name), _NAMES[word])
    elif word != "examples":  # a list of them is data, too
        yield from keywords(value, at)
