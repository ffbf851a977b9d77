"""Faults as testers write them, over the admin API or in a scenario: read, and checked against what is served."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from mocksrv.call import text_of
from mocksrv.clock import parse_duration
from mocksrv.errors import nearest
from mocksrv.rules import Rules
from mocksrv.spec import Example, Operation
from mocksrv.state.faults import Transport, read_transport
from mocksrv.state.things import Fault
from mocksrv.words import Place, read_place

LONGEST_DRIP = 600.0
_GATEWAY = {str(status.value): status for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST}
_ONLY_OF = {"bytes": "truncate", "lasts": "drip"}


class BadFault(ValueError):
    """A fault that no call could meet; ``str()`` is a sentence, ``kind`` a short name, ``about`` what is wrong.

    What came from a file knows where it stands there.
    """

    def __init__(self, kind: str, sentence: str, about: object = None) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.about = about


def read_fault(rules: Mapping[str, Rules], order: Mapping[str, Any], scenario: str | None = None) -> Fault:
    """A fault from what a tester wrote: it may act from now on.

    A step of a scenario may say no failure at all: calls that go well. Raises BadFault, naming the nearest right word.
    """
    operation, answer = order.get("operation"), order.get("answer")
    if operation is not None and operation not in rules:
        said = f'there is no operation "{operation}"{nearest(operation, rules)}'
        raise BadFault("no-such-operation", said, operation)
    if answer is not None:
        _check_answer(rules, operation, answer)
    if not {"answer", "fault", "delay"} & order.keys() and scenario is None:
        raise BadFault("no-fault", 'nothing would go wrong: say "answer", "fault" or "delay"')
    if order.get("times", 1) < 1:
        raise BadFault("bad-times", '"times" is 1 or more; leave it out for once')
    where = tuple((_place(text), text_of(value)) for text, value in order.get("where", {}).items())
    for place, _ in where:
        _check_place(rules[operation].operation if operation else None, place)
    lasts = order.get("for")
    return Fault(
        id=uuid.uuid4().hex[:8],
        order=json.loads(json.dumps(order)),  # plain texts: those of a file know where they stand
        operation=operation,
        answer=answer,
        transport=transport_of(order),
        where=where,
        times=order.get("times", 1 if lasts is None else None),
        after=order.get("after", 0),
        until=None if lasts is None else time.time() + _seconds(lasts),
        scenario=scenario,
    )


def forced_example(rules: Rules, text: str) -> Example | None:
    """The operation's example that a text names: ``409 duplicate``, or ``409`` for the first of that status.

    A status of refusal with its reason phrase (``502 Bad Gateway``) needs no example: a gateway in front of the vendor
    would say it, in HTML.
    """
    code, _, name = text.strip().partition(" ")
    examples = rules.operation.examples
    fitting = [each for each in examples if str(each.status) == code and name.strip() in ("", each.name)]
    if fitting:
        return next((each for each in fitting if rules.accepts(each)), fitting[0])
    status = _GATEWAY.get(code)
    return _gateway_example(status) if status and name.strip().lower() == status.phrase.lower() else None


def _gateway_example(status: HTTPStatus) -> Example:
    title = f"{status.value} {status.phrase}"
    page = f"<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    return Example(status.value, status.phrase, "text/html", page)


def _check_answer(rules: Mapping[str, Rules], operation: str | None, answer: str) -> None:
    able = [each for name, each in rules.items() if operation in (None, name)]
    if not any(forced_example(each, answer) for each in able):
        whose = f"{operation} has no" if operation else "no operation has an"
        raise BadFault("no-such-answer", f'{whose} answer "{answer}"{_nearest_answer(answer, able)}', answer)


def _nearest_answer(answer: str, rules: Iterable[Rules]) -> str:
    """The end of a message that names the right one: an example, or what a gateway says with that status."""
    known = {str(example) for each in rules for example in each.operation.examples}
    code, _, name = answer.strip().partition(" ")
    status = _GATEWAY.get(code)
    if status and not name:
        return f'; did you mean "{status.value} {status.phrase}", as a gateway says it?'
    return nearest(answer, known | {f"{status.value} {status.phrase}"} if status else known)


def transport_of(order: Mapping[str, Any]) -> Transport:
    """How an answer goes wrong on its way, by ``fault``, ``delay``, ``bytes`` and ``lasts``. Raises BadFault."""
    fault = order.get("fault")
    for word, owner in _ONLY_OF.items():
        if word in order and fault != owner:
            raise BadFault("bad-fault", f'"{word}" belongs to the fault "{owner}"', order[word])
    kind = _readable(fault, None, fault).kind
    delay = _readable(None, order.get("delay"), order.get("delay")).delay
    lasts = _seconds(order["lasts"]) if "lasts" in order else Transport.lasts
    if lasts > LONGEST_DRIP:
        said = f'"{order["lasts"]}" is too long: an answer may drip for 10 minutes'
        raise BadFault("bad-duration", said, order["lasts"])
    return Transport(kind, delay, order.get("bytes"), lasts)


def _readable(fault: str | None, delay: str | None, about: object) -> Transport:
    try:
        return read_transport(fault, delay)
    except ValueError as error:
        raise BadFault("bad-fault", str(error), about) from None


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise BadFault("bad-duration", str(error), text) from None


def _place(text: str) -> Place:
    try:
        place = read_place(text)
    except ValueError as error:
        raise BadFault("bad-place", str(error), text) from None
    if place.root not in ("body", "header", "query", "path"):
        said = f'"{text}" is not of the call; write it like "body.mobile_number" or "header.x-client-id"'
        raise BadFault("bad-place", said, text)
    if place.root != "body" and [type(step) for step in place.steps] != [str]:
        raise BadFault("bad-place", f'"{text}" is no name in the {place.root}; write it like "{place.root}.name"', text)
    return place


def _check_place(operation: Operation | None, place: Place) -> None:
    """Refuse a field that calls of the operation do not have: the fault would never act, and say nothing."""
    if operation is None or place.root not in ("body", "path"):
        return
    named = {str(each["name"]) for each in operation.parameters() if each["in"] == "path"}
    known = named if place.root == "path" else set(_fields(operation.body_schema()))
    field = place.steps[0] if place.steps else None
    if isinstance(field, str) and field not in known and (known or place.root == "path"):
        said = f'the {place.root} of {operation.name} has no "{field}"{nearest(field, known)}'
        raise BadFault("bad-place", said, place.text)


def _fields(schema: Any) -> Iterator[str]:
    """The properties that an object may have, by the schema or by any that it is made of."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", {})
        parts = [schema.get(word) for word in ("if", "then", "else")]
        for word in ("allOf", "anyOf", "oneOf"):
            parts += schema.get(word, [])
        for part in parts:
            yield from _fields(part)
