"""Answers of a session that went wrong on purpose: what must be armed for that, and what came of them."""

from __future__ import annotations

import re
from typing import Any

from mocksrv.conversation.steps import NO_ANSWER
from mocksrv.recording.session import Call, Session

Order = dict[str, Any]
_BREAKS = ("close", "truncate")
_SPOILS = (*_BREAKS, "malformed", "empty")
_PREFERRED = re.compile(r"(?:^|,)\s*fault\s*=\s*\"?(\w+)")
_OF_ANY = ("operation", "times", "after", "for")


def order_of(session: Session, call: Call) -> Order | None:
    """What must be armed for a call to be answered as it was; None when nothing acted upon it."""
    if call.fault is None:
        return None
    ordered = session.faults.get(call.fault)
    if ordered is None:  # it is disarmed since
        return {"operation": call.operation, "answer": call.example, "times": 1} if "armed" in call.rule else None
    kept = {name: value for name, value in ordered.items() if name not in _OF_ANY}
    return {"operation": call.operation, **kept, "times": 1}


def way_of(session: Session, call: Call) -> str | None:
    """How an answer was spoiled on its way, as it was armed or as the call preferred; None when it came whole."""
    prefer = next((value for name, value in call.headers.items() if name.lower() == "prefer"), "")
    preferred, order = _PREFERRED.search(prefer), order_of(session, call) or {}
    way = preferred[1] if preferred else order.get("fault")
    return way if way in _SPOILS else None


def spoiled(step: dict[str, Any], way: str | None) -> None:
    """Let a step expect what is left of an answer."""
    if way in _BREAKS:
        step["expect"] = NO_ANSWER
    if way is not None:
        del step["body"]
    if way == "empty":
        step["body"] = ""
