"""The vendors' routes: one view for every operation, and whose 404 or 405 it is when there is none."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, Request, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from mocksrv.answer import Decision, decide
from mocksrv.call import MOST_BYTES, Call, Malformed, read_json
from mocksrv.checks import Check, checks_of
from mocksrv.contract import bare_type
from mocksrv.errors import nearest
from mocksrv.look import Choices, Look
from mocksrv.reading import read_body, read_query
from mocksrv.reply import Reply, reply_to, spare_reply
from mocksrv.rules import Product, Rules
from mocksrv.signatures import opened
from mocksrv.spec import Example
from mocksrv.state.contract import Deliver, Entry, Note, State, View, Write
from mocksrv.vendor import Catalogue
from mocksrv.web.cors import ADMIN
from mocksrv.web.preferences import BadPreference, asked_example, read_preferences
from mocksrv.web.problems import ERROR, WHY, header_text, problem

log = logging.getLogger("mocksrv")
SANDBOX = "mocksrv.sandbox"
DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Outcome:
    """A decision with its journal entry: what one step of the state applies."""

    decision: Decision
    entry: Entry

    @property
    def writes(self) -> Sequence[Write]:
        return (*self.decision.writes, Note(self.entry))


def sandbox_of(asked: Request) -> str:
    """The sandbox that a request chose by its URL prefix or its header."""
    return str(asked.environ.get(SANDBOX) or asked.headers.get("X-Mocksrv-Sandbox") or DEFAULT)


class VendorRoutes:
    """Every operation of the catalogue as a route of one Flask app."""

    def __init__(self, catalogue: Catalogue, state: State, choices: Choices) -> None:
        self.catalogue = catalogue
        self.state = state
        self.choices = choices
        self.faults: Counter[str] = Counter()
        self.checks: dict[str, tuple[Check, ...]] = {name: checks_of(rules) for name, rules in catalogue.rules.items()}

    def mount(self, app: Flask) -> None:
        """Add a URL rule for every path of every operation, and the answers where there is none."""
        for rules in self.catalogue.rules.values():
            for number, path in enumerate(rules.paths):
                app.add_url_rule(
                    _rule(path),
                    endpoint=f"{rules.name}#{number}",
                    view_func=partial(self.view, rules),
                    methods=[rules.operation.method.upper()],
                    provide_automatic_options=False,
                )
        app.register_error_handler(404, self.no_operation)
        app.register_error_handler(405, self.no_operation)

    def view(self, rules: Rules, **path: str) -> Response:
        """The one view: what was asked, what is decided, what goes out."""
        call = call_of(rules, request, path)
        prepared = partial(Look, rules, call, violations=rules.contract.violations(call), opened=opened(rules, call))
        try:
            preferences = read_preferences(",".join(request.headers.getlist("Prefer")))
            asked = asked_example(rules, preferences)
        except BadPreference as error:
            known = [str(example) for example in rules.operation.examples]
            response = problem(400, "no-such-example", "This cannot be preferred", str(error), examples=known)
            self.journal(rules.name, str(error), response)
            return response
        entry = Entry(str(uuid.uuid4()), rules.name, "", journalled(request), time.time())
        decided = self.state.step(sandbox_of(request), partial(self.decided, prepared, asked, entry))
        response = self.answered(rules, decided, asked)
        self.state.answered(sandbox_of(request), entry.id, journalled_response(response))
        return response

    def decided(self, prepared: Callable[..., Look], asked: Example | None, entry: Entry, view: View) -> Outcome:
        """The decision by one view of the state, with the journal entry that tells it."""
        look = prepared(view=view, choices=self.choices)
        decision = decide(look, self.checks[look.rules.name], asked)
        entry.why = why_of(decision, unspoken(look.rules))
        return Outcome(decision, entry)

    def answered(self, rules: Rules, outcome: Outcome, asked: Example | None) -> Response:
        """The reply of a decision, with why."""
        decision = outcome.decision
        _tell(decision)
        example = rules.example(decision.answer.quote) if decision.answer else unspoken(rules)
        if example is None:
            response = problem(400, "contract", "The request breaks the contract", outcome.entry.why)
        else:
            reply = reply_to(decision, example)
            response = response_of(reply)
            self.judge(decision, reply, response)
        response.headers[WHY] = header_text(outcome.entry.why)
        if asked and example and (asked.status, asked.name) == (example.status, example.name):
            response.headers["Preference-Applied"] = header_text(f'code={asked.status}, example="{asked.name}"')
        return response

    def judge(self, decision: Decision, reply: Reply, response: Response) -> None:
        """A reply that breaks its own spec goes out all the same, and is never hidden: it is a fault of the fixture."""
        rules, quote = decision.look.rules, decision.answer and decision.answer.quote
        if quote and quote in rules.form.contradicts:
            return
        broken = rules.contract.faults(reply.status, reply.media, reply.document, response.headers)
        if broken:
            what = ", ".join(sorted(map(str, broken)))
            where = f"{quote.mark.file}:{quote.mark.line}" if quote else rules.operation.mark
            log.error("%s: the answer %s of %s breaks its spec: %s", where, quote, rules.name, what)
            self.faults[f"{rules.name} {quote}"] += 1
            response.headers[ERROR] = header_text(f"breaks-spec: {what}")

    def no_operation(self, error: HTTPException) -> Response:
        """404 and 405: in the shape of the product whose paths share the most leading segments, else ours."""
        path, method = request.path, request.method
        product = self.nearest_product(path)
        wrong_method = isinstance(error, MethodNotAllowed)
        quote = product and (product.form.unknown_method if wrong_method else product.form.unknown_path)
        example = product.spare(quote) if product and quote else None
        admin = path == ADMIN or path.startswith(f"{ADMIN}/")
        detail = f"there is no {method} {path}{nearest(f'{method} {path}', _known_routes(admin))}"
        if product and example:
            now = self.state.clock(sandbox_of(request)).now()
            response = response_of(spare_reply(product, example, path, now))
            response.headers[WHY] = header_text(f"{detail} -> {quote} ({quote.mark.file}:{quote.mark.line})")  # type: ignore[union-attr]
        else:
            kind = "no-such-method" if wrong_method else "no-such-path"
            response = problem(error.code or 404, kind, error.name, detail)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        if not admin:
            self.journal(None, detail, response)
        return response

    def nearest_product(self, path: str) -> Product | None:
        """The one product with the longest common beginning of a path; none when there is a tie."""
        best: dict[str, int] = {}
        for rules in self.catalogue.rules.values():
            for known in rules.paths:
                length = _shared(known, path)
                best[rules.product.name] = max(best.get(rules.product.name, 0), length)
        longest = max(best.values(), default=0)
        names = [name for name, length in best.items() if length == longest]
        return self.catalogue.products[names[0]] if longest and len(names) == 1 else None

    def journal(self, operation: str | None, why: str, response: Response) -> None:
        """A call that no operation decided."""
        matched = operation is not None
        entry = Entry(str(uuid.uuid4()), operation, why, journalled(request), time.time(), matched)
        entry.response = journalled_response(response)
        self.state.note(sandbox_of(request), entry)


def _known_routes(admin: bool) -> Iterator[str]:
    """Method and path of every route of the admin API, or of every operation."""
    for rule in current_app.url_map.iter_rules():
        if rule.rule.startswith(f"{ADMIN}/") is admin:
            path = re.sub(r"<(?:path:|p_)?(\w+)>", r"{\1}", rule.rule)
            yield from (f"{method} {path}" for method in (rule.methods or set()) - {"HEAD"})


def _shared(known: str, path: str) -> int:
    count = 0
    for one, other in zip(known.strip("/").split("/"), path.strip("/").split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def call_of(rules: Rules, asked: Request, path: Mapping[str, str]) -> Call:
    """The request as the rules see it. A body that cannot be read is a violation, never an exception."""
    body, media, malformed = _body_of(asked, rules.operation.media_types())
    names = [str(each["name"]) for each in rules.operation.parameters() if each.get("in") == "path"]
    values = {name: path.get(_variable(name), "") for name in names}
    read, query = read_body(body, rules.form.reads), read_query(asked.args, rules.form.reads)
    return Call(rules.name, asked.method, asked.path, asked.headers, query, values, read, media, malformed, body)


def _body_of(asked: Request, types: tuple[str, ...]) -> tuple[Any, str, bool]:
    """The document, its media type, and whether it cannot be read. No body counts as ``{}``, no type as the first."""
    if not types:
        return {}, "", False
    try:
        asked.max_content_length = MOST_BYTES
        raw = asked.get_data(cache=True)
        # Parameters mean nothing here: JSON is UTF-8, whatever a charset says.
        media = bare_type(asked.headers.get("Content-Type", ""))
        if not raw.strip() or not media:
            return read_json(raw), types[0], False
        # A type that the spec does not know is told by the contract; its body is nobody's business.
        known = next((name for name in types if bare_type(name) == media), media)
        return read_json(raw) if "json" in media else {}, known, False
    except (Malformed, RequestEntityTooLarge, OSError):
        return {}, types[0], True


def _variable(name: str) -> str:
    """A path parameter as Werkzeug's routes can name it."""
    return "p_" + re.sub(r"[^A-Za-z0-9_]", "_", name)


