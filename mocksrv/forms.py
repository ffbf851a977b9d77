"""The forms that fixtures fill in: one for a product, one for an operation (or several of one form)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mocksrv.errors import Mark
from mocksrv.phones import read_region
from mocksrv.readers import (
    NOWHERE,
    Answer,
    Line,
    each,
    mapping,
    one_of,
    read_answer,
    read_constant,
    read_kind,
    read_line,
    read_text,
)
from mocksrv.schema import Nest, word
from mocksrv.sections import (
    Checking,
    Creation,
    Credential,
    Limit,
    Making,
    Message,
    Refusals,
    Require,
    Signed,
    Success,
    TokenForm,
    making_or_checking,
)
from mocksrv.words import Place, Quote, Value, read_field, read_place, read_quote, read_template, read_value


def _mount(raw: object) -> str:
    if not re.fullmatch(r"(/[\w.~-]+)+", read_text(raw)):
        raise ValueError(f'"{raw}" is not a mount; write it like "/other"')
    return str(raw)


@dataclass(frozen=True, kw_only=True)
class ProductForm:
    """``product.yaml``: what holds for every operation of a product."""

    mount: str = word(_mount, "")
    scope: Place | None = word(read_place)
    region: str = word(read_region, "IN")
    refusals: Refusals = word(Nest(Refusals), Refusals())
    together: tuple[str | int, ...] | None = word(read_field)
    credentials: dict[str, Credential] = word(mapping(read_text, Nest(Credential)), dict)
    missing_means: list[str] = word(each(one_of("absent", "null", "blank", "empty")), list, named="missing means")
    records: dict[str, list[dict[str, str]]] = word(mapping(read_text, each(mapping(read_text, read_text))), dict)
    signed: Signed | None = word(Nest(Signed))
    tokens: dict[str, TokenForm] = word(mapping(read_text, Nest(TokenForm)), dict)
    requires: dict[str, Require] = word(mapping(read_text, Nest(Require)), dict)
    limits: list[Limit] = word(each(Nest(Limit)), list)
    renews: dict[tuple[str | int, ...], Value] = word(mapping(read_field, read_value), dict)
    headers: dict[str, Value] = word(mapping(read_text, read_constant), dict)
    otherwise: Answer | None = word(read_answer)
    unknown_path: Quote | None = word(read_quote, named="unknown path")
    unknown_method: Quote | None = word(read_quote, named="unknown method")
    mark: Mark = NOWHERE


def _operations(raw: object) -> tuple[str, ...]:
    if not raw:
        raise ValueError("the name of an operation is wanted here, or a list of names")
    return tuple(read_text(name) for name in raw) if isinstance(raw, list) else (read_text(raw),)


@dataclass(frozen=True, kw_only=True)
class OperationForm:
    """``<operation>.yaml``: one operation, in the order of a request's life."""

    operation: tuple[str, ...] = word(_operations, needed=True)
    reads: dict[Place, str] = word(mapping(read_place, one_of("upper", "lower", "trimmed", "text", "phone")), dict)
    tighten: dict[Place, dict[str, Any]] = word(mapping(read_place, mapping(lambda key: key, lambda raw: raw)), dict)
    violations: dict[Line, Answer] = word(mapping(read_line, read_answer), dict)
    triggers: dict[Place, dict[str, Answer]] = word(mapping(read_place, mapping(read_text, read_answer)), dict)
    requires: dict[str, Require] = word(mapping(read_text, Nest(Require)), dict)
    signed: Signed | None = word(Nest(Signed))
    limits: list[Limit] = word(each(Nest(Limit)), list)
    otp: Making | Checking | None = word(Nest(making_or_checking))
    messages: list[Message] = word(each(Nest(Message)), list)
    person: Value | None = word(read_template)
    creates: dict[str, Creation] = word(mapping(read_text, Nest(Creation)), dict)
    ends: list[str] = word(each(read_kind), list)
    success: Success = word(Nest(Success), needed=True)
    unquoted: dict[Quote, str] = word(mapping(read_quote, read_text), dict)
    contradicts: dict[Quote, str] = word(mapping(read_quote, read_text), dict)
    mark: Mark = NOWHERE
