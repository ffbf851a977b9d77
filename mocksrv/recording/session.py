"""A session as its sandbox tells it: the calls, the codes that were sent, the faults, and what is served."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mocksrv.client.answers import Operation
from mocksrv.client.wire import Refused, Wire, escaped
from mocksrv.conversation.expecting import seconds_of
from mocksrv.conversation.mock import Mock
from mocksrv.errors import SettingsError, nearest

_FAULT = re.compile(r"fault ([0-9a-f]{8})")
_LOOKED = re.compile(r"(\S+) (.*): (there|not there)(?:, .*)?", re.DOTALL)


@dataclass(frozen=True)
class Call:
    """One call of the journal. Times are milliseconds since 1970: ``at`` by the sandbox's clock, ``real`` by ours.

    ``sent`` and ``came`` are the documents, or the texts of what is no JSON; ``fault`` is the id of what was armed.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    status: int
    answer: str
    operation: str | None
    client: str | None
    rule: str
    example: str
    looked: tuple[tuple[str, str, bool], ...]
    fault: str | None
    violations: tuple[str, ...]
    at: int
    real: int

    @property
    def sent(self) -> Any:
        return document(self.body)

    @property
    def came(self) -> Any:
        return document(self.answer)

    @property
    def accepted(self) -> bool:
        """Whether the call did what it is for."""
        return self.rule.startswith("accepted")


@dataclass(frozen=True)
class Code:
    """A code that was sent: to whom, by which operation, when, and the key that the verifying call names.

    ``codes`` has the code of each recipient, as some vendors send several at once.
    """

    id: int
    codes: Mapping[str, str]
    key: str
    operation: str
    at: int


@dataclass(frozen=True)
class Session:
    """All that is known of a session, oldest first. ``dropped`` calls are missing."""

    name: str
    calls: tuple[Call, ...]
    codes: tuple[Code, ...]
    faults: Mapping[str, Mapping[str, Any]]
    choices: Mapping[str, Any]
    mock: Mock = field(repr=False)
    dropped: int = 0

    def product(self, call: Call) -> str | None:
        """The product whose operation a call was for."""
        return next((each.product for each in self.operations if each.name == call.operation), None)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What is served."""
        return self.mock.operations


def document(text: str) -> Any:
    """The JSON document of a text, or the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def read_session(server: Wire, name: str) -> Session:
    """Everything that a sandbox tells. Raises SettingsError when there is none of that name or it was not called."""
    known = server.get("sandboxes")["sandboxes"]
    found = next((each for each in known if each["name"] == name), None)
    if found is None:
        raise SettingsError(f'--sandbox: there is no "{name}"{nearest(name, [each["name"] for each in known])}')
    wire = Wire(f"{server.base_url.partition('/@')[0]}/@{name}", server.http, server.token)
    told = wire.get("requests")
    calls = [_call(each) for each in reversed(told["requests"]) if each["response"]["status"]]
    if not calls:
        raise SettingsError(f'--sandbox: the journal of "{name}" is empty')
    faults = {each["id"]: each["order"] for each in wire.get("faults")["faults"]}
    return Session(name, tuple(calls), _codes(wire), faults, found["options"], Mock(wire), told["meta"]["dropped"])


def is_kept(session: Session, kind: str, key: str) -> bool:
    """Whether the sandbox has a record of that kind and key now. It is asked, as no journal tells what was made."""
    try:
        session.mock.wire.get(f"records/{escaped(kind, key)}")
    except Refused:
        return False
    return True


def _call(told: Mapping[str, Any]) -> Call:
    request, response, decision = told["request"], told["response"], told["decision"] or {}
    fault = _FAULT.search(told["why"])
    return Call(
        method=request["method"],
        url=request["url"],
        headers=request["headers"],
        body=request["body"],
        status=response["status"],
        answer=response["body"],
        operation=told["operation"],
        client=told["client"],
        rule=decision.get("rule", ""),
        example=decision.get("answer", ""),
        looked=tuple(_looked(decision.get("looked", ()))),
        fault=fault[1] if fault else None,
        violations=tuple(told["violations"]),
        at=_milliseconds(told["sandboxDate"]),
        real=request["loggedDate"],
    )


def _looked(lines: Any) -> list[tuple[str, str, bool]]:
    """Kind, key and whether it was there, of every record that was looked for."""
    found = [_LOOKED.fullmatch(line) for line in lines]
    return [(match[1], match[2], match[3] == "there") for match in found if match]


def _milliseconds(moment: str) -> int:
    return round((seconds_of(moment) or 0) * 1000)


def _codes(wire: Wire) -> tuple[Code, ...]:
    """Every code with what each of its recipients got."""
    told = wire.get("otps")["otps"]
    own: dict[int, dict[str, str]] = {each["id"]: {} for each in told}
    for recipient in {recipient for each in told for recipient in each["recipients"] or [each["key"]]}:
        for each in wire.get("otps", {"to": recipient})["otps"]:
            own.setdefault(each["id"], {})[recipient] = each["code"]
    return tuple(
        Code(each["id"], _in_order(each, own[each["id"]]), each["key"], each["operation"], _milliseconds(each["sent"]))
        for each in reversed(told)
    )


def _in_order(told: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, str]:
    return {each: own.get(each, told["code"]) for each in told["recipients"] or [told["key"]]}