def _rule(path: str) -> str:
    return re.sub(r"\{([^}]*)\}", lambda match: f"<{_variable(match[1])}>", path)


def unspoken(rules: Rules) -> Example | None:
    """The answer to violations of which no fixture speaks: the spec's first 4xx example, if it has one."""
    return next((example for example in rules.operation.examples if 400 <= example.status < 500), None)


def why_of(decision: Decision, fallback: Example | None) -> str:
    """One line: what was found, what answers, and where that is written."""
    if decision.answer is None:
        return f"{decision.why} -> {fallback or 'a problem of ours'} (no fixture speaks of it)"
    mark = decision.answer.mark
    return f"{decision.why} -> {decision.answer.quote} ({mark.file}:{mark.line})"


def response_of(reply: Reply) -> Response:
    """The reply as Flask's response."""
    response = Response(reply.body, reply.status, content_type=reply.media or None)
    for name, value in reply.headers:
        response.headers[name] = value
    return response


def _tell(decision: Decision) -> None:
    """One human line for every OTP that was sent."""
    for write in decision.writes:
        if isinstance(write, Deliver) and write.otp:
            otp = write.otp
            others = {each: f" (there {each.code})" for each in write.messages if each.code not in (None, otp.code)}
            channels = ", ".join(f"{each.via} to {each.to}{others.get(each, '')}" for each in write.messages)
            log.info("otp %s sent by %s (%s %s)", otp.code, channels or "no channel", otp.operation, otp.id)


def journalled(asked: Request) -> dict[str, Any]:
    """The request as WireMock shows it, with a bounded body."""
    try:
        body = asked.get_data(cache=True)[:MOST_BYTES].decode("utf-8", "replace")
    except (HTTPException, OSError):
        body = ""
    return {
        "url": asked.full_path.rstrip("?"),
        "absoluteUrl": asked.url,
        "method": asked.method,
        "clientIp": asked.remote_addr or "",
        "headers": dict(asked.headers),
        "cookies": dict(asked.cookies),
        "body": body,
    }


def journalled_response(response: Response) -> dict[str, Any]:
    """What went out, as WireMock shows it."""
    return {
        "status": response.status_code,
        "headers": dict(response.headers),
        "body": response.get_data(as_text=True),
    }
