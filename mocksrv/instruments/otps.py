"""The codes that were sent: looked up, waited for, ended before their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mocksrv.instruments.desk import Asked, Desk, Refused, Told, is_of, moment, read_duration
from mocksrv.instruments.inbox import nothing
from mocksrv.sections import Checking
from mocksrv.state.contract import Put, View, Write
from mocksrv.state.things import Record, Sent

WAIT = "10s"
# Who hangs up while waiting is noticed only when the time is up: the server does not tell.
LONGEST_WAIT = 120.0


@dataclass(frozen=True)
class Otp:
    """A code that was sent, and what has become of it since."""

    sent: Sent
    state: str
    expires: float | None


@dataclass(frozen=True)
class Change:
    """What a step makes of one OTP."""

    otp: Otp
    writes: Sequence[Write]


def get_otps(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Those that fit, newest first."""
    found = desk.state.look(asked.sandbox, lambda view: list(_fitting(desk, asked, view)))
    dropped = desk.state.dropped(asked.sandbox)["otps"]
    shown = [_shown(desk, each, asked) for each in found[: asked.limit()]]
    return {"otps": shown, "meta": {"total": len(found), "dropped": dropped}}


def get_latest_otp(desk: Desk, asked: Asked) -> Any:
    """The newest that fits. Raises Refused when there is none."""
    found = desk.state.look(asked.sandbox, lambda view: next(_fitting(desk, asked, view), None))
    return _told(desk, found, asked)


def wait_for_otp(desk: Desk, asked: Asked) -> Any:
    """The newest live one that fits, as soon as there is one; nothing when time is up.

    Raises Refused when as many wait as the server can hold.
    """
    seconds, after = read_duration(asked.query.get("timeout", WAIT), LONGEST_WAIT), _after(asked)

    def newest(view: View) -> Otp | None:
        # Only what was sent since is looked at again: what was not live then will not be.
        nonlocal after
        found = next(_fitting(desk, asked, view, "live", after), None)
        after = max([after, *(each.id for each in view.sent()[:1])])
        return found

    if not desk.waiting.acquire(blocking=False):
        detail = f"{desk.most_waiting} calls wait for codes already."
        raise Refused(503, "too-many-waiting", "Too many wait", detail)
    try:
        found = desk.state.wait(asked.sandbox, newest, seconds, asked.stopping)
    finally:
        desk.waiting.release()
    return Told(None, 204) if found is None else _told(desk, found, asked)


def get_otp(desk: Desk, asked: Asked) -> Any:
    """One that was sent. Raises Refused when there is no such one."""
    found = desk.state.look(asked.sandbox, lambda view: _named(desk, asked, view))
    return _told(desk, _there(found, asked), asked)


def expire_otp(desk: Desk, asked: Asked) -> dict[str, Any]:
    """End its life now. Raises Refused when there is no such one, nothing of it is left, or its vendor ends none."""
    return _changed(desk, asked, "expired", lambda record, now: replace(record, expires=now), lambda _: "otp")


