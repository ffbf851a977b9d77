"""The admin API, below ``/__admin/``: WireMock's vocabulary where it has the word, ours beside it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError, fields, validate

from mocksrv import __version__
from mocksrv.call import ABSENT, Call, Malformed, read_json
from mocksrv.clock import Clock, parse_duration
from mocksrv.errors import nearest
from mocksrv.phones import phone_key
from mocksrv.settings import Settings
from mocksrv.signatures import Signature
from mocksrv.state.contract import Entry, Message, Record, Sent, State
from mocksrv.vendor import Catalogue
from mocksrv.web.fence import refusal
from mocksrv.web.problems import json_response, problem
from mocksrv.web.sandbox import sandbox_of
from mocksrv.words import First, places_in


def moment(seconds: float) -> str:
    """A time as RFC 3339 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC).timestamp(), datetime(9000, 1, 1, tzinfo=UTC).timestamp()


class _Move(Schema):
    """How a clock is moved."""

    advance = fields.String(validate=lambda text: parse_duration(text) > 0)
    freeze = fields.AwareDateTime(format="iso", default_timezone=UTC)
    run = fields.Boolean(validate=validate.Equal(True))


class Admin:
    """The routes; each answers for the sandbox that the request chose."""

    def __init__(self, catalogue: Catalogue, state: State, settings: Settings, faults: Mapping[str, int]) -> None:
        self.faults = faults
        self.catalogue = catalogue
        self.state = state
        self.settings = settings
        self.started = time.monotonic()

    def blueprint(self) -> Blueprint:
        """All routes as one Flask blueprint."""
        blueprint = Blueprint("admin", __name__, url_prefix="/__admin")
        blueprint.before_request(lambda: refusal(self.settings, request))
        routes: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", "/health", self.health),
            ("POST", "/reset", self.reset),
            ("GET", "/messages", self.messages),
            ("GET", "/messages/latest", self.latest_message),
            ("GET", "/otps/latest", self.latest_otp),
            ("GET", "/requests", self.requests),
            ("GET", "/keys/<client>.pem", self.public_key),
            ("POST", "/sign", self.sign),
            ("GET", "/clock", self.clock),
            ("PUT", "/clock", self.move_clock),
            ("GET", "/records/<kind>/<path:key>", self.record),
            ("PUT", "/records/<kind>/<path:key>", self.put_record),
            ("DELETE", "/records/<kind>/<path:key>", self.delete_record),
        ]
        for method, rule, view in routes:
            blueprint.add_url_rule(rule, f"{method} {rule}".replace(".", "_"), view, methods=[method],
                                   provide_automatic_options=False)  # fmt: skip
        return blueprint

    def health(self) -> Response:
        """Alive, since when, which answers broke their spec and how often, and what the bounds have cost."""
        return json_response({
            "status": "healthy",
            "version": __version__,
            "uptimeInSeconds": int(time.monotonic() - self.started),
            "operations": len(self.catalogue.rules),
            "faults": dict(self.faults),
            "sandbox": sandbox_of(request),
            "dropped": dict(self.state.dropped(sandbox_of(request))),
        })  # fmt: skip

    def reset(self) -> Response:
        """Return this sandbox to the start; with ``?all=true`` every one."""
        everywhere = request.args.get("all") == "true"
        self.state.reset(None if everywhere else sandbox_of(request))
        return json_response({"reset": "all" if everywhere else sandbox_of(request)})

    def messages(self) -> Response:
        """The inbox, newest first; with ``?to=`` one recipient's."""
        found = [each for each in self.state.messages(sandbox_of(request)) if _is_to(each.to, request.args.get("to"))]
        return json_response({"messages": [_message(each) for each in found], "meta": {"total": len(found)}})

    def latest_message(self) -> Response:
        """The newest message, of anyone or of ``?to=``."""
        to = request.args.get("to")
        found = next((each for each in self.state.messages(sandbox_of(request)) if _is_to(each.to, to)), None)
        return json_response(_message(found)) if found else _nothing("message", to)

    def latest_otp(self) -> Response:
        """The newest code for ``?to=`` (a phone, an e-mail, a user id); the bare code for ``Accept: text/plain``."""
        to = request.args.get("to")
        sent = self.state.otps(sandbox_of(request))
        found = next((each for each in sent if to is None or _reaches(each, to)), None)
        if found is None:
            return _nothing("OTP", to)
        text = "text/plain; charset=utf-8"
        if request.accept_mimetypes.best_match(["application/json", "text/plain", text]) in ("text/plain", text):
            return Response(found.code_for(to), content_type=text)
        return json_response(_otp(found, to))

    def requests(self) -> Response:
        """The journal, newest first, in WireMock's shape; ``?limit=`` bounds it."""
        entries = self.state.entries(sandbox_of(request))
        limit = request.args.get("limit", "")
        shown = entries[: int(limit)] if re.fullmatch("[0-9]{1,9}", limit) else entries
        return json_response({
            "requests": [_entry(each) for each in shown],
            "meta": {"total": len(entries)},
            "requestJournalDisabled": False,
        })  # fmt: skip

    def public_key(self, client: str) -> Response:
        """The key with which a client of that name signs, in PEM. It is a test key: its private half is public too."""
        for product in self.catalogue.products.values():
            if product.key and any(each.product == product.name for each in self._found("client", client)):
                return Response(product.key.public_pem(), content_type="application/x-pem-file")
        return _no_record("client with a key", client)

    def sign(self) -> Response:
        """A signature that is right now: ``{"operation": ..., "client": ..., "body": {...}}``, for testers."""
        given = _document()
        if isinstance(given, Response):
            return given
        rules = self.catalogue.rules.get(str(given.get("operation")))
        signed = rules and rules.signed
        if not rules or not signed:
            known = [name for name, each in self.catalogue.rules.items() if each.signed]
            detail = (
                f'There is no signed operation "{given.get("operation")}"{nearest(str(given.get("operation")), known)}'
            )
            return problem(404, "not-signed", "No such signed operation", detail)
        clients = [
            each for each in self._found("client", str(given.get("client"))) if each.product == rules.product.name
        ]
        if given.get("client") is not None and not clients:
            return _no_record("client", str(given["client"]))
        call = Call(rules.name, "", "", {}, {}, {}, given.get("body", {}), "", sent=given.get("body", {}))
        value = self.state.step(sandbox_of(request), lambda view: Signature.of(rules, call, view, clients)).value
        if value is None:
            over = signed.over.options[0] if isinstance(signed.over, First) else signed.over
            absent = [str(each) for each in places_in(over) if each.root == "body" and call.read(each) is ABSENT]
            whose = f'Say whose it is: "client", for {signed.in_}.'
            detail = f'Send in "body" what it is made over: {", ".join(absent)}.' if absent else whose
            return problem(400, "cannot-sign", "This cannot be signed", detail)
        return json_response({"in": str(signed.in_), "value": value})

    def clock(self) -> Response:
        """The sandbox's time."""
        return json_response(_clock(self.state.clock(sandbox_of(request))))

    def move_clock(self) -> Response:
        """Move the clock: ``{"advance": "10 minutes"}``, ``{"freeze": "2026-01-01T00:00:00Z"}``, ``{"run": true}``."""
        given = _document()
        if isinstance(given, Response):
            return given
        try:
            move = _Move().load(given)
            if len(move) != 1:
                raise ValidationError('send one of "advance", "freeze" and "run"')
            if not _FIRST <= _moved(self.state.clock(sandbox_of(request)), move).now() <= _LAST:
                raise ValidationError("the clock shows the years 1 to 9000")
        except (ValidationError, ValueError) as error:
            return problem(400, "bad-clock", "This does not move the clock", str(error))
        back = "freeze" in move and move["freeze"].timestamp() < self.state.clock(sandbox_of(request)).now()
        if back and self.state.entries(sandbox_of(request)):
            detail = "It may be set back before the first call only; reset the sandbox to do so."
            return problem(409, "backwards", "The clock only moves forward", detail)
        return json_response(_clock(self.state.move(sandbox_of(request), lambda clock: _moved(clock, move))))

    def record(self, kind: str, key: str) -> Response:
        """Every product's record of that kind and key."""
        found = self._found(kind, key)
        return json_response(_records(kind, key, found)) if found else _no_record(kind, key)

    def put_record(self, kind: str, key: str) -> Response:
        """Make or replace a record, for every product that knows the kind or for ``?product=``."""
        given = _document()
        if isinstance(given, Response):
            return given
        products = [each for each in self.catalogue.kinds(kind) if request.args.get("product") in (None, each.name)]
        if not products:
            return problem(404, "no-such-kind", "No product knows this kind of record", f'The kind is "{kind}".')
        wrong = [name for name, value in given.items() if not isinstance(value, (str, int, float, bool))]
        if wrong:
            return problem(400, "bad-record", "A record maps names to plain values", f"Not plain: {', '.join(wrong)}.")
        texts = {name: value if isinstance(value, str) else str(value).lower() for name, value in given.items()}
        records = [each for product in products for each in self._in_place(product.record(kind, texts, key))]
        self.state.put(sandbox_of(request), records)
        return json_response(_records(kind, key, records))

    def delete_record(self, kind: str, key: str) -> Response:
        """Forget a record."""
        found = self._found(kind, key)
        self.state.remove(sandbox_of(request), found)
        return json_response(_records(kind, key, found)) if found else _no_record(kind, key)

    def _in_place(self, record: Record) -> list[Record]:
        """The record wherever one of its key stands: blocking a user that a merchant made must reach that user."""
        there = [each.scope for each in self._found(record.kind, record.key) if each.product == record.product]
        return [replace(record, scope=scope) for scope in there if not record.scope] or [record]

    def _found(self, kind: str, key: str) -> list[Record]:
        wanted = request.args.get("product")
        found = self.state.records(sandbox_of(request), kind, key)
        return [record for record in found if wanted in (None, record.product)]


