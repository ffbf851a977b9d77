"""The state in memory: a world and a lock per sandbox, and nothing slow under the lock."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mocksrv.clock import Clock
from mocksrv.state import contract
from mocksrv.state.contract import D, Entry, Fault, Message, Met, Record, Sandbox, V
from mocksrv.state.world import Start, World, add_met

log = logging.getLogger("mocksrv")


class MemoryState:
    """See ``state.contract.State``. What is here ends with the process."""

    def __init__(self, seeds: Iterable[Record], faults: Callable[[], Iterable[Fault]] = tuple) -> None:
        self._start = Start({record.id: record for record in seeds}, faults)
        self._worlds: OrderedDict[str, World] = OrderedDict()  # the one used longest ago comes first
        self._lock = threading.Lock()
        self._gone = {"idle": 0, "crowded": 0}
        self._met: Counter[Met] = Counter()
        self._until_weighed = 0

    def _world(self, sandbox: str) -> World:
        with self._lock:
            world = self._worlds.get(sandbox)
            if world is None:
                world = self._worlds[sandbox] = World(self._start, {})
            self._worlds.move_to_end(sandbox)
            world.used = time.monotonic()
            self._end_some(sandbox)
            return world

    def _end_some(self, sandbox: str) -> None:
        """End sandboxes that are idle for long, and the longest idle ones when there is no room."""
        while (oldest := self._oldest(sandbox)) and (why := self._why_to_end(self._worlds[oldest])):
            self._gone[why] += 1
            log.info("the sandbox %s has ended: %s", oldest, why)
            self._end(oldest)

    def _oldest(self, sandbox: str) -> str | None:
        """The sandbox used longest ago that may end: not the default one, nor the one in use."""
        kept = (sandbox, contract.DEFAULT)
        return next((name for name in self._worlds if name not in kept), None)

    def _why_to_end(self, world: World) -> str | None:
        if time.monotonic() - world.used > contract.IDLE_SECONDS:
            return "idle"
        if len(self._worlds) > contract.MOST_SANDBOXES:
            return "crowded"
        # Weighing all of them takes a while, so it is done once in a while.
        self._until_weighed -= 1
        if self._until_weighed < 0:
            self._until_weighed = 256
            if sum(each.bytes() for each in self._worlds.values()) > contract.MOST_BYTES:
                self._until_weighed = 0
                return "crowded"
        return None

    def _end(self, sandbox: str) -> None:
        world = self._worlds.pop(sandbox)
        with world.lock:
            world.end()
            for met, times in world.met.items():
                add_met(self._met, met, times)

    def create(self, sandbox: str, options: Mapping[str, Any]) -> bool:
        with self._lock:
            if sandbox in self._worlds:
                return False
            self._worlds[sandbox] = World(self._start, options)
            self._end_some(sandbox)
            return True

    def sandboxes(self) -> list[Sandbox]:
        with self._lock:
            self._end_some("")
            return [world.shown(name) for name, world in reversed(self._worlds.items())]

    def delete(self, sandbox: str) -> bool:
        with self._lock:
            if sandbox not in self._worlds:
                return False
            self._end(sandbox)
            return True

    def gone(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._gone)

    def met(self, sandbox: str | None) -> Mapping[Met, int]:
        with self._lock:
            worlds = [world for name, world in self._worlds.items() if sandbox in (None, name)]
            past = Counter(self._met) if sandbox is None else Counter()
        for world in worlds:
            with world.lock:
                past.update(world.met)
        return past

    def step(self, sandbox: str, decide: Callable[[contract.View], D]) -> D:
        world = self._world(sandbox)
        with world.lock:
            world.now = world.clock.now()
            decided = decide(world)
            for write in decided.writes:
                world.apply(write)
            return decided

    def look(self, sandbox: str, at: Callable[[contract.View], V]) -> V:
        world = self._world(sandbox)
        with world.lock:
            world.now = world.clock.now()
            return at(world)

    def wait(self, sandbox: str, at: Callable[[contract.View], V | None], seconds: float) -> V | None:
        world, found = self._world(sandbox), None

        def there() -> bool:
            nonlocal found
            world.now = world.clock.now()
            found = at(world)
            return found is not None or world.ended

        with world.lock:
            world.changed().wait_for(there, seconds)
        return found

    def answered(self, sandbox: str, entry: str, response: Mapping[str, Any], timing: Mapping[str, float]) -> None:
        with self._lock:  # a sandbox that has ended meanwhile is not made again
            world = self._worlds.get(sandbox)
        if world:
            with world.lock:
                world.answered(entry, response, timing)

    def note(self, sandbox: str, entry: Entry) -> None:
        world = self._world(sandbox)
        with world.lock:
            world.note(entry)

    def entries(self, sandbox: str) -> list[Entry]:
        world = self._world(sandbox)
        with world.lock:
            return list(reversed(world.journal.values()))

    def forget_entries(self, sandbox: str) -> None:
        world = self._world(sandbox)
        with world.lock:
            world.forget_entries()

    def messages(self, sandbox: str) -> list[Message]:
        world = self._world(sandbox)
        with world.lock:
            return list(reversed(world.messages))

    def clock(self, sandbox: str) -> Clock:
        return self._world(sandbox).clock

    def move(self, sandbox: str, change: Callable[[Clock, bool], Clock]) -> Clock:
        world = self._world(sandbox)
        with world.lock:
            world.clock = change(world.clock, world.called)
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
