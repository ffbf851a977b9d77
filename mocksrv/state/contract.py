"""What a state offers: a view to decide by, and writes that are applied in one step with the decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from mocksrv.clock import Clock

MOST_RECORDS = 100_000
MOST_MESSAGES = 500
MOST_ENTRIES = 1_000
MOST_ENTRY_BYTES = 32 * 1024 * 1024


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

    @property
    def id(self) -> tuple[str, str, str, str]:
        """What names it within a sandbox."""
        return self.product, self.kind, self.scope, self.key

    def expired(self, now: float) -> bool:
        """Whether its life is over."""
        return self.expires is not None and now >= self.expires

    def exhausted(self, now: float) -> bool:
        """Whether as many wrong attempts were made as it allows."""
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
    operation: str
    via: str
    to: str
    text: str
    subject: str | None
    sent: float
    code: str | None = None


@dataclass(frozen=True)
class Sent:
    """An OTP on its way: the code, the key that the verifying call will name, and whom the call named.

    ``own`` has the code of every recipient who got another one.
    """

    code: str
    id: str
    operation: str
    recipients: tuple[str, ...]
    sent: float
    own: Mapping[str, str] = field(default_factory=dict)

    def code_for(self, to: str | None) -> str:
        """The code that a recipient got."""
        return self.code if to is None else self.own.get(to, self.code)


@dataclass
class Entry:
    """One call in the journal. ``logged`` is real time, in seconds since the epoch."""

    id: str
    operation: str | None
    why: str
    request: Mapping[str, Any]
    logged: float
    matched: bool = True
    response: Mapping[str, Any] = field(default_factory=dict)

    def size(self) -> int:
        """About how many bytes it keeps."""
        return 1000 + len(str(self.request.get("body", ""))) + len(str(self.response.get("body", "")))


@dataclass(frozen=True)
class Put:
    """Keep a record, or its newer form."""

    record: Record


@dataclass(frozen=True)
class Hit:
    """Count a call against a limit, for one value of ``per``."""

    limit: str
    per: str
    at: float
    seconds: float


@dataclass(frozen=True)
class Serve:
    """Count that an entity was served."""

    entity: str


@dataclass(frozen=True)
class Deliver:
    """Put messages into the inbox, and the code they carry."""

    messages: tuple[Message, ...]
    otp: Sent | None = None


@dataclass(frozen=True)
class Note:
    """Write a call into the journal."""

    entry: Entry


Write = Put | Hit | Serve | Deliver | Note


class View(Protocol):
    """What a decision may look at; it touches nothing."""

    @property
    def now(self) -> float:
        """The sandbox's time, the same for the whole step."""

    def record(self, product: str, kind: str, scope: str, key: str) -> Record | None:
        """The record in its scope, else the one that all scopes share."""

    def find(self, product: str, kind: str, scope: str, field: str, value: str) -> Record | None:
        """The first record whose field has the value, in the scope or shared by all. For kinds of which few exist."""

    def hits(self, limit: str, per: str, seconds: float) -> Sequence[float]:
        """When the calls of the last so many seconds were counted, oldest first."""

    def served(self, entity: str) -> int:
        """How often an entity was served."""


class Decided(Protocol):
    """What comes out of a step: whatever else it is, it has writes."""

    @property
    def writes(self) -> Sequence[Write]: ...


D = TypeVar("D", bound=Decided)


class State(Protocol):
    """All sandboxes. Every method is atomic; a sandbox exists from its first use."""

    def step(self, sandbox: str, decide: Callable[[View], D]) -> D:
        """Decide by a view and apply the decision's writes, as one step."""

    def answered(self, sandbox: str, entry: str, response: Mapping[str, Any]) -> None:
        """Add to a call in the journal what went out."""

    def note(self, sandbox: str, entry: Entry) -> None:
        """Journal a call that no operation decided."""

    def entries(self, sandbox: str) -> list[Entry]:
        """The journal, newest first."""

    def messages(self, sandbox: str) -> list[Message]:
        """The inbox, newest first."""

    def otps(self, sandbox: str) -> list[Sent]:
        """The codes sent, newest first."""

    def records(self, sandbox: str, kind: str, key: str) -> list[Record]:
        """Every product's record of that kind and key."""

    def put(self, sandbox: str, records: Sequence[Record]) -> None:
        """Keep records that no call made."""

    def remove(self, sandbox: str, records: Sequence[Record]) -> None:
        """Forget records."""

    def clock(self, sandbox: str) -> Clock:
        """The sandbox's clock."""

    def move(self, sandbox: str, change: Callable[[Clock], Clock]) -> Clock:
        """Change the clock."""

    def reset(self, sandbox: str | None) -> None:
        """Return a sandbox, or all of them, to the start."""

    def dropped(self, sandbox: str) -> Mapping[str, int]:
        """How much its bounds have cost: records, messages, entries."""
