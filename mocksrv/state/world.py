"""One sandbox in memory: what it holds, and how a write changes it."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mocksrv.clock import Clock
from mocksrv.state import contract
from mocksrv.state.contract import Arm, Deliver, Disarm, Forget, Hit, Met, Note, Put, Serve, Write
from mocksrv.state.things import Entry, Fault, Message, Record, RecordId, Sandbox, Sent

log = logging.getLogger("mocksrv")
# So many things of a past life are given up in a fraction of a millisecond.
FEW = 200
# Over all sandboxes and resets, so that "only newer ones" means the same to whoever waits.
_otp_ids = itertools.count(1)


@dataclass(frozen=True)
class Start:
    """What every sandbox begins with, and returns to: its records, and the faults of the scenario served, made anew."""

    records: Mapping[RecordId, Record]
    faults: Callable[[], Iterable[Fault]]


class World:
    """One sandbox; also the view of a step, because the lock is held while it is looked at.

    Lists, not deques, and nothing made before it is needed: of sandboxes there are many, and most hold next to nothing.
    """

    def __init__(self, start: Start, options: Mapping[str, Any]) -> None:
        self.lock = threading.RLock()
        self._changed: threading.Condition | None = None
        self.start = start
        self.options = options
        self.used = time.monotonic()
        self.met: Counter[Met] = Counter()
        self._past: list[Any] = []
        self.ended = False
        self._begin()

    def reset(self) -> None:
        # To give back the memory of a thousand calls takes longer than a test wants to wait: later calls do it.
        made = (record for name, record in self._records.items() if name not in self.start.records)
        self._past += [*self.journal.values(), *self.messages, *self.otps, *made]
        del self._past[: -contract.MOST_PAST]
        if len(self._past) < FEW:
            self._past.clear()
        self._begin()

    def _begin(self) -> None:
        self.clock = Clock()
        self.now = self.clock.now()
        self._records: dict[tuple[str, str, str, str], Record] = dict(self.start.records)
        self._windows: dict[tuple[str, str], list[float]] = {}
        self._window_ends: dict[tuple[str, str], float] = {}
        self._served: dict[str, int] = {}
        self.messages: list[Message] = []
        self.otps: list[Sent] = []
        self.faults = {fault.id: fault for fault in self.start.faults()}
        self.called = False
        self.journal: dict[str, Entry] = {}
        self.journal_bytes = 0
        self._scan_records_in = 0
        self._scan_windows_at = contract.MOST_RECORDS
        self.dropped = {"records": 0, "messages": 0, "otps": 0, "entries": 0}

    def changed(self) -> threading.Condition:
        """Told of every code that is sent; made when somebody waits: in most of many sandboxes nobody ever does."""
        self._changed = self._changed or threading.Condition(self.lock)
        return self._changed

    def end(self) -> None:
        """Let nobody wait any more for what will not come."""
        self.ended = True
        if self._changed:
            self._changed.notify_all()

    def record(self, product: str, kind: str, scope: str, key: str) -> Record | None:
        found = self._records.get((product, kind, scope, key))
        return found or self._records.get((product, kind, "", key))

    def find(self, product: str, kind: str, scope: str, field: str, value: str) -> Record | None:
        of_kind = (each for each in self._records.values() if (each.product, each.kind) == (product, kind))
        return next((each for each in of_kind if each.scope in (scope, "") and each.fields.get(field) == value), None)

    def hits(self, limit: str, per: str, seconds: float) -> Sequence[float]:
        window = self._windows.get((limit, per), ())
        return [at for at in window if at > self.now - seconds]

    def served(self, entity: str) -> int:
        return self._served.get(entity, 0)

    def apply(self, write: Write) -> None:
        _APPLIED[type(write)](self, write)

    def put(self, record: Record) -> None:
        self._records[record.id] = record
        if len(self._records) > contract.MOST_RECORDS:
            self._make_room()

    def known(self, kind: str, key: str) -> list[Record]:
        return [record for record in self._records.values() if (record.kind, record.key) == (kind, key)]

    def kept(self, record: RecordId) -> Record | None:
        return self._records.get(record)

    def sent(self) -> list[Sent]:
        return list(reversed(self.otps))

    def armed(self) -> Sequence[Fault]:
        return tuple(self.faults.values())

    def _make_room(self) -> None:
        """Drop a hundredth of dead ones at once, so that many calls pay for the search, not each; else a live one.

        A search that found none is not repeated at the next call, nor is its warning.
        """
        room = max(contract.MOST_RECORDS // 100, 1)
        self._scan_records_in -= 1
        searched = self._scan_records_in < 0
        oldest = [each for each in self._records.values() if each.dead(self.now)][:room] if searched else []
        if not oldest:
            oldest = [next(each for name, each in self._records.items() if name not in self.start.records)]
            if searched:
                self._scan_records_in = room
                log.warning("the sandbox is full: dropped the live %s %s", oldest[0].kind, oldest[0].key)
        for record in oldest:
            del self._records[record.id]
        self.dropped["records"] += len(oldest)

    def count(self, hit: Hit) -> None:
        key = (hit.limit, hit.per)
        window = self._windows.setdefault(key, [])
        window.append(hit.at)
        while window[0] <= hit.at - hit.seconds:
            window.pop(0)
        self._window_ends[key] = hit.at + hit.seconds
        if len(self._windows) > self._scan_windows_at:
            for over in [known for known, end in self._window_ends.items() if end <= hit.at]:
                del self._windows[over], self._window_ends[over]
            # Those that are not over stay, and are not looked at again before there are a good many more.
            self._scan_windows_at = max(contract.MOST_RECORDS, len(self._windows) * 11 // 10)

    def deliver(self, written: Deliver) -> None:
        self.messages.extend(written.messages)
        while len(self.messages) > contract.MOST_MESSAGES:
            self.messages.pop(0)
            self.dropped["messages"] += 1
        if written.otp:
            self.otps.append(replace(written.otp, id=next(_otp_ids)))
            if self._changed:
                self._changed.notify_all()
        while len(self.otps) > contract.MOST_MESSAGES:
            self.otps.pop(0)
            self.dropped["otps"] += 1

    def meet(self, met: Met, times: int = 1) -> None:
        add_met(self.met, met, times)

    def bytes(self) -> int:
        """About how much memory it holds: measured on calls of the built-in fixtures, which hold 5 KB each."""
        made = max(len(self._records) - len(self.start.records), 0)
        things = made + len(self.messages) + len(self.otps) + len(self.met) + len(self.faults)
        small = len(self._windows) + len(self._served)
        return 3_000 + self.journal_bytes + 900 * things + 250 * small + 5_000 * len(self._past)

    def shown(self, name: str) -> Sandbox:
        idle = time.monotonic() - self.used
        return Sandbox(name, self.options, idle, len(self.journal), len(self._records), self.bytes())

    def forget(self, record: Record) -> None:
        self._records.pop(record.id, None)

    def serve(self, entity: str) -> None:
        self._served[entity] = self.served(entity) + 1

    def arm(self, fault: Fault) -> None:
        self.faults[fault.id] = fault

    def disarm(self, faults: Iterable[str]) -> None:
        for fault in faults:
            self.faults.pop(fault, None)

    def note(self, entry: Entry) -> None:
        self.called = True
        del self._past[-16 - len(self._past) // 100 :]
        self.journal[entry.id] = entry
        self.journal_bytes += entry.size()
        self._trim_journal()

    def answered(self, entry_id: str, response: Mapping[str, Any], timing: Mapping[str, float]) -> None:
        if entry := self.journal.get(entry_id):
            self.journal_bytes -= entry.size()
            entry.response, entry.timing = response, timing
            self.journal_bytes += entry.size()
            self._trim_journal()

    def forget_entries(self) -> None:
        self.journal.clear()
        self.journal_bytes = self.dropped["entries"] = 0

    def _trim_journal(self) -> None:
        while len(self.journal) > contract.MOST_ENTRIES or self.journal_bytes > contract.MOST_ENTRY_BYTES:
            oldest = self.journal.pop(next(iter(self.journal)))
            self.journal_bytes -= oldest.size()
            self.dropped["entries"] += 1


def add_met(met: Counter[Met], more: Met, times: int) -> None:
    """Count it; of what a client got wrong there is no end, so beyond a bound only its answer counts."""
    known = more in met or len(met) < contract.MOST_KINDS_MET
    met[more if known else replace(more, violations=())] += times


_APPLIED: Mapping[type, Callable[[World, Any], None]] = {
    Put: lambda world, write: world.put(write.record),
    Forget: lambda world, write: world.forget(write.record),
    Hit: World.count,
    Serve: lambda world, write: world.serve(write.entity),
    Arm: lambda world, write: world.arm(write.fault),
    Disarm: lambda world, write: world.disarm(write.faults),
    Deliver: World.deliver,
    Met: World.meet,
    Note: lambda world, write: world.note(write.entry),
}
