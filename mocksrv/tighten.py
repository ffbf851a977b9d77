"""What a vendor states only in prose, put into the operation's schema so that openapi-core judges it."""

from __future__ import annotations

import dataclasses
from copy import deepcopy
from typing import Any

from mocksrv.clock import parse_duration
from mocksrv.errors import LoadError, Problem, nearest
from mocksrv.patterns import trouble
from mocksrv.spec import Operation
from mocksrv.words import Each, Place

NUMBERS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
TEXTS = ("pattern", "format")
LISTS = ("enum",)
KEYWORDS = (*NUMBERS, *TEXTS, *LISTS, "within")


def tightened(operation: Operation, places: dict[Place, dict[str, Any]]) -> Operation:
    """The operation with the keywords added at their places.

    Raises LoadError for a place that the schema lacks, an unknown keyword, or one that the spec states already.
    """
    if not places:
        return operation
    body, problems = deepcopy(operation.body), []
    changed = dataclasses.replace(operation, body=body)
    for place, keywords in places.items():
        schema = _schema_at(changed, place)
        if schema is None:
            problems.append(Problem(place.mark, f'the spec has no "{place}" in {operation.name}'))
            continue
        for keyword, value in keywords.items():
            if keyword not in KEYWORDS:
                problems.append(Problem(keyword.mark, f'"{keyword}" cannot be tightened{nearest(keyword, KEYWORDS)}'))  # type: ignore[attr-defined]
            elif keyword in schema:
                problems.append(Problem(keyword.mark, f'the spec states "{keyword}" of {place} itself'))  # type: ignore[attr-defined]
            else:
                try:
                    typed = _typed(keyword, value, schema)
                    if keyword != "within":  # no keyword of JSON Schema: it needs the sandbox's clock
                        schema[str(keyword)] = typed
                except ValueError as error:
                    problems.append(Problem(keyword.mark, str(error)))  # type: ignore[attr-defined]
    if problems:
        raise LoadError(problems)
    return changed


def _schema_at(operation: Operation, place: Place) -> dict[str, Any] | None:
    if place.root != "body":
        found = [each for each in operation.parameters() if each["in"] == place.root and each["name"] == place.steps[0]]
        return found[0]["schema"] if found and "schema" in found[0] else None
    schema: dict[str, Any] | None = operation.body_schema()
    for step in place.steps:
        schema = (
            (schema or {}).get("items") if isinstance(step, Each) else (schema or {}).get("properties", {}).get(step)
        )
    return schema


def _typed(keyword: str, value: Any, schema: dict[str, Any]) -> Any:
    if keyword == "within":
        return parse_duration(str(value))
    if keyword in LISTS:
        if not isinstance(value, list):
            raise ValueError(f'"{keyword}" is a list')
        words = {"true": True, "false": False}
        return [words.get(str(each), str(each)) if schema.get("type") == "boolean" else str(each) for each in value]
    if keyword in TEXTS:
        if keyword == "pattern" and (found := trouble(str(value))):
            raise ValueError(found)
        return str(value)
    if not str(value).isdigit():
        raise ValueError(f'"{keyword}" is a whole number, not "{value}"')
    return int(value)
