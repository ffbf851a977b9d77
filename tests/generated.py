"""Requests of an operation as hypothesis makes them: right ones, and wrong in every way that a client finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from werkzeug.datastructures import Headers, MultiDict

from mocksrv.ecma import ecma_pattern
from mocksrv.spec import Operation, sample

Strategy = st.SearchStrategy[Any]

NUMBERS = [0, -0.0, 1, 1.0, -1, 0.1, 1.5, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 2**53 + 1, 2.0**53, 2**63, -(2**63),
           2**64, 10**30, 1e30, 10**400, 1e308, -1e308, 5e-324, 1e-9, 3e9]  # fmt: skip
TEXTS = ["", " ", "\n", "\t", "\x00", "0", "-1", "1.0", "true", "null", "[]", "{}", "a\n", "é", "e\u0301", "😀",
         "\ufeff", "\u202e", "१२३४५६७८९०", "ⅷ", "a" * 50, "a" * 51, "😀" * 50, "😀" * 51, "x" * 10_000,
         "SMS", "sms", "SMS\n", "2024-11-29T12:34:56Z", "2024-13-29T12:34:56Z", "0000-00-00T00:00:00Z", "10.0.0.1",
         "10.0.0.256", "::1", "a@b", "550e8400-e29b-41d4-a716-446655440000"]  # fmt: skip
MEDIA = ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "*/*",
         "application/*", "json", "application/problem+json"]  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A request, as the contract reads it."""

    headers: Headers
    query: MultiDict[str, str]
    path: dict[str, str]
    body: Any
    media_type: str
    malformed: bool = False


def nested(depth: int) -> Any:
    value: Any = {}
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


GONE = object()
COMMON = st.sampled_from(["9876543210", "919876543210", "a@b.example", "111000", "{{otp}}"])

# Built once: what is drawn must be cheap, or 10,000 requests of each operation take an hour.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
)
ODD = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=4),
    st.dictionaries(st.text(max_size=4), SCALARS, max_size=3),
    st.sampled_from([nested(3), nested(60)]),
)
EXTRA = st.dictionaries(
    st.one_of(st.text(max_size=6), st.sampled_from(["$ref", "__proto__", "type", ""])), ODD, max_size=2
)


def mostly(usual: Strategy, seldom: Strategy, of: int = 5) -> Strategy:
    """The usual one but for one in so many."""
    return st.integers(1, of).flatmap(lambda n: seldom if n == of else usual)


def values(schema: Any, odd: int) -> Strategy:
    """Values of a schema; one part in ``odd`` is none of it, and nothing for 0. ``if`` is left to luck."""
    if not isinstance(schema, dict):
        return ODD
    right = _right(schema, odd)
    return mostly(right, ODD, odd) if odd else right


def _right(schema: dict[str, Any], odd: int) -> Strategy:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kinds = schema.get("type", "object" if "properties" in schema else None)
    kinds = kinds if isinstance(kinds, list) else [kinds]
    found = [_of_type(kind, schema, odd) for kind in kinds]
    return st.one_of(*found, *([st.none()] if schema.get("nullable") else []))


def _of_type(kind: str | None, schema: dict[str, Any], odd: int) -> Strategy:
    match kind:
        case "string":
            return _texts(schema)
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(
                values(schema.get("items"), odd), min_size=least, max_size=schema.get("maxItems", least + 3)
            )
        case "object":
            return _objects(schema, odd)
        case _:
            return ODD


def _texts(schema: dict[str, Any]) -> Strategy:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    fits = lambda text: least <= len(text) <= (most or 10_000)  # noqa: E731
    if schema.get("pattern"):
        return st.from_regex(ecma_pattern(schema["pattern"])).filter(fits)
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    if schema.get("format") == "ip":
        return st.ip_addresses().map(str)
    return st.one_of(st.text(min_size=least, max_size=most or least + 20), COMMON.filter(fits))


def _objects(schema: dict[str, Any], odd: int) -> Strategy:
    properties = {name: values(each, odd) for name, each in schema.get("properties", {}).items()}
    wanted = {name: properties.get(name, ODD) for name in schema.get("required", [])}
    free = {name: each for name, each in properties.items() if name not in wanted}
    made = st.one_of(st.fixed_dictionaries(wanted, optional=free), st.fixed_dictionaries({**wanted, **free}))
    if not odd:
        return made
    made = mostly(made, st.fixed_dictionaries({}, optional={**wanted, **free}), odd)
    return mostly(made, st.tuples(made, EXTRA).map(lambda pair: {**pair[0], **pair[1]}), odd)


