"""Signatures of calls: opened before the step, judged within it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mocksrv.call import ABSENT, Call, text_of
from mocksrv.clock import LAST_SECONDS
from mocksrv.look import Choices, Look
from mocksrv.readers import Answer
from mocksrv.rules import Rules
from mocksrv.sections import Signed
from mocksrv.state.contract import View, Write
from mocksrv.state.things import Record
from mocksrv.tokens import sha256_base64
from mocksrv.words import Made, Template, Value

_SECONDS = re.compile(r"\d{1,12}(\.\d{1,9})?")


def opened(rules: Rules, call: Call) -> str | None:
    """What a call's signature says; None when there is none or it cannot be opened. Slow, so before the step."""
    signed, key = rules.signed, rules.key
    sent = call.read(signed.in_) if signed else ABSENT
    return key.opened(text_of(sent).strip()) if key and sent is not ABSENT else None


def judged(signed: Signed, look: Look) -> tuple[str, Answer] | None:
    """What is wrong with a call's signature, and the answer; None when nothing is, or none is asked for."""
    if not look.holds(signed.when):
        return None
    sent = look.read(signed.in_)
    if sent is ABSENT or not text_of(sent).strip():
        return f"missing {signed.in_}", signed.missing
    if signed.how == "sha256 base64":
        return _judged_digest(signed, look, text_of(sent))
    before = look.text(_before_seconds(signed.over))
    text = look.opened
    if text is None or before is None or not text.startswith(before):
        return f"wrong {signed.in_}", signed.wrong
    # The time is what follows, so dots within the client's id or the time are no ambiguity.
    if not _SECONDS.fullmatch(text[len(before) :]):
        return f"wrong {signed.in_}", signed.wrong
    if abs(look.view.now - float(text[len(before) :])) > signed.within:
        return f"stale {signed.in_}", signed.stale
    return None


def _judged_digest(signed: Signed, look: Look, sent: str) -> tuple[str, Answer] | None:
    # A client signs what it sends, not what is read of it.
    text = replace(look, call=look.call.as_sent()).text(signed.over)
    if text is None or not hmac.compare_digest(sha256_base64(text).encode(), sent.strip().encode()):
        return f"wrong {signed.in_}", signed.wrong
    time = look.text(signed.time) if signed.time else None
    if time is not None and (not time.isdigit() or abs(look.now - seconds_of(int(time))) > signed.within):
        return f"stale {signed.in_}", signed.stale
    return None


def seconds_of(stamp: int) -> float:
    """A time stamp in seconds; one in milliseconds is told by its size."""
    return stamp / 1000 if stamp > LAST_SECONDS else float(stamp)


def _before_seconds(over: Value) -> Value:
    """The part of a signed text that stands before the signer's time."""
    if not isinstance(over, Template):
        return over
    end = next((index for index, part in enumerate(over.parts) if part == Made("seconds")), len(over.parts))
    return Template(over.parts[:end])


def sealed(rules: Rules, look: Look, seconds: float) -> str | None:
    """A signature that is right at the time, in seconds since the epoch; None when the product has none."""
    signed, key = rules.signed, rules.key
    if signed and signed.how == "sha256 base64":
        text = look.text(signed.over)
        return None if text is None else sha256_base64(text)
    before = look.text(_before_seconds(signed.over)) if signed else None
    return key.sealed(f"{before}{int(seconds)}") if key and before is not None else None


@dataclass(frozen=True)
class Signature:
    """A right signature, as what comes out of a step: it needs the sandbox's clock, and writes nothing."""

    value: str | None
    writes: tuple[Write, ...] = ()

    @classmethod
    def of(cls, rules: Rules, call: Call, view: View, clients: Sequence[Record]) -> Signature:
        """The signature of a call that the client, the first of them, would make now."""
        look = Look(rules, call, view, (), Choices())
        if clients:
            look.found["client"] = clients[0]
        return cls(sealed(rules, look, view.now))
