"""The journal in WireMock's vocabulary: every call, why it was answered so, and which calls fit a pattern."""

from __future__ import annotations

import time
from typing import Any

from mocksrv.explain import reasons
from mocksrv.instruments.desk import Asked, Desk, Refused, Told, moment, sentence
from mocksrv.matching.pattern import Pattern, read_pattern
from mocksrv.matching.unread import UnknownMatcher
from mocksrv.state.contract import DEFAULT
from mocksrv.state.things import Entry

MOST_SECONDS = 10.0


def get_requests(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Every call, newest first."""
    since = asked.since()
    found = [each for each in desk.state.entries(asked.sandbox) if each.logged >= since]
    return _list(desk, asked, [shown(asked.sandbox, each) for each in found[: asked.limit()]], len(found))


def get_request(desk: Desk, asked: Asked) -> dict[str, Any]:
    """One call. Raises Refused when the journal has it not."""
    return shown(asked.sandbox, _entry(desk, asked))


def get_unmatched(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The calls for which no operation was found."""
    found = [_logged(each) for each in desk.state.entries(asked.sandbox) if each.operation is None]
    return _list(desk, asked, found, len(found))


def find_requests(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The calls that fit. Raises Refused for a pattern that cannot be read."""
    found = [_logged(each) for each in reversed(_fitting(desk, asked))]  # WireMock's order, here alone oldest first
    return _list(desk, asked, found, len(found))


def count_requests(desk: Desk, asked: Asked) -> dict[str, Any]:
    """How many calls fit, and whether that can be trusted. Raises Refused for a pattern that cannot be read."""
    count, dropped = len(_fitting(desk, asked)), desk.state.dropped(asked.sandbox)["entries"]
    meta = {"total": count, "dropped": dropped}
    return {"count": count, "complete": dropped == 0, "meta": meta, "requestJournalDisabled": False}


def reset_requests(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Empty the journal."""
    desk.state.forget_entries(asked.sandbox)
    return {}


def explain_request(desk: Desk, asked: Asked) -> Told:
    """Why a call was answered so, and the nearest ways to get another answer, as text."""
    entry = _entry(desk, asked)
    rules = desk.catalogue.rules.get(entry.operation or "")
    prefix = "" if asked.sandbox == DEFAULT else f"/@{asked.sandbox}"
    lines = [*reasons(entry, rules), f"Routes without a slash are below {prefix}/__admin/."]
    return Told("\n".join(lines) + "\n", media="text/plain; charset=utf-8")


def _entry(desk: Desk, asked: Asked) -> Entry:
    wanted, entries = asked.path["id"], desk.state.entries(asked.sandbox)
    found = next((each for each in entries if wanted in ("latest", each.id)), None)
    if found is None:
        dropped = desk.state.dropped(asked.sandbox)["entries"]
        detail = f'The journal of {asked.sandbox} has no call "{wanted}"; it dropped {dropped}.'
        raise Refused(404, "no-such-request", "No such call", detail)
    return found


def _fitting(desk: Desk, asked: Asked) -> list[Entry]:
    """Raises Refused, also for a pattern that takes too long to be judged."""
    until = time.monotonic() + MOST_SECONDS
    try:
        pattern = read_pattern(asked.body)
        return [each for each in desk.state.entries(asked.sandbox) if _fits(pattern, each, until)]
    except UnknownMatcher as error:
        raise Refused(422, "unknown-matcher", "This pattern cannot be read", sentence(str(error))) from None


def _fits(pattern: Pattern, entry: Entry, until: float) -> bool:
    if time.monotonic() > until:
        raise UnknownMatcher(f"judging it takes more than {MOST_SECONDS:g} seconds")
    return pattern.matches(entry.request)


def _list(desk: Desk, asked: Asked, found: list[dict[str, Any]], total: int) -> dict[str, Any]:
    meta = {"total": total, "dropped": desk.state.dropped(asked.sandbox)["entries"]}
    return {"requests": found, "meta": meta, "requestJournalDisabled": False}


def _logged(entry: Entry) -> dict[str, Any]:
    logged = {"loggedDate": int(entry.logged * 1000), "loggedDateString": moment(entry.logged)}
    return {"id": entry.id, **entry.request, **logged}


def shown(sandbox: str, entry: Entry) -> dict[str, Any]:
    """A call as WireMock shows a serve event, with ours beside it."""
    response = {"status": 0, "headers": {}, "body": "", "fault": None, **entry.response}
    timing = {name: round(seconds * 1000) for name, seconds in entry.timing.items()}
    return {
        "id": entry.id,
        "request": _logged(entry),
        "responseDefinition": {"status": response["status"], "body": response["body"]},
        "response": response,
        "wasMatched": entry.operation is not None,
        "timing": {"addedDelay": 0, "processTime": 0, "serveTime": 0, "totalTime": 0, **timing},
        "sandbox": sandbox,
        "sandboxDate": moment(entry.at),
        "operation": entry.operation,
        "client": entry.client,
        "why": entry.why,
        "violations": list(entry.violations),
        "decision": entry.decision and dict(entry.decision),
    }
