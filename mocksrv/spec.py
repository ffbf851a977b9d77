"""The specs: read, merged with ours, resolved, and mounted. The doorway to prance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prance.util.resolver import RESOLVE_INTERNAL, RefResolver
from prance.util.url import ResolutionError

from mocksrv.errors import LoadError, Mark, Problem
from mocksrv.folder import Folder
from mocksrv.keywords import Pointer
from mocksrv.operation import Example, Operation, operations, sample, spare, stands
from mocksrv.patterns import trouble, trouble_of_names
from mocksrv.references import Inclusion, unveil
from mocksrv.source import METHODS, Source, leave_out_orphans, merge, read_source
from mocksrv.weight import Weighing

__all__ = ["OURS", "Example", "Operation", "Spec", "find_specs", "load_spec", "product_of", "sample", "stands"]

OURS = ".ours.yaml"
_BEGINS = re.compile(r"^[\s{\"']*(openapi|swagger)\b", re.MULTILINE)

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


@dataclass(frozen=True, eq=False)
class Spec:
    """One product's spec with ours merged in."""

    product: str
    file: str
    operations: tuple[Operation, ...]
    spare: tuple[Example, ...]
    document: dict[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()


def find_specs(folder: Path) -> list[Path]:
    """The specs below a folder ``specs``, without ours and without files to which their neighbours refer."""
    found = sorted(path for path in folder.glob("*/*.yaml") if not path.name.endswith(OURS))
    return [path for path in found if not _is_part(path)]


def _is_part(path: Path) -> bool:
    """Whether a file does not begin to be a spec, and another in its folder refers to it."""
    named = re.compile(rf"\$ref[\"']?\s*:\s*[\"']?([^\"'#]*/)?{re.escape(path.name)}\b")
    return not _BEGINS.search(_text(path)) and any(named.search(_text(each)) for each in path.parent.rglob("*.yaml"))


def _text(path: Path) -> str:
    """The text of a file in its folder; none when it cannot be read, of which loading it will tell."""
    folder = Folder(path.parent)
    try:
        return folder.read(path) if folder.name_of(path) else ""
    except (OSError, ValueError):
        return ""


def product_of(path: Path) -> str:
    """The product of a spec's file, or of ours beside it: its folder's name and its own."""
    return f"{path.parent.name}/{path.name.removesuffix('.yaml').removesuffix('.ours')}"


def load_spec(path: Path, root: Path) -> Spec:
    """One spec, with ours merged in and its references resolved.

    Raises LoadError with everything that is wrong.
    """
    folder = Folder(path.parent)
    source, notes = _merged(path, root, folder)
    _check_version(source)
    inclusion = Inclusion(source, path, root, folder)
    inclusion.follow()
    if problems := [*Weighing(inclusion).problems(), *_bad_patterns(inclusion)]:
        raise LoadError(problems)
    inclusion.put_together()
    document = _resolve(source)
    _check_shape(source, document)
    found = tuple(operations(source, document, product_of(path)))
    return Spec(product_of(path), source.file, found, spare(source, document), document, notes)


def _merged(path: Path, root: Path, folder: Folder) -> tuple[Source, tuple[str, ...]]:
    """The spec's file with ours, and a note for everything of ours that is left out."""
    source = read_source(path, root, folder)
    _check_shape(source, source.data)
    ours_path = path.with_name(path.name.removesuffix(".yaml") + OURS)
    if not ours_path.exists():
        return source, ()
    ours = read_source(ours_path, root, folder)
    _check_shape(ours, ours.data)
    notes = tuple(leave_out_orphans(source, ours))
    merge(source, ours)
    return source, notes


def _bad_patterns(inclusion: Inclusion) -> Iterator[Problem]:
    """Patterns that cannot be served."""
    for at, word in inclusion.words:
        if word.word == "pattern":
            found = trouble(word.value) if isinstance(word.value, str) else "a pattern is a text"
            if found:
                yield Problem(inclusion.mark(at, "pattern"), found)
        elif word.word == "patternProperties" and isinstance(word.value, dict):
            for name in word.value:
                if found := trouble_of_names(name):
                    yield Problem(inclusion.mark(at, "patternProperties", name), found)


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


def _check_version(source: Source) -> None:
    version = str(source.data.get("openapi", ""))
    if not re.match(r"3\.[01](\.|$)", version):
        said = f'openapi is "{version}"' if version else 'there is no "openapi:" here'
        raise LoadError([Problem(source.mark("openapi"), f"{said}; mocksrv reads 3.0 and 3.1")])
    if not source.data.get("paths"):
        raise LoadError([Problem(source.mark("paths"), "a spec needs paths")])


def _keep(limit: int, url: Any, recursions: Any = ()) -> dict[str, str]:
    """A recursive schema is legal: the reference that closes the circle stays, and openapi-core follows it."""
    return {"$ref": "#" + url.fragment.replace("%", "%25")}  # openapi-core reads it as part of a URL


def _resolve(source: Source) -> dict[str, Any]:
    resolver = RefResolver(
        _plain(source.data),
        "file:///spec.yaml",
        resolve_types=RESOLVE_INTERNAL,
        recursion_limit_handler=_keep,
        reference_cache={},
    )
    try:
        resolver.resolve_references()
    except (ResolutionError, RecursionError, KeyError, ValueError) as error:
        raise LoadError([Problem(Mark(source.file), f"its references cannot be resolved: {error}")]) from None
    document: dict[str, Any] = deepcopy(resolver.specs)
    unveil(document)
    return document


def _plain(value: Any) -> Any:
    """The data without its positions: libraries get dicts, lists and texts, nothing of ours."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
