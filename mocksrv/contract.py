"""The contract: what a request got wrong, or an answer, as places and kinds.

openapi-core is the judge (`mocksrv.bound`): it finds the parameters and the body, reads them, applies their schemas,
and says what is wrong. Ours is

- how its errors are told: each as a violation, a place and the keyword of JSON Schema that failed there, with
  `required` turned into `missing` at the field itself (`_told`);
- what counts as missing besides what is absent (null, blank, empty), which the product says: such values are taken
  away and the rest is judged once more (`Contract.violations`);
- which violations are not worth telling: those at or inside a place that is missing or of the wrong type (`_silenced`).

Credentials are no part of it: the fixture judges them, since openapi-core does not name the header that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.exceptions import DeserializeError
from openapi_core.deserializing.media_types.exceptions import MediaTypeDeserializeError
from openapi_core.deserializing.styles.exceptions import EmptyQueryParameterValue
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.validation.request.exceptions import MissingRequiredParameter
from openapi_core.validation.response.exceptions import MissingData, MissingRequiredHeader
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from werkzeug.datastructures import Headers
from werkzeug.http import parse_cookie

from mocksrv.bound import RequestJudge, ResponseJudge, bare_type
from mocksrv.errors import LoadError, Problem
from mocksrv.spec import Operation
from mocksrv.words import EACH, Each, Step

__all__ = ["ABSENT", "BLANK", "EMPTY", "NULL", "Asked", "Contract", "Violation", "bare_type", "covers", "is_missing"]

ABSENT, NULL, BLANK, EMPTY = "absent", "null", "blank", "empty"


class Asked(Protocol):
    """What the contract reads of a request. Header names are case-insensitive; ``body`` is the parsed document."""

    @property
    def headers(self) -> Any: ...
    @property
    def query(self) -> Any: ...
    @property
    def path(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> Any: ...
    @property
    def media_type(self) -> str: ...
    @property
    def malformed(self) -> bool: ...


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong: where, and which kind (``missing``, or a keyword of JSON Schema)."""

    root: str
    steps: tuple[str | int, ...]
    kind: str

    @property
    def pattern(self) -> tuple[Step, ...]:
        """Its steps with every index as ``[]``."""
        return tuple(EACH if isinstance(step, int) else step for step in self.steps)

    def __str__(self) -> str:
        shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return f"{self.root}{shown} {self.kind}"


class Contract:
    """What one operation asks of its requests, and promises of its answers.

    Raises LoadError for a pattern that cannot be read.
    """

    def __init__(self, operation: Operation, missing: Iterable[str] = (ABSENT,)) -> None:
        self.missing = frozenset(missing)
        self.headers = tuple(each["name"] for each in operation.parameters() if each["in"] == "header")
        self.cookies = any(each["in"] == "cookie" for each in operation.parameters())
        try:
            self._request, self._response = RequestJudge(operation), ResponseJudge(operation)
        except re.error as error:
            what = f'{operation.name} has a pattern that cannot be read: {error} ("{error.pattern!s}")'
            raise LoadError([Problem(operation.mark, what)]) from None

    def violations(self, asked: Asked) -> tuple[Violation, ...]:
        """Everything the request got wrong, in no particular order; none when it keeps the contract."""
        if asked.malformed:
            return (Violation("body", (), "malformed"),)
        # With what counts as missing taken away, `required` speaks for null, blank and empty too, wherever the schema
        # says it, `if`/`then` included; and an optional field that a client sends as null is simply not there.
        return tuple(_silenced(self._judged(asked, *self._sent(asked))))

    def faults(
        self, status: int, media: str, document: Any, headers: Mapping[str, str] | Headers | None = None
    ) -> tuple[Violation, ...]:
        """Everything by which an answer breaks the spec: an unknown status or media type, its body, its headers.

        ``document`` is the body before it is written as JSON; without a media type there is none.
        """
        sent = headers if isinstance(headers, Headers) else Headers(headers)
        errors = self._response.errors(status, sent, media, document)
        return tuple({found for error in errors for found in _told(*error)})

    def _judged(self, asked: Asked, headers: Any, body: Any) -> set[Violation]:
        cookie = parse_cookie(headers.get("Cookie")) if self.cookies else {}
        parameters = RequestParameters(query=asked.query, header=headers, cookie=cookie, path=asked.path)
        errors = self._request.errors(parameters, asked.media_type, body)
        return {found for error in errors for found in _told(*error)}

    def _sent(self, asked: Asked) -> tuple[Any, Any]:
        """Headers and body without what counts as missing; the very same objects when there is nothing such."""
        if self.missing == {ABSENT}:
            return asked.headers, asked.body
        headers, body = asked.headers, _without(asked.body, self.missing)
        blank = [name for name in self.headers if is_missing(headers.get(name, "-"), self.missing)]
        if blank:
            headers = Headers(list(headers.items()))
            for name in blank:
                del headers[name]
        return headers, body


