"""What a state offers: a view to decide by, and writes that are applied in one step with the decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from mocksrv.clock import Clock
from mocksrv.state.faults import Transport
from mocksrv.words import Place

MOST_RECORDS = 100_000
MOST_MESSAGES = 500
MOST_ENTRIES = 1_000
MOST_ENTRY_BYTES = 32 * 1024 * 1024
MOST_PAST = 20_000
MOST_SANDBOXES = 10_000
MOST_BYTES = 512 * 1024 * 1024
MOST_KINDS_MET = 10_000
IDLE_SECONDS = 24 * 3600.0
DEFAULT = "default"


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
class Put:
    """Keep a record, or its newer form."""

    record: Record


@dataclass(frozen=True)
class Forget:
    """Keep a record no longer."""

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
class Arm:
    """Arm a fault, or keep its newer form."""

    fault: Fault


@dataclass(frozen=True)
class Disarm:
    """Take faults away."""

    faults: tuple[str, ...]


@dataclass(frozen=True)
class Deliver:
    """Put messages into the inbox, and the code they carry."""

    messages: tuple[Message, ...]
    otp: Sent | None = None


@dataclass(frozen=True)
class Met:
    """Count what a client has met: an answer of an operation, and what it got wrong; a reset forgets none of it."""

    operation: str
    answer: str
    violations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """Write a call into the journal."""

    entry: Entry


Write = Put | Forget | Hit | Serve | Arm | Disarm | Deliver | Met | Note


@dataclass(frozen=True)
class Sandbox:
    """A sandbox as its owner sees it from outside. ``idle`` is real time, in seconds; ``bytes`` is an estimate."""

    name: str
    options: Mapping[str, Any]
    idle: float
    requests: int
    records: int
    bytes: int


class View(Protocol):
    """What a decision may look at; it touches nothing."""

    @property
    def now(self) -> float:
        """The sandbox's time, the same for the whole step."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The choices that the sandbox was created with."""

    def record(self, product: str, kind: str, scope: str, key: str) -> Record | None:
        """The record in its scope, else the one that all scopes share."""

    def find(self, product: str, kind: str, scope: str, field: str, value: str) -> Record | None:
        """The first record whose field has the value, in the scope or shared by all. For kinds of which few exist."""

    def hits(self, limit: str, per: str, seconds: float) -> Sequence[float]:
        """When the calls of the last so many seconds were counted, oldest first."""

    def served(self, entity: str) -> int:
        """How often an entity was served."""

    def known(self, kind: str, key: str) -> list[Record]:
        """Every product's record of that kind and key."""

    def kept(self, record: RecordId) -> Record | None:
        """The very record."""

    def sent(self) -> list[Sent]:
        """The codes sent, newest first."""

    def armed(self) -> Sequence[Fault]:
        """The faults, in the order in which they were armed."""


class Decided(Protocol):
    """What comes out of a step: whatever else it is, it has writes."""

    @property
    def writes(self) -> Sequence[Write]: ...


D = TypeVar("D", bound=Decided)
V = TypeVar("V")


class State(Protocol):
    """All sandboxes. Every method is atomic; a sandbox exists from its first use."""

    def step(self, sandbox: str, decide: Callable[[View], D]) -> D:
        """Decide by a view and apply the decision's writes, as one step."""

    def answered(self, sandbox: str, entry: str, response: Mapping[str, Any], timing: Mapping[str, float]) -> None:
        """Add to a call in the journal what went out, and how long that took."""

    def note(self, sandbox: str, entry: Entry) -> None:
        """Journal a call that no operation decided."""

    def entries(self, sandbox: str) -> list[Entry]:
        """The journal, newest first."""

    def forget_entries(self, sandbox: str) -> None:
        """Empty the journal."""

    def messages(self, sandbox: str) -> list[Message]:
        """The inbox, newest first."""

    def look(self, sandbox: str, at: Callable[[View], V]) -> V:
        """What a view shows; nothing is written."""

    def wait(
        self, sandbox: str, at: Callable[[View], V | None], seconds: float, stop: Callable[[], bool] = bool
    ) -> V | None:
        """What a view shows, as soon as it shows anything: asked again whenever an OTP is sent, for so many seconds.

        ``stop`` is asked about twice a second whether to give up; so is the end of the sandbox.
        """

    def clock(self, sandbox: str) -> Clock:
        """The sandbox's clock."""

    def move(self, sandbox: str, change: Callable[[Clock, bool], Clock]) -> Clock:
        """Change the clock. ``change`` gets it and whether anything was called; when it raises, nothing changes."""

    def reset(self, sandbox: str | None) -> None:
        """Return a sandbox, or all of them, to the start."""

    def create(self, sandbox: str, options: Mapping[str, Any]) -> Sandbox | None:
        """Make a sandbox with choices of its own; None when there is one of that name."""

    def sandbox(self, sandbox: str) -> Sandbox | None:
        """A sandbox, without making it."""

    def sandboxes(self) -> list[Sandbox]:
        """All of them, the most recently used first."""

    def delete(self, sandbox: str) -> Sandbox | None:
        """End a sandbox and tell what it was; None when there is none of that name."""

    def gone(self) -> Mapping[str, int]:
        """How many sandboxes have ended without being asked to: ``idle`` too long, or ``crowded`` out."""

    def met(self, sandbox: str | None) -> Mapping[Met, int]:
        """How often each answer and violation was met, in one sandbox or in all that there ever were."""

    def dropped(self, sandbox: str) -> Mapping[str, int]:
        """How much its bounds have cost: records, messages, OTPs, entries."""
