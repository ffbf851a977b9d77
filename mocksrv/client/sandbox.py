"""The client of one sandbox."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from mocksrv.client.answers import Fault, Operation
from mocksrv.client.calls import Requests, Served
from mocksrv.client.controls import Faults, Records, SandboxClock, Scenarios, Value
from mocksrv.client.inbox import Messages, Otps
from mocksrv.client.wire import Refused, Unreachable, Wire, escaped, new_http
from mocksrv.errors import MocksrvError, nearest

if TYPE_CHECKING:
    from mocksrv.client.answers import Otp
    from mocksrv.client.wire import Http

_PREFIX = re.compile(r"/@[^/]*$")


class Client:
    """One sandbox of a running mocksrv. Close it, or use it in a ``with`` block.

    ``base_url`` is the server's ("http://127.0.0.1:8765") for the default sandbox, or a sandbox's own
    ("http://127.0.0.1:8765/@run42"). ``token`` is what ``--admin-token`` asks for. ``http`` is an ``httpx.Client`` to
    call with, which stays open: one with ``httpx.WSGITransport(mocksrv.create_app())`` needs no server.

    Whatever asks the server raises ``mocksrv.client.Unreachable`` or ``mocksrv.client.Refused``.
    """

    def __init__(self, base_url: str, *, token: str | None = None, http: Http | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = new_http() if http is None else http
        self._token = token
        self._wire = Wire(self.base_url, self._http, token)
        self._served = Served(self._wire)
        # Also when nobody closes it: no test is to fail for a socket that this client left open.
        self._end = weakref.finalize(self, self._http.close) if http is None else None
        self.clock = SandboxClock(self._wire)
        self.faults = Faults(self._wire)
        self.messages = Messages(self._wire)
        self.otps = Otps(self._wire)
        self.records = Records(self._wire)
        self.requests = Requests(self._wire, self._served)
        self.scenarios = Scenarios(self._wire)

    def __str__(self) -> str:
        return self.base_url

    def __repr__(self) -> str:
        return f"mocksrv.Client({self.base_url!r})"

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What is served."""
        return self._served.operations

    def health(self) -> Mapping[str, Any]:
        """Alive, since when, which answers broke their spec, and what was dropped for want of room."""
        told: Mapping[str, Any] = self._wire.get("health")
        return told

    def url_for(self, vendor: str) -> str:
        """The base URL to give to a client of a vendor's, or of one of its products' ("acme", "acme/otp").

        It is the sandbox's, as every path is served as the vendor has it. Raises MocksrvError, naming the nearest,
        for a vendor that is not served.
        """
        self._check_vendor(vendor)
        return self.base_url

    def credentials(self, vendor: str, client: str | None = None) -> dict[str, str]:
        """The headers that let a client of the vendor, or of one of its products, in: the one named, or the first.

        None are needed where the vendor asks for none. Raises MocksrvError, naming the nearest, for an unknown vendor
        or client.
        """
        self._check_vendor(vendor)
        known = self._wire.get("credentials", {"vendor": vendor})["clients"]
        fitting = [each for each in known if client in (None, each["client"])]
        if client is not None and not fitting:
            raise MocksrvError(
                f'{vendor} has no client "{client}"{nearest(client, [each["client"] for each in known])}'
            )
        return dict(fitting[0]["headers"]) if fitting else {}

    def otp(
        self,
        *,
        to: str | None = None,
        vendor: str | None = None,
        operation: str | None = None,
        after: Otp | int | None = None,
        timeout: str | float = "10s",
    ) -> str:
        """The newest live code that fits, as soon as there is one; see ``otps.wait``. Raises NothingSent."""
        __tracebackhide__ = True
        return self.otps.wait(to=to, vendor=vendor, operation=operation, after=after, timeout=timeout).code

    def force(
        self,
        answer: str | None = None,
        *,
        times: int | None = None,
        operation: str | None = None,
        fault: str | None = None,
        delay: str | None = None,
        lasts: str | None = None,
        after: int | None = None,
        where: Mapping[str, Value] | None = None,
        for_: str | None = None,
    ) -> Fault:
        """Let calls to come go wrong: ``force("502 Bad Gateway", times=2)``; one call, if nothing else is said.

        ``answer`` is an example of the operation's spec, or a status with its reason phrase. ``fault`` (empty,
        truncate, malformed, close, or drip, which ``lasts`` "5s") and ``delay`` ("2s", "1s..3s") say how an answer goes
        wrong on its way. ``after`` so many calls that fit; ``where`` a place of the call has a value. It stays armed
        for ``times`` calls, or ``for_`` a duration of real time. Raises Refused, naming the nearest right word.
        """
        order = {"answer": answer, "times": times, "operation": operation, "fault": fault, "delay": delay,
                 "lasts": lasts, "after": after, "where": where and dict(where), "for": for_}  # fmt: skip
        return self.faults.arm({name: value for name, value in order.items() if value is not None})

    def reset(self) -> None:
        """Return the sandbox to the start: records, quotas, inbox, journal, faults, clock."""
        self._wire.post("reset")

    @contextmanager
    def sandbox(
        self,
        name: str | None = None,
        *,
        otp: Literal["fixed", "random"] | None = None,
        quotas: bool | Literal["on", "off"] | None = None,
        seed: int | None = None,
    ) -> Iterator[Client]:
        """Another sandbox of the same server, gone after the ``with`` block. A name is made up when none is given.

        Without ``otp``, ``quotas`` and ``seed`` the server's settings hold. Raises Refused for a name that is taken.
        """
        judged = ("on" if quotas else "off") if isinstance(quotas, bool) else quotas
        chosen = {"name": name, "otp": otp, "quotas": judged, "seed": seed}
        order = {each: value for each, value in chosen.items() if value is not None}
        made = self._wire.post("sandboxes", order)["name"]
        try:
            yield Client(f"{_PREFIX.sub('', self.base_url)}/@{made}", token=self._token, http=self._http)
        except BaseException:
            with suppress(Unreachable):  # The block's own error tells more.
                self._end_sandbox(made)
            raise
        self._end_sandbox(made)

    def close(self) -> None:
        """Close the connections, unless they are of an ``http`` that was given."""
        if self._end:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _end_sandbox(self, name: str) -> None:
        try:
            self._wire.delete(f"sandboxes/{escaped(name)}")
        except Refused as refused:
            if refused.kind != "no-such-sandbox":  # It may have ended before.
                raise

    def _check_vendor(self, name: str) -> None:
        products = {each.product for each in self.operations}
        known = products | {each.vendor for each in self.operations}
        if name not in known:
            raise MocksrvError(f'there is no vendor "{name}"{nearest(name, known)}')
