"""The checks of an operation, in the order of decision. Each looks and never touches.

A check that says no gives a Refusal: the answer, why, and what the fixture says it counts all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from mocksrv.call import ABSENT, text_of
from mocksrv.contract import Violation
from mocksrv.credentials import find_client, missing, place_of, schemes_of
from mocksrv.look import Look
from mocksrv.readers import Answer, Differs
from mocksrv.rules import Rules
from mocksrv.sections import Checking, Limit, Making, Require, Signed
from mocksrv.signatures import judged
from mocksrv.state.contract import Hit, Put, Write
from mocksrv.state.things import Record
from mocksrv.words import Each, Place, Value, places_in

HEADERS, BODY, RECORDS, MAKING, CHECKING, SUCCESSES = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True)
class Refusal:
    """An answer that is not the accepting one. ``answer`` is None for violations that no fixture speaks of."""

    why: str
    answer: Answer | None
    counts: tuple[Write, ...] = ()


@dataclass(frozen=True)
class Check:
    """One step of the order of decision. ``answers`` says when it answers what, for people."""

    stage: int
    what: str
    look: Callable[[Look], Refusal | None]
    answers: tuple[tuple[str, Answer], ...] = ()


def checks_of(rules: Rules) -> tuple[Check, ...]:
    """All checks of an operation, in the order in which they are asked."""
    found = [
        *_credentials(rules),
        *_signed(rules),
        *_client_rules(rules),
        _violations(rules),
        *_triggers(rules),
        *_limits(rules),
        *_requires(rules),
        *_again(rules),
        *_otp(rules),
    ]
    # Python's sort is stable: within a stage the order above holds, and within it the fixture's.
    return tuple(sorted(found, key=lambda check: check.stage))


def _check(stage: int, what: str, answer: Answer, true: Callable[[Look], bool]) -> Check:
    refusal = Refusal(what, answer)
    return Check(stage, what, lambda look: refusal if true(look) else None, ((what, answer),))


# --- credentials ---------------------------------------------------------------------------------------------------


def _credentials(rules: Rules) -> Iterator[Check]:
    """First every credential that is missing, then whether they belong together."""
    for name in schemes_of(rules):
        answer = rules.product.form.credentials[name].missing
        yield _check(HEADERS, f"missing {place_of(rules, name)}", answer, partial(missing, rules, name))
    if schemes_of(rules):
        declared = [(name, rules.product.form.credentials[name]) for name in schemes_of(rules)]
        answers = [(f"unknown {place_of(rules, name)}", each.unknown) for name, each in declared]
        answers += [(f"expired {each.token}", each.expired) for _, each in declared if each.expired]
        yield Check(HEADERS, "unknown", lambda look: _refusal(find_client(rules, look)), tuple(answers))


def _refusal(found: tuple[str, Answer] | None) -> Refusal | None:
    return Refusal(*found) if found else None


def _signed(rules: Rules) -> Iterator[Check]:
    """A signature waits for the record that says whether it is wanted."""
    signed = rules.signed
    if signed and rules.operation.security:
        yield _signature(HEADERS, signed)
    elif signed and not any(place.root in rules.form.requires for place, _ in signed.when):
        yield _signature(BODY, signed)


def _signature(stage: int, signed: Signed) -> Check:
    said = (("missing", signed.missing), ("wrong", signed.wrong), ("stale", signed.stale))
    answers = tuple((f"{what} {signed.in_}", answer) for what, answer in said)
    return Check(stage, f"signature in {signed.in_}", lambda look: _refusal(judged(signed, look)), answers)


# --- the contract, test data, limits -------------------------------------------------------------------------------


def _violations(rules: Rules) -> Check:
    def look_at(look: Look) -> Refusal | None:
        found = [*look.violations, *_late(rules, look)]
        if not found:
            return None
        what, answer = rules.told(found)
        return Refusal(f"violated {what}", answer)

    answers = [(str(line), answer) for line, answer in rules.form.violations.items()]
    if rules.product.form.otherwise and not any(
        line.place is None and line.kind is None for line in rules.form.violations
    ):
        answers.append(("otherwise", rules.product.form.otherwise))
    return Check(
        BODY, "violations of the contract", look_at, tuple((f"violated {what}", each) for what, each in answers)
    )


def _late(rules: Rules, look: Look) -> Iterator[Violation]:
    """Moments that are not in UTC, or too far from the sandbox's time: what only its clock can judge."""
    for place, seconds in rules.moments:
        value = look.read(place)
        steps = tuple(step for step in place.steps if not isinstance(step, Each))
        told = any((each.root, each.steps) == (place.root, steps) for each in look.violations)
        if isinstance(value, str) and not told and not _near(value, look.view.now, seconds):
            yield Violation(place.root, steps, "within")


