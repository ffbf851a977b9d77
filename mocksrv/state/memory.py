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
from mocksrv.state.contract import D, Met, V
from mocksrv.state.things import Entry, Fault, Message, Record, Sandbox
from mocksrv.state.world import Start, World, add_met

log = logging.getLogger("mocksrv")


# How often who waits looks up whether the server is about to stop, in seconds.
LOOK_UP = 0.5


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
        made = None if sandbox in self._worlds else World(self._start, {})
        with self._lock:
            world = self._worlds.get(sandbox)
            if world is None:
                world = self._worlds[sandbox] = made or World(self._start, {})
            self._worlds.move_to_end(sandbox)
            world.used = time.monotonic()
            ended = self._take_some(sandbox)
        self._end(ended)
        return world

    def _take_some(self, sandbox: str) -> list[World]:
        """Take out sandboxes that are idle for long, and the longest idle ones when there is no room.

        Never the default one, nor the one in use.
        """
        kept, taken, weight = (sandbox, contract.DEFAULT), [], self._weight()
        while name := next((each for each in self._worlds if each not in kept), None):
            idle = time.monotonic() - self._worlds[name].used > contract.IDLE_SECONDS
            if not idle and len(self._worlds) <= contract.MOST_SANDBOXES and weight <= contract.MOST_BYTES:
                break
            why = "idle" if idle else "crowded"
            log.info("the sandbox %s has ended: %s", name, why)
            self._gone[why] += 1
            taken.append(self._worlds.pop(name))
            weight -= taken[-1].bytes()
        return taken

    def _weight(self) -> int:
        """How much all of them hold; weighing takes a while, so it is done once in a while."""
        self._until_weighed -= 1
        if self._until_weighed >= 0:
            return 0
        self._until_weighed = 256
        return sum(world.bytes() for world in self._worlds.values())

    def _end(self, worlds: Iterable[World]) -> None:
        """Let nobody wait in them, and keep what was met there. Not under our lock: a world may be busy."""
        for world in worlds:
            with world.lock:
                world.end()
                found = dict(world.met)
            with self._lock:
                for met, times in found.items():
                    add_met(self._met, met, times)

    def create(self, sandbox: str, options: Mapping[str, Any]) -> Sandbox | None:
        world = World(self._start, options)
        with self._lock:
            if sandbox in self._worlds:
                return None
            self._worlds[sandbox] = world
            ended = self._take_some(sandbox)
        self._end(ended)
        return world.shown(sandbox)

    def sandbox(self, sandbox: str) -> Sandbox | None:
        with self._lock:
            world = self._worlds.get(sandbox)
        return world.shown(sandbox) if world else None

    def sandboxes(self) -> list[Sandbox]:
        with self._lock:
            ended = self._take_some("")
            shown = [world.shown(name) for name, world in reversed(self._worlds.items())]
        self._end(ended)
        return shown

    def delete(self, sandbox: str) -> Sandbox | None:
        with self._lock:
            world = self._worlds.pop(sandbox, None)
        if world is None:
            return None
        shown = world.shown(sandbox)
        self._end([world])
        return shown

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

    def wait(
        self, sandbox: str, at: Callable[[contract.View], V | None], seconds: float, stop: Callable[[], bool] = bool
    ) -> V | None:
        world, found, until = self._world(sandbox), None, time.monotonic() + seconds

        def there() -> bool:
            nonlocal found
            world.now = world.clock.now()
            found = at(world)
            return found is not None or world.ended or stop()

        with world.lock:
            while not there() and (left := until - time.monotonic()) > 0:
                world.changed().wait(min(left, LOOK_UP))
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
