"""Sandboxes: isolated worlds, made on purpose or by their first use, bounded in number and memory."""

from __future__ import annotations

import secrets
from typing import Any

from mocksrv.instruments.desk import Asked, Desk, Refused, Told
from mocksrv.state import contract
from mocksrv.state.things import Sandbox


def get_sandboxes(desk: Desk, asked: Asked) -> dict[str, Any]:
    """All of them, the most recently used first, and how much room there is."""
    found = desk.state.sandboxes()
    return {
        "sandboxes": [_shown(each) for each in found[: asked.limit()]],
        "meta": {
            "total": len(found),
            "most": contract.MOST_SANDBOXES,
            "bytes": sum(each.bytes for each in found),
            "mostBytes": contract.MOST_BYTES,
            "idleSeconds": int(contract.IDLE_SECONDS),
            "gone": dict(desk.state.gone()),
        },
    }


def create_sandbox(desk: Desk, asked: Asked) -> Told:
    """Make one. Raises Refused when there is one of that name."""
    name = asked.body.get("name") or f"sandbox-{secrets.token_hex(4)}"
    options = {option: value for option, value in asked.body.items() if option != "name"}
    made = None if name == contract.DEFAULT else desk.state.create(name, options)
    if made is None:
        detail = f'"{name}" exists; reset it, or delete it first.'
        raise Refused(409, "sandbox-exists", "There is such a sandbox", detail)
    return Told(_shown(made), 201)


def get_sandbox(desk: Desk, asked: Asked) -> dict[str, Any]:
    """One of them. Raises Refused when there is none of that name."""
    return _shown(_there(desk.state.sandbox(asked.path["name"]), asked))


def delete_sandbox(desk: Desk, asked: Asked) -> dict[str, Any]:
    """End one. Raises Refused when there is none of that name, and for the default one, which is everybody's."""
    if asked.path["name"] == contract.DEFAULT:
        raise Refused(409, "default-sandbox", "The default sandbox does not end", "Reset it: POST /__admin/reset.")
    return _shown(_there(desk.state.delete(asked.path["name"]), asked))


def _there(sandbox: Sandbox | None, asked: Asked) -> Sandbox:
    if sandbox is None:
        detail = f'There is no "{asked.path["name"]}"; the first call makes it.'
        raise Refused(404, "no-such-sandbox", "No such sandbox", detail)
    return sandbox


def _shown(sandbox: Sandbox) -> dict[str, Any]:
    prefix = "" if sandbox.name == contract.DEFAULT else f"/@{sandbox.name}"
    return {
        "name": sandbox.name,
        "prefix": prefix,
        "options": dict(sandbox.options),
        "idleInSeconds": int(sandbox.idle),
        "requests": sandbox.requests,
        "records": sandbox.records,
        "bytes": sandbox.bytes,
    }
