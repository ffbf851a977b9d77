"""Records that a tester looks at, makes, replaces and forgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mocksrv.errors import nearest
from mocksrv.instruments.desk import Asked, Desk, Refused, sentence
from mocksrv.rules import Product
from mocksrv.state.contract import Forget, Put, View, Write
from mocksrv.state.things import Record


@dataclass(frozen=True)
class Change:
    """What a step makes of some records."""

    records: list[Record]
    writes: Sequence[Write]


def get_record(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Every product's record of that kind and key. Raises Refused when there is none."""
    _knowing(desk, asked.path["kind"], asked.query.get("product"))
    found = desk.state.look(asked.sandbox, lambda view: _found(view, asked))
    if not found:
        raise no_record(asked.path["kind"], asked.path["key"], asked)
    return _shown(asked, found)


def put_record(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Make or replace one, for every product that knows the kind. Raises Refused when none does."""
    kind, key = asked.path["kind"], asked.path["key"]
    products = _knowing(desk, kind, asked.query.get("product"))
    texts = {name: value if isinstance(value, str) else str(value).lower() for name, value in asked.body.items()}

    def decide(view: View) -> Change:
        there = _found(view, asked)
        made = [
            each for product in products for each in _in_place(product.record(kind, texts, key), product.name, there)
        ]
        return Change(made, [Put(each) for each in made])

    return _shown(asked, desk.state.step(asked.sandbox, decide).records)


def delete_record(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Forget it. Raises Refused when there is none."""
    _knowing(desk, asked.path["kind"], asked.query.get("product"))

    def decide(view: View) -> Change:
        found = _found(view, asked)
        return Change(found, [Forget(each) for each in found])

    found = desk.state.step(asked.sandbox, decide).records
    if not found:
        raise no_record(asked.path["kind"], asked.path["key"], asked)
    return _shown(asked, found)


def _knowing(desk: Desk, kind: str, wanted: str | None) -> list[Product]:
    """The products that keep such records, or the one of them that is wanted. Raises Refused when there is none."""
    there = desk.catalogue.kinds(kind)
    if not there:
        known = {each for product in desk.catalogue.products.values() for each in desk.catalogue.kinds_of(product)}
        detail = sentence(f'The kind is "{kind}"{nearest(kind, known)}')
        raise Refused(404, "no-such-kind", "No product knows this kind of record", detail)
    products = [each for each in there if wanted in (None, each.name)]
    if not products:
        detail = sentence(f'"{wanted}" keeps no {kind}{nearest(str(wanted), (each.name for each in there))}')
        raise Refused(404, "no-such-product", "No such product keeps such records", detail)
    return products


def no_record(kind: str, key: str, asked: Asked) -> Refused:
    """That there is no such record."""
    return Refused(404, "no-such-record", "No such record", f'There is no {kind} "{key}" in {asked.sandbox}.')


def _in_place(record: Record, product: str, there: list[Record]) -> list[Record]:
    """The record wherever one of its key stands: blocking a user that a merchant made must reach that user."""
    scopes = [each.scope for each in there if each.product == product]
    return [replace(record, scope=scope) for scope in scopes if not record.scope] or [record]


def _found(view: View, asked: Asked) -> list[Record]:
    wanted = asked.query.get("product")
    return [each for each in view.known(asked.path["kind"], asked.path["key"]) if wanted in (None, each.product)]


def _shown(asked: Asked, records: list[Record]) -> dict[str, Any]:
    shown = [{"product": each.product, "scope": each.scope or None, "fields": dict(each.fields)} for each in records]
    return {"kind": asked.path["kind"], "key": asked.path["key"], "records": shown}
