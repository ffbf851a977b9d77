"""openapi-core as it comes, for comparison: built by its defaults over a plain SchemaPath, remembering nothing.

One thing is changed before comparing: patterns are written as Python must read them to agree with ECMA-262.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator, V30ResponseValidator, V31RequestValidator, V31ResponseValidator
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.responses.exceptions import ResponseNotFound
from werkzeug.datastructures import Headers

from mocksrv.bound import Error, Parsed, bare_type
from mocksrv.contract import ABSENT, Contract
from mocksrv.ecma import ecma_pattern
from mocksrv.spec import Operation


class StockContract(Contract):
    """The contract with stock openapi-core as its judge; errors are told as ever."""

    def __init__(self, operation: Operation, missing: Iterable[str] = (ABSENT,)) -> None:
        super().__init__(operation, missing)
        self._request = StockRequests(operation)  # type: ignore[assignment]
        self._response = StockResponses(operation)  # type: ignore[assignment]


@dataclass
class Message:
    """A request or an answer by openapi-core's protocols."""

    method: str
    path: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None
    status_code: int = 0
    headers: Headers = field(default_factory=Headers)
    host_url: str = "http://localhost"

    @property
    def path_pattern(self) -> str:
        return self.path

    @property
    def data(self) -> bytes | None:
        return self.body


class StockRequests:
    """As `mocksrv.bound.RequestJudge`."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        version = V30RequestValidator if is_30(operation) else V31RequestValidator
        self.validator = version(SchemaPath.from_dict(alone(operation)), **options(operation.media_types()))

    def errors(self, parameters: RequestParameters, media: str, document: Any) -> Iterator[Error]:
        asked = Message(self.operation.method, self.operation.path, parameters, media, Parsed.of(document))
        for error in self.validator.iter_errors(asked):
            found: Any = error
            yield getattr(found, "location", "body"), getattr(found, "name", None), found.__cause__ or found


class StockResponses:
    """As `mocksrv.bound.ResponseJudge`."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        version = V30ResponseValidator if is_30(operation) else V31ResponseValidator
        media = [name for answer in operation.body["responses"].values() for name in answer.get("content", {})]
        self.validator = version(SchemaPath.from_dict(alone(operation)), **options(media))

    def errors(self, status: int, headers: Headers, media: str, document: Any) -> Iterator[Error]:
        where = (self.operation.method, self.operation.path, RequestParameters(), media)
        answer = Message(*where, Parsed.of(document) if media else None, status, headers)
        for error in self.validator.iter_errors(answer, answer):
            found: Any = error
            root = "status" if isinstance(found, ResponseNotFound) else "header" if hasattr(found, "name") else "body"
            yield root, getattr(found, "name", None), found.__cause__ or found


def is_30(operation: Operation) -> bool:
    return str(operation.document["openapi"]).startswith("3.0")


def options(media: Iterable[str]) -> dict[str, Any]:
    read = dict.fromkeys(map(bare_type, media), lambda raw, **_: raw.document)
    return {"extra_media_type_deserializers": read, "extra_format_validators": {"ip": is_ip}}


def alone(operation: Operation) -> dict[str, Any]:
    """The spec with this operation alone, at ``/``, and without security: the fixture judges credentials."""
    body = {key: value for key, value in operation.body.items() if key not in ("servers", "security")}
    kept = {key: value for key, value in operation.document.items() if key != "security"}
    kept |= {"servers": [{"url": "/"}], "paths": {operation.path: {operation.method: body}}}
    written: dict[str, Any] = as_ecma(kept)
    return written


def as_ecma(value: Any) -> Any:
    if isinstance(value, list):
        return [as_ecma(item) for item in value]
    if isinstance(value, dict):
        return {key: ecma_pattern(item) if key == "pattern" and isinstance(item, str) else as_ecma(item)
                for key, item in value.items()}  # fmt: skip
    return value


def is_ip(value: object) -> bool:
    try:
        return not isinstance(value, str) or bool(ip_address(value))
    except ValueError:
        return False
