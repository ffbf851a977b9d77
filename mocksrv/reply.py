"""A quote made flesh: status, headers and body, from the spec's example with its fields renewed."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from mocksrv.answer import Decision
from mocksrv.call import ABSENT, text_of
from mocksrv.clock import LAST_SECONDS
from mocksrv.look import Moment
from mocksrv.rules import Product
from mocksrv.spec import Example, stands
from mocksrv.words import First, Made, Place, Value


@dataclass(frozen=True)
class Reply:
    """What goes out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    document: Any
    media: str = "application/json"

    @property
    def body(self) -> bytes:
        """The bytes of the body."""
        if not self.media:
            return b""
        if "json" not in self.media and isinstance(self.document, str):
            return self.document.encode()
        return json.dumps(self.document, ensure_ascii=False).encode("utf-8")


def reply_to(decision: Decision, example: Example) -> Reply:
    """The example with the decision's fields renewed where it has them; one whose place is absent is left out.

    Answers echo what was sent, not what was read.
    """
    look, form = replace(decision.look, call=decision.look.call.as_sent()), decision.look.rules.product.form
    body = deepcopy(example.value)
    for path, value in (*(decision.answer.fields if decision.answer else ()), *form.renews.items()):
        if stands(body, path) and _at(body, path) is not None:  # a null is the vendor's own: it stays
            field = ".".join(str(step) for step in path)
            _renew(body, path, look.value(value, *decision.entity, field))
    _join(body, decision)
    status, media = example.status, example.media
    if not decision.accepted:
        status = form.refusals.status or status if status == HTTPStatus.OK else status
        media = form.refusals.media or media
    return Reply(status, tuple(_headers(decision)), body, media)


def spare_reply(product: Product, example: Example, url: str, now: float) -> Reply:
    """An answer that belongs to no operation: of the fields renewed, it knows the time and the path."""
    body = deepcopy(example.value)
    known = {"path": url, "now": Moment(now)}
    for path, value in product.form.renews.items():
        if stands(body, path) and isinstance(value, Made) and value.kind in known:
            _renew(body, path, known[value.kind])
    media = product.form.refusals.media or example.media
    return Reply(example.status, (), body, media)


def _join(body: Any, decision: Decision) -> None:
    """Append the lists of the other violations' answers to the list of this one."""
    rules = decision.look.rules
    place = rules.product.form.together
    for quote in decision.answer.joined if decision.answer and place else ():
        other = rules.example(quote).value
        if place and stands(body, place) and stands(other, place):
            _at(body, place).extend(deepcopy(_at(other, place)))


def _at(body: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


def _renew(body: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Set the field, in the form that the example has there; an absent value takes the field away."""
    *before, last = path
    body = _at(body, tuple(before))
    if value is ABSENT:
        del body[last]
    elif isinstance(value, Moment):
        body[last] = _written(value, body[last])
    elif isinstance(body[last], int) and not isinstance(body[last], bool) and str(value).isdigit():
        body[last] = int(value)
    else:
        body[last] = value


def _written(moment: Moment, like: Any) -> Any:
    """A time as the example writes it: a number of (milli)seconds, or RFC 3339 with its offset and precision."""
    if not isinstance(like, str):
        return int(moment * 1000) if isinstance(like, int) and like > LAST_SECONDS else int(moment)
    shown = datetime.fromisoformat(like)
    text = datetime.fromtimestamp(moment, shown.tzinfo or UTC).isoformat(
        timespec="milliseconds" if "." in like else "seconds"
    )
    return text.replace("+00:00", "Z") if like.endswith("Z") else text


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
