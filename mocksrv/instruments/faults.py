"""Faults armed for calls to come."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mocksrv.arming import BadFault, read_fault
from mocksrv.instruments.desk import Asked, Desk, Refused, Told, sentence
from mocksrv.state.contract import Arm, Disarm, View, Write
from mocksrv.state.things import Fault

MOST_FAULTS = 1000


@dataclass(frozen=True)
class Change:
    """What a step makes of the faults, and those that it is about."""

    faults: tuple[Fault, ...]
    writes: Sequence[Write]


def get_faults(desk: Desk, asked: Asked) -> dict[str, Any]:
    """What is armed, spent ones too, in the order in which it is looked at."""
    return _list(desk.state.look(asked.sandbox, lambda view: tuple(view.armed())))


def get_fault(desk: Desk, asked: Asked) -> dict[str, Any]:
    """One of them. Raises Refused when there is no such one."""
    return shown(desk.state.look(asked.sandbox, lambda view: _named(view, asked)))


def arm_fault(desk: Desk, asked: Asked) -> Told:
    """Arm one. Raises Refused for what no call could be answered with."""
    try:
        fault = read_fault(desk.catalogue.rules, asked.body)
    except BadFault as error:
        raise Refused(422, error.kind, "This cannot be armed", sentence(str(error))) from None

    def decide(view: View) -> Change:
        return Change((fault,), (_room(view), Arm(fault)))

    desk.state.step(asked.sandbox, decide)
    return Told(shown(fault), 201)


def _room(view: View) -> Disarm:
    """Forget spent faults where there are too many: a suite that arms and never resets must not come to an end."""
    there, real = view.armed(), time.time()
    if len(there) < MOST_FAULTS:
        return Disarm(())
    spent = tuple(each.id for each in there if not each.armed(real))
    if not spent:
        detail = f"{MOST_FAULTS} are armed in this sandbox, and none of them is spent; DELETE faults."
        raise Refused(409, "too-many-faults", "Too many faults", detail)
    return Disarm(spent)


def disarm_fault(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Take one away. Raises Refused when there is no such one."""

    def decide(view: View) -> Change:
        fault = _named(view, asked)
        return Change((fault,), (Disarm((fault.id,)),))

    return shown(desk.state.step(asked.sandbox, decide).faults[0])


def disarm_faults(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Take all of them away."""

    def decide(view: View) -> Change:
        there = tuple(view.armed())
        return Change(there, (Disarm(tuple(each.id for each in there)),))

    return _list(desk.state.step(asked.sandbox, decide).faults)


def _named(view: View, asked: Asked) -> Fault:
    for fault in view.armed():
        if fault.id == asked.path["id"]:
            return fault
    detail = f'{asked.sandbox} has no fault "{asked.path["id"]}".'
    raise Refused(404, "no-such-fault", "No such fault", detail)


def _list(faults: tuple[Fault, ...]) -> dict[str, Any]:
    return {"faults": [shown(each) for each in faults]}


def shown(fault: Fault) -> dict[str, Any]:
    """A fault as the admin API shows it."""
    return {
        "id": fault.id,
        "armed": fault.armed(time.time()),
        "acted": fault.acted,
        "left": fault.left,
        "scenario": fault.scenario,
        "order": dict(fault.order),
    }
