"""Scenarios: named lists of faults in sequence, in ``fixtures/scenarios/<name>.yaml``.

The first fault that fits a call and can still act does; when it has acted as often as it says, the next one's turn has
come. A step without any failure lets calls go well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocksrv.arming import BadFault, read_fault
from mocksrv.errors import LoadError, Mark, Problem
from mocksrv.fixture import load_file
from mocksrv.readers import NOWHERE, each, mapping, read_count, read_text
from mocksrv.rules import Rules
from mocksrv.schema import Nest, word
from mocksrv.state.things import Fault
from mocksrv.yamltext import mark_of


def _marked(raw: object) -> str:
    """A text that remembers where it is written. Raises ValueError."""
    read_text(raw)
    return raw  # type: ignore[return-value]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One fault of a scenario, in the words of the admin API's ``POST faults``."""

    operation: str | None = word(_marked)
    answer: str | None = word(_marked)
    fault: str | None = word(_marked)
    delay: str | None = word(_marked)
    bytes_: int | None = word(read_count, named="bytes")
    lasts: str | None = word(_marked)
    where: dict[str, str] = word(mapping(_marked, _marked), dict)
    times: int | None = word(read_count)
    after: int | None = word(read_count)
    for_: str | None = word(_marked, named="for")
    mark: Mark = NOWHERE

    def order(self) -> dict[str, Any]:
        """What ``POST faults`` would be sent."""
        words = {name.rstrip("_"): value for name, value in vars(self).items() if name != "mark"}
        return {name: value for name, value in words.items() if value not in (None, {})}


@dataclass(frozen=True, kw_only=True)
class ScenarioForm:
    """``fixtures/scenarios/<name>.yaml``."""

    about: str = word(read_text, needed=True)
    faults: list[Step] = word(each(Nest(Step)), list, needed=True)
    mark: Mark = NOWHERE


@dataclass(frozen=True)
class Scenario:
    """A script of failures; its name is its file's."""

    name: str
    about: str
    steps: tuple[Step, ...]

    def faults(self, rules: Mapping[str, Rules]) -> list[Fault]:
        """Its faults, armed from now on."""
        return [read_fault(rules, step.order(), self.name) for step in self.steps]


def load_scenarios(root: Path, rules: Mapping[str, Rules]) -> dict[str, Scenario]:
    """All scenarios below a root, by name. Raises LoadError with everything that is wrong with them."""
    found: dict[str, Scenario] = {}
    problems: list[Problem] = []
    for file in sorted((root / "fixtures" / "scenarios").glob("*.yaml")):
        try:
            form = load_file(ScenarioForm, file, root)
        except LoadError as error:
            problems += error.problems
            continue
        found[file.stem] = Scenario(file.stem, form.about, tuple(form.faults))
        problems += [problem for step in form.faults if (problem := _problem(step, rules))]
        if not form.faults:
            problems.append(Problem(form.mark, "a scenario has at least one fault"))
    if problems:
        raise LoadError(problems)
    return found


def _problem(step: Step, rules: Mapping[str, Rules]) -> Problem | None:
    try:
        read_fault(rules, step.order(), "?")
    except BadFault as error:
        return Problem(mark_of(error.about, step.mark), str(error))
    return None
