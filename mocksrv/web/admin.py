"""The admin API, below ``/__admin/``: what ``admin.yaml`` describes, checked by the same contract as the vendors' APIs.

WireMock's vocabulary and shapes where it has the word, ours beside it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from mocksrv.call import MOST_BYTES, Call, Malformed, read_json
from mocksrv.contract import Contract, Violation, bare_type
from mocksrv.errors import nearest
from mocksrv.instruments import faults, inbox, journal, otps, records, sandboxes, scenarios, server, signing, timing
from mocksrv.instruments.desk import Asked, Desk, Refused, Told, View, check_names, sentence
from mocksrv.operation import Operation
from mocksrv.spec import load_spec
from mocksrv.web.fence import refusal
from mocksrv.web.problems import ERROR, header_text, json_response, problem
from mocksrv.web.sandbox import sandbox_of
from mocksrv.web.transport import STOPPING

log = logging.getLogger("mocksrv")
SPEC = Path(__file__).with_name("admin.yaml")
VIEWS: Mapping[str, View] = {
    "getHealth": server.get_health,
    "getDescription": lambda *_: Told(SPEC.read_text("utf-8"), media="application/yaml"),
    "reset": server.reset,
    "getOperations": server.get_operations,
    "getMessages": inbox.get_messages,
    "getLatestMessage": inbox.get_latest_message,
    "getOtps": otps.get_otps,
    "getLatestOtp": otps.get_latest_otp,
    "waitForOtp": otps.wait_for_otp,
    "getOtp": otps.get_otp,
    "expireOtp": otps.expire_otp,
    "lockOtp": otps.lock_otp,
    "getRequests": journal.get_requests,
    "deleteRequests": journal.reset_requests,
    "resetRequests": journal.reset_requests,
    "countRequests": journal.count_requests,
    "findRequests": journal.find_requests,
    "getUnmatchedRequests": journal.get_unmatched,
    "getRequest": journal.get_request,
    "explainRequest": journal.explain_request,
    "getRecord": records.get_record,
    "putRecord": records.put_record,
    "deleteRecord": records.delete_record,
    "getCredentials": signing.get_credentials,
    "getKey": signing.get_key,
    "sign": signing.sign,
    "getClock": timing.get_clock,
    "moveClock": timing.move_clock,
    "getSandboxes": sandboxes.get_sandboxes,
    "createSandbox": sandboxes.create_sandbox,
    "getSandbox": sandboxes.get_sandbox,
    "deleteSandbox": sandboxes.delete_sandbox,
    "getScenarios": scenarios.get_scenarios,
    "startScenario": scenarios.start_scenario,
    "stopScenario": scenarios.stop_scenario,
    "getCoverage": server.get_coverage,
    "getFaults": faults.get_faults,
    "armFault": faults.arm_fault,
    "disarmFaults": faults.disarm_faults,
    "getFault": faults.get_fault,
    "disarmFault": faults.disarm_fault,
}


@cache
def operations() -> tuple[Operation, ...]:
    """What ``admin.yaml`` describes."""
    return load_spec(SPEC, SPEC.parent.parent).operations


@cache
def _contract(operation: Operation) -> Contract:
    return Contract(operation)


class Admin:
    """The routes; each answers for the sandbox that the request chose."""

    def __init__(self, desk: Desk, told: dict[str, int]) -> None:
        self.desk = desk
        self.faults = told

    def blueprint(self) -> Blueprint:
        """All routes as one Flask blueprint."""
        blueprint = Blueprint("admin", __name__)
        blueprint.before_request(self.refused)
        for operation in operations():
            blueprint.add_url_rule(
                _rule(operation),
                operation.name,
                partial(self.view, operation),
                methods=[operation.method.upper()],
                provide_automatic_options=False,
            )
        return blueprint

    def refused(self) -> Response | None:
        """Who may not ask, and bodies that nobody needs, which are not read to their end."""
        request.max_content_length = MOST_BYTES
        return refusal(self.desk.settings, request)

    def view(self, operation: Operation, **path: str) -> Response:
        """The one view: is it asked as described, what is the answer, is that as described."""
        try:
            asked = _asked(operation, path)
            check_names(self.desk, asked.query)
            told = VIEWS[operation.name](self.desk, asked)
            told = told if isinstance(told, Told) else Told(told)
            response = _response(told)
        except Refused as refused:
            response = problem(refused.status, refused.kind, refused.title, refused.detail, **refused.more)
            told = Told(response.get_json(), refused.status, str(response.content_type))
        self.judge(operation, told, response)
        return response

    def judge(self, operation: Operation, told: Told, response: Response) -> None:
        """An answer that is not as described goes out all the same, and is told: it is a fault of ours."""
        media = bare_type(told.media) if told.document is not None else ""
        broken = _contract(operation).faults(told.status, media, told.document, response.headers)
        if broken:
            what = ", ".join(sorted(map(str, broken)))
            log.error("the answer of %s is not as admin.yaml describes it: %s", operation.name, what)
            self.faults[f"{operation.name} {response.status_code}"] += 1
            response.headers[ERROR] = header_text(f"breaks-spec: {what}")


def _rule(operation: Operation) -> str:
    """Its path as Flask's routes have it; ``x-mocksrv-rest`` marks a parameter that takes the rest of the path."""
    rest = {each["name"] for each in operation.parameters() if each.get("x-mocksrv-rest")}
    return re.sub(
        r"\{(\w+)\}",
        lambda match: f"<path:{match[1]}>" if match[1] in rest else f"<{match[1]}>",
        operation.paths[0],
    )


