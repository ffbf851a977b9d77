"""What is found out about a session once, by asking its server, before any of its calls is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mocksrv.recording.heads import Head, head_of
from mocksrv.recording.naming import Names, sending_calls, uniques
from mocksrv.recording.session import Session
from mocksrv.recording.shapes import MASK
from mocksrv.recording.timing import Timing, timings


@dataclass(frozen=True)
class Prepared:
    """For each call its headers and the moves of the clock before it.

    ``unique`` names the ids that must be new in each play, ``senders`` tells which call sent which code.
    """

    session: Session
    heads: tuple[Head, ...]
    timings: tuple[Timing, ...]
    unique: Mapping[str, str]
    senders: Mapping[int, int]


def prepared(session: Session) -> Prepared:
    """Find it out. Raises MocksrvError when the server cannot be asked."""
    return Prepared(
        session,
        tuple(_heads(session)),
        tuple(timings(session.calls)),
        uniques(session, Names()),
        sending_calls(session),
    )


def _heads(session: Session) -> list[Head]:
    issued: set[str] = set()
    found = []
    for call in session.calls:
        found.append(head_of(session, call, issued.__contains__))
        issued |= set(MASK.findall(call.answer))
    return found
