"""The time as a sandbox sees it, and the one parser for durations."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace

UNITS = {"ms": 0.001, "s": 1.0, "second": 1.0, "m": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "d": 86400.0,
         "day": 86400.0}  # fmt: skip
# A number of seconds beyond this would be the year 5138; it must be milliseconds.
LAST_SECONDS = 100_000_000_000
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)?\s*([a-z]+)\s*")


def parse_duration(text: str) -> float:
    """Seconds in ``10 minutes``, ``10m``, ``2s``, ``250ms``, ``day``; a day is 24 hours.

    Raises ValueError with a sentence when the text is none of these.
    """
    match = _DURATION.fullmatch(text.lower())
    unit = match and UNITS.get(match[2] if match[2] in UNITS else match[2].removesuffix("s"))
    if not match or not unit:
        raise ValueError(f'"{text}" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"')
    return float(match[1] or 1) * unit


@dataclass(frozen=True)
class Clock:
    """A clock that runs with the real one, ahead of it by ``ahead`` seconds, or stands still at ``frozen``.

    Times are seconds since the Unix epoch.
    """

    ahead: float = 0.0
    frozen: float | None = None

    def now(self) -> float:
        """The sandbox's time, in seconds since the epoch."""
        return time.time() + self.ahead if self.frozen is None else self.frozen

    def advanced(self, seconds: float) -> Clock:
        """The same clock, moved forward."""
        if self.frozen is None:
            return replace(self, ahead=self.ahead + seconds)
        return replace(self, frozen=self.frozen + seconds)

    def frozen_at(self, moment: float) -> Clock:
        """A clock that stands still at the moment, in seconds since the epoch."""
        return replace(self, frozen=moment)

    def set_to(self, moment: float) -> Clock:
        """The same clock, running or frozen as it is, showing the moment, in seconds since the epoch."""
        return Clock(ahead=moment - time.time()) if self.frozen is None else self.frozen_at(moment)

    def running(self) -> Clock:
        """The clock running again from where it stands."""
        return self if self.frozen is None else Clock(ahead=self.frozen - time.time())