def _reaches(sent: Sent, to: str) -> bool:
    return any(_is_to(address, to) for address in sent.recipients)


def _is_to(address: str, wanted: str | None) -> bool:
    """Whether an address is the one wanted, in whatever form a number is written."""
    return wanted is None or address == wanted or phone_key(address) == phone_key(wanted)


def _document() -> dict[str, Any] | Response:
    try:
        document = read_json(request.get_data(cache=True))
    except Malformed as error:
        return problem(400, "bad-json", "The body is not JSON", str(error))
    if not isinstance(document, dict):
        return problem(400, "bad-json", "The body is not a JSON object", "Send an object.")
    return document


def _moved(clock: Clock, move: dict[str, Any]) -> Clock:
    if "advance" in move:
        return clock.advanced(parse_duration(move["advance"]))
    return clock.frozen_at(move["freeze"].timestamp()) if "freeze" in move else clock.running()


def _clock(clock: Clock) -> dict[str, Any]:
    return {"now": moment(clock.now()), "frozen": clock.frozen is not None}


def _nothing(what: str, to: str | None) -> Response:
    whom = f'"{to}" was sent none' if to else "none was sent yet"
    return problem(404, "nothing-sent", f"No {what}", f"In the sandbox {sandbox_of(request)}, {whom}.")


