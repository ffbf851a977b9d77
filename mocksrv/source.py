"""A spec as it was written: its data, where each path of it stands, and what ours adds to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocksrv.errors import LoadError, Mark, Problem
from mocksrv.folder import Folder
from mocksrv.keywords import Pointer
from mocksrv.yamltext import read_typed

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_FOLLOWED = 100


@dataclass
class Source:
    """A file of a spec, or all of them merged: data, and where each path of it stands."""

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

    def add(self, other: Source, path: Pointer, at: Pointer) -> None:
        """Learn the positions of what stands in another source at a path, and is put here at another."""
        for known, mark in other.marks.items():
            if known[: len(path)] == path:
                self.marks[(*at, *known[len(path) :])] = mark

    def _followed(self, path: Pointer) -> Pointer:
        at: Pointer = ()
        value: Any = self.data
        for step in path:
            for _ in range(_MOST_FOLLOWED):
                if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                    break
                at = steps_of(value["$ref"][1:])
                value = value_at(self.data, at)
            at = (*at, step)
            value = value_at(value, (step,))
        return at


def read_source(path: Path, root: Path, folder: Folder) -> Source:
    """One file of a spec. Raises LoadError when it cannot be read or is no YAML."""
    file = path.relative_to(root).as_posix()
    try:
        text = folder.read(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise LoadError([Problem(Mark(file), f"cannot be read: {why}")]) from None
    return Source(file, *read_typed(text, file))


def value_at(value: Any, path: Pointer) -> Any:
    """What stands at a path, or None."""
    for step in path:
        if isinstance(value, list) and str(step).isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value


def steps_of(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def pointer_of(path: Pointer) -> str:
    """The JSON pointer of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def leave_out_orphans(source: Source, ours: Source) -> Iterator[str]:
    """A newer or smaller vendor file may lack an operation that ours adds to: what cannot stand alone is left out."""
    paths = ours.data.get("paths") or {}
    for path, item in list(paths.items()):
        for method in [key for key in item if key in METHODS and not path.startswith("x-")]:
            there = method in ((source.data.get("paths") or {}).get(path) or {})
            if not there and "operationId" not in item[method]:
                yield f"{ours.mark('paths', path, method)}: left out, {source.file} has no {method} {path}"
                del item[method]
        if not item:
            del paths[path]


def merge(source: Source, ours: Source) -> None:
    """Add ours to a source. Raises LoadError for all that stands there already."""
    if problems := list(_merge_maps(source.data, ours.data, (), source, ours)):
        raise LoadError(problems)


def _merge_maps(
    base: dict[str, Any], added: dict[str, Any], at: Pointer, source: Source, ours: Source
) -> Iterator[Problem]:
    for key, value in added.items():
        path = (*at, str(key))
        if key not in base:
            base[key] = value
            source.add(ours, path, path)
        elif isinstance(base[key], dict) and isinstance(value, dict):
            if "$ref" in base[key] and "$ref" not in value:
                where = base[key]["$ref"]
                yield Problem(ours.mark(*path), f'"{key}" is a reference in {source.file}; add to {where} instead')
            else:
                yield from _merge_maps(base[key], value, path, source, ours)
        else:
            stands = source.mark(*path)
            yield Problem(ours.mark(*path), f'"{key}" stands in {stands} already; ours adds, it never replaces')
