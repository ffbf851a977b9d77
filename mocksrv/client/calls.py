"""The calls that a sandbox got: listed, searched, asserted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from mocksrv.client.answers import Operation, Request
from mocksrv.client.wire import Wire, escaped
from mocksrv.errors import MocksrvError, nearest

MOST_SHOWN = 20


class Served:
    """What the server serves. It does not change while the server runs, and is asked for once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(Operation.read(each) for each in self._wire.get("operations")["operations"])


class Requests:
    """The journal, newest first."""

    def __init__(self, wire: Wire, served: Served) -> None:
        self._wire, self._served = wire, served

    def all(self, *, since: str | datetime | None = None, limit: int | None = None) -> list[Request]:
        """Every call, or those not older than a moment."""
        return self._came(since=since, limit=limit)[0]

    def find(self, pattern: Mapping[str, Any]) -> list[Request]:
        """The calls that fit a request pattern of WireMock's. Raises Refused for one that cannot be read."""
        ids = self._ids(pattern)
        return [each for each in self.all() if each.id in ids]

    def explain(self, request: Request | str = "latest") -> str:
        """Why a call was answered so, and the nearest ways to get another answer. Raises Refused."""
        name = request if isinstance(request, str) else request.id
        return str(self._wire.get(f"requests/{escaped(name)}/explain"))

    def clear(self) -> None:
        """Empty the journal, and nothing else."""
        self._wire.delete("requests")

    def assert_called(
        self,
        operation: str | None = None,
        *,
        times: int | None = None,
        status: int | None = None,
        pattern: Mapping[str, Any] | None = None,
    ) -> list[Request]:
        """Give the calls of an operation, that were answered with a status, that fit a pattern of WireMock's.

        Raises AssertionError when these are not exactly ``times`` (at least one, where it is not said), listing the
        calls that came, the nearest first; and when the journal, which is bounded, has not kept all that are to be
        counted. Raises MocksrvError for an operation that is not served.
        """
        __tracebackhide__ = True
        wanted = _Wanted(self._known(operation), status, None if pattern is None else self._ids(pattern))
        came, dropped = self._came()
        if dropped and times is not None:
            raise AssertionError(f"the journal had no room for {dropped} older calls: nobody can count them any more")
        fitting = [each for each in came if wanted.misses(each) == 0]
        if (len(fitting) == times) if times is not None else fitting:
            return fitting
        expected = "at least 1 call" if times is None else f"{times} call{'' if times == 1 else 's'}"
        raise AssertionError(f"expected {expected}{wanted}, found {len(fitting)}. {_listed(came, wanted)}")

    def assert_not_called(
        self, operation: str | None = None, *, status: int | None = None, pattern: Mapping[str, Any] | None = None
    ) -> None:
        """``assert_called(..., times=0)``."""
        __tracebackhide__ = True
        self.assert_called(operation, times=0, status=status, pattern=pattern)

    def _came(self, **query: Any) -> tuple[list[Request], int]:
        """The calls, and how many were dropped for want of room."""
        told = self._wire.get("requests", query)
        return [Request.read(each) for each in told["requests"]], told["meta"]["dropped"]

    def _known(self, name: str | None) -> Operation | None:
        known = {each.name: each for each in self._served.operations}
        if name is not None and name not in known:
            raise MocksrvError(f'there is no operation "{name}"{nearest(name, known)}')
        return known[name] if name is not None else None

    def _ids(self, pattern: Mapping[str, Any]) -> frozenset[str]:
        return frozenset(each["id"] for each in self._wire.post("requests/find", dict(pattern))["requests"])

    def __iter__(self) -> Iterator[Request]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())


@dataclass(frozen=True)
class _Wanted:
    """What a call is measured by; None is no measure."""

    operation: Operation | None
    status: int | None
    ids: frozenset[str] | None

    def misses(self, call: Request) -> float:
        """How far a call is from what is wanted; 0 when it fits."""
        missed = 0.0
        if self.operation and call.operation != self.operation.name:
            missed += 2 - max(_likeness(call, self.operation.method, path) for path in self.operation.paths)
        if self.status is not None and call.status != self.status:
            missed += 0.5
        return missed + (0.5 if self.ids is not None and call.id not in self.ids else 0)

    def __str__(self) -> str:
        told = [f" of {self.operation.name}"] if self.operation else []
        told += [f" answered with {self.status}"] if self.status is not None else []
        told += [" that fit the pattern"] if self.ids is not None else []
        return "".join(told)


def _likeness(call: Request, method: str, path: str) -> float:
    """Between 0 and 1, how much a call is like the method and path of an operation."""
    known = re.sub(r"\{[^}]*\}", "", path)
    return SequenceMatcher(None, f"{call.method} {call.path}", f"{method} {known}", autojunk=False).ratio()


def _listed(came: Sequence[Request], wanted: _Wanted) -> str:
    if not came:
        return "No call came at all."
    near = sorted(came, key=wanted.misses)
    more = [f"and {len(near) - MOST_SHOWN} more"] if len(near) > MOST_SHOWN else []
    lines = [*(str(each).replace("\n", "\n  ") for each in near[:MOST_SHOWN]), *more]
    return f"All {len(came)}, the nearest first:\n" + "\n".join(f"  {line}" for line in lines)
