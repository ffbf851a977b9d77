"""Conversations played: step by step, with what becomes of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from mocksrv.conversation.asking import NoAnswer
from mocksrv.conversation.calls import Calls
from mocksrv.conversation.missing import Missing
from mocksrv.conversation.mock import Mock
from mocksrv.conversation.steps import Conversation, Step
from mocksrv.conversation.target import FAIL, OK, SKIP, Failed, Outcome, Skipped, Target
from mocksrv.conversation.values import Lacking, Values
from mocksrv.errors import MocksrvError


class Player:
    """One play of one conversation. ``play`` gives what becomes of each step, and ends behind the first failure."""

    def __init__(self, conversation: Conversation, target: Target, to_the_end: bool = False) -> None:
        self.conversation, self.target, self.to_the_end = conversation, target, to_the_end
        self.values = Values(self._now, {} if target.mock else dict(target.given))
        self.calls = Calls(conversation, target, self.values)
        self.missing = Missing()

    def play(self) -> Iterator[Outcome]:
        """Play it, step by step."""
        for step in self.conversation.steps:
            outcome = self._outcome(step)
            yield outcome
            if outcome.state == FAIL and not self.to_the_end:
                return

    def _now(self) -> datetime:
        return self.target.mock.now() if self.target.mock else datetime.now(UTC)

    def _outcome(self, step: Step) -> Outcome:
        self.values.begin()
        why_not = None if self.target.mock or step.kind == "otp" else self.missing.why_not(step)
        if why_not is not None:
            return Outcome(step, SKIP, why_not)
        try:
            return Outcome(step, OK, self._done(step))
        except Skipped as skipped:
            return Outcome(step, SKIP, str(skipped))
        except Lacking as lacking:
            return Outcome(step, FAIL if self.target.mock else SKIP, f"no step has given ${lacking.name}")
        except Failed as failed:
            return self._failed(Outcome(step, FAIL, failed.why, failed.differences, failed.told))
        except (MocksrvError, NoAnswer) as error:
            return Outcome(step, FAIL, str(error))
        except (re.error, UnicodeError) as error:  # what was remembered does not fit where it is named
            return Outcome(step, FAIL, f"this cannot be asked or expected: {error}")

    def _failed(self, outcome: Outcome) -> Outcome:
        """Another answer says nothing where the world is another one: where time was not moved, say."""
        doubt = self.missing.doubt
        return outcome if doubt is None else replace(outcome, state=SKIP, why=f"another answer came, but {doubt}")

    def _done(self, step: Step) -> str:
        """Do it. Gives what is to be said beside that it went well; raises what ``_outcome`` knows."""
        mock = self.target.mock
        if step.kind == "otp":
            return self._take(mock, step)
        if step.kind == "ask" or mock is None:
            self.calls.make(step)
            return ""
        given = self.values.filled(step.given[step.kind])
        if step.kind == "clock":
            mock.move(given)
        elif step.kind == "arm":
            mock.arm(given)
        else:
            mock.scenario(given, step.kind)
        return ""

    def _take(self, mock: Mock | None, step: Step) -> str:
        """Wait for a code, or be given it."""
        code, said = self._waited(mock, step) if mock else self._handed(step)
        self.values.remembered[step.given["otp"]] = code
        return said

    def _waited(self, mock: Mock, step: Step) -> tuple[str, str]:
        within = str(step.given.get("within", mock.within))
        to = str(self.values.filled(step.given["to"])) if "to" in step.given else None
        code = mock.code(to, within)
        if code is None:
            whom = f" for {to}" if to else ""
            raise Failed(f"no new live code{whom} came within {within}; {mock.sent()}")
        return code, ""

    def _handed(self, step: Step) -> tuple[str, str]:
        name = step.given["otp"]
        if name in self.target.given:
            return self.target.given[name], "as it was given"
        code = self.target.prompt(step) if self.target.prompt else None
        if not code:
            raise Skipped(f"only a mocksrv shows the code; give it with --otp {name}=CODE or --prompt")
        return code, "as a person said"
