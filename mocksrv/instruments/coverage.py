"""What clients have met, as a report: every documented answer, how often, and what was wrong with the calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from mocksrv.coverage import Report, Row, with_totals
from mocksrv.listing import summary
from mocksrv.rules import Rules
from mocksrv.spec import Example
from mocksrv.state.contract import Met


def coverage_of(rules: Iterable[Rules], met: Mapping[Met, int]) -> Report:
    """Every operation with its documented answers, how often each was met, and the violations sent to it."""
    answers: Counter[tuple[str, str]] = Counter()
    violations: Counter[tuple[str, str]] = Counter()
    for each, times in met.items():
        answers[each.operation, each.answer] += times
        violations.update({(each.operation, violation): times for violation in each.violations})
    return with_totals([_operation(each, answers, violations) for each in rules])


def _operation(rules: Rules, answers: Counter[tuple[str, str]], violations: Counter[tuple[str, str]]) -> Row:
    documented: dict[str, Example] = {}
    for example in rules.operation.examples:
        documented.setdefault(str(example), example)
    return {
        "operation": rules.name,
        "product": rules.product.name,
        "answers": [
            {
                "answer": answer,
                "says": summary(example),
                "error": _is_error(rules, example),
                "times": answers[rules.name, answer],
            }
            for answer, example in documented.items()
        ],
        "others": [
            {"answer": answer, "times": times}
            for (name, answer), times in sorted(answers.items())
            if name == rules.name and answer not in documented
        ],
        "violations": [
            {"violation": violation, "times": times}
            for (name, violation), times in sorted(violations.items())
            if name == rules.name
        ],
    }


def _is_error(rules: Rules, example: Example) -> bool:
    """Whether a client must be able to bear it; vendors say errors with 200 too."""
    telling = example.status >= HTTPStatus.BAD_REQUEST or bool(summary(example))
    return telling and not rules.accepts(example)