def _asked(operation: Operation, path: Mapping[str, str]) -> Asked:
    """The call, once its contract holds. Raises Refused with everything that is wrong."""
    body = _body(operation)
    types = operation.media_types()
    call = Call(operation.name, request.method, request.path, request.headers, request.args, path, body,
                types[0] if types else "", sent=body)  # fmt: skip
    unknown = set(request.args) - set(_words(operation))
    found = {*_contract(operation).violations(call), *(Violation("query", (name,), "unknown") for name in unknown)}
    if found:
        wrong = sorted(_told(each, operation, body) for each in found)
        detail = f"Wrong: {sentence(', '.join(wrong))} GET /__admin/openapi.yaml describes what is right."
        raise Refused(422, "bad-request", "This is not how it is asked", detail, violations=wrong)
    text = ("text/plain", "text/plain; charset=utf-8")
    best = request.accept_mimetypes.best_match(["application/json", *text])
    return Asked(sandbox_of(request), path, request.args, body, best in text, _stopping)


def _told(violation: Violation, operation: Operation, body: Any) -> str:
    """What is wrong; of words that there are not, which, and the nearest right one."""
    if (violation.root, violation.kind) == ("query", "unknown"):
        return _unknown("query", violation.steps, _words(operation))
    if (violation.root, violation.steps, violation.kind) == ("body", (), "additionalProperties"):
        known = operation.body_schema().get("properties", {})
        return _unknown("body", [name for name in body if name not in known], known)
    if violation.kind == "enum":
        words = _schema_at(operation, violation).get("enum", [])
        return f"{violation}: one of {', '.join(words)}" if words else str(violation)
    return str(violation)


def _schema_at(operation: Operation, violation: Violation) -> dict[str, Any]:
    """The schema of a parameter, or of a field of the body."""
    name = violation.steps[-1]
    fields = operation.body_schema().get("properties", {})
    parameters = {each["name"]: each["schema"] for each in operation.parameters()}
    found: dict[str, Any] = (fields if violation.root == "body" else parameters).get(name, {})
    return found


def _unknown(root: str, names: Iterable[str | int], known: Iterable[str]) -> str:
    hints = ((name, nearest(str(name), known)) for name in names)
    return ", ".join(f"{root}.{name} unknown{hint if 'mean' in hint else ''}" for name, hint in hints)


def _words(operation: Operation) -> list[str]:
    return [each["name"] for each in operation.parameters() if each["in"] == "query"]


def _body(operation: Operation) -> Any:
    if not operation.media_types():
        return {}
    try:
        return _whole(read_json(request.get_data(cache=True)))
    except Malformed as error:
        raise Refused(400, "bad-json", "The body is not JSON", sentence(str(error))) from None


def _whole(value: Any) -> Any:
    """The document with its whole floats as integers: to JSON Schema 5.0 is one, to Python it is none."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _stopping() -> bool:
    """Whether the server is about to stop."""
    event = request.environ.get(STOPPING)
    return bool(event and event.is_set())


def _response(told: Told) -> Response:
    if told.document is None:
        response = Response(status=told.status)
        del response.headers["Content-Type"]
        return response
    if told.media == "application/json":
        return json_response(told.document, told.status)
    return Response(told.document, told.status, content_type=told.media)
