"""The contract: what a request got wrong, as places and kinds. The doorway to openapi-core.

openapi-core is the judge: it finds the parameters and the body, and applies their schemas. Ours is how its errors are
told: every one as a violation (a place of the request and the keyword of JSON Schema that failed), with `required`
turned into `missing` at the field itself, and what counts as missing (null, blank, empty) said by the product.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Protocol

from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator, V31RequestValidator
from openapi_core.casting.schemas.exceptions import CastError
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.media_types.exceptions import MediaTypeDeserializeError
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.validation.request.exceptions import (
    MissingParameterError,
    MissingRequestBodyError,
    ParameterValidationError,
    RequestBodyValidationError,
    SecurityValidationError,
)
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from werkzeug.datastructures import Headers

from mocksrv.spec import Operation
from mocksrv.words import EACH, Each, Step

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
    """One thing a request got wrong: where, and which kind (``missing``, or a keyword of JSON Schema)."""

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


class _Parsed(bytes):
    """A body that was parsed already, in the form openapi-core wants it: non-empty bytes."""

    document: Any


class _Request:
    """openapi-core's request protocol."""

    host_url = "http://localhost"

    def __init__(self, asked: Asked, operation: Operation, body: Any, headers: Any) -> None:
        self.method = operation.method
        self.path = self.path_pattern = operation.path
        self.content_type = asked.media_type
        self.body = _Parsed(b"{}")
        self.body.document = body
        self.parameters = RequestParameters(query=asked.query, header=headers, path=dict(asked.path))


class Contract:
    """openapi-core bound to one operation."""

    def __init__(self, operation: Operation, missing: Iterable[str] = (ABSENT,)) -> None:
        self.operation = operation
        self.missing = frozenset(missing)
        document = _document(operation)
        version = V30RequestValidator if str(document["openapi"]).startswith("3.0") else V31RequestValidator
        self._validator = version(
            SchemaPath.from_dict(document),
            extra_media_type_deserializers=dict.fromkeys(map(bare_type, operation.media_types()), _document_of),
            extra_format_validators={"ip": _is_ip},
        )

    def violations(self, asked: Asked) -> tuple[Violation, ...]:
        """Everything the request got wrong, in no particular order; none when it keeps the contract."""
        if asked.malformed:
            return (Violation("body", (), "malformed"),)
        found = self._judge(asked, asked.body, asked.headers)
        body, headers = _without(asked.body, self.missing), _without_blank(asked.headers, self.missing)
        if body is not asked.body or headers is not asked.headers:
            # What counts as missing is taken away and the rest judged again: so `required` speaks for null, blank and
            # empty too, wherever the schema says it, `if`/`then` included.
            found |= {each for each in self._judge(asked, body, headers) if each.kind == "missing"}
        return tuple(_silenced(found))

    def _judge(self, asked: Asked, body: Any, headers: Any) -> set[Violation]:
        request = _Request(asked, self.operation, body, headers)
        return {found for error in self._validator.iter_errors(request) for found in _told(error)}


def _document_of(raw: bytes, **_: str) -> Any:
    return raw.document if isinstance(raw, _Parsed) else json.loads(raw)


def bare_type(media: str) -> str:
    """A media type without its parameters, in lower case."""
    return media.partition(";")[0].strip().lower()


def _is_ip(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return bool(ip_address(value))
    except ValueError:
        return False


def _document(operation: Operation) -> dict[str, Any]:
    """The spec with this operation alone, at ``/``: the vendor's servers would make every local call unknown.

    Credentials are judged by the fixture, which names the header that is missing; openapi-core does not.
    """
    kept = deepcopy({key: value for key, value in operation.document.items() if key != "security"})
    kept["servers"] = [{"url": "/"}]
    body = {key: value for key, value in operation.body.items() if key not in ("servers", "security")}
    kept["paths"] = {operation.path: {operation.method: _ecma(deepcopy(body))}}
    return kept


def _ecma(value: Any) -> Any:
    """Patterns as ECMA-262 reads them: ``$`` is the end of the text; in Python it also stands before a newline."""
    if isinstance(value, list):
        return [_ecma(item) for item in value]
    if isinstance(value, dict):
        return {key: ecma_pattern(item) if key == "pattern" and isinstance(item, str) else _ecma(item)
                for key, item in value.items()}  # fmt: skip
    return value


def ecma_pattern(pattern: str) -> str:
    """The pattern with every ``$`` that is an anchor written as Python's end of text."""
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", lambda m: r"\Z" if m[0] == "$" else m[0], pattern, flags=re.DOTALL)


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


def _without_blank(headers: Any, missing: frozenset[str]) -> Any:
    kept = [(name, value) for name, value in headers.items() if not is_missing(value, missing)]
    return headers if len(kept) == len(headers) else Headers(kept)


def _told(error: Exception) -> Iterator[Violation]:
    """One of openapi-core's errors as violations."""
    cause = error.__cause__
    if isinstance(error, SecurityValidationError):
        yield Violation("security", (), "missing")
    elif isinstance(error, ParameterValidationError):
        yield from _told_parameter(error, cause)
    elif isinstance(error, MissingRequestBodyError):
        yield Violation("body", (), "missing")
    elif isinstance(error, RequestBodyValidationError):
        yield from _told_body(cause)
    else:
        raise error


def _told_parameter(error: ParameterValidationError, cause: BaseException | None) -> Iterator[Violation]:
    steps = (error.name.lower() if error.location == "header" else error.name,)
    if isinstance(error, MissingParameterError):
        yield Violation(error.location, steps, "missing")
    elif isinstance(cause, InvalidSchemaValue):
        yield from _told_schema(cause, error.location, steps)
    else:
        empty = not isinstance(cause, CastError) and "Empty" in type(cause).__name__
        yield Violation(error.location, steps, "missing" if empty else "type")


def _told_body(cause: BaseException | None) -> Iterator[Violation]:
    if isinstance(cause, InvalidSchemaValue):
        yield from _told_schema(cause, "body", ())
    elif isinstance(cause, MediaTypeNotFound):
        yield Violation("body", (), "mediatype")
    elif isinstance(cause, MediaTypeDeserializeError) or cause is None:
        yield Violation("body", (), "malformed")
    else:
        yield Violation("body", (), "type")


def _told_schema(cause: InvalidSchemaValue, root: str, steps: tuple[str, ...]) -> Iterator[Violation]:
    for error in cause.schema_errors:
        path = (*steps, *error.absolute_path)  # type: ignore[attr-defined]
        if error.validator == "required":  # type: ignore[attr-defined]
            # The name stands only in the message, as the repr of the property.
            names = [name for name in error.validator_value if error.message.startswith(f"{name!r} is ")]  # type: ignore[attr-defined]
            yield from (Violation(root, (*path, name), "missing") for name in names)
        else:
            yield Violation(root, path, str(error.validator))  # type: ignore[attr-defined]


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
