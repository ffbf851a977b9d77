"""What a test changes of its sandbox: the time, faults, records, scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from mocksrv.client.answers import Fault, Record, moment
from mocksrv.client.wire import Wire, escaped

Value = str | int | float | bool


class SandboxClock:
    """The sandbox's time. A text without an offset and a datetime without a zone are UTC; all times given are UTC."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def now(self) -> datetime:
        """What it shows."""
        return moment(self._wire.get("clock")["now"])

    def advance(self, by: str | float | timedelta) -> datetime:
        """Move it forward: by "11 minutes", a timedelta, or a number of seconds."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        return self._move("advance", by=seconds if isinstance(seconds, str) else f"{seconds:f}s")

    def freeze(self, to: str | datetime | None = None) -> datetime:
        """Let it stand still, where it is or at a moment like "2026-01-31T12:00:00Z"."""
        return self._move("freeze") if to is None else self._move("freeze", to=_written(to))

    def set(self, to: str | datetime) -> datetime:
        """Let it show another moment; it runs on, or stands still, as before."""
        return self._move("set", to=_written(to))

    def run(self) -> datetime:
        """Let it run on from where it stands."""
        return self._move("run")

    def reset(self) -> datetime:
        """Let it show the real time."""
        return self._move("reset")

    def _move(self, action: str, **how: str) -> datetime:
        """Raises Refused: for what is no time, and for a way back after the first call."""
        return moment(self._wire.put("clock", {"action": action, **how})["now"])


class Faults:
    """What is armed for calls to come, in the order in which it is looked at; ``Client.force`` arms."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def all(self) -> list[Fault]:
        """All of them, spent ones too."""
        return [Fault.read(each) for each in self._wire.get("faults")["faults"]]

    def arm(self, order: Mapping[str, Any]) -> Fault:
        """Arm what an order of the admin API says. Raises Refused, naming the nearest right word."""
        return Fault.read(self._wire.post("faults", dict(order)))

    def disarm(self, fault: Fault | str | None = None) -> None:
        """Disarm one, or all of them. Raises Refused when there is no such one."""
        name = fault.id if isinstance(fault, Fault) else fault
        self._wire.delete("faults" if name is None else f"faults/{escaped(name)}")

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.all())


class Records:
    """What the products remember, by kind and key; ``product``, like "acme/otp", narrows it to one of them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def get(self, kind: str, key: str, *, product: str | None = None) -> list[Record]:
        """One for each product that has it. Raises Refused when none has."""
        return _records(self._wire.get(_path(kind, key), {"product": product}))

    def put(self, kind: str, key: str, fields: Mapping[str, Value], *, product: str | None = None) -> list[Record]:
        """Make or replace it, for every product that knows the kind. Raises Refused when none does."""
        return _records(self._wire.put(_path(kind, key), dict(fields), {"product": product}))

    def delete(self, kind: str, key: str, *, product: str | None = None) -> list[Record]:
        """Forget it; give what was forgotten. Raises Refused when there is none."""
        return _records(self._wire.delete(_path(kind, key), {"product": product}))


class Scenarios:
    """Faults that belong together, under the name that a file gives them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def start(self, name: str) -> None:
        """Arm what the scenario holds. Raises Refused when there is no such one."""
        self._wire.post(f"scenarios/{escaped(name)}/start")

    def stop(self, name: str) -> None:
        """Disarm it. Raises Refused when there is no such one."""
        self._wire.post(f"scenarios/{escaped(name)}/stop")


def _path(kind: str, key: str) -> str:
    return f"records/{escaped(kind, key)}"


def _records(told: Mapping[str, Any]) -> list[Record]:
    return [Record.read(each) for each in told["records"]]


def _written(to: str | datetime) -> str:
    return to.isoformat() if isinstance(to, datetime) else to
