"""What a state offers: a view to decide by, and writes that are applied in one step with the decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from mocksrv.clock import Clock
from mocksrv.state.things import Entry, Fault, Message, Record, RecordId, Sandbox, Sent

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
