"""A quote made flesh: status, headers and body, from the spec's example with its fields renewed."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from mocksrv.answer import Decision
from mocksrv.call import ABSENT, text_of
from mocksrv.spec import Example, stands
from mocksrv.words import First, Place, Value


@dataclass(frozen=True)
class Reply:
    """What goes out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    media: str = "application/json"


def reply_to(decision: Decision, example: Example) -> Reply:
    """The example with the decision's fields renewed where it has them; one whose place is absent is left out.

    Answers echo what was sent, not what was read.
    """
    look = replace(decision.look, call=decision.look.call.as_sent())
    body = deepcopy(example.value)
    for path, value in decision.answer.fields if decision.answer else ():
        if stands(body, path):
            field = ".".join(str(step) for step in path)
            _renew(body, path, look.value(value, *decision.entity, field))
    return Reply(example.status, tuple(_headers(decision)), body_of(body, example.media), example.media)


def body_of(document: Any, media: str) -> bytes:
    """The bytes of an answer's body."""
    if not media:
        return b""
    if "json" not in media and isinstance(document, str):
        return document.encode()
    return json.dumps(document, ensure_ascii=False).encode("utf-8")


def _renew(body: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Set the field, in the type that the example has there; an absent value takes the field away."""
    *before, last = path
    for step in before:
        body = body[step]
    if value is ABSENT:
        del body[last]
    elif isinstance(body[last], int) and not isinstance(body[last], bool) and str(value).isdigit():
        body[last] = int(value)
    else:
        body[last] = value


def _headers(decision: Decision) -> Any:
    """The product's headers: ``limit.*`` reads what is left of the limit."""
    for name, value in decision.look.rules.product.form.headers.items():
        found = _header(decision, value)
        if found is not ABSENT:
            yield name, text_of(found)


def _header(decision: Decision, value: Value) -> Any:
    if isinstance(value, Place) and value.root == "limit":
        return decision.allowance.read(str(value.steps[0])) if decision.allowance else ABSENT
    if isinstance(value, First):
        found = (_header(decision, option) for option in value.options)
        return next((each for each in found if each is not ABSENT), ABSENT)
    return decision.look.value(value)
