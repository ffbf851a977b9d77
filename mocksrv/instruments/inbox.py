"""The inbox: what people would have received."""

from __future__ import annotations

from typing import Any

from mocksrv.instruments.desk import Asked, Desk, Refused, is_of, moment
from mocksrv.state.things import Message


def get_messages(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Those that fit, newest first."""
    found = _found(desk, asked)
    dropped = desk.state.dropped(asked.sandbox)["messages"]
    shown = [_shown(each) for each in found[: asked.limit()]]
    return {"messages": shown, "meta": {"total": len(found), "dropped": dropped}}


def get_latest_message(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The newest that fits. Raises Refused when there is none."""
    found = _found(desk, asked)
    if not found:
        raise nothing("message", asked)
    return _shown(found[0])


def nothing(what: str, asked: Asked) -> Refused:
    """That nothing was sent, to whom one looked for, or at all."""
    wanted = ", ".join(f'{name} "{value}"' for name, value in asked.query.items() if name != "timeout")
    whom = f"none was sent that fits {wanted}" if wanted else "none was sent yet"
    return Refused(404, "nothing-sent", f"No {what}", f"In the sandbox {asked.sandbox}, {whom}.")


def _found(desk: Desk, asked: Asked) -> list[Message]:
    since = asked.since()
    return [
        each
        for each in desk.state.messages(asked.sandbox)
        if each.sent >= since
        and desk.is_to(each.to, asked.query.get("to"), each.product)
        and asked.query.get("operation") in (None, each.operation)
        and asked.query.get("channel", each.via).lower() == each.via.lower()
        and is_of(each.product, asked.query.get("vendor"))
    ]


def _shown(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "product": message.product,
        "operation": message.operation,
        "via": message.via,
        "to": message.to,
        "subject": message.subject,
        "text": message.text,
        "code": message.code,
        "sent": moment(message.sent),
    }
