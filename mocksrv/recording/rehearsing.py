"""Rehearsals: a recording is played in a fresh sandbox, and what differs there from play to play is learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.conversation.aiming import Aim, Stage
from mocksrv.conversation.expecting import NOTHING, Difference
from mocksrv.conversation.notation import NUMBER_PATTERN
from mocksrv.conversation.places import at
from mocksrv.conversation.playing import Player
from mocksrv.conversation.reading import conversation_of
from mocksrv.conversation.target import FAIL, Outcome
from mocksrv.recording.drafting import drafted
from mocksrv.recording.known import Where
from mocksrv.recording.prepared import prepared
from mocksrv.recording.session import Session
from mocksrv.recording.shapes import ANY, alike, is_masked
from mocksrv.recording.writing import written

ROUNDS = 5
# What has been sent is there.
AT_ONCE = "100ms"


@dataclass(frozen=True)
class Recording:
    """A conversation as text, and what does not go as it went in the session when it is played."""

    text: str
    steps: int
    wrong: tuple[Outcome, ...] = ()


def rehearsed(session: Session, file: str) -> Recording:
    """Record a session: draft it and play it, until nothing of it differs that a server makes anew each time.

    Raises LoadError for a mistake of ours, MocksrvError when the server cannot be asked.
    """
    found, volatile = prepared(session), dict[Where, str]()
    wrong: list[Outcome] = []
    for _ in range(ROUNDS):
        document, indices = drafted(found, volatile)
        text = written(document)
        wrong = [each for each in _played(session, text, file) if each.state == FAIL]
        learned = dict(_learned(session, document, indices, wrong, volatile))
        if not learned:
            break
        volatile |= learned
    return Recording(text, len(document["steps"]), tuple(wrong))


def _played(session: Session, text: str, file: str) -> list[Outcome]:
    """What becomes of each step in a fresh sandbox, whatever became of those before."""
    wire, conversation = session.mock.wire, conversation_of(text, file)
    root = wire.base_url.rpartition("/@")[0]
    stage = Stage(Aim(root, token=wire.token), root, wire.http, real=False)
    target = stage.target(conversation)
    if target.mock:
        target.mock.within = AT_ONCE
    try:
        return list(Player(conversation, target, to_the_end=True).play())
    finally:
        stage.end(target)


def _learned(
    session: Session,
    document: Mapping[str, Any],
    indices: list[int | None],
    wrong: list[Outcome],
    volatile: Mapping[Where, str],
) -> Iterator[tuple[Where, str]]:
    """The places of answers where another value came of the same kind, with the pattern of both.

    Of an answer that says something else too, nothing is learned: it is another answer.
    """
    marks = [step.mark for step in conversation_of(written(document), "").steps]
    lines = {mark.line: index for mark, index in zip(marks, indices, strict=True)}
    for outcome in wrong:
        index = lines[outcome.step.mark.line]
        found = [] if index is None else [_kind(session, index, each) for each in outcome.differences]
        if index is not None and found and all(found):
            for each, pattern in zip(outcome.differences, found, strict=True):
                where = (index, each.path[1:])
                if pattern and volatile.get(where) != pattern:
                    yield where, pattern


def _kind(session: Session, index: int, difference: Difference) -> str | None:
    """The pattern of what came in the session and what came now; None when they are no two of a kind."""
    if difference.path[0] != "body":
        return None
    recorded, came = at(session.calls[index].came, difference.path[1:]), difference.came
    if is_masked(recorded) and came is not NOTHING:
        return ANY if isinstance(came, str) else f"{NUMBER_PATTERN}.+"
    return alike(recorded, came)
