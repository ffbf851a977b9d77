"""The operations of a spec: where each stands, what it takes, and every answer that the spec shows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from mocksrv.errors import LoadError, Mark, Problem
from mocksrv.keywords import Pointer
from mocksrv.source import METHODS, Source

_PATH = re.compile(r"(/([^/{}<>]|\{[^{}<>]+\})*)+")


@dataclass(frozen=True)
class Example:
    """One answer that the spec names."""

    status: int
    name: str
    media: str
    value: Any
    schema: Any = field(repr=False, default=None)
    mark: Mark = field(compare=False, default=Mark("?"))

    def __str__(self) -> str:
        return f"{self.status} {self.name}"


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of a spec, its references resolved."""

    name: str
    method: str
    path: str
    prefixes: tuple[str, ...]
    body: dict[str, Any] = field(repr=False)
    document: dict[str, Any] = field(repr=False)
    examples: tuple[Example, ...] = field(repr=False)
    mark: Mark
    product: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths it is served at, templates and all."""
        return tuple(prefix + self.path for prefix in self.prefixes)

    @cached_property
    def security(self) -> tuple[tuple[str, ...], ...]:
        """The alternatives of schemes that let a call in; none when it is open to all."""
        wanted = self.body.get("security", self.document.get("security")) or []
        return tuple(tuple(alternative) for alternative in wanted)

    def scheme(self, name: str) -> dict[str, Any]:
        """A security scheme by its name; empty when the spec has none."""
        found = self.document.get("components", {}).get("securitySchemes", {}).get(name, {})
        return dict(found)

    def media_types(self) -> tuple[str, ...]:
        """What the request body may be."""
        return tuple(self.body.get("requestBody", {}).get("content", {}))

    def body_schema(self) -> dict[str, Any]:
        """The schema of the request body; empty when there is none."""
        content = self.body.get("requestBody", {}).get("content", {})
        return next((media.get("schema", {}) for media in content.values()), {})

    def parameters(self) -> Iterator[dict[str, Any]]:
        """Its header, query and path parameters."""
        yield from self.body.get("parameters", [])

    def example(self, status: int, name: str) -> Example | None:
        """The named example of a status."""
        return next((found for found in self.examples if (found.status, found.name) == (status, name)), None)


def operations(source: Source, document: dict[str, Any], product: str) -> Iterator[Operation]:
    """All operations of a resolved spec. Raises LoadError for a part that cannot be served."""
    for path, item in document["paths"].items():
        if path.startswith("x-"):
            continue
        names = re.findall(r"\{([^}]*)\}", path)
        if not _PATH.fullmatch(path) or len(set(names)) < len(names):
            what = f'"{path}" is not a path; write it like "/users/{{id}}"'
            raise LoadError([Problem(source.mark("paths", path), what)])
        yield from (_operation(source, document, path, method, product) for method in METHODS if method in item)


def _operation(source: Source, document: dict[str, Any], path: str, method: str, product: str) -> Operation:
    item = document["paths"][path]
    _check_parameters(source, item, ("paths", path))
    _check_parameters(source, item[method], ("paths", path, method))
    body = deepcopy(item[method])
    own = {(parameter.get("name"), parameter.get("in")) for parameter in body.get("parameters", [])}
    shared = [each for each in item.get("parameters", []) if (each.get("name"), each.get("in")) not in own]
    body["parameters"] = [*body.get("parameters", []), *deepcopy(shared)]
    name = body.get("operationId") or f"{method} {path}"
    servers = body.get("servers") or item.get("servers") or document.get("servers") or [{"url": "/"}]
    return Operation(
        name=str(name),
        method=method,
        path=path,
        prefixes=_prefixes(servers, source.mark("paths", path, method)),
        body=body,
        document=document,
        examples=tuple(_answers(source, body, ("paths", path, method, "responses"))),
        mark=source.mark("paths", path, method),
        product=product,
    )


def _check_parameters(source: Source, around: dict[str, Any], at: Pointer) -> None:
    for index, each in enumerate(around.get("parameters", [])):
        if not isinstance(each.get("name"), str) or each.get("in") not in ("query", "header", "path", "cookie"):
            what = 'a parameter has a "name" and says where it is "in": query, header, path or cookie'
            raise LoadError([Problem(source.mark(*at, "parameters", index), what)])


def _prefixes(servers: list[dict[str, Any]], mark: Mark) -> tuple[str, ...]:
    """The path of each server, once: whatever host the client calls, this is where the operation stands."""
    found: dict[str, None] = {}
    for server in servers:
        url = str(server.get("url", "/"))
        for name, variable in (server.get("variables") or {}).items():
            url = url.replace("{" + name + "}", str(variable.get("default", "")))
        try:
            path = urlsplit(url).path.strip("/")
        except ValueError:
            raise LoadError([Problem(mark, f'its server "{url}" is not a URL')]) from None
        found[f"/{path}" if path else ""] = None
    return tuple(found)


def _answers(source: Source, body: Mapping[str, Any], at: Pointer) -> Iterator[Example]:
    for status, response in (body.get("responses") or {}).items():
        if not status.startswith("x-"):
            yield from _examples(source, _status(source, status, (*at, status)), response, (*at, status))


def _status(source: Source, text: str, at: Pointer) -> int:
    if text != "default" and not re.fullmatch("[1-5]([0-9]{2}|[xX]{2})", text):
        what = f'"{text}" is not a status; write it like "200", "4XX" or "default"'
        raise LoadError([Problem(source.mark(*at), what)])
    return 500 if text == "default" else int(re.sub("[xX]", "0", text))


def _examples(source: Source, status: int, response: Mapping[str, Any], at: Pointer) -> Iterator[Example]:
    content = response.get("content") or {}
    if not content:
        yield Example(status, "empty", "", None, None, source.mark(*at))
    for media, body in content.items():
        path = (*at, "content", media)
        schema = body.get("schema")
        for name, example in (body.get("examples") or {}).items():
            where = (*path, "examples", name)
            yield Example(status, name, media, example.get("value"), schema, source.mark(*where))
        if not any(each.get("examples") for each in content.values()):
            value = body["example"] if "example" in body else sample(schema or {})
            yield Example(status, "example", media, value, schema, source.mark(*path))


def stands(value: Any, path: Pointer) -> bool:
    """Whether an example has a field."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def sample(schema: Any, depth: int = 0) -> Any:
    """A value for an answer of which the spec shows no example: the schema's own examples, put together."""
    if not isinstance(schema, dict) or depth > 8:
        return None
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    if schema.get("examples") or schema.get("enum"):
        return (schema.get("examples") or schema["enum"])[0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return {name: sample(inner, depth + 1) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {}), depth + 1)]
    return {"string": "text", "integer": 0, "number": 0, "boolean": True}.get(str(kind))


def spare(source: Source, document: dict[str, Any]) -> tuple[Example, ...]:
    """The examples of ``components.responses``, for answers that belong to no operation; status 0."""
    responses = document.get("components", {}).get("responses", {})
    found: list[Example] = []
    for name, response in responses.items():
        found += _examples(source, 0, response, ("components", "responses", name))
    return tuple(found)