def _no_record(kind: str, key: str) -> Response:
    return problem(404, "no-such-record", "No such record", f'There is no {kind} "{key}" in {sandbox_of(request)}.')


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "operation": message.operation,
        "via": message.via,
        "to": message.to,
        "subject": message.subject,
        "text": message.text,
        "code": message.code,
        "sent": moment(message.sent),
    }


def _otp(sent: Sent, to: str | None) -> dict[str, Any]:
    return {
        "code": sent.code_for(to),
        "id": sent.id,
        "to": to if to is not None else next(iter(sent.recipients), None),
        "operation": sent.operation,
        "sent": moment(sent.sent),
    }


def _records(kind: str, key: str, records: list[Record]) -> dict[str, Any]:
    shown = [{"product": each.product, "scope": each.scope or None, "fields": dict(each.fields)} for each in records]
    return {"kind": kind, "key": key, "records": shown}


def _entry(entry: Entry) -> dict[str, Any]:
    logged = {"loggedDate": int(entry.logged * 1000), "loggedDateString": moment(entry.logged)}
    return {
        "id": entry.id,
        "request": {**entry.request, **logged},
        "responseDefinition": {"status": entry.response.get("status"), "body": entry.response.get("body")},
        "response": dict(entry.response),
        "wasMatched": entry.matched,
        "operation": entry.operation,
        "why": entry.why,
    }
