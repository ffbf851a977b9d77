"""The order of decision of one operation, for ``mocksrv check --explain``."""

from __future__ import annotations

from collections.abc import Iterator

from mocksrv.checks import checks_of
from mocksrv.rules import Rules

STAGES = {
    0: "asked for",
    1: "headers",
    2: "the body",
    3: "records",
    4: "making",
    5: "the OTP",
    6: "limits of successes",
    7: "accepted",
}


def explained(rules: Rules) -> Iterator[str]:
    """One line for each answer, in the order in which they are considered: stage, when, answer, where it is written."""
    rows: list[tuple[int, str, str, str]] = [(0, "Prefer: code=... or example=...", "any example of the operation", "")]
    for check in checks_of(rules):
        for what, answer in check.answers:
            rows.append((check.stage, what, str(answer.quote), f"{answer.mark.file}:{answer.mark.line}"))
    for what, answer in rules.acceptances():
        rows.append((7, what, str(answer.quote), f"{answer.mark.file}:{answer.mark.line}"))
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
