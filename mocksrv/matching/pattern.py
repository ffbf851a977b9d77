"""WireMock's request patterns: which calls of the journal one means, and what keeps it from meaning the others.

Its words mean here what they mean there: a regex reads the whole text, and its ``.`` a newline too; an empty body is
none; a JSONPath is Jayway's, whose filter, where it stands at an object, tests that object. A word that is not known is
refused, never ignored: a pattern that asks for less than it says would find too much.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from mocksrv.call import ABSENT, text_of
from mocksrv.errors import nearest
from mocksrv.matching import unread
from mocksrv.matching.comparing import Comparison, document_of
from mocksrv.matching.javaregex import read_regex
from mocksrv.matching.jsonpaths import read_path
from mocksrv.matching.unread import UnknownMatcher, a_text, an_object, shown

__all__ = ["Check", "Matcher", "Pattern", "UnknownMatcher", "read_pattern"]

MOST_TEXTS = 5

Request = Mapping[str, Any]
Options = Mapping[str, bool]
_OPTIONS = {"equalTo": {"caseInsensitive"}, "equalToJson": {"ignoreArrayOrder", "ignoreExtraElements"}}


@dataclass(frozen=True)
class Matcher:
    """What is asked of a text, in words (it "should {words}"), and whether one does so; None where there is no text."""

    name: str
    words: str
    accepts: Callable[[str | None], bool]


@dataclass(frozen=True)
class Check:
    """One thing that a pattern asks for: a matcher, and which texts of a request it judges. One of them is enough."""

    place: str
    texts: Callable[[Request], Sequence[str]]
    matcher: Matcher

    def difference(self, request: Request) -> str | None:
        """What should be there and what is, as a sentence; None when it is as it should be."""
        found = self.texts(request)
        if any(map(self.matcher.accepts, found)) or (not found and self.matcher.accepts(None)):
            return None
        there = " and ".join(map(shown, found[:MOST_TEXTS])) or "not there"
        return f"{self.place} should {self.matcher.words}, but is {there}"


@dataclass(frozen=True)
class Pattern:
    """A request pattern. Both methods raise UnknownMatcher where a request takes too many steps to be judged."""

    checks: tuple[Check, ...]

    def matches(self, request: Request) -> bool:
        """Whether the pattern means a request of the journal."""
        return all(check.difference(request) is None for check in self.checks)

    def differences(self, request: Request) -> list[str]:
        """A sentence for each thing that is not as it should be: none when it matches, few when it nearly does."""
        return [sentence for check in self.checks if (sentence := check.difference(request))]


def read_pattern(document: Mapping[str, Any]) -> Pattern:
    """The pattern of a WireMock document; a key with null asks for nothing, and ``{}`` means every request.

    Raises UnknownMatcher.
    """
    given = {key: value for key, value in an_object("a request pattern", document).items() if value is not None}
    if unknown := next((key for key in given if key not in _KEYS), None):
        raise UnknownMatcher(f"{shown(unknown)} is not known in a request pattern{nearest(unknown, _KEYS)}")
    return Pattern(tuple(check for key, read in _KEYS.items() if key in given for check in read(key, given[key])))


# The keys of a pattern


def _method(key: str, value: Any) -> Iterator[Check]:
    if a_text(key, value) != "ANY":
        yield Check("the method", lambda request: [request["method"]], _equal(key, value, {}))


def _url(read: Callable[[str, Any, Options], Matcher], key: str, value: Any) -> Iterator[Check]:
    yield Check("the URL", lambda request: [request["url"]], read(key, value, {}))


def _path(read: Callable[[str, Any, Options], Matcher], key: str, value: Any) -> Iterator[Check]:
    yield Check("the path", lambda request: [request["url"].partition("?")[0]], read(key, value, {}))


def _headers(key: str, value: Any) -> Iterator[Check]:
    for name, matcher in an_object(f'"{key}"', value).items():
        place = f'header "{name}"'
        yield Check(place, partial(_sent_headers, name.lower()), _matcher(place, matcher))


def _sent_headers(wanted: str, request: Request) -> list[str]:
    return [text for name, text in request["headers"].items() if name.lower() == wanted]


def _parameters(key: str, value: Any) -> Iterator[Check]:
    for name, matcher in an_object(f'"{key}"', value).items():
        place = f'query parameter "{name}"'
        yield Check(place, partial(_sent_parameters, name), _matcher(place, matcher))


def _sent_parameters(wanted: str, request: Request) -> list[str]:
    sent = parse_qsl(request["url"].partition("?")[2], keep_blank_values=True)
    return [text for name, text in sent if name == wanted]


def _bodies(key: str, value: Any) -> Iterator[Check]:
    if not isinstance(value, list):
        raise UnknownMatcher(f'"{key}" is a list of matchers, not {shown(value)}')
    for matcher in value:
        yield Check("the body", _sent_body, _matcher(f'"{key}"', matcher))


def _sent_body(request: Request) -> list[str]:
    return [request["body"]] if request["body"] else []


# Matchers


def _matcher(where: str, document: object) -> Matcher:
    """The one matcher of a document, with its options. Raises UnknownMatcher."""
    words = an_object(where, document)
    name = next((word for word in words if word in _MATCHERS), None)
    known = _MATCHERS if name is None else _OPTIONS.get(name, ())
    options = {word: value for word, value in words.items() if word != name}
    if stray := next((word for word in options if word not in known), None):
        beside = f' beside "{name}"' if name else ""
        raise UnknownMatcher(f"{where}: {shown(stray)} is not known{beside}{nearest(stray, known)}")
    if name is None:
        raise UnknownMatcher(f"{where}: a matcher is missing{nearest('', known)}")
    if bad := next((word for word, value in options.items() if not isinstance(value, bool)), None):
        raise UnknownMatcher(f'{where}: "{bad}" is true or false, not {shown(options[bad])}')
    return _MATCHERS[name](name, words[name], options)


def _equal(name: str, value: Any, options: Options) -> Matcher:
    wanted = a_text(name, value)
    if name == "equalToIgnoreCase" or options.get("caseInsensitive"):
        low = wanted.lower()
        return Matcher(
            name, f"equal {shown(wanted)} in any case", lambda text: text is not None and text.lower() == low
        )
    return Matcher(name, f"equal {shown(wanted)}", lambda text: text == wanted)


def _contains(name: str, value: Any, _: Options) -> Matcher:
    wanted = a_text(name, value)
    return Matcher(name, f"contain {shown(wanted)}", lambda text: text is not None and wanted in text)


def _matches(name: str, value: Any, _: Options) -> Matcher:
    keeps = read_regex(name, value)
    return Matcher(name, f"match {shown(value)}", lambda text: text is not None and keeps(text))


def _does_not_match(name: str, value: Any, _: Options) -> Matcher:
    keeps = read_regex(name, value)
    return Matcher(name, f"not match {shown(value)}", lambda text: text is None or not keeps(text))


def _absent(name: str, value: Any, _: Options) -> Matcher:
    if value is not True:
        raise UnknownMatcher(f'"{name}" is true, not {shown(value)}')
    return Matcher(name, "be absent", lambda text: text is None)


# JSON


def _equal_json(name: str, value: Any, options: Options) -> Matcher:
    wanted = document_of(value) if isinstance(value, str) else value
    if wanted is ABSENT:
        raise UnknownMatcher(f'"{name}" is JSON, not {shown(value)}')
    if re.search(r"[$#]\{json-unit\.", text_of(wanted)):
        raise UnknownMatcher(f'"{name}" knows no placeholders, as in {shown(wanted)}')
    order, extras = options.get("ignoreArrayOrder", False), options.get("ignoreExtraElements", False)
    words = f"equal the JSON {shown(wanted)}{', in any order' * order}{', with more or without' * extras}"
    return Matcher(
        name, words, lambda text: Comparison(order, extras, unread.MOST_STEPS).holds(wanted, document_of(text))
    )


def _json_path(name: str, value: Any, _: Options) -> Matcher:
    """``"$.a"``: there is something; ``{"expression": "$.a", "equalTo": "5"}``: there is what a matcher accepts."""
    if isinstance(value, str):
        path = read_path(name, value)
        return Matcher(name, f"have {shown(value)}", lambda text: path.found(document_of(text)) not in (None, [], {}))
    rest = dict(an_object(f'"{name}"', value))
    expression = rest.pop("expression", None)
    path, inner = read_path("expression", expression), _matcher(f'"{name}"', rest)

    def accepts(text: str | None) -> bool:
        document = document_of(text)
        texts = [] if document is ABSENT else path.texts(document, whole=inner.name == "equalToJson")
        return any(map(inner.accepts, texts)) if texts else inner.name == "absent" and document is not ABSENT

    return Matcher(name, f"{inner.words} at {shown(expression)}", accepts)


_MATCHERS: dict[str, Callable[[str, Any, Options], Matcher]] = {
    "equalTo": _equal,
    "equalToIgnoreCase": _equal,
    "contains": _contains,
    "matches": _matches,
    "doesNotMatch": _does_not_match,
    "absent": _absent,
    "equalToJson": _equal_json,
    "matchesJsonPath": _json_path,
}
_KEYS: dict[str, Callable[[str, Any], Iterator[Check]]] = {
    "method": _method,
    "url": partial(_url, _equal),
    "urlPattern": partial(_url, _matches),
    "urlPath": partial(_path, _equal),
    "urlPathPattern": partial(_path, _matches),
    "headers": _headers,
    "queryParameters": _parameters,
    "bodyPatterns": _bodies,
}
