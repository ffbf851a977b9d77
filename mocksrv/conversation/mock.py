"""What a mocksrv does for a player, besides answering: its instruments, of the sandbox that is played in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from mocksrv.client.answers import Operation
from mocksrv.client.wire import PATIENCE, Wire, escaped
from mocksrv.clock import parse_duration
from mocksrv.errors import MocksrvError, nearest

WITHIN = "10s"
MOST_TOLD = 5


@dataclass
class Mock:
    """The instruments of one sandbox. Each raises ``client.Refused`` or ``client.Unreachable``.

    ``within`` is how long a code is waited for where a step does not say it.
    """

    wire: Wire
    within: str = WITHIN
    _taken: dict[str, int] = field(default_factory=dict)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """What is served."""
        return tuple(Operation.read(each) for each in self.wire.get("operations")["operations"])

    @cached_property
    def clients(self) -> list[dict[str, Any]]:
        """The known clients: ``product``, ``client`` and the ``headers`` that let it in."""
        return list(self.wire.get("credentials")["clients"])

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a call is for."""
        return operation_of(self.operations, method, path)

    def headers(self, client: str, method: str, path: str) -> dict[str, str]:
        """The headers of a client where the call goes; none where no client needs any.

        Raises MocksrvError, naming the nearest, when the product knows no such client.
        """
        operation = self.operation(method, path)
        known = [each for each in self.clients if operation is None or each["product"] == operation.product]
        found = next((each for each in known if each["client"] == client), None)
        if found is None and known:
            whose = f"{operation.product} has" if operation else "there is"
            raise MocksrvError(f'{whose} no client "{client}"{nearest(client, [each["client"] for each in known])}')
        return dict(found["headers"]) if found else {}

    def now(self) -> datetime:
        """What the sandbox's clock shows."""
        return datetime.fromisoformat(self.wire.get("clock")["now"].upper())

    def move(self, how: Mapping[str, Any]) -> None:
        """Move the clock."""
        self.wire.put("clock", dict(how))

    def arm(self, order: Mapping[str, Any]) -> None:
        """Arm a fault."""
        self.wire.post("faults", dict(order))

    def scenario(self, name: str, deed: str) -> None:
        """``start`` or ``stop`` a scenario."""
        self.wire.post(f"scenarios/{escaped(name)}/{deed}")

    def code(self, to: str | None, within: str) -> str | None:
        """The newest live code for a recipient, when there is one that was not given before; None when time is up."""
        after = self._taken.get(to or "", 0)
        query = {"to": to, "after": after, "timeout": within}
        told = self.wire.get("otps/wait", query, PATIENCE + parse_duration(within))
        if told is None:
            return None
        self._taken[to or ""] = told["id"]
        return str(told["code"])

    def sent(self) -> str:
        """What was sent last, in a sentence."""
        told = self.wire.get("otps", {"limit": MOST_TOLD})["otps"]
        each = [f"{otp['code']} to {', '.join(otp['recipients']) or otp['key']} ({otp['state']})" for otp in told]
        return f"sent were, newest first: {'; '.join(each)}" if each else "none was sent at all"

    def signature(self, operation: str, client: str | None, body: Any) -> tuple[str, str]:
        """Where a signature that is right now belongs, like ``header.x-signature``, and what it is.

        The client is nobody where no client needs credentials.
        """
        product = next((each.product for each in self.operations if each.name == operation), None)
        known = any(each["product"] == product for each in self.clients)
        asked = {
            "operation": operation,
            "client": client if known else None,
            "body": body if isinstance(body, dict) else None,
        }
        told = self.wire.post("sign", {name: value for name, value in asked.items() if value is not None})
        return told["in"], told["value"]

    def explained(self) -> list[str]:
        """Why the last call was answered as it was, and how to get another answer."""
        return str(self.wire.get("requests/latest/explain")).splitlines()


def operation_of(operations: tuple[Operation, ...], method: str, path: str) -> Operation | None:
    """The operation that a method and a path (with its query) are for; one without parameters comes first."""
    plain = unquote(path.partition("?")[0])
    fitting = [
        (template.count("{"), index, each)
        for index, each in enumerate(operations)
        for template in each.paths
        if each.method == method and re.fullmatch(_pattern(template), plain)
    ]
    return min(fitting)[2] if fitting else None


def _pattern(template: str) -> str:
    pieces = re.split(r"\{[^}]*\}", template)
    return "[^/]+".join(re.escape(piece) for piece in pieces)