def right_request(operation: Operation) -> Sent:
    """A request that keeps the contract: the spec's own examples, and a phone number where it has none."""
    named: dict[str, dict[str, str]] = {"header": {"Host": "localhost", "User-Agent": "x"}, "query": {}, "path": {}}
    for each in operation.parameters():
        if each.get("required"):
            named[each["in"]][each["name"]] = str(_phoned(sample(each["schema"])))
    media = next(iter(operation.media_types()), "")
    body = _phoned(sample(operation.body_schema())) if media else {}
    return Sent(Headers(named["header"]), MultiDict(named["query"]), named["path"], body, media)


def _phoned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _phoned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_phoned(each) for each in value]
    return "9876543210" if value == "text" else value


def changed(value: Any) -> Strategy:
    """The document with one thing in it changed or gone, wherever it stands."""
    return st.tuples(st.sampled_from([*_places(value)]), st.one_of(ODD, st.just(GONE))).map(
        lambda pair: _put(value, *pair)
    )


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(each, (*at, key))


def _put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return {} if new is GONE else new
    first, *rest = place
    if isinstance(value, list):
        return [_put(each, tuple(rest), new) if index == first else each for index, each in enumerate(value)]
    kept = {key: each for key, each in value.items() if key != first}
    return kept if new is GONE and not rest else {**kept, first: _put(value[first], tuple(rest), new)}


def requests_of(operation: Operation) -> st.SearchStrategy[Sent]:
    """Requests of an operation: some right, some wrong in one place or in many, some nothing like it."""
    schema, media = operation.body_schema(), operation.media_types()
    bodies = [values(schema, 0), values(schema, 20), values(schema, 5), ODD, changed(right_request(operation).body)]
    body = st.one_of(bodies) if media else st.just({})
    return st.builds(
        Sent,
        headers=_named(operation, "header").map(_headers),
        query=_named(operation, "query").map(MultiDict),
        path=_named(operation, "path").map(dict),
        body=body,
        media_type=mostly(st.sampled_from(media), st.sampled_from([*media, *MEDIA]), 10) if media else st.just(""),
    )


def _named(operation: Operation, location: str) -> Strategy:
    """Names and texts of the parameters in a location: as they should be, missing, odd, twice, in another case."""
    right: dict[str, Strategy] = {}
    odd: list[Strategy] = []
    for each in operation.parameters():
        if each["in"] == location:
            name, texts = each["name"], values(each.get("schema", {}), 8).map(_text)
            right[name] = texts
            odd.append(st.tuples(st.sampled_from([name, name.upper(), name.title()]), st.one_of(texts, _TEXT)))
    odd.append(st.tuples(st.sampled_from(["x-other", "Content-Length", "Cookie"]), _TEXT))
    plain = st.fixed_dictionaries(right).map(lambda found: list(found.items()))
    return mostly(
        plain, st.tuples(st.lists(st.one_of(odd), max_size=4), plain).map(lambda two: [*two[0], *two[1][1:]]), 3
    )


_TEXT = st.one_of(st.sampled_from(TEXTS), st.text(max_size=8))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)[:200]


def _headers(pairs: list[tuple[str, str]]) -> Headers:
    """As headers arrive: every byte as the character of its number, and no line ends."""
    arrived = [(name, value.encode().decode("latin-1")) for name, value in pairs]
    return Headers([(name, value.replace("\n", "").replace("\r", "")) for name, value in arrived])


@dataclass(frozen=True)
class Answered:
    """An answer, as the contract reads it."""

    status: int
    media: str
    document: Any
    headers: Headers


def answers_of(operation: Operation) -> st.SearchStrategy[Answered]:
    """Answers of an operation: as its spec has them, and in other words, media types and statuses."""
    found = []
    for status, response in operation.body["responses"].items():
        code = int(status) if status.isdigit() else 599
        for media, content in response.get("content", {}).items():
            schema = content.get("schema", {})
            found.append(_answers(code, media, values(schema, 0)))
            found.append(_answers(code, media, values(schema, 5)))
    return st.one_of(*found, _answers(299, "application/json", ODD))


def _answers(status: int, media: str, documents: Strategy) -> Strategy:
    statuses = mostly(st.just(status), st.integers(100, 599), 20)
    types = mostly(st.just(media), st.sampled_from(["", *MEDIA]), 20)
    headers = st.dictionaries(st.sampled_from(["X-A", "X-B"]), _TEXT).map(lambda found: _headers(list(found.items())))
    return st.builds(Answered, statuses, types, documents, headers)
