"""How a session's time went on: what must be done to the clock before each call, so that a play meets the same times.

A play takes no time, a person does. So a pause is a move of the clock too, once pauses have added up to something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from mocksrv.conversation.expecting import written
from mocksrv.recording.session import Call

Move = dict[str, str]
# Milliseconds. What the clock is ahead by differs by a little from call to call, as a call takes its time.
NOISE, PAUSE, SECOND, LAG = 900, 30_000, 1000, 2
_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True)
class Timing:
    """What is done to the clock before a call, and whether it then shows the very time of the session."""

    moves: tuple[Move, ...] = ()
    exact: bool = False


def timings(calls: Sequence[Call]) -> list[Timing]:
    """One for each call."""
    frozen = _frozen(calls)
    found = [_first(calls[0], frozen[0])]
    drift = 0
    for index in range(1, len(calls)):
        timing, drift = _next(calls[index - 1], calls[index], frozen[index - 1], frozen[index], drift)
        exact = found[-1].exact and frozen[index] and not any(move["action"] == "reset" for move in timing)
        found.append(Timing(tuple(timing), exact))
    return found


def _frozen(calls: Sequence[Call]) -> list[bool]:
    """Whether the clock stood still at each call: it showed the same time at some in a row although time went by.

    It also did when it shows whole seconds that are no move from the real time: somebody wrote them.
    """
    found: list[bool] = []
    for at, group in groupby(calls, lambda call: call.at):
        first, *rest = group
        same = bool(rest) and rest[-1].real - first.real > LAG
        whole = at % SECOND == 0 and not _is_round(at - first.real)
        moved = bool(found) and found[-1] and (at - calls[len(found) - 1].at) % SECOND == 0
        found += [same or whole or moved] * (1 + len(rest))
    return found


def _first(call: Call, frozen: bool) -> Timing:
    ahead = call.at - call.real
    if frozen and abs(ahead) > NOISE:
        return Timing(({"action": "freeze", "to": _moment(call.at)},), exact=True)
    if frozen:
        return Timing(({"action": "freeze"},))
    if ahead > NOISE and _is_round(ahead):
        return Timing((_advance(ahead),))
    return Timing(({"action": "set", "to": _moment(call.at)},)) if abs(ahead) > NOISE else Timing()


def _next(before: Call, call: Call, was_frozen: bool, frozen: bool, drift: int) -> tuple[list[Move], int]:
    """The moves before a call, and how much time has gone by in pauses for which nothing was done yet."""
    passed, real = call.at - before.at, call.real - before.real
    if was_frozen:
        return _from_frozen(call, passed, real, frozen)
    jump, drift = passed - real, drift + max(real, 0)
    moves: list[Move] = []
    if jump < -NOISE and not frozen:
        moves, drift = [{"action": "reset"}], 0
        jump = call.at - call.real
    if jump > NOISE or drift >= PAUSE:
        # A move alone is told as it was; a pause was not measured by anybody.
        paused = 0 if drift < SECOND else round(drift / SECOND) * SECOND
        moves.append(_advance(paused + (round(jump / SECOND) * SECOND if paused else jump)))
        drift = 0
    return [*moves, *([{"action": "freeze"}] if frozen else [])], drift


def _from_frozen(call: Call, passed: int, real: int, frozen: bool) -> tuple[list[Move], int]:
    if frozen:
        moves = [_advance(passed)] if passed > 0 else []
        return ([{"action": "reset"}, {"action": "freeze"}] if passed < 0 else moves), 0
    if abs(call.at - call.real) <= NOISE:
        return [{"action": "reset"}], 0
    return [{"action": "run"}, *([_advance(passed)] if passed > real + NOISE else [])], 0


def _is_round(milliseconds: int) -> bool:
    """Whether a clock is ahead by so many seconds, but for the little that a call takes until it is decided."""
    return (milliseconds + LAG) % SECOND <= 50


def _advance(milliseconds: int) -> Move:
    """A move forward, in the largest unit that tells it."""
    seconds = round(milliseconds / SECOND)
    if abs(milliseconds) < 60 * SECOND and not _is_round(milliseconds):
        return {"action": "advance", "by": f"{milliseconds}ms"}
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return {"action": "advance", "by": f"{seconds // size}{unit}"}


def _moment(milliseconds: int) -> str:
    return str(written(datetime.fromtimestamp(milliseconds / SECOND, UTC), "fine" if milliseconds % SECOND else ""))
