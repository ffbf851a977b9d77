"""Answers that are asked for: by the request itself (``Prefer``), or by a tester who has armed a fault."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mocksrv.arming import forced_example
from mocksrv.call import ABSENT, Call, text_of
from mocksrv.look import Look
from mocksrv.spec import Example
from mocksrv.state.contract import Arm, Write
from mocksrv.state.things import Fault
from mocksrv.words import Place


@dataclass(frozen=True)
class Forced:
    """What is asked for, by whom, and the faults that let this call go by. Without an example only the way is."""

    example: Example | None
    told: str
    fault: Fault | None = None
    passed: tuple[Fault, ...] = ()

    def writes(self, acted: bool) -> Iterator[Write]:
        """What is counted of faults, when the answer goes out by them or not."""
        yield from (Arm(replace(each, passed=each.passed + 1)) for each in self.passed)
        if self.fault and acted:
            yield Arm(replace(self.fault, acted=self.fault.acted + 1))


def armed(look: Look) -> Forced | None:
    """What acts upon this call: the first fault that fits, can still act and lets it not go by."""
    real = time.time()
    passed: list[Fault] = []
    for fault in look.view.armed():
        if fault.armed(real) and _fits(fault, look):
            if fault.passed >= fault.after:
                example = forced_example(look.rules, fault.answer) if fault.answer else None
                return Forced(example, f"armed, fault {fault.id}", fault, tuple(passed))
            passed.append(fault)
    return Forced(None, "", None, tuple(passed)) if passed else None


def _fits(fault: Fault, look: Look) -> bool:
    if fault.operation not in (None, look.rules.name):
        return False
    if fault.answer and forced_example(look.rules, fault.answer) is None:
        return False
    return all(_stands(look.call, place, text) for place, text in fault.where)


def _stands(call: Call, place: Place, text: str) -> bool:
    """Whether it is there as the tester's client sent it, or as the fixture reads that; for a list, in any item."""
    found = (call.as_sent().read(place), call.read(place))
    each = (item for value in found for item in (value if isinstance(value, list) else [value]))
    return any(item is not ABSENT and text_of(item) == text for item in each)
