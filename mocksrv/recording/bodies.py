"""The bodies and URLs of a session, as a conversation sends and expects them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote_plus

from mocksrv.conversation.expecting import Path
from mocksrv.conversation.notation import escaped, pattern_of
from mocksrv.conversation.places import place_of
from mocksrv.recording import moments
from mocksrv.recording.known import Known, Where, within
from mocksrv.recording.session import Call
from mocksrv.recording.shapes import ANY, MASK, is_masked, looks_made, shape, text_of, verbatim

_SAFE = "!'()*,;:@$+~"


def each_leaf(value: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """The document with each of its single values changed."""
    if isinstance(value, Mapping):
        return {str(name): each_leaf(item, change, (*path, str(name))) for name, item in value.items()}
    if isinstance(value, list):
        return [each_leaf(item, change, (*path, index)) for index, item in enumerate(value)]
    return change(path, value)


def is_document(text: str) -> bool:
    """Whether a body is JSON that means the same when it is written anew: without names that stand there twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a name stands there twice")
        return dict(pairs)

    def none(name: str) -> float:
        raise ValueError(f"{name} is not JSON")

    try:
        json.loads(text, object_pairs_hook=once, parse_constant=none)
    except (ValueError, RecursionError):
        return False
    return True


class Bodies:
    """How one call was asked and answered. ``exact`` times are those of any play, and stand as they are."""

    def __init__(self, known: Known, index: int, call: Call, exact: bool) -> None:
        self.known, self.index, self.call, self.exact = known, index, call, exact

    def ask(self) -> str:
        """Method, path and query."""
        path, mark, query = self.call.url.partition("?")
        written = "/".join(self._piece(segment, quote(segment, safe=_SAFE)) for segment in path.split("/"))
        return f"{self.call.method} {written}{mark}{self._form(query)}"

    def send(self) -> Any:
        """A JSON body, its values named."""
        return each_leaf(self.call.sent, self._sent)

    def raw(self) -> str:
        """Any other body."""
        form = "=" in self.call.body and not re.search(r"\s", self.call.body)
        return self._form(self.call.body) if form else self._words(self.call.body)

    def header(self, value: str) -> str:
        """A header's value."""
        named = self.known.name(self.index, value)
        if named or not MASK.search(value):
            return named or escaped(value)
        return self._masks(value)

    def expected(self, volatile: Mapping[Where, str]) -> Any:
        """The body that is expected. ``volatile`` has a pattern for each place that differs from play to play."""
        return each_leaf(self.call.came, lambda path, value: self._came(path, value, volatile))

    def _sent(self, path: Path, value: Any) -> Any:
        named = self.known.name(self.index, value)
        if named is None and is_masked(value):
            return self.known.secret(self.index, self.call, path, value) or self._stranger(path, value)
        if named is None and not self.exact:
            named = moments.sent_as(value, self.call.at)
        return named or (escaped(value) if isinstance(value, str) else value)

    def _stranger(self, path: Path, mask: str) -> Any:
        """Something for a secret that nobody knows, as wrong as it was: the mask itself will do, if it was a text."""
        broken = {
            each.rpartition(" ")[2] for each in self.call.violations if each.startswith(f"body.{place_of(path)} ")
        }
        return " " if "missing" in broken else 0 if "type" in broken else mask

    def _came(self, path: Path, value: Any, volatile: Mapping[Where, str]) -> Any:
        where, text = (self.index, path), text_of(value)
        if text is None:
            return value
        if isinstance(value, str) and MASK.search(value):
            return ANY  # a token that was the same twice may have been of the same second
        if self._is_code(text) or text in self.known.unique:
            named = self.known.name(self.index, value)
        else:
            named = None if self.exact else moments.came_as(value, self.call.at)
        if named:
            return named
        made = looks_made(value) and not self.known.was_said(text)
        if made or where in volatile:
            return self.known.name(self.index, value) or volatile.get(where) or shape(value)
        return self._literal(value) if isinstance(value, str) else value

    def _is_code(self, text: str) -> bool:
        return any(text in code.codes.values() for code in self.known.session.codes)

    def _literal(self, text: str) -> str:
        """A text with the unique ids within it named."""
        words = self.known.words(text)
        return verbatim(text) if len(words) == 1 or pattern_of(text) is not None else self._joined(words)

    def _joined(self, words: Iterable[tuple[str, str | None]]) -> str:
        found, behind = "", ""
        for text, name in reversed(list(words)):
            piece = within(name, behind) if name else escaped(text)
            found, behind = piece + found, (text if not name else "$")
        return found

    def _words(self, text: str) -> str:
        return self._joined(self.known.words(text))

    def _masks(self, text: str) -> str:
        """A text that is no more than a mask with words beside it, like those of ``Authorization``."""
        end, found = 0, ""
        for match in MASK.finditer(text):
            found += escaped(text[end : match.start()]) + (self.known.name(self.index, match[0]) or match[0])
            end = match.end()
        return found + escaped(text[end:])

    def _form(self, query: str) -> str:
        """Names and values as a URL has them."""
        pairs = [pair.partition("=") for pair in query.split("&")]
        return "&".join(escaped(name) + sign + self._piece(unquote_plus(value), value) for name, sign, value in pairs)

    def _piece(self, value: str, as_it_is: str) -> str:
        named = self.known.name(self.index, value) if value else None
        return named or escaped(as_it_is)
