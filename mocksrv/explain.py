"""Why: the order of decision of an operation (``mocksrv check --explain``), and why one call was answered as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from mocksrv.checks import checks_of
from mocksrv.rules import Rules
from mocksrv.state.things import Entry

ACCEPTED = 7
STAGES = {
    0: "asked for",
    1: "headers",
    2: "the body",
    3: "records",
    4: "making",
    5: "the OTP",
    6: "limits of successes",
    ACCEPTED: "accepted",
}

# What a tester does about a rule: to be let through by it, and to be refused by it. By the rule's first word, and by
# what it is about where that makes a difference.
_THROUGH: Mapping[str, str] = {
    "missing place": "send {about}",
    "missing signature": "send {about}: POST sign makes one that is right now",
    "missing otp": "name one that was sent: GET otps has the key of each",
    "missing": "name one that is there, or make it: PUT records/{root}/{key}",
    "unknown": "send what is known: GET credentials",
    "used": "ask for a new {about}",
    "ended": "ask for a new {about}",
    "exhausted": "ask for a new {about}",
    "expired": "ask for a new {about}",
    "unused": "have the {about} verified first",
    "violated": "put right what is wrong",
    "trigger place": "send another {about}: this one is test data",
    "trigger": "have another {about}: PUT records/{root}/{key}",
    "exceeded": 'move the clock: PUT clock {{"action": "advance", "by": "{window}"}}',
    "differs": "send as {about} what {kept} is",
    "duplicate": "send another {about}",
    "wrong otp": "send the code that was sent: GET otps/latest",
    "wrong": "send {about} as POST sign makes it",
    "stale": "send {about} as POST sign makes it now",
    "preferred": "leave out the header Prefer",
    "armed": "call again when what is armed is spent, or disarm it: DELETE faults",
}
_REFUSED: Mapping[str, str] = {
    "missing place": "leave out {about}",
    "missing signature": "leave out {about}",
    "missing": "name some {about} that is not there",
    "unknown": "send some {about} that is not known",
    "used": "use the {about} up first",
    "ended": "use the {about} up first",
    "exhausted": "spend its attempts: POST otps/latest/lock",
    "expired otp": "end its life: POST otps/latest/expire",
    "expired": "outlive the {about}: PUT clock",
    "unused": "do not have the {about} verified first",
    "trigger place": "send {about} (test data)",
    "trigger client": "have {about}: GET credentials",
    "trigger": "have {about}: PUT records/{root}/{key}",
    "exceeded": "do it more often within {window}, or send Prefer",
    "differs": "send another {about} than {kept} is",
    "duplicate": "send some {about} that is taken",
    "wrong otp": "send a wrong code",
    "wrong": "send a wrong {about}",
    "stale": "send an old {about}",
    "accepted again": "do it again while what it made lives",
    "accepted,": "send {about}",
    "accepted": "send everything as it should be",
}


def explained(rules: Rules) -> Iterator[str]:
    """One line for each answer, in the order in which they are considered: stage, when, answer, where it is written."""
    rows: list[tuple[int, str, str, str]] = [(0, "Prefer: code=... or example=...", "any example of the operation", "")]
    for check in checks_of(rules):
        for what, answer in check.answers:
            rows.append((check.stage, what, str(answer.quote), f"{answer.mark.file}:{answer.mark.line}"))
    for what, answer in rules.acceptances():
        rows.append((ACCEPTED, what, str(answer.quote), f"{answer.mark.file}:{answer.mark.line}"))
    width, long = max(len(row[1]) for row in rows), max(len(row[2]) for row in rows)
    yield f"{rules.name}  {rules.operation.method.upper()} {', '.join(rules.paths)}"
    last = -1
    for stage, what, quote, where in rows:
        if stage != last:
            yield f"{stage} {STAGES[stage]}"
        last = stage
        yield f"    {what:<{width}}  {quote:<{long}}  {where}".rstrip()
    unspoken = [str(violation).replace("[0]", "[]") for violation in rules.unspoken_of()]
    if unspoken and rules.written:
        yield "only the fallback answers"
        yield from (f"    {each}" for each in unspoken)


def reasons(entry: Entry, rules: Rules | None) -> Iterator[str]:
    """Why a call was answered so, and the nearest ways to get another answer, line by line."""
    yield f"{entry.request['method']} {entry.request['url']} -> {entry.response.get('status', 'not yet answered')}"
    decision = entry.decision
    if rules is None or decision is None:
        yield f"because    {entry.why}"
        yield ""
        yield "What is served, and every answer of it: GET operations"
        return
    yield f"operation  {rules.name}" + (f", called by {entry.client}" if entry.client else "")
    yield f"because    {entry.why.rpartition(' -> ')[0]}"
    yield f"answer     {decision['answer']}"
    if decision["file"]:
        yield f"written    {decision['file']}:{decision['line']}"
    yield from (f"wrong      {each}" for each in entry.violations)
    yield from (f"looked at  {each}" for each in decision["looked"])
    yield from _on_its_way(entry)
    yield ""
    yield "Other answers, the nearest first"
    others = _others(entry, rules, str(decision["rule"]), str(decision["answer"]))
    width = max((len(quote) for quote, _ in others), default=0)
    yield from (f"  {quote:<{width}}  {how}" for quote, how in others)
    if others:
        name = json.dumps(others[0][0].partition(" ")[2], ensure_ascii=False)
        yield f"Any of them for one call alone, by its name: Prefer: example={name}"


def _on_its_way(entry: Entry) -> Iterator[str]:
    if fault := entry.response.get("fault"):
        yield f"fault      {fault}, on its way"
    if delay := entry.timing.get("addedDelay"):
        yield f"delayed    by {delay:.3f} s"


def _others(entry: Entry, rules: Rules, rule: str, given: str) -> list[tuple[str, str]]:
    """Every other answer with the easiest way to it: acceptance first, then those decided near to the one given."""
    looked = dict(each.rpartition(": ")[0].partition(" ")[::2] for each in (entry.decision or {})["looked"])
    stages: dict[str, int] = {}
    found: dict[str, str] = {}
    # Test data is the easiest way: one value, and nothing to prepare.
    for stage, what, quote in sorted(_ways(rules), key=lambda way: not way[1].startswith("trigger ")):
        stages.setdefault(quote, stage)
        found.setdefault(quote, _told(_REFUSED, what, rules, looked))
    accepting = str(rules.success.quote)
    if not rule.startswith("accepted"):
        found[accepting] = _told(_THROUGH, rule.partition(", although ")[0], rules, looked)
    here = stages.get(given, 0)
    order = sorted(found, key=lambda quote: (quote != accepting, abs(stages[quote] - here)))
    return [(quote, found[quote]) for quote in order if quote != given]


def _ways(rules: Rules) -> list[tuple[int, str, str]]:
    """Stage, rule and answer, in the order of decision."""
    refusals = [(check.stage, what, str(answer.quote)) for check in checks_of(rules) for what, answer in check.answers]
    return [*refusals, *((ACCEPTED, what, str(answer.quote)) for what, answer in rules.acceptances())]


def _told(words: Mapping[str, str], rule: str, rules: Rules, looked: Mapping[str, str]) -> str:
    """What the words say to do about a rule; ``looked`` has the keys of the records that were looked for."""
    word, about, kept = _parts(rule)
    if word == "violated" and words is _REFUSED:
        return _violating(about)
    known = (each for each in (rule, f"{word} {_sort(rules, about)}", word, word.rstrip(",")) if each in words)
    text = words.get(next(known, ""))
    root, window = about.partition(".")[0], _window(rules, rule)
    return text.format(about=about, root=root, kept=kept, key=looked.get(root, "..."), window=window) if text else rule


def _parts(rule: str) -> tuple[str, str, str]:
    """The word of a rule, what it is about, and what that is compared with."""
    compared, differs, kind = rule.partition(" differs from ")
    if not differs:
        word, _, about = rule.partition(" ")
        return word, about, ""
    about, _, kept = compared.partition(" from ")
    return "differs", about, kept or f"{kind}.{about.rpartition('.')[2]}"


def _sort(rules: Rules, about: str) -> str:
    if rules.signed and about == str(rules.signed.in_):
        return "signature"
    if about.partition(".")[0] in ("body", "header", "query", "path"):
        return "place"
    if about.partition(" ")[0] == f"client.{rules.product.client_field}":
        return "client"
    return about


def _violating(about: str) -> str:
    place, _, kind = about.partition(" ")
    if kind == "missing":
        return f"leave out {place}"
    if place in ("any", "otherwise"):
        return "break the contract anywhere else"
    if kind in ("malformed", "mediatype"):
        return "send a body that is no JSON" if kind == "malformed" else "send a body of another media type"
    return f"send some {place} that breaks its {kind}" if kind else f"send some {place} against the contract"


def _window(rules: Rules, rule: str) -> str:
    """How long the limit of a rule looks back."""
    windows = (limit.rate.seconds for _, limit in rules.limits if rule == f"exceeded {limit.rate.most} {limit.of}")
    return f"{next(windows, 0):g}s"
