"""The server itself: alive, what it serves, and back to the start."""

from __future__ import annotations

import time
from typing import Any

from mocksrv import __version__
from mocksrv.errors import nearest
from mocksrv.instruments.coverage import coverage_of
from mocksrv.instruments.desk import Asked, Desk, Refused, is_of


def get_health(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Alive, since when, which answers broke their spec and how often, and what the bounds have cost."""
    return {
        "status": "healthy",
        "version": __version__,
        "uptimeInSeconds": int(time.monotonic() - desk.started),
        "operations": len(desk.catalogue.rules),
        "faults": dict(desk.faults),
        "sandbox": asked.sandbox,
        "dropped": dict(desk.state.dropped(asked.sandbox)),
    }


def reset(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Return this sandbox to the start; with ``?all=true`` every one."""
    everywhere = asked.query.get("all") == "true"
    desk.state.reset(None if everywhere else asked.sandbox)
    return {"reset": "all" if everywhere else asked.sandbox}


def get_coverage(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Which documented answers were met, in all sandboxes that there were or in the one named. Raises Refused."""
    name = asked.query.get("sandbox")
    known = [] if name is None else [each.name for each in desk.state.sandboxes()]
    if name is not None and name not in known:
        detail = f'There is no sandbox "{name}"{nearest(name, known)} What it met before it ended, all of them include.'
        raise Refused(404, "no-such-sandbox", "No such sandbox", detail)
    return coverage_of(desk.catalogue.rules.values(), desk.state.met(name))


def get_operations(desk: Desk, asked: Asked) -> dict[str, Any]:
    """What is served, with every answer that it can give."""
    served = [each for each in desk.catalogue.rules.values() if is_of(each.product.name, asked.query.get("vendor"))]
    return {
        "operations": [
            {
                "operation": each.name,
                "product": each.product.name,
                "method": each.operation.method.upper(),
                "paths": list(each.paths),
                "answers": [str(example) for example in each.operation.examples],
            }
            for each in served
        ]
    }