def lock_otp(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Spend its attempts, or those of the record that pays for wrong codes. Raises Refused like ``expire_otp``."""
    return _changed(desk, asked, "exhausted", lambda record, _: replace(record, locked=True), partial(_payer, desk))


def _changed(
    desk: Desk,
    asked: Asked,
    state: str,
    change: Callable[[Record, float], Record],
    kind_of: Callable[[Sent], str],
) -> dict[str, Any]:
    def decide(view: View) -> Change:
        otp = _there(_named(desk, asked, view), asked)
        kind = kind_of(otp.sent)
        record = view.kept(otp.sent.records.get(kind, ("", "", "", "")))
        if record is None or otp.state in ("replaced", "forgotten"):
            raise Refused(409, "otp-gone", "Nothing of it is left", f"OTP {otp.sent.id} is {otp.state}.")
        if not _told_apart(desk, otp.sent.product, kind, state):
            detail = f"Nothing of {otp.sent.product} asks whether its {kind} is {state}."
            raise Refused(409, "not-told-apart", "It would be answered as before", detail)
        return Change(otp, (Put(change(record, view.now)),))

    sent = desk.state.step(asked.sandbox, decide).otp.sent
    return _shown(desk, desk.state.look(asked.sandbox, lambda view: _judged(desk, view, sent)), asked)


def _told_apart(desk: Desk, product: str, kind: str, state: str) -> bool:
    """Whether any operation of the product has an answer of its own for such a record in that state."""
    forms = [each.form for each in desk.catalogue.rules.values() if each.product.name == product]
    judges = [form.requires.get(kind) for form in forms]
    checks = [form.otp for form in forms if kind == "otp" and isinstance(form.otp, Checking)]
    return any(getattr(each, state, None) for each in (*judges, *checks))


def _payer(desk: Desk, sent: Sent) -> str:
    """The kind of record that pays for a wrong code, by whichever operation of the product checks it."""
    checks = [each.form.otp for each in desk.catalogue.rules.values() if each.product.name == sent.product]
    charged = [each.charges for each in checks if isinstance(each, Checking) and each.charges]
    return next((kind for kind in charged if kind in sent.records), "otp")


def _after(asked: Asked) -> int:
    return int(asked.query.get("after", 0))


def _fitting(desk: Desk, asked: Asked, view: View, state: str | None = None, after: int | None = None) -> Iterator[Otp]:
    """Those that fit, newest first, of those sent after one."""
    wanted, oldest = state or asked.query.get("state"), _after(asked) if after is None else after
    for sent in view.sent():
        if sent.id <= oldest:
            return
        if _fits(desk, asked, sent):
            otp = _judged(desk, view, sent)
            if wanted in (None, otp.state):
                yield otp


def _fits(desk: Desk, asked: Asked, sent: Sent) -> bool:
    return (
        any(
            desk.is_to(address, asked.query.get("to"), sent.product)
            for address in (*sent.recipients, *sent.names, sent.key)
        )
        and asked.query.get("operation") in (None, sent.operation)
        and is_of(sent.product, asked.query.get("vendor"))
    )


def _named(desk: Desk, asked: Asked, view: View) -> Otp | None:
    if asked.path["id"] == "latest":
        return next(_fitting(desk, asked, view), None)
    found = (each for each in view.sent() if str(each.id) == asked.path["id"])
    return next((_judged(desk, view, each) for each in found), None)


def _there(otp: Otp | None, asked: Asked) -> Otp:
    if otp is None:
        detail = f'The sandbox {asked.sandbox} has sent no OTP "{asked.path["id"]}", or it was dropped.'
        raise Refused(404, "no-such-otp", "No such OTP", detail)
    return otp


def _judged(desk: Desk, view: View, sent: Sent) -> Otp:
    """What has become of it: its record says so, or the record that pays for wrong codes."""
    record = view.kept(sent.records["otp"])
    payer = view.kept(sent.records.get(_payer(desk, sent), sent.records["otp"]))
    if record is None or payer is None:
        return Otp(sent, "forgotten", None)
    if record.ordinal != sent.ordinal:
        return Otp(sent, "replaced", None)
    ends = [each for each in (record.expires, payer.expires) if each is not None]
    told = (("used", record.used), ("locked", payer.exhausted(view.now)),
            ("expired", record.expired(view.now) or payer.expired(view.now)))  # fmt: skip
    state = next((name for name, true in told if true), "live")
    return Otp(sent, state, min(ends, default=None))


def _told(desk: Desk, otp: Otp | None, asked: Asked) -> Any:
    if otp is None:
        raise nothing("OTP", asked)
    if asked.wants_text:
        return Told(_code(desk, otp.sent, asked.query.get("to")), media="text/plain; charset=utf-8")
    return _shown(desk, otp, asked)


def _code(desk: Desk, sent: Sent, to: str | None) -> str:
    """The code that a recipient got."""
    own = (code for address, code in sent.own.items() if to and desk.is_to(address, to, sent.product))
    return next(own, sent.code)


def _shown(desk: Desk, otp: Otp, asked: Asked) -> dict[str, Any]:
    sent, to = otp.sent, asked.query.get("to")
    return {
        "id": sent.id,
        "code": _code(desk, sent, to),
        "to": to.strip() if to else next(iter(sent.recipients), None),
        "recipients": list(sent.recipients),
        "key": sent.key,
        "product": sent.product,
        "operation": sent.operation,
        "state": otp.state,
        "sent": moment(sent.sent),
        "expires": None if otp.expires is None else moment(otp.expires),
    }
