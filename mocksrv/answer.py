"""The decision: one call, one view, one outcome with all its writes. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mocksrv.call import ABSENT, text_of
from mocksrv.checks import Check, Refusal, hit_of
from mocksrv.errors import Mark
from mocksrv.forms import Answer, Attempts, Making
from mocksrv.look import Allowance, Look
from mocksrv.made import make as make_value
from mocksrv.spec import Example
from mocksrv.state.contract import Deliver, Message, Put, Record, Sent, Serve, Write
from mocksrv.words import Made, Place, Quote, Value, words_in


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

    @property
    def mark(self) -> Mark | None:
        """The fixture's line that answered."""
        return self.answer.mark if self.answer else None


def decide(look: Look, checks: Sequence[Check], asked: Example | None = None) -> Decision:
    """The checks in their order, and acceptance when none of them says no.

    ``asked`` is the example that the request asks for. A refusal asked for is a picture: it writes and counts
    nothing. A success asked for is a choice: the call runs as usual, and only if accepted goes out by that example.
    """
    if asked and not look.rules.accepts(asked):
        return _shown(Decision(_answer_of(asked), "preferred", look))
    for check in checks:
        if refusal := check.look(look):
            return _refused(look, refusal, asked)
    return _accepted(look, asked)


def _answer_of(example: Example) -> Answer:
    return Answer(Quote(example.status, example.name, example.mark))


def _refused(look: Look, refusal: Refusal, asked: Example | None) -> Decision:
    why = refusal.why if asked is None else f"{refusal.why}, although {asked} was preferred"
    return _shown(Decision(refusal.answer, why, look, writes=(*look.counts, *refusal.counts)))


def _accepted(look: Look, asked: Example | None) -> Decision:
    served = (look.entity(), look.view.served(look.entity()))
    writes = tuple(_writes(look))
    answer, why = _accepting(look, asked)
    return _shown(Decision(answer, why, look, True, served, writes))


def _accepting(look: Look, asked: Example | None) -> tuple[Answer, str]:
    """The success asked for, or the one that test data calls for, or the usual one."""
    success = look.rules.success
    if asked:
        return replace(_answer_of(asked), fields=success.fields), "accepted, preferred"
    for place, answers in look.rules.form.success.instead.items():
        value = look.read(place)
        if value is not ABSENT and (instead := answers.get(text_of(value))):
            return replace(instead, fields=instead.fields or success.fields), f"accepted, {place}"
    return success, "accepted"


def _shown(decision: Decision) -> Decision:
    """With what is left of the first limit, or of the one that refuses."""
    look, quote = decision.look, decision.answer and decision.answer.quote
    limits = look.rules.limits if look.choices.quotas else ()
    for name, limit in limits:
        if limit.exceeded.quote == quote:
            return replace(decision, allowance=look.allowance(name, limit, forced=True))
    for name, limit in limits:
        return replace(decision, allowance=look.allowance(name, limit))
    return decision


# --- what an accepted call writes ----------------------------------------------------------------------------------


def _writes(look: Look) -> Iterator[Write]:
    """Count, use up, create, make, deliver: everything that acceptance changes, in one step."""
    for name, limit in look.rules.limits if look.choices.quotas else ():
        if limit.of == "successes":
            look.counts.append(hit_of(look, name, limit))
    yield from look.counts
    form, entity = look.rules.form, look.entity()
    if isinstance(form.otp, Making):
        yield from _make_otp(look, form.otp)
    elif form.otp:
        look.found["otp"] = replace(look.found["otp"], used=True)
        yield Put(look.found["otp"])
    for kind, creation in form.creates.items():
        key = look.text(creation.key, entity, look.view.served(entity)) or ""
        made = _record(look, kind, key, creation.keeps, creation.lives, None)
        look.found[kind] = made
        yield Put(made)
    if any(True for value in form.success.fields.values() for _ in words_in(value)):
        yield Serve(entity)


