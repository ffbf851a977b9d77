"""What a play looks like to a person: a line for each step, the differences of one that failed, a count at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mocksrv.conversation.steps import Conversation
from mocksrv.conversation.target import FAIL, OK, SKIP, Outcome

_INDENT = " " * 8


def lines_of(outcome: Outcome) -> Iterator[str]:
    """One step: whether it went well, what it says, and all about it when it did not."""
    why = f" ({outcome.why})" if outcome.why and outcome.state != FAIL else ""
    yield f"  {outcome.state:<4}  {outcome.step.title}{why}"
    if outcome.state == OK or (outcome.state == SKIP and not outcome.differences):
        return
    yield f"{_INDENT}{outcome.step.mark}  {outcome.step.deed}"
    if outcome.state == FAIL and outcome.why:
        yield f"{_INDENT}{outcome.why}"
    width = max((len(each.place) for each in outcome.differences), default=0)
    yield from (f"{_INDENT}{each.place:<{width}}  {each}" for each in outcome.differences)
    yield from (f"{_INDENT}{line}" for line in outcome.told)


def mismatch(outcome: Outcome) -> str:
    """A failed step in a text of its own, which begins with its place."""
    return "\n".join([str(outcome.step), *list(lines_of(outcome))[1:]])


class Tally:
    """Counts over all conversations."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.talks: Counter[str] = Counter()

    def count(self, conversation: Conversation, outcomes: Sequence[Outcome]) -> bool:
        """Count what became of one; whether it passed."""
        self.steps.update(each.state for each in outcomes)
        self.steps["not played"] += len(conversation.steps) - len(outcomes)
        failed = any(each.state == FAIL for each in outcomes)
        self.talks["failed" if failed else "passed"] += 1
        return not failed

    def __str__(self) -> str:
        talks = [f"{self.talks[name]} {name}" for name in ("passed", "failed") if self.talks[name]]
        named = (("ok", OK), ("failed", FAIL), ("skipped", SKIP), ("not played", "not played"))
        steps = [f"{self.steps[state]} {name}" for name, state in named if self.steps[state]]
        return f"conversations: {', '.join(talks) or 'none'}; steps: {', '.join(steps) or 'none'}"
