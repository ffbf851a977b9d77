"""What the sandbox sent: its messages and its codes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mocksrv.client.answers import Message, Otp
from mocksrv.client.wire import PATIENCE, Wire, escaped
from mocksrv.clock import parse_duration


class NothingSent(AssertionError):
    """No code came in time."""


class Messages:
    """The inbox, newest first."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def all(
        self,
        *,
        to: str | None = None,
        channel: str | None = None,
        vendor: str | None = None,
        operation: str | None = None,
        since: str | datetime | None = None,
        limit: int | None = None,
    ) -> list[Message]:
        """Those that fit."""
        query = {"to": to, "channel": channel, "vendor": vendor, "operation": operation, "since": since, "limit": limit}
        return [Message.read(each) for each in self._wire.get("messages", query)["messages"]]

    def latest(
        self,
        *,
        to: str | None = None,
        channel: str | None = None,
        vendor: str | None = None,
        operation: str | None = None,
        since: str | datetime | None = None,
    ) -> Message:
        """The newest that fits. Raises Refused when there is none."""
        query = {"to": to, "channel": channel, "vendor": vendor, "operation": operation, "since": since}
        return Message.read(self._wire.get("messages/latest", query))

    def __iter__(self) -> Iterator[Message]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())


class Otps:
    """The codes that were sent, newest first."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def all(
        self,
        *,
        to: str | None = None,
        vendor: str | None = None,
        operation: str | None = None,
        state: str | None = None,
        after: Otp | int | None = None,
        limit: int | None = None,
    ) -> list[Otp]:
        """Those that fit; ``after`` an OTP, only newer ones do."""
        query = {
            "to": to,
            "vendor": vendor,
            "operation": operation,
            "state": state,
            "after": _id(after),
            "limit": limit,
        }
        return [Otp.read(each) for each in self._wire.get("otps", query)["otps"]]

    def wait(
        self,
        *,
        to: str | None = None,
        vendor: str | None = None,
        operation: str | None = None,
        after: Otp | int | None = None,
        timeout: str | float = "10s",
    ) -> Otp:
        """The newest live one that fits, as soon as there is one.

        ``to`` is a phone number in any of its usual forms, an e-mail, a user id. ``timeout`` is in real time: seconds,
        or a text like "10s", two minutes at most. Raises NothingSent when none came in time, ValueError for a timeout
        that is none.
        """
        __tracebackhide__ = True
        lasts = timeout if isinstance(timeout, str) else f"{timeout:f}s"
        query = {"to": to, "vendor": vendor, "operation": operation, "after": _id(after), "timeout": lasts}
        told = self._wire.get("otps/wait", query, PATIENCE + parse_duration(lasts))
        if told is None:
            asked = ", ".join(f"{name}={value!r}" for name, value in query.items() if value is not None)
            raise NothingSent(f"no live OTP came for {asked}; {self._others()}")
        return Otp.read(told)

    def expire(self, otp: Otp | int) -> Otp:
        """End its life now, as if its time were over; give what has become of it. Raises Refused."""
        return Otp.read(self._wire.post(f"otps/{escaped(str(_id(otp)))}/expire"))

    def lock(self, otp: Otp | int) -> Otp:
        """Spend its attempts, as if too many wrong codes had been tried. Raises Refused."""
        return Otp.read(self._wire.post(f"otps/{escaped(str(_id(otp)))}/lock"))

    def _others(self) -> str:
        sent = [f"{each.code} to {', '.join(each.recipients) or each.key} ({each.state})" for each in self.all(limit=5)]
        return f"sent were, newest first: {'; '.join(sent)}" if sent else "none was sent at all"

    def __iter__(self) -> Iterator[Otp]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())


def _id(otp: Otp | int | None) -> int | None:
    return otp.id if isinstance(otp, Otp) else otp
