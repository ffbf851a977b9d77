"""What the journal says of a call, in WireMock's words, with its secrets masked; and what the log says."""

from __future__ import annotations

import logging
from typing import Any

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from mocksrv.answer import Decision
from mocksrv.call import MOST_BYTES
from mocksrv.masking import masked, masked_body, masked_headers, masked_text, masked_url
from mocksrv.rules import Rules
from mocksrv.spec import Example
from mocksrv.state.contract import Deliver
from mocksrv.state.faults import Transport
from mocksrv.state.things import Entry, Record

log = logging.getLogger("mocksrv")
MOST_NAME = 200


def unspoken(rules: Rules) -> Example | None:
    """The answer to violations of which no fixture speaks: the spec's first 4xx example, if it has one."""
    return next((example for example in rules.operation.examples if 400 <= example.status < 500), None)


def tell(entry: Entry, decision: Decision) -> None:
    """What the journal says of a decision: what was found, what answers, where that is written, what was looked at."""
    look, mark = decision.look, decision.mark
    entry.at = look.now
    fallback = unspoken(look.rules)
    answer = str(decision.answer.quote if decision.answer else fallback or "a problem of ours")
    where = f"{mark.file}:{mark.line}" if mark else "no fixture speaks of it"
    fault = decision.fault.id if decision.fault else ""
    through = f", through fault {fault}" if fault not in decision.why else ""
    entry.why = masked_text(f"{decision.why}{through} -> {answer} ({where if not decision.shown else 'of no spec'})")
    entry.violations = tuple(sorted(map(str, look.violations)))
    entry.client = look.found["client"].key if "client" in look.found else None
    entry.decision = {
        "rule": masked_text(decision.why),
        "answer": answer,
        "file": mark.file if mark and not decision.shown else None,
        "line": mark.line if mark and not decision.shown else None,
        "looked": [f"{shown(name)}: {_how(record, look.now)}" for name, record in look.looked.items()],
    }


def shown(name: str) -> str:
    """A record's kind and key, which may be whatever a client sent, cut to what people read."""
    return name if len(name) <= MOST_NAME else f"{name[:MOST_NAME]}..."


def _how(record: Record | None, now: float) -> str:
    """How a record was found."""
    if record is None:
        return "not there"
    told = (("used", record.used), ("exhausted", record.exhausted(now)), ("expired", record.expired(now)))
    return ", ".join(("there", *(name for name, true in told if true)))


def timing_of(seconds: float, transport: Transport | None) -> dict[str, float]:
    """WireMock's timing of a call, in seconds."""
    delay = transport.delay[0] if transport else 0.0
    return {"addedDelay": delay, "processTime": seconds, "serveTime": seconds, "totalTime": seconds + delay}


def announce(decision: Decision) -> None:
    """One human line in the log for every OTP that was sent."""
    for write in decision.writes:
        if isinstance(write, Deliver) and write.otp:
            otp = write.otp
            others = {each: f" (there {each.code})" for each in write.messages if each.code not in (None, otp.code)}
            channels = ", ".join(f"{each.via} to {each.to}{others.get(each, '')}" for each in write.messages)
            log.info("otp %s sent by %s (%s %s)", otp.code, channels or "no channel", otp.operation, otp.key)


def request_entry(asked: Request) -> dict[str, Any]:
    """The request as WireMock shows it, with a bounded body and its secrets masked."""
    try:
        body = asked.get_data(cache=True)[:MOST_BYTES].decode("utf-8", "replace")
    except (HTTPException, OSError):
        body = ""
    return {
        "url": masked_url(asked.full_path.rstrip("?")),
        "absoluteUrl": masked_url(asked.url),
        "method": asked.method,
        "clientIp": asked.remote_addr or "",
        "headers": masked_headers(dict(asked.headers)),
        "cookies": {name: masked(value) for name, value in asked.cookies.items()},
        "body": masked_body(body),
    }


def response_entry(response: Response) -> dict[str, Any]:
    """What went out, as WireMock shows it."""
    return {
        "status": response.status_code,
        "headers": masked_headers(dict(response.headers)),
        "body": masked_body(response.get_data(as_text=True)),
    }
