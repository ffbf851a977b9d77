"""The specs: read, merged with ours, resolved, and mounted. The doorway to prance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prance.util.resolver import RESOLVE_INTERNAL, RefResolver
from prance.util.url import ResolutionError

from mocksrv.errors import LoadError, Mark, Problem
from mocksrv.yamltext import read_typed

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OURS = ".ours.yaml"
Pointer = tuple[str | int, ...]
_PATH = re.compile(r"(/([^/{}<>]|\{[^{}<>]+\})*)+")

# What is read as a mapping or as a list, wherever it stands; "*" is any key.
_MEDIA: dict[str, Any] = {"*": {"schema": {}, "examples": {"*": {}}}}
_RESPONSES: dict[str, Any] = {"*": {"content": _MEDIA}}
_SERVERS: list[Any] = [{"variables": {"*": {}}}]
_OPERATION: dict[str, Any] = {"parameters": [{}], "requestBody": {"content": _MEDIA}, "responses": _RESPONSES,
                              "servers": _SERVERS, "security": [{}]}  # fmt: skip
_SHAPE: dict[str, Any] = {
    "paths": {"*": {**dict.fromkeys(METHODS, _OPERATION), "parameters": [{}], "servers": _SERVERS}},
    "components": {"responses": _RESPONSES, "securitySchemes": {"*": {}}},
    "servers": _SERVERS,
    "security": [{}],
}


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


@dataclass(frozen=True, eq=False)
class Spec:
    """One product's spec with ours merged in."""

    product: str
    file: str
    operations: tuple[Operation, ...]
    spare: tuple[Example, ...]
    document: dict[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()


@dataclass
class Source:
    """A spec's file and ours, before and after they are merged: data, and where each path of it stands."""

    product: str
    file: str
    data: dict[str, Any]
    marks: dict[Pointer, Mark]

    def mark(self, *path: str | int) -> Mark:
        """The position of a path, through references, or of the nearest thing around it."""
        if path not in self.marks:
            path = self._followed(path)
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(self.file))

    def _followed(self, path: Pointer) -> Pointer:
        at: Pointer = ()
        value: Any = self.data
        for step in path:
            for _ in range(20):
                if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                    break
                at = tuple(unescaped(part) for part in value["$ref"][2:].split("/"))
                value = _at(self.data, at)
            at = (*at, step)
            value = _at(value, (step,))
        return at


def find_specs(folder: Path) -> list[Path]:
    """The specs below a folder ``specs``, ours left out."""
    return sorted(path for path in folder.glob("*/*.yaml") if not path.name.endswith(OURS))


def product_of(path: Path) -> str:
    """The product of a spec's file, or of ours beside it: its folder's name and its own."""
    return f"{path.parent.name}/{path.name.removesuffix('.yaml').removesuffix('.ours')}"


def load_spec(path: Path, root: Path) -> Spec:
    """One spec, with ours merged in and its references resolved.

    Raises LoadError with everything that is wrong.
    """
    source = _read(path, root)
    ours_path = path.with_name(path.name.removesuffix(".yaml") + OURS)
    notes: list[str] = []
    if ours_path.is_file():
        ours = _read(ours_path, root)
        _leave_out_orphans(source, ours, notes)
        _merge(source, ours)
    _check_version(source)
    _check_references(source)
    document = _resolve(source)
    _check_shape(source, document)
    return Spec(source.product, source.file, tuple(_operations(source, document)), _spare(source, document), document,
                tuple(notes))  # fmt: skip


def _read(path: Path, root: Path) -> Source:
    file = path.relative_to(root).as_posix()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError([Problem(Mark(file), f"cannot be read: {error}")]) from None
    data, marks = read_typed(text, file)
    source = Source(product_of(path), file, data, marks)
    _check_shape(source, data)
    return source


def _check_shape(source: Source, document: dict[str, Any]) -> None:
    if problems := list(_misshapen(document, _SHAPE, source)):
        raise LoadError(problems)


def _misshapen(value: Any, shape: Any, source: Source, at: Pointer = ()) -> Iterator[Problem]:
    if not isinstance(value, type(shape)):
        yield Problem(source.mark(*at), f'"{at[-1]}" must be {"a mapping" if isinstance(shape, dict) else "a list"}')
    elif isinstance(shape, list):
        for index, item in enumerate(value):
            yield from _misshapen(item, shape[0], source, (*at, index))
    else:
        for key, item in value.items():
            inner = shape.get(key, shape.get("*"))
            if inner is not None and key != "$ref" and not key.startswith("x-"):
                yield from _misshapen(item, inner, source, (*at, key))


def _leave_out_orphans(source: Source, ours: Source, notes: list[str]) -> None:
    """A newer or smaller vendor file may lack an operation that ours adds to: what cannot stand alone is left out."""
    paths = ours.data.get("paths") or {}
    for path, item in list(paths.items()):
        for method in [key for key in item if key in METHODS and not path.startswith("x-")]:
            there = method in ((source.data.get("paths") or {}).get(path) or {})
            if not there and "operationId" not in item[method]:
                notes.append(f"{ours.mark('paths', path, method)}: left out, {source.file} has no {method} {path}")
                del item[method]
        if not item:
            del paths[path]


