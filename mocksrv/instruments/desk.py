"""What every instrument is given, and what it gives back. None of them knows HTTP's library."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Any

from mocksrv.clock import parse_duration
from mocksrv.errors import nearest
from mocksrv.phones import phone_key
from mocksrv.settings import Settings
from mocksrv.state.contract import State
from mocksrv.vendor import Catalogue

# Each that waits holds a thread of the server's, which has 512: the other half stays for calls.
MOST_WAITING = 256


@dataclass(frozen=True)
class Desk:
    """Where an instrument looks: what is served, its state, and how often answers broke their spec."""

    catalogue: Catalogue
    state: State
    settings: Settings
    faults: Mapping[str, int]
    started: float = field(default_factory=time.monotonic)
    most_waiting: int = field(default_factory=lambda: MOST_WAITING)
    waiting: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MOST_WAITING))

    def region(self, product: str) -> str:
        """Where the phone numbers of a product belong."""
        return self.catalogue.products[product].form.region

    def is_to(self, address: str, wanted: str | None, product: str) -> bool:
        """Whether an address is the one wanted, in whatever form a number is written."""
        if wanted is None or address == wanted:
            return True
        region = self.region(product)
        return phone_key(address, region) == phone_key(wanted, region)


@dataclass(frozen=True)
class Asked:
    """One admin call: its sandbox, path parameters, query (the first of each name) and body; its contract holds."""

    sandbox: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    wants_text: bool = False
    stopping: Callable[[], bool] = bool

    def since(self) -> float:
        """The time from which on things count, in seconds since the epoch. Raises Refused."""
        text = self.query.get("since")
        return read_moment(text) if text else float("-inf")

    def limit(self) -> int | None:
        """How many are wanted at most."""
        return int(self.query["limit"]) if "limit" in self.query else None


@dataclass(frozen=True)
class Told:
    """An answer that is not just a document with 200: a text, another status, or nothing."""

    document: Any
    status: int = 200
    media: str = "application/json"


class Refused(Exception):
    """An admin call that is refused: a problem of RFC 9457. ``kind`` is its short name."""

    def __init__(self, status: int, kind: str, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.kind, self.title, self.detail, self.more = status, kind, title, detail, more


View = Callable[[Desk, Asked], Any]


def moment(seconds: float) -> str:
    """A time as RFC 3339 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_moment(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time; one without an offset is UTC. Raises Refused."""
    try:
        found = datetime.fromisoformat(text.upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Refused(400, "bad-time", "This is no time", f'"{text}": write it like 2026-01-31T12:00:00Z.') from None


def read_duration(text: str, most: float = float("inf")) -> float:
    """Seconds of a duration. Raises Refused, also when it is longer than ``most`` seconds."""
    try:
        seconds = parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise Refused(400, "bad-duration", "This is no duration", sentence(str(error))) from None
    if seconds > most:
        raise Refused(400, "bad-duration", "This takes too long", f'"{text}" is more than {most:g} seconds.')
    return seconds


def sentence(text: str) -> str:
    """The text with a full stop, unless it asks: ``nearest`` ends some with a question."""
    return text if text.endswith((".", "?")) else f"{text}."


def check_names(desk: Desk, query: Mapping[str, str]) -> None:
    """Refuse a filter by what is not served: it would find nothing, and say nothing. Raises Refused."""
    products = desk.catalogue.products
    known = {"vendor": {*products, *(each.partition("/")[0] for each in products)}, "operation": desk.catalogue.rules}
    for word, names in known.items():
        if query.get(word) is not None and query[word] not in names:
            detail = f'There is no {word} "{query[word]}"{nearest(query[word], names)}'
            raise Refused(422, f"no-such-{word}", f"No such {word}", sentence(detail))


def is_of(product: str, vendor: str | None) -> bool:
    """Whether a product is the one named, or of the vendor named."""
    return vendor is None or product == vendor or product.partition("/")[0] == vendor