def _near(text: str, now: float, seconds: float) -> bool:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return moment.utcoffset() == timedelta(0) and abs(moment.timestamp() - now) <= seconds


def _stage_of(rules: Rules, place: Place) -> int:
    """A check keeps its place but waits until the record it reads has been found."""
    if place.root in ("client", "header"):
        return HEADERS
    if place.root == "otp":
        return CHECKING
    return RECORDS if place.root in rules.form.requires else BODY


def _triggers(rules: Rules) -> Iterator[Check]:
    for place, answers in rules.form.triggers.items():
        if _stage_of(rules, place) in (HEADERS, BODY):
            yield _trigger(_stage_of(rules, place), place, answers)


def _triggers_on(rules: Rules, kind: str, stage: int) -> Iterator[Check]:
    for place, answers in rules.form.triggers.items():
        if place.root == kind:
            yield _trigger(stage, place, answers)


def _trigger(stage: int, place: Place, answers: dict[str, Answer]) -> Check:
    def look_at(look: Look) -> Refusal | None:
        value = look.read(place)
        answer = answers.get(text_of(value)) if value is not ABSENT else None
        return Refusal(f"trigger {place}", answer) if answer else None

    said = tuple((f'trigger {place} "{value}"', answer) for value, answer in answers.items())
    return Check(stage, f"test data at {place}", look_at, said)


def _limits(rules: Rules) -> Iterator[Check]:
    for name, limit in rules.limits:
        roots = {place.root for place in places_in(limit.per)} if limit.per else set()
        if limit.of == "successes":
            stage = SUCCESSES
        else:
            stage = HEADERS if roots <= {"client", "header"} else max(_stage_of(rules, p) for p in places_in(limit.per))
        yield _limit(stage, name, limit)


def _limit(stage: int, name: str, limit: Limit) -> Check:
    """Whether the limit lets one more through. What lets it through is counted at once when calls are counted."""
    what = f"exceeded {limit.rate.most} {limit.of}"

    def look_at(look: Look) -> Refusal | None:
        if not look.choices.quotas:
            return None
        if not look.allowance(name, limit).remaining:
            return Refusal(what, limit.exceeded)
        look.counts += [hit_of(look, name, limit)] if limit.of == "calls" else []
        return None

    return Check(stage, what, look_at, ((what, limit.exceeded),))


def hit_of(look: Look, name: str, limit: Limit) -> Hit:
    """One more, counted against a limit."""
    return Hit(name, look.per(limit), look.view.now, limit.rate.seconds)


# --- records -------------------------------------------------------------------------------------------------------


def _client_rules(rules: Rules) -> Iterator[Check]:
    """What the product demands of every client, where the operation asks for one."""
    for kind, require in rules.product.form.requires.items() if rules.operation.security else ():
        yield from _require(HEADERS, kind, require)


def _requires(rules: Rules) -> Iterator[Check]:
    for kind, require in rules.form.requires.items():
        yield from _require(RECORDS, kind, require)
        yield from _triggers_on(rules, kind, RECORDS)
        if rules.signed and not rules.operation.security and any(p.root == kind for p, _ in rules.signed.when):
            yield _signature(RECORDS, rules.signed)


def _require(stage: int, kind: str, require: Require) -> Iterator[Check]:
    if require.key:
        yield _found(stage, kind, require)
    states: list[tuple[str, Answer | None, Callable[[Record, float], bool]]] = [
        ("ended", require.ended, lambda record, _: record.used),
        ("used", require.used, lambda record, _: record.used),
        ("unused", require.unused, lambda record, _: not record.used),
        ("exhausted", require.exhausted, Record.exhausted),
        ("expired", require.expired, Record.expired),
    ]
    for state, answer, true in states:
        if answer:
            yield _state(stage, kind, state, answer, true)
    for differs, answer in require.differs.items():
        yield _differs(stage, kind, differs, answer)


