"""openapi-core, bound to one operation: the same judge, which looks nothing up and builds nothing twice.

Stock openapi-core finds its way through the spec and builds its validators anew for every request. A loaded spec never
changes, so here, by openapi-core's own constructor arguments, paths into the spec remember what they saw, factories
remember what they made, and a compiled schema is asked first (`mocksrv.remembering`). The operation is the one that
Flask has routed to, so neither path nor server is looked for; credentials are the fixture's to judge. What is valid,
and which errors there are, is openapi-core's: tests/test_differential.py compares it to the stock one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any

from openapi_core import V30RequestValidator, V30ResponseValidator, V31RequestValidator, V31ResponseValidator
from openapi_core.datatypes import RequestParameters
from openapi_core.deserializing.media_types import MediaTypeDeserializersFactory, media_type_deserializers
from openapi_core.deserializing.styles import style_deserializers
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.validation.request.exceptions import MissingParameter
from openapi_core.validation.request.validators import BaseRequestValidator
from openapi_core.validation.response.exceptions import HeaderValidationError
from werkzeug.datastructures import Headers

from mocksrv.remembering import SchemaValidators, SpecPath, StyleDeserializers
from mocksrv.spec import Operation

# openapi-core's methods without what it wraps around them: that inspects their signatures anew for every error.
_get_parameter: Any = BaseRequestValidator._get_parameter.__wrapped__  # type: ignore[attr-defined]
_get_body: Any = BaseRequestValidator._get_body.__wrapped__  # type: ignore[attr-defined]

# A part of the message, the name of its parameter or header, and what openapi-core says of it.
Error = tuple[str, str | None, Exception]


class Parsed(bytes):
    """A body that was parsed already, in the form openapi-core wants it: non-empty bytes."""

    document: Any

    @classmethod
    def of(cls, document: Any) -> Parsed:
        """The document as a body."""
        body = cls(b"{}")
        body.document = document
        return body


class RequestJudge:
    """openapi-core's request validator for one operation."""

    def __init__(self, operation: Operation) -> None:
        stock = V30RequestValidator if _is_30(operation) else V31RequestValidator
        self.operation = _path_to(operation)
        self.validator = stock(self.operation, **_remembering(stock, operation.media_types()))
        first = {(each["in"], each["name"]): n for n, each in reversed([*enumerate(operation.parameters())])}
        self.parameters = [
            (*key, self.operation / "parameters" / n) for key, n in sorted(first.items(), key=itemgetter(1))
        ]
        _make(self.validator, (path for _, _, path in self.parameters))
        _make(self.validator, _contents(self.operation / "requestBody"))

    def errors(self, parameters: RequestParameters, media: str, document: Any) -> Iterator[Error]:
        """What openapi-core has against a request: of its parameters, then of its body."""
        for location, name, parameter in self.parameters:
            try:
                _get_parameter(self.validator, parameters, parameter)
            except MissingParameter:
                continue
            except OpenAPIError as error:
                yield location, name, error
        try:
            _get_body(self.validator, Parsed.of(document), media, self.operation)
        except OpenAPIError as error:
            yield "body", None, error


class ResponseJudge:
    """openapi-core's response validator for one operation."""

    def __init__(self, operation: Operation) -> None:
        stock = V30ResponseValidator if _is_30(operation) else V31ResponseValidator
        self.operation = _path_to(operation)
        responses = [path for _, path in (self.operation / "responses").str_items() if isinstance(path.value, dict)]
        contents = [path for response in responses for path in _contents(response)]
        self.validator = stock(self.operation, **_remembering(stock, (str(path.parts[-1]) for path in contents)))
        _make(self.validator, contents)

    def errors(self, status: int, headers: Headers, media: str, document: Any) -> Iterator[Error]:
        """What openapi-core has against an answer: its status, its body, its headers. No media type, no body."""
        body = Parsed.of(document) if media else None
        for error in self.validator._iter_errors(status, body, headers, media, self.operation):
            cause = error.__cause__ if isinstance(error.__cause__, OpenAPIError) else error
            if isinstance(error, HeaderValidationError):
                yield "header", error.name, cause
            else:
                yield "status" if isinstance(error, ResponseNotFound) else "body", None, cause


def _is_30(operation: Operation) -> bool:
    return str(operation.document["openapi"]).startswith("3.0")


def _path_to(operation: Operation) -> SpecPath:
    """The operation within its spec, into which the references of recursive schemas lead."""
    # Of a deprecated parameter openapi-core would warn at every call.
    parameters = [{key: each[key] for key in each if key != "deprecated"} for each in operation.parameters()]
    document = {**operation.document, "x-operation": {**operation.body, "parameters": parameters}}
    path: SpecPath = SpecPath.from_dict(document, handlers=_Nobody()) / "x-operation"
    return path


class _Nobody(dict[str, Any]):
    """Whom to ask for a document elsewhere. No reference of a loaded spec leads there; should one, nobody is called."""

    def __contains__(self, scheme: object) -> bool:
        return True

    def __getitem__(self, scheme: str) -> Any:
        raise LookupError(f"{scheme}: nothing is fetched for a spec")


def _contents(path: SpecPath) -> list[SpecPath]:
    """The media types of a body."""
    content = path / "content"
    return [each for _, each in content.str_items()] if isinstance(content.value, dict) else []


def _make(validator: Any, paths: Iterable[SpecPath]) -> None:
    """Make the validators of some schemas now, so that one that cannot be made is found at load."""
    for path in paths:
        if "schema" in path:
            validator.schema_validators_factory.create(validator.spec, path / "schema")


def _remembering(stock: Any, media_types: Iterable[str]) -> dict[str, Any]:
    """The constructor arguments by which an openapi-core validator builds nothing twice."""
    styles = StyleDeserializers(stock.schema_casters_factory, style_deserializers)
    return {
        "style_deserializers_factory": styles,
        "media_type_deserializers_factory": MediaTypeDeserializersFactory(styles, media_type_deserializers),
        "schema_validators_factory": SchemaValidators(stock.schema_validators_factory),
        "extra_media_type_deserializers": dict.fromkeys(map(bare_type, media_types), _document_of),
    }


def bare_type(media: str) -> str:
    """A media type without its parameters, in lower case."""
    return media.partition(";")[0].strip().lower()


def _document_of(raw: bytes, **_: str) -> Any:
    return raw.document if isinstance(raw, Parsed) else json.loads(raw)
