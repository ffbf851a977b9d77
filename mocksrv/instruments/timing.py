"""The sandbox's time: stopped, moved, run on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mocksrv.clock import Clock
from mocksrv.instruments.desk import Asked, Desk, Refused, moment, read_duration, read_moment

_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC).timestamp(), datetime(9000, 1, 1, tzinfo=UTC).timestamp()
_TAKES = {"freeze": ("to",), "advance": ("by",), "set": ("to",), "run": (), "reset": ()}
_NEEDS = {"advance": "by", "set": "to"}


def get_clock(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The time, and whether it stands still."""
    return _shown(desk.state.clock(asked.sandbox))


def move_clock(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Stop, move or run it. Raises Refused for what makes no sense, and for a way back."""
    action = asked.body["action"]
    _check(action, asked.body)

    def change(clock: Clock, called: bool) -> Clock:
        moved = _moved(clock, action, asked.body)
        if not _FIRST <= moved.now() <= _LAST:
            raise Refused(400, "bad-clock", "This does not move the clock", "It shows the years 1 to 9000.")
        if called and action != "reset" and moved.now() < clock.now() - 0.001:
            detail = 'It may be set back before the first call only; reset the sandbox, or send {"action": "reset"}.'
            raise Refused(409, "backwards", "The clock only moves forward", detail)
        return moved

    return _shown(desk.state.move(asked.sandbox, change))


def _check(action: str, body: dict[str, Any]) -> None:
    needed = _NEEDS.get(action)
    surplus = [name for name in ("by", "to") if name in body and name not in _TAKES[action]]
    if surplus or (needed and needed not in body):
        said = f'"{action}" takes no "{surplus[0]}".' if surplus else f'"{action}" needs "{needed}".'
        raise Refused(400, "bad-clock", "This does not move the clock", said)


def _moved(clock: Clock, action: str, body: dict[str, Any]) -> Clock:
    match action:
        case "advance":
            return clock.advanced(read_duration(body["by"]))
        case "freeze":
            return clock.frozen_at(read_moment(body["to"]) if "to" in body else clock.now())
        case "set":
            return clock.set_to(read_moment(body["to"]))
        case "run":
            return clock.running()
        case _:
            return Clock()


def _shown(clock: Clock) -> dict[str, Any]:
    return {"now": moment(clock.now()), "frozen": clock.frozen is not None, "real": clock == Clock()}
