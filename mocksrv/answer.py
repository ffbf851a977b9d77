"""The decision: one call, one view, one outcome with all its writes. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from mocksrv.acceptance import written
from mocksrv.call import ABSENT, text_of
from mocksrv.checks import Check, Refusal
from mocksrv.errors import Mark
from mocksrv.forced import Forced, armed
from mocksrv.look import Allowance, Look
from mocksrv.readers import Answer
from mocksrv.spec import Example
from mocksrv.state.contract import Write
from mocksrv.state.things import Fault
from mocksrv.words import Quote


@dataclass(frozen=True)
class Decision:
    """What goes out, why, and what is written with it. ``answer`` is None for violations that no fixture speaks of."""

    answer: Answer | None
    why: str
    look: Look
    accepted: bool = False
    entity: tuple[str, int] = ("", 0)
    writes: tuple[Write, ...] = ()
    allowance: Allowance | None = None

    fault: Fault | None = None
    shown: Example | None = None

    @property
    def mark(self) -> Mark | None:
        """The fixture's line that answered."""
        return self.answer.mark if self.answer else None

    @property
    def example(self) -> Example | None:
        """What goes out: the example that the answer quotes, or one that is asked for and stands in no spec."""
        return self.shown or (self.look.rules.example(self.answer.quote) if self.answer else None)


def decide(look: Look, checks: Sequence[Check], asked: Example | None = None) -> Decision:
    """The checks in their order, and acceptance when none of them says no.

    ``asked`` is the example that the request asks for; without it a fault that a tester has armed may ask. A refusal
    asked for is a picture: it writes and counts nothing. A success asked for is a choice: the call runs as usual, and
    only if accepted goes out by that example.
    """
    forced = Forced(asked, "preferred") if asked else armed(look)
    if forced is None:
        return _checked(look, checks, None)
    decision = _decided(look, checks, forced)
    waits = forced.example is not None and look.rules.accepts(forced.example) and not decision.accepted
    acted = forced.fault if not waits else None
    return replace(decision, fault=acted, writes=(*decision.writes, *forced.writes(acted is not None)))


def _decided(look: Look, checks: Sequence[Check], forced: Forced) -> Decision:
    example = forced.example
    if example and not look.rules.accepts(example):
        shown = None if example in look.rules.operation.examples else example
        return _shown(Decision(_answer_of(example), forced.told, look, shown=shown))
    return _checked(look, checks, forced)


def _checked(look: Look, checks: Sequence[Check], forced: Forced | None) -> Decision:
    for check in checks:
        if refusal := check.look(look):
            return _refused(look, refusal, forced)
    return _accepted(look, forced)


def _answer_of(example: Example) -> Answer:
    return Answer(Quote(example.status, example.name, example.mark))


def _refused(look: Look, refusal: Refusal, forced: Forced | None) -> Decision:
    why = refusal.why
    if forced and forced.example:
        why += f", although {forced.example} was {forced.told}"
    # An answer of 429 does not count itself, be it real or test data's.
    limited = refusal.answer is not None and refusal.answer.quote.status == HTTPStatus.TOO_MANY_REQUESTS
    if limited:
        look.counts.clear()
    return _shown(Decision(refusal.answer, why, look, entity=_served(look), writes=(*look.counts, *refusal.counts)))


def _served(look: Look) -> tuple[str, int]:
    """Whom the answer is for, and how often that one was served: what made values in it belong to."""
    return look.entity(), look.view.served(look.entity())


def _accepted(look: Look, forced: Forced | None) -> Decision:
    served = _served(look)
    writes = tuple(written(look))
    answer, why = _accepting(look, forced.example if forced else None)
    why = why if not forced or not forced.example else f"accepted, {forced.told}"
    return _shown(Decision(answer, why, look, True, served, writes))


def _accepting(look: Look, asked: Example | None) -> tuple[Answer, str]:
    """The success asked for, or the one that test data calls for, or the usual one."""
    success = look.rules.success
    again = look.rules.form.success.again
    if asked and again and again.quote.names(asked.status, asked.name):
        return again, "accepted"
    if asked:
        return replace(_answer_of(asked), fields=success.fields), "accepted"
    if look.repeated and again:
        return again, "accepted again"
    for place, answers in look.rules.form.success.instead.items():
        value = look.read(place)
        if value is not ABSENT and (instead := answers.get(text_of(value))):
            return replace(instead, fields=instead.fields or success.fields), f"accepted, {place}"
    return success, "accepted"


def _shown(decision: Decision) -> Decision:
    """With what is left of the first limit, or of the one that refuses."""
    look, quote = decision.look, decision.answer and decision.answer.quote
    for name, limit in look.rules.limits:
        # A 429 is about a limit, even one that only test data shows: a client reads in it when to come back.
        if limit.exceeded.quote == quote or (quote and quote.status == HTTPStatus.TOO_MANY_REQUESTS):
            return replace(decision, allowance=look.allowance(name, limit, forced=True))
    for name, limit in look.rules.limits if look.choices.quotas else ():
        return replace(decision, allowance=look.allowance(name, limit))
    return decision
