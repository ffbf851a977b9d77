"""What a real sandbox cannot do: which steps are left out there, and which answers may be others for that."""

from __future__ import annotations

from dataclasses import dataclass, field

from mocksrv.conversation.steps import NO_ANSWER, Step
from mocksrv.errors import Mark


@dataclass
class _Armed:
    """Answers that were to be armed: their status, how many of them are left, and where that was said."""

    status: str
    left: int
    mark: Mark


@dataclass
class Missing:
    """What was left out so far. ``doubt`` says why an answer may be another one than a mocksrv would give."""

    doubt: str | None = None
    _armed: list[_Armed] = field(default_factory=list)

    def why_not(self, step: Step) -> str | None:
        """Why a step is left out, in a sentence; None when it is not. Notes what that means for later steps."""
        if step.instrument:
            self._leave_out(step)
            return "only a mocksrv can do that"
        if step.given.get("sign"):
            return "only a mocksrv signs for its clients"
        if step.given["expect"] == NO_ANSWER:
            return "only a mocksrv is asked to break the connection"
        armed = next((each for each in self._armed if each.left and each.status == str(step.given["expect"])), None)
        if armed is None:
            return None
        armed.left -= 1
        return f"its answer was to be armed ({armed.mark})"

    def _leave_out(self, step: Step) -> None:
        if step.kind == "arm":
            order = step.given["arm"]
            bounded = "times" in order or "for" not in order
            self._armed.append(
                _Armed(
                    str(order.get("answer", "")).partition(" ")[0], order.get("times", 1) if bounded else -1, step.mark
                )
            )
        elif step.kind != "ask" or step.method != "GET":
            self.doubt = self.doubt or f'"{step.deed}" was skipped ({step.mark})'
