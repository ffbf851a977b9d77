"""The vendors' routes: one view for every operation, and whose 404 or 405 it is when there is none."""

from __future__ import annotations

import logging
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flask import Flask, Request, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mocksrv.answer import Decision, decide
from mocksrv.checks import Check, checks_of
from mocksrv.errors import nearest
from mocksrv.look import Choices, Look
from mocksrv.masking import masked_text
from mocksrv.reply import Reply, reply_to, spare_reply
from mocksrv.rules import Product, Rules
from mocksrv.signatures import opened
from mocksrv.spec import Example
from mocksrv.state.contract import DEFAULT, Met, Note, State, View, Write
from mocksrv.state.faults import Transport
from mocksrv.state.things import Entry
from mocksrv.vendor import Catalogue
from mocksrv.web.asking import call_of, rule_of
from mocksrv.web.cors import ADMIN
from mocksrv.web.logbook import announce, request_entry, response_entry, tell, timing_of, unspoken
from mocksrv.web.preferences import BadPreference, Preferred, read_preferred
from mocksrv.web.problems import ERROR, WHY, header_text, problem
from mocksrv.web.transport import sent_through

log = logging.getLogger("mocksrv")
SANDBOX = "mocksrv.sandbox"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Outcome:
    """A decision with its journal entry: what one step of the state applies."""

    decision: Decision
    entry: Entry

    @property
    def writes(self) -> Sequence[Write]:
        entry = self.entry
        answer = str(entry.decision["answer"]) if entry.decision else ""
        return (*self.decision.writes, Note(entry), Met(str(entry.operation), answer, entry.violations))


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
                    rule_of(path),
                    endpoint=f"{rules.name}#{number}",
                    view_func=partial(self.view, rules),
                    methods=[rules.operation.method.upper()],
                    provide_automatic_options=False,
                )
        app.register_error_handler(404, self.no_operation)
        app.register_error_handler(405, self.no_operation)

    def view(self, rules: Rules, **path: str) -> Response:
        """The one view: what was asked, what is decided, what goes out."""
        begun = time.perf_counter()
        call = call_of(rules, request, path)
        prepared = partial(Look, rules, call, violations=rules.contract.violations(call), opened=opened(rules, call))
        try:
            preferred = read_preferred(rules, ",".join(request.headers.getlist("Prefer")))
        except BadPreference as error:
            known = [str(example) for example in rules.operation.examples]
            response = problem(400, "no-such-example", "This cannot be preferred", str(error), examples=known)
            self.journal(rules.name, str(error), response)
            return response
        entry = Entry(str(uuid.uuid4()), rules.name, "", request_entry(request), time.time(), 0.0)
        decided = self.state.step(sandbox_of(request), partial(self.decided, prepared, preferred.example, entry))
        response = self.answered(rules, decided, preferred.example)
        transport = way_of(preferred, decided.decision)
        timing = timing_of(time.perf_counter() - begun, transport)
        sent = {**response_entry(response), "fault": transport.kind if transport else None}
        self.state.answered(sandbox_of(request), entry.id, sent, timing)
        return sent_through(response, transport) if transport else response

    def decided(self, prepared: Callable[..., Look], asked: Example | None, entry: Entry, view: View) -> Outcome:
        """The decision by one view of the state, with the journal entry that tells it."""
        look = prepared(view=view, choices=chosen(self.choices, view.options))
        decision = decide(look, self.checks[look.rules.name], asked)
        tell(entry, decision)
        return Outcome(decision, entry)

    def answered(self, rules: Rules, outcome: Outcome, asked: Example | None) -> Response:
        """The reply of a decision, with why."""
        decision = outcome.decision
        announce(decision)
        example = decision.example or unspoken(rules)
        if example is None:
            response = problem(400, "contract", "The request breaks the contract", outcome.entry.why)
        elif decision.shown:  # no answer of the vendor's: nothing of it is renewed, and no spec knows it
            response = Response(str(example.value), example.status, content_type=example.media)
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
        now = self.state.clock(sandbox_of(request)).now()
        entry = Entry(str(uuid.uuid4()), operation, masked_text(why), request_entry(request), time.time(), now)
        entry.response = response_entry(response)
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


def chosen(choices: Choices, options: Mapping[str, Any]) -> Choices:
    """The choices of a sandbox: what it was created with, else the server's."""
    if not options:
        return choices
    random_codes = options.get("otp", "random" if choices.random_codes else "fixed") == "random"
    quotas = options.get("quotas", "on" if choices.quotas else "off") == "on"
    return Choices(options.get("seed", choices.seed), random_codes, quotas)


def way_of(preferred: Preferred, decision: Decision) -> Transport | None:
    """How the answer goes wrong on its way, with its delay chosen: as the request prefers, the rest as it is armed."""
    asked, armed = preferred.transport or Transport(), decision.fault.transport if decision.fault else Transport()
    wanted = replace(asked if asked.kind else armed, delay=asked.delay if any(asked.delay) else armed.delay)
    if wanted == Transport():
        return None
    seconds = random.uniform(*wanted.delay)  # noqa: S311  no secret
    return replace(wanted, delay=(seconds, seconds))


def response_of(reply: Reply) -> Response:
    """The reply as Flask's response."""
    response = Response(reply.body, reply.status, content_type=reply.media or None)
    for name, value in reply.headers:
        response.headers[name] = value
    return response
