"""Places within a document, as a conversation writes them: ``errors[0].code``, or ``errors.0.code``."""

from __future__ import annotations

import re
from typing import Any

from mocksrv.conversation.expecting import NOTHING, Path


def path_of(place: str) -> Path:
    """The steps of a place, a number for an item of a list."""
    return tuple(int(step) if step.isdigit() else step for step in re.split(r"[.\[\]]+", place) if step)


def at(body: Any, path: Path) -> Any:
    """What stands there, or NOTHING."""
    for step in path:
        if isinstance(body, dict) and str(step) in body:
            body = body[str(step)]
        elif isinstance(body, list) and isinstance(step, int) and step < len(body):
            body = body[step]
        else:
            return NOTHING
    return body


def put(body: Any, path: Path, value: Any) -> Any:
    """A new document with a value there; what stood in its way is replaced by mappings. Lists keep their length."""
    if not path:
        return value
    name, *more = path
    if isinstance(body, list) and isinstance(name, int) and name < len(body):
        return [put(item, tuple(more), value) if index == name else item for index, item in enumerate(body)]
    inner = body if isinstance(body, dict) else {}
    return {**inner, str(name): put(inner.get(str(name)), tuple(more), value)}


def place_of(path: Path) -> str:
    """The place that a path is written as: ``errors.0.code``."""
    return ".".join(map(str, path))