def _record(look: Look, kind: str, key: str, keeps: dict[str, Value], lives: float | None,
            attempts: Attempts | None, codes: dict[str, str] | None = None) -> Record:  # fmt: skip
    """A record of the call's scope. Its made values belong to its key and to how often that key was made."""
    before = look.record(kind, key)
    ordinal = before.ordinal + 1 if before else 1
    kept = {name: look.value(value, kind, key, ordinal, name) for name, value in keeps.items()}
    fields: dict[str, Any] = {"key": key, **(codes or {}), **{n: v for n, v in kept.items() if v is not ABSENT}}
    return Record(
        look.rules.product.name,
        kind,
        look.scope,
        key,
        fields,
        made=look.view.now,
        expires=None if lives is None else look.view.now + lives,
        most_wrong=attempts.most if attempts else None,
        wrong_within=attempts.within if attempts else None,
        ordinal=ordinal,
    )


def _make_otp(look: Look, otp: Making) -> Iterator[Write]:
    entity = look.entity()
    key = look.text(otp.key, entity, look.view.served(entity)) or ""
    ordinal = before.ordinal + 1 if (before := look.record("otp", key)) else 1
    codes = {name: code for name, value in otp.issue.items() if (code := _code(look, value, key, ordinal, name))}
    required = [record.key for kind, record in look.found.items() if kind != "client"]
    look.found["otp"] = _record(look, "otp", key, otp.keeps, otp.lives, otp.attempts, codes)
    yield Put(look.found["otp"])
    if words_of_key(otp.key):
        yield Serve(entity)
    yield _deliver(look, codes, required)


def words_of_key(key: Value) -> bool:
    """Whether a key is made: then how often its entity was served must be counted, or the next would be the same."""
    return any(True for _ in words_in(key))


def _code(look: Look, value: Value, key: str, ordinal: int, name: str) -> str | None:
    """The code that a fixture fixes, or one of its length made from the seed."""
    origin = ("otp", key, ordinal, name)
    fixed = look.value(value, *origin)
    if fixed is ABSENT:
        return None
    code = text_of(fixed)
    if look.choices.random_codes and not isinstance(value, Made):
        word = Made("digits", str(len(code)))
        return make_value(word, look.choices.seed, look.rules.product.name, look.scope, *origin)
    return code


def _deliver(look: Look, codes: dict[str, str], required: list[str]) -> Deliver:
    """Every message that the call's channels would show, and the code for whoever asks by a recipient."""
    messages: list[Message] = []
    for message in look.rules.form.messages:
        if look.holds(message.when):
            for via, to in _channels(look, message.via, message.to):
                text = message.text.get(via) or message.text.get("otherwise")
                subject = message.subject.get(via)
                messages.append(Message(
                    id=make_value(Made("uuid"), look.choices.seed, look.scope, look.rules.name, look.found["otp"].key,
                                  look.found["otp"].ordinal, len(messages)),
                    operation=look.rules.name,
                    via=via,
                    to=to,
                    text=(look.text(text) if text else None) or "",
                    subject=look.text(subject) if subject else None,
                    sent=look.view.now,
                    code=next(iter(codes.values()), None),
                ))  # fmt: skip
    kept = [text for text in look.found["otp"].fields.values() if isinstance(text, str)]
    recipients = dict.fromkeys([*(each.to for each in messages), *required, *kept])
    code = next(iter(codes.values()), "")
    sent = Sent(code, look.found["otp"].key, look.rules.name, tuple(recipients), look.view.now)
    return Deliver(tuple(messages), sent)


def _channels(look: Look, via: Value, to: Value) -> Iterator[tuple[str, str]]:
    """One pair for each message; a place with ``[]`` gives one for each item."""
    channels, addresses = _several(look, via), _several(look, to)
    for index, channel in enumerate(channels):
        address = addresses[index] if isinstance(to, Place) and to.many else addresses[0] if addresses else None
        if address is not None:
            yield channel, address


def _several(look: Look, value: Value) -> list[str]:
    found = look.value(value)
    if found is ABSENT:
        return []
    return [text_of(each) for each in found] if isinstance(found, list) else [text_of(found)]
