"""Answers that go wrong on their way: which ways there are, and the words a person names them by."""

from __future__ import annotations

from dataclasses import dataclass

from mocksrv.clock import parse_duration
from mocksrv.errors import nearest

KINDS = ("empty", "truncate", "malformed", "drip", "close")
MOST_DELAY = 600.0


@dataclass(frozen=True)
class Transport:
    """How an answer goes wrong on its way.

    ``empty`` has no body. ``truncate`` promises the whole body and ends the connection after ``after`` bytes of it
    (half of them, unless told), ``close`` after none. ``malformed`` has a body that is no JSON. ``drip`` sends the
    whole body, spread over ``lasts`` seconds. None leaves the answer as it is. ``delay`` is the least and the most
    seconds until the status line, of any answer.
    """

    kind: str | None = None
    delay: tuple[float, float] = (0.0, 0.0)
    after: int | None = None
    lasts: float = 5.0


def read_transport(fault: str | None, delay: str | None) -> Transport:
    """What ``truncate`` and ``2s`` or ``1s..3s`` ask for; None asks for nothing.

    Raises ValueError with a sentence when the fault is not one of ``KINDS``, or the delay no duration or too long.
    """
    if fault is not None and fault not in KINDS:
        raise ValueError(f'"{fault}" is no way for an answer to go wrong{nearest(fault, KINDS)}')
    return Transport(fault and str(fault), (0.0, 0.0) if delay is None else _read_delay(delay))


def _read_delay(text: str) -> tuple[float, float]:
    least, dots, most = text.partition("..")
    delay = parse_duration(least), parse_duration(most if dots else least)
    if delay[0] > delay[1]:
        raise ValueError(f'"{text}" is no delay: the least comes first, like "1s..3s"')
    if delay[1] > MOST_DELAY:
        raise ValueError(f'"{text}" is too long a delay: an answer may be 10 minutes late at most')
    return delay
