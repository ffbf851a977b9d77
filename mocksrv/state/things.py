"""What a state keeps: records, messages, codes, calls, armed faults. All but a call in the journal never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mocksrv.state.faults import Transport
from mocksrv.words import Place

# Product, kind, scope and key.
RecordId = tuple[str, str, str, str]


@dataclass(frozen=True)
class Record:
    """Something a vendor knows: a client, a user, an OTP. Times are the sandbox's, in seconds since the epoch."""

    product: str
    kind: str
    scope: str
    key: str
    fields: Mapping[str, Any]
    made: float = 0.0
    expires: float | None = None
    wrong: tuple[float, ...] = ()
    most_wrong: int | None = None
    wrong_within: float | None = None
    used: bool = False
    ordinal: int = 1
    locked: bool = False

    @property
    def id(self) -> RecordId:
        """What names it within a sandbox."""
        return self.product, self.kind, self.scope, self.key

    def expired(self, now: float) -> bool:
        """Whether its life is over."""
        return self.expires is not None and now >= self.expires

    def exhausted(self, now: float) -> bool:
        """Whether as many wrong attempts were made as it allows, or a tester locked it."""
        if self.locked:
            return True
        since = None if self.wrong_within is None else now - self.wrong_within
        counted = [at for at in self.wrong if since is None or at > since]
        return self.most_wrong is not None and len(counted) >= self.most_wrong

    def dead(self, now: float) -> bool:
        """Whether nothing can be done with it any more, except that its id stays taken."""
        return self.used or self.expired(now) or self.exhausted(now)


@dataclass(frozen=True)
class Message:
    """What a person would have received. ``to`` is the address on its channel, ``via`` the channel."""

    id: str
    product: str
    operation: str
    via: str
    to: str
    text: str
    subject: str | None
    sent: float
    code: str | None = None


@dataclass(frozen=True)
class Sent:
    """An OTP on its way: the code, the key that the verifying call will name, and the addresses it went to.

    ``names`` are what else the call knew its person by: a user's id, a number. ``own`` has the code of every recipient
    who got another one. ``records`` are the records of the call by their kind, the OTP's own among them. ``id`` is
    given by the state and grows with every OTP that is sent.
    """

    code: str
    key: str
    operation: str
    product: str
    recipients: tuple[str, ...]
    names: tuple[str, ...]
    sent: float
    own: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, RecordId] = field(default_factory=dict)
    ordinal: int = 1
    id: int = 0


def _size(headers: Any) -> int:
    """About how many bytes the texts of a mapping have."""
    return sum(len(name) + len(value) for name, value in headers.items()) if isinstance(headers, Mapping) else 0


@dataclass
class Entry:
    """One call in the journal. ``logged`` is real time, ``at`` the sandbox's, in seconds since the epoch.

    ``decision`` says what was found, what answers it, where that is written, and which records were looked for;
    ``timing`` is in seconds. Secrets are masked before an entry is made.
    """

    id: str
    operation: str | None
    why: str
    request: Mapping[str, Any]
    logged: float
    at: float
    response: Mapping[str, Any] = field(default_factory=dict)
    client: str | None = None
    violations: tuple[str, ...] = ()
    decision: Mapping[str, Any] | None = None
    timing: Mapping[str, float] = field(default_factory=dict)

    def size(self) -> int:
        """About how many bytes it keeps."""
        texts = (self.why, *self.request.values(), *self.response.values())
        return 3_500 + sum(len(text) if isinstance(text, str) else _size(text) for text in texts)


@dataclass(frozen=True)
class Fault:
    """A failure armed for calls to come. ``until`` is real time, in seconds since the epoch.

    It lets ``after`` fitting calls go by, then acts ``times`` times; ``order`` is what the tester wrote.
    """

    id: str
    order: Mapping[str, Any]
    operation: str | None = None
    answer: str | None = None
    transport: Transport = field(default_factory=Transport)
    where: tuple[tuple[Place, str], ...] = ()
    times: int | None = 1
    after: int = 0
    until: float | None = None
    scenario: str | None = None
    passed: int = 0
    acted: int = 0

    @property
    def left(self) -> int | None:
        """How often it can still act; None when only time bounds it."""
        return None if self.times is None else self.times - self.acted

    def armed(self, real: float) -> bool:
        """Whether it can still act at a real time."""
        return self.left != 0 and (self.until is None or real < self.until)


@dataclass(frozen=True)
class Sandbox:
    """A sandbox as its owner sees it from outside. ``idle`` is real time, in seconds; ``bytes`` is an estimate."""

    name: str
    options: Mapping[str, Any]
    idle: float
    requests: int
    records: int
    bytes: int
