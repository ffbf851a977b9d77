"""Every kind of violation that an operation's schemas can produce, so that each can be proved to have an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.contract import Violation
from mocksrv.spec import Operation
from mocksrv.words import KINDS

MOST_DEPTH = 12
_JUDGED = KINDS - {"missing", "malformed", "mediatype", "within", "if"}
_BRANCHES = ("allOf", "anyOf", "oneOf")


def possible_violations(operation: Operation) -> Iterator[Violation]:
    """Place and kind of whatever a request can get wrong; list items have index 0."""
    for parameter in operation.parameters():
        name = str(parameter["name"]).lower() if parameter["in"] == "header" else str(parameter["name"])
        schema = parameter.get("schema", {})
        if parameter.get("required") and parameter["in"] != "path" and "default" not in schema:
            yield Violation(parameter["in"], (name,), "missing")
        if schema.get("type") not in (None, "string"):
            yield Violation(parameter["in"], (name,), "type")
        yield from (each for each in _of(schema, parameter["in"], (name,)) if each.kind != "type")
    if operation.media_types():
        yield Violation("body", (), "malformed")
        yield Violation("body", (), "mediatype")
        yield from _of(operation.body_schema(), "body", ())


def _of(schema: Any, root: str, steps: tuple[str | int, ...]) -> Iterator[Violation]:
    if not isinstance(schema, dict) or len(steps) > MOST_DEPTH:
        return
    for keyword in schema:
        if keyword in _JUDGED and keyword not in _BRANCHES:
            yield Violation(root, steps, keyword)
    for name in schema.get("required", []) if isinstance(schema.get("required"), list) else []:
        yield Violation(root, (*steps, name), "missing")
    for name, inner in schema.get("properties", {}).items():
        yield from _of(inner, root, (*steps, name))
    if "items" in schema:
        yield from _of(schema["items"], root, (*steps, 0))
    for branch in (*schema.get("allOf", []), schema.get("then"), schema.get("else")):
        yield from _of(branch, root, steps)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            yield Violation(root, steps, keyword)