def _merge(source: Source, ours: Source) -> None:
    problems = list(_merge_maps(source.data, ours.data, (), source, ours))
    if problems:
        raise LoadError(problems)


def _merge_maps(
    base: dict[str, Any], added: dict[str, Any], at: Pointer, source: Source, ours: Source
) -> Iterator[Problem]:
    for key, value in added.items():
        path = (*at, str(key))
        if key not in base:
            base[key] = value
            for known, mark in ours.marks.items():
                if known[: len(path)] == path:
                    source.marks[known] = mark
        elif isinstance(base[key], dict) and isinstance(value, dict):
            if "$ref" in base[key] and "$ref" not in value:
                where = base[key]["$ref"]
                yield Problem(ours.mark(*path), f'"{key}" is a reference in {source.file}; add to {where} instead')
            else:
                yield from _merge_maps(base[key], value, path, source, ours)
        else:
            stands = source.mark(*path)
            yield Problem(ours.mark(*path), f'"{key}" stands in {stands} already; ours adds, it never replaces')


def _check_version(source: Source) -> None:
    version = str(source.data.get("openapi", ""))
    if not re.match(r"3\.[01](\.|$)", version):
        said = f'openapi is "{version}"' if version else 'there is no "openapi:" here'
        raise LoadError([Problem(source.mark("openapi"), f"{said}; mocksrv reads 3.0 and 3.1")])
    if not source.data.get("paths"):
        raise LoadError([Problem(source.mark("paths"), "a spec needs paths")])


def _references(value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield at, item
            elif at[-1:] != ("examples",) or key != "value":
                yield from _references(item, (*at, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, (*at, index))


def _check_references(source: Source) -> None:
    problems = []
    for at, reference in _references(source.data):
        mark = source.mark(*at, "$ref")
        if not isinstance(reference, str):
            problems.append(Problem(mark, 'a reference is a text that begins with "#/"'))
        elif not reference.startswith("#/"):
            problems.append(Problem(mark, f'"{reference}" leads out of the file; only "#/..." is followed'))
        elif _at(source.data, tuple(unescaped(step) for step in reference[2:].split("/"))) is None:
            problems.append(Problem(mark, f'"{reference}" leads nowhere'))
        elif _circles(source.data, reference):
            problems.append(Problem(mark, f'"{reference}" leads back to itself'))
    if problems:
        raise LoadError(problems)


def _circles(data: dict[str, Any], reference: Any) -> bool:
    """Whether references follow each other in a circle, with nothing between them."""
    seen = set()
    while isinstance(reference, str) and reference not in seen:
        seen.add(reference)
        target = _at(data, tuple(unescaped(step) for step in reference[2:].split("/")))
        reference = target.get("$ref") if isinstance(target, dict) else None
    return reference is not None


def unescaped(step: str) -> str:
    """One step of a JSON pointer as it stands in the document."""
    return step.replace("~1", "/").replace("~0", "~")


def _at(value: Any, path: Pointer) -> Any:
    """What stands at a path, or None."""
    for step in path:
        if isinstance(value, list) and str(step).isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def _keep(limit: int, url: Any, recursions: Any = ()) -> dict[str, str]:
    """A recursive schema is legal: the reference that closes the circle stays, and openapi-core follows it."""
    return {"$ref": f"#{url.fragment}"}


def _resolve(source: Source) -> dict[str, Any]:
    resolver = RefResolver(
        _plain(source.data),
        f"file:///{source.file}",
        resolve_types=RESOLVE_INTERNAL,
        recursion_limit_handler=_keep,
        reference_cache={},
    )
    try:
        resolver.resolve_references()
    except (ResolutionError, RecursionError, KeyError, ValueError) as error:
        raise LoadError([Problem(Mark(source.file), f"its references cannot be resolved: {error}")]) from None
    document: dict[str, Any] = deepcopy(resolver.specs)
    return document


def _plain(value: Any) -> Any:
    """The data without its positions: libraries get dicts, lists and texts, nothing of ours."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _operations(source: Source, document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        if path.startswith("x-"):
            continue
        names = re.findall(r"\{([^}]*)\}", path)
        if not _PATH.fullmatch(path) or len(set(names)) < len(names):
            what = f'"{path}" is not a path; write it like "/users/{{id}}"'
            raise LoadError([Problem(source.mark("paths", path), what)])
        yield from (_operation(source, document, path, method) for method in METHODS if method in item)


def _operation(source: Source, document: dict[str, Any], path: str, method: str) -> Operation:
    item = document["paths"][path]
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
        product=source.product,
    )


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


def _spare(source: Source, document: dict[str, Any]) -> tuple[Example, ...]:
    """The examples of ``components.responses``, for answers that belong to no operation; status 0."""
    responses = document.get("components", {}).get("responses", {})
    found: list[Example] = []
    for name, response in responses.items():
        found += _examples(source, 0, response, ("components", "responses", name))
    return tuple(found)