def is_missing(value: Any, missing: frozenset[str]) -> bool:
    """Whether a value counts as missing, by the product's words."""
    if value is None:
        return NULL in missing
    if isinstance(value, str):
        return BLANK in missing and not value.strip()
    return EMPTY in missing and isinstance(value, (list, dict)) and not value


def _without(value: Any, missing: frozenset[str]) -> Any:
    """The document without the properties that count as missing; the very same object when there are none."""
    if isinstance(value, dict):
        kept = {k: _without(item, missing) for k, item in value.items() if not is_missing(item, missing)}
        same = len(kept) == len(value) and all(kept[key] is value[key] for key in kept)
        return value if same else kept
    if isinstance(value, list):
        items = [_without(item, missing) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


# --- openapi-core's errors, told -----------------------------------------------------------------------------------


def _told(root: str, name: str | None, error: Exception) -> Iterator[Violation]:
    """One of openapi-core's errors as violations; ``name`` is the parameter's or the header's."""
    # Names of headers are told in lower case, as they are compared.
    steps = () if name is None else (name.lower() if root == "header" else name,)
    match error:
        case InvalidSchemaValue():
            yield from _told_schema(error, root, steps)
        case MissingRequiredParameter() | MissingRequiredHeader() | MissingData() | EmptyQueryParameterValue():
            yield Violation(root, steps, "missing")
        case MediaTypeNotFound():
            yield Violation(root, steps, "mediatype")
        case MediaTypeDeserializeError():
            yield Violation(root, steps, "malformed")
        case DeserializeError():  # its text cannot be read as its type
            yield Violation(root, steps, "type")
        case ResponseNotFound():
            yield Violation(root, steps, "unknown")
        case _:
            raise error


def _told_schema(cause: InvalidSchemaValue, root: str, steps: tuple[str, ...]) -> Iterator[Violation]:
    errors: Any = cause.schema_errors
    for error in errors:
        path = (*steps, *error.absolute_path)
        if error.validator == "required":
            # The name stands only in the message, as the repr of the property.
            names = [name for name in error.validator_value if error.message.startswith(f"{name!r} is ")]
            yield from (Violation(root, (*path, name), "missing") for name in names)
        else:
            yield Violation(root, path, error.validator or "not")  # `false`, as a schema, is `not: {}`


# --- which of them are told ----------------------------------------------------------------------------------------


def _silenced(found: set[Violation]) -> Iterator[Violation]:
    """A field that is missing or of the wrong type has nothing else to be told, at its place or inside it."""
    loud: dict[tuple[str, tuple[str | int, ...]], str] = {}
    for each in found:
        if each.kind == "missing" or (each.kind == "type" and (each.root, each.steps) not in loud):
            loud[each.root, each.steps] = each.kind
    for each in found:
        around = any((each.root, each.steps[:length]) in loud for length in range(len(each.steps)))
        if not around and loud.get((each.root, each.steps), each.kind) == each.kind:
            yield each


def covers(steps: tuple[Step, ...], violation: Violation) -> bool:
    """Whether a place covers a violation: it is that place, or around it."""
    pattern = violation.pattern[: len(steps)]
    return len(pattern) == len(steps) and all(
        (isinstance(a, Each) and isinstance(b, Each)) or a == b for a, b in zip(steps, pattern, strict=True)
    )
