"""What one decision may look at, and what it has found so far."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mocksrv.call import ABSENT, Call, at, text_of
from mocksrv.contract import Violation, is_missing
from mocksrv.made import make
from mocksrv.person import person
from mocksrv.rules import Rules
from mocksrv.sections import Limit
from mocksrv.state.contract import Hit, View
from mocksrv.state.things import Record
from mocksrv.words import Conditional, Constant, First, Made, Number, Place, Step, Template, Value


class Moment(float):
    """A time, in seconds since the epoch; how it is written is for the answer to say."""


def _kept(record: Record, steps: tuple[Step, ...]) -> Any:
    """What a record keeps; its own ``key`` and ``expires`` where no field has that name."""
    own = {"key": record.key, "expires": ABSENT if record.expires is None else Moment(record.expires)}
    found = at(record.fields, steps)
    return own.get(str(steps[0]), ABSENT) if found is ABSENT and len(steps) == 1 else found


@dataclass(frozen=True)
class Choices:
    """What the settings say about every decision."""

    seed: int = 1
    random_codes: bool = False
    quotas: bool = True


@dataclass(frozen=True)
class Allowance:
    """How much of a limit is left: what ``limit.*`` reads. Times are whole seconds."""

    limit: int
    remaining: int
    reset: int
    retry: int | None

    def read(self, name: str) -> int | Any:
        """``limit``, ``remaining``, ``reset``, and ``retry`` only when the limit is exceeded."""
        found = {"limit": self.limit, "remaining": self.remaining, "reset": self.reset, "retry": self.retry}.get(name)
        return ABSENT if found is None else found


@dataclass
class Look:
    """One call being decided: it reads the call, the view, and the records found on the way. It changes nothing."""

    rules: Rules
    call: Call
    view: View
    violations: Sequence[Violation]
    choices: Choices
    opened: str | None = None
    found: dict[str, Record] = field(default_factory=dict)
    counts: list[Hit] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    counted: int = 0
    repeated: bool = False
    now: float = 0.0
    looked: dict[str, Record | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.now or self.view.now

    @property
    def scope(self) -> str:
        """What keeps this call's ids, records and quotas apart."""
        place = self.rules.product.form.scope
        value = self.read(place) if place else ABSENT
        return "" if value is ABSENT else text_of(value)

    def read(self, place: Place) -> Any:
        """What stands at a place of the call or of a record found, or ABSENT; what counts as missing is absent too."""
        if place.root == "person":
            return self.person.get(str(place.steps[0]), ABSENT)
        record = self.found.get(place.root)
        if record is not None:
            return _kept(record, place.steps)
        found = self.call.read(place)
        return ABSENT if is_missing(found, self.rules.contract.missing) else found

    @cached_property
    def person(self) -> dict[str, Any]:
        """The made person whom the call is about; nobody when it names none."""
        key = self.text(self.rules.form.person) if self.rules.form.person else None
        today = datetime.fromtimestamp(self.now, UTC).date()
        return {} if key is None else person(self.choices.seed, key, today)

    def record(self, kind: str, key: str, by: str | None = None) -> Record | None:
        """A record of the product, in the call's scope or shared by all: by its key, or by another field."""
        product = self.rules.product
        scope = "" if product.unscoped(kind) else self.scope
        if by:
            found = self.view.find(product.name, kind, scope, by, key)
        else:
            found = self.view.record(product.name, kind, scope, key)
        if kind not in product.form.tokens:  # they are secrets
            self.looked[f"{kind} {key}"] = found
        return found

    def value(self, value: Value, *origin: str | int) -> Any:
        """What a value is for this call, or ABSENT. ``origin`` says what a made value belongs to."""
        match value:
            case Place():
                return self.read(value)
            case Constant(text):
                return text
            case Made():
                return self._made(value, origin)
            case First(options):
                found = (self.value(option, *origin) for option in options)
                last = "" if options[-1:] == (Constant(""),) else ABSENT
                return next((each for each in found if each is not ABSENT and text_of(each).strip()), last)
            case Number(inner):
                found = self.value(inner, *origin)
                return int(found) if str(found).isdigit() else found
            case Conditional(inner, when):
                return self.value(inner, *origin) if self.holds(when) else ABSENT
            case Template(parts):
                texts = [part if isinstance(part, str) else self.value(part, *origin) for part in parts]
                return ABSENT if any(text is ABSENT for text in texts) else "".join(text_of(text) for text in texts)

    def _made(self, word: Made, origin: tuple[str | int, ...]) -> Any:
        match word.kind:
            case "path":
                return self.call.url
            case "now":
                return Moment(self.now)
            case "token":
                return self.tokens.get(word.detail, ABSENT)
            case "counter":
                return int(word.detail) + self.counted
        return make(word, self.choices.seed, self.rules.product.name, self.scope, *origin)

    def text(self, value: Value, *origin: str | int) -> str | None:
        """The value as text; None when it is absent."""
        found = self.value(value, *origin)
        return None if found is ABSENT else text_of(found)

    def holds(self, when: Iterable[tuple[Place, str]]) -> bool:
        """Whether every place equals its text."""
        return all(
            text_of(found) == text if (found := self.read(place)) is not ABSENT else False for place, text in when
        )

    def entity(self) -> str:
        """Whom the call serves: the last record found that is not the client, else whoever sends such a body."""
        others = [record for kind, record in self.found.items() if kind != "client"]
        whom = f"{others[-1].kind} {others[-1].key}" if others else text_of([self.call.body, dict(self.call.query)])
        return f"{self.rules.name} {self.scope} {whom}"

    def allowance(self, name: str, limit: Limit, *, forced: bool = False) -> Allowance:
        """What is left of a limit for this call's ``per``, with what this call counted.

        ``forced`` shows the limit as exceeded although it is not: a refusal by test data looks like the real one.
        """
        hits = list(self.view.hits(name, self.per(limit), limit.rate.seconds))
        hits += [count.at for count in self.counts if count.limit == name]
        left = max(limit.rate.most - len(hits), 0)
        now, seconds = self.view.now, limit.rate.seconds
        reset = math.ceil(hits[-1] + seconds - now) if hits else 0
        if forced and left:
            return Allowance(limit.rate.most, 0, math.ceil(seconds), math.ceil(seconds))
        retry = math.ceil(hits[-limit.rate.most] + seconds - now) if not left and forced else None
        return Allowance(limit.rate.most, left, reset, retry)

    def per(self, limit: Limit) -> str:
        """The value that a limit is counted for; empty when there is none."""
        return f"{self.scope} {self.text(limit.per) if limit.per else ''}"