def _found(stage: int, kind: str, require: Require) -> Check:
    def look_at(look: Look) -> Refusal | None:
        key = look.text(require.key) if require.key else None
        record = look.record(kind, key, require.by) if key is not None else None
        if record:
            look.found[kind] = record
        elif isinstance(require.missing, Answer):
            return Refusal(f"missing {kind}", require.missing)
        return None

    what = f"missing {kind}"
    return Check(stage, what, look_at, ((what, require.missing),) if isinstance(require.missing, Answer) else ())


def _state(stage: int, kind: str, state: str, answer: Answer, true: Callable[[Record, float], bool]) -> Check:
    def holds(look: Look) -> bool:
        return kind in look.found and true(look.found[kind], look.now)

    return _check(stage, f"{state} {kind}", answer, holds)


def _differs(stage: int, kind: str, differs: Differs, answer: Answer) -> Check:
    """The record keeps, by the field's own name or another, what the call must send; skipped where a side is absent."""

    def true(look: Look) -> bool:
        record = look.found.get(kind)
        if record is None:
            return False
        kept = look.read(differs.other) if differs.other else record.fields.get(str(differs.place.steps[-1]), ABSENT)
        sent = look.read(differs.place)
        return kept is not ABSENT and sent is not ABSENT and text_of(kept) != text_of(sent)

    return _check(stage, f"{differs} differs from {kind}", answer, true)


# --- making --------------------------------------------------------------------------------------------------------


def _again(rules: Rules) -> Iterator[Check]:
    form = rules.form
    if isinstance(form.otp, Making) and isinstance(form.otp.again, Answer):
        yield _duplicate("otp", form.otp.key, form.otp.again)
    for kind, creation in form.creates.items():
        if isinstance(creation.again, Answer):
            yield _duplicate(kind, creation.key, creation.again)


def _duplicate(kind: str, key: Value, answer: Answer) -> Check:
    what = f"duplicate {key}" if isinstance(key, Place) else f"duplicate {kind}"

    def true(look: Look) -> bool:
        text = look.text(key, look.entity())
        return text is not None and look.record(kind, text) is not None

    return _check(MAKING, what, answer, true)


# --- checking an OTP -----------------------------------------------------------------------------------------------


def _otp(rules: Rules) -> Iterator[Check]:
    otp = rules.form.otp
    if not isinstance(otp, Checking):
        return
    yield Check(CHECKING, "missing otp", lambda look: _find_otp(otp, look), (("missing otp", otp.missing),))
    yield _state(CHECKING, "otp", "used", otp.used, lambda record, _: record.used)
    if otp.exhausted:
        yield _state(CHECKING, "otp", "exhausted", otp.exhausted, Record.exhausted)
    if otp.expired:
        yield _state(CHECKING, "otp", "expired", otp.expired, Record.expired)
    yield from _triggers_on(rules, "otp", CHECKING)
    yield Check(CHECKING, "wrong otp", lambda look: _wrong(otp, look), (("wrong otp", otp.wrong),))


def _find_otp(otp: Checking, look: Look) -> Refusal | None:
    key = look.text(otp.key)
    record = look.record("otp", key) if key is not None else None
    if record is None:
        return Refusal("missing otp", otp.missing)
    look.found["otp"] = record
    return None


def _wrong(otp: Checking, look: Look) -> Refusal | None:
    """Every code that was issued must be given and right; together they are one attempt."""
    record = look.found["otp"]
    given = {name: look.read(place) for name, place in otp.check.items()}
    issued = {name: record.fields[name] for name in otp.check if name in record.fields}
    if issued and all(given[name] is not ABSENT and text_of(given[name]) == code for name, code in issued.items()):
        return None
    # Often the OTP itself pays for a wrong code, sometimes another record does, like a session.
    payer = look.found.get(otp.charges or "otp", record)
    return Refusal("wrong otp", otp.wrong, (Put(replace(payer, wrong=(*payer.wrong, look.now))),))
