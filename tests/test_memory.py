"""The bounds of a sandbox in memory: what is dropped, in which order, and that it is counted."""

from __future__ import annotations

import logging

import pytest

from mocksrv.state.contract import MOST_ENTRIES, MOST_MESSAGES, MOST_RECORDS, Deliver, Hit, Put, View, Write
from mocksrv.state.memory import MemoryState
from mocksrv.state.things import Entry, Message, Record


class Written:
    """What comes out of a step: nothing but writes."""

    def __init__(self, *writes: Write) -> None:
        self.writes = writes


def record(key: str, *, used: bool = False) -> Record:
    return Record("acme/things", "thing", "", key, {"key": key}, used=used)


def keep(state: MemoryState, records: list[Record]) -> None:
    state.step("s", lambda _: Written(*map(Put, records)))


def known(state: MemoryState, key: str) -> list[Record]:
    return state.look("s", lambda view: view.known("thing", key))


def test_at_the_bound_the_oldest_dead_records_go_first_and_are_counted() -> None:
    state = MemoryState([record("seed")])
    keep(state, [record(f"dead{n}", used=True) for n in range(MOST_RECORDS // 2)])
    keep(state, [record(f"live{n}") for n in range(MOST_RECORDS // 2)])
    assert state.dropped("s")["records"] == MOST_RECORDS // 100
    assert known(state, "dead0") == []
    assert known(state, f"dead{MOST_RECORDS // 2 - 1}")
    assert known(state, "live0")
    assert known(state, "seed")


def test_a_live_record_never_goes_silently(caplog: pytest.LogCaptureFixture) -> None:
    state = MemoryState([record("seed")])
    with caplog.at_level(logging.WARNING, "mocksrv"):
        keep(state, [record(f"live{n}") for n in range(MOST_RECORDS)])
    assert caplog.messages == ["the sandbox is full: dropped the live thing live0"]
    assert state.dropped("s")["records"] == 1
    assert known(state, "seed")


def test_the_inbox_keeps_its_newest_messages() -> None:
    state = MemoryState([])
    for number in range(MOST_MESSAGES + 3):
        message = Message(str(number), "acme/things", "acmeThing", "SMS", "1", "text", None, 0.0)
        state.step("s", lambda view, message=message: Written(Deliver((message,))))  # type: ignore[misc]
    assert [each.id for each in state.messages("s")][:2] == [str(MOST_MESSAGES + 2), str(MOST_MESSAGES + 1)]
    assert len(state.messages("s")) == MOST_MESSAGES
    assert state.dropped("s") == {"records": 0, "messages": 3, "otps": 0, "entries": 0}


def test_the_journal_is_bounded_by_number_and_by_bytes() -> None:
    state = MemoryState([])
    for number in range(MOST_ENTRIES + 2):
        state.note("s", Entry(str(number), None, "", {"body": ""}, 0.0, 0.0))
    assert (len(state.entries("s")), state.entries("s")[-1].id) == (MOST_ENTRIES, "2")
    for number in range(40):
        state.note("s", Entry(f"big{number}", None, "", {"body": "x" * 1_000_000}, 0.0, 0.0))
    assert len(state.entries("s")) < 40
    assert state.entries("s")[0].id == "big39"


def test_windows_that_are_over_are_forgotten_when_there_are_too_many() -> None:
    state = MemoryState([])
    hits = [Hit("limit", str(number), 0.0, 1.0) for number in range(MOST_RECORDS)]
    state.step("s", lambda view: Written(*hits))
    state.step("s", lambda view: Written(Hit("limit", "new", view.now, 60.0)))
    found: list[int] = []

    def look(view: View) -> Written:
        found.extend([len(view.hits("limit", "new", 60.0)), len(view.hits("limit", "5", 60.0))])
        return Written(Put(record("a")))

    state.step("s", look)
    assert found == [1, 0]
