"""The state in memory: a world and a lock per sandbox, and nothing slow under the lock."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mocksrv.clock import Clock
from mocksrv.state import contract
from mocksrv.state.contract import D, Deliver, Entry, Hit, Message, Note, Put, Record, Sent, Serve, Write

log = logging.getLogger("mocksrv")


class _World:
    """One sandbox; also the view of a step, because the lock is held while it is looked at."""

    def __init__(self, seeds: Iterable[Record]) -> None:
        self.lock = threading.RLock()
        self.start = tuple(seeds)
        self.reset()

    def reset(self) -> None:
        self.clock = Clock()
        self.now = self.clock.now()
        self._records: dict[tuple[str, str, str, str], Record] = {record.id: record for record in self.start}
        self._windows: dict[tuple[str, str], deque[float]] = {}
        self._window_ends: dict[tuple[str, str], float] = {}
        self._served: dict[str, int] = {}
        self.messages: deque[Message] = deque()
        self.otps: deque[Sent] = deque(maxlen=contract.MOST_MESSAGES)
        self.journal: dict[str, Entry] = {}
        self.journal_bytes = 0
        self.dropped = {"records": 0, "messages": 0, "entries": 0}

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
        match write:
            case Put(record):
                self.put(record)
            case Hit():
                self._hit(write)
            case Serve(entity):
                self._served[entity] = self.served(entity) + 1
            case Deliver(messages, otp):
                self._deliver(messages, otp)
            case Note(entry):
                self.note(entry)

    def put(self, record: Record) -> None:
        self._records[record.id] = record
        if len(self._records) > contract.MOST_RECORDS:
            self._make_room()

    def remove(self, record: Record) -> None:
        self._records.pop(record.id, None)

    def known(self, kind: str, key: str) -> list[Record]:
        return [record for record in self._records.values() if (record.kind, record.key) == (kind, key)]

    def _make_room(self) -> None:
        """Drop a hundredth at once, so that the search for dead records is paid for by many calls, not by each."""
        room = max(contract.MOST_RECORDS // 100, 1)
        oldest = [record for record in self._records.values() if record.dead(self.now)][:room]
        if not oldest:
            oldest = [record for record in self._records.values() if record not in self.start][:1]
            log.warning("the sandbox is full: dropped the live %s %s", oldest[0].kind, oldest[0].key)
        for record in oldest:
            del self._records[record.id]
        self.dropped["records"] += len(oldest)

    def _hit(self, hit: Hit) -> None:
        key = (hit.limit, hit.per)
        window = self._windows.setdefault(key, deque())
        window.append(hit.at)
        while window[0] <= hit.at - hit.seconds:
            window.popleft()
        self._window_ends[key] = hit.at + hit.seconds
        if len(self._windows) > contract.MOST_RECORDS:
            for over in [known for known, end in self._window_ends.items() if end <= hit.at]:
                del self._windows[over], self._window_ends[over]

    def _deliver(self, messages: Sequence[Message], otp: Sent | None) -> None:
        self.messages.extend(messages)
        while len(self.messages) > contract.MOST_MESSAGES:
            self.messages.popleft()
            self.dropped["messages"] += 1
        if otp:
            self.otps.append(otp)

    def note(self, entry: Entry) -> None:
        self.journal[entry.id] = entry
        self.journal_bytes += entry.size()
        self._trim_journal()

    def answered(self, entry_id: str, response: Mapping[str, Any]) -> None:
        if entry := self.journal.get(entry_id):
            self.journal_bytes -= entry.size()
            entry.response = response
            self.journal_bytes += entry.size()
            self._trim_journal()

    def _trim_journal(self) -> None:
        while len(self.journal) > contract.MOST_ENTRIES or self.journal_bytes > contract.MOST_ENTRY_BYTES:
            oldest = self.journal.pop(next(iter(self.journal)))
            self.journal_bytes -= oldest.size()
            self.dropped["entries"] += 1


class MemoryState:
    """See ``state.contract.State``. What is here ends with the process."""

    def __init__(self, seeds: Iterable[Record]) -> None:
        self._seeds = tuple(seeds)
        self._worlds: dict[str, _World] = {}
        self._lock = threading.Lock()

    def _world(self, sandbox: str) -> _World:
        with self._lock:
            if sandbox not in self._worlds:
                self._worlds[sandbox] = _World(self._seeds)
            return self._worlds[sandbox]

    def step(self, sandbox: str, decide: Callable[[contract.View], D]) -> D:
        world = self._world(sandbox)
        with world.lock:
            world.now = world.clock.now()
            decided = decide(world)
            for write in decided.writes:
                world.apply(write)
            return decided

    def answered(self, sandbox: str, entry: str, response: Mapping[str, Any]) -> None:
        world = self._world(sandbox)
        with world.lock:
            world.answered(entry, response)

    def note(self, sandbox: str, entry: Entry) -> None:
        world = self._world(sandbox)
        with world.lock:
            world.note(entry)

    def entries(self, sandbox: str) -> list[Entry]:
        world = self._world(sandbox)
        with world.lock:
            return list(reversed(world.journal.values()))

    def messages(self, sandbox: str) -> list[Message]:
        world = self._world(sandbox)
        with world.lock:
            return list(reversed(world.messages))

    def otps(self, sandbox: str) -> list[Sent]:
        world = self._world(sandbox)
        with world.lock:
            return list(reversed(world.otps))

    def records(self, sandbox: str, kind: str, key: str) -> list[Record]:
        world = self._world(sandbox)
        with world.lock:
            return world.known(kind, key)

    def put(self, sandbox: str, records: Sequence[Record]) -> None:
        world = self._world(sandbox)
        with world.lock:
            for record in records:
                world.put(record)

    def remove(self, sandbox: str, records: Sequence[Record]) -> None:
        world = self._world(sandbox)
        with world.lock:
            for record in records:
                world.remove(record)

    def clock(self, sandbox: str) -> Clock:
        return self._world(sandbox).clock

    def move(self, sandbox: str, change: Callable[[Clock], Clock]) -> Clock:
        world = self._world(sandbox)
        with world.lock:
            world.clock = change(world.clock)
            return world.clock

    def reset(self, sandbox: str | None) -> None:
        if sandbox is not None:
            world = self._world(sandbox)
            with world.lock:
                world.reset()
            return
        with self._lock:
            worlds = list(self._worlds.values())
        for world in worlds:
            with world.lock:
                world.reset()

    def dropped(self, sandbox: str) -> Mapping[str, int]:
        world = self._world(sandbox)
        with world.lock:
            return dict(world.dropped)
