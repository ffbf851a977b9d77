"""Scenarios: scripts of failures, started and stopped."""

from __future__ import annotations

import time
from typing import Any

from mocksrv.errors import nearest
from mocksrv.instruments.desk import Asked, Desk, Refused
from mocksrv.instruments.faults import Change, shown
from mocksrv.scenario import Scenario
from mocksrv.state.contract import Arm, Disarm, View
from mocksrv.state.things import Fault


def get_scenarios(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Those there are, and which of them are running."""
    armed = desk.state.look(asked.sandbox, lambda view: tuple(view.armed()))
    return {"scenarios": [_shown(each, armed) for each in desk.catalogue.scenarios.values()]}


def start_scenario(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Arm its faults, from the first; one that runs begins anew. Raises Refused when there is no such one."""
    scenario = _named(desk, asked)
    faults = tuple(scenario.faults(desk.catalogue.rules))

    def decide(view: View) -> Change:
        return Change(faults, (Disarm(_of(view, scenario)), *(Arm(each) for each in faults)))

    desk.state.step(asked.sandbox, decide)
    return _shown(scenario, faults)


def stop_scenario(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Disarm its faults. Raises Refused when there is no such one."""
    scenario = _named(desk, asked)
    desk.state.step(asked.sandbox, lambda view: Change((), (Disarm(_of(view, scenario)),)))
    return _shown(scenario, ())


def _of(view: View, scenario: Scenario) -> tuple[str, ...]:
    return tuple(each.id for each in view.armed() if each.scenario == scenario.name)


def _named(desk: Desk, asked: Asked) -> Scenario:
    name = asked.path["name"]
    if name not in desk.catalogue.scenarios:
        detail = f'There is no scenario "{name}"{nearest(name, desk.catalogue.scenarios)}'
        raise Refused(404, "no-such-scenario", "No such scenario", detail)
    return desk.catalogue.scenarios[name]


def _shown(scenario: Scenario, armed: tuple[Fault, ...]) -> dict[str, Any]:
    real, faults = time.time(), [each for each in armed if each.scenario == scenario.name]
    return {
        "name": scenario.name,
        "about": scenario.about,
        "running": any(each.armed(real) for each in faults),
        "faults": [shown(each) for each in faults],
    }
