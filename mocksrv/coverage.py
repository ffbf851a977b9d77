"""Coverage: which documented answers a client has met, which never, and what it got wrong.

Here are reports, as the admin API gives them: added up, and told to people. ``mocksrv coverage`` needs no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import floor
from typing import Any

from mocksrv.errors import nearest

Report = dict[str, Any]
Row = dict[str, Any]
MOST_NAMES = 2

# The lists of an operation: by which word rows are the same, and what each word is.
_ROWS: Mapping[str, tuple[str, Mapping[str, type]]] = {
    "answers": ("answer", {"answer": str, "says": str, "error": bool, "times": int}),
    "others": ("answer", {"answer": str, "times": int}),
    "violations": ("violation", {"violation": str, "times": int}),
}


def of_vendor(report: Report, vendor: str) -> Report:
    """The part of a report that is about one vendor, or one of its products. Raises ValueError when there is none."""
    products = {each["product"] for each in report["operations"]}
    found = [each for each in report["operations"] if vendor in (each["product"], each["product"].partition("/")[0])]
    if not found:
        raise ValueError(f'there is no vendor "{vendor}"{nearest(vendor, products)}')
    return with_totals(found)


def merged(reports: Iterable[Report]) -> Report:
    """Several servers' reports as one. Raises ValueError for what is no such report."""
    operations: dict[str, Row] = {}
    try:
        for report in reports:
            for operation in report["operations"]:
                name, product = str(operation["operation"]), str(operation["product"])
                known = operations.setdefault(name, {"operation": name, "product": product})
                for rows, (key, words) in _ROWS.items():
                    known[rows] = _added(known.get(rows, []), operation[rows], key, words)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ValueError('this is no coverage report; write one with "mocksrv coverage --format json"') from None
    return with_totals(list(operations.values()))


def _added(known: list[Row], more: Iterable[Mapping[str, Any]], key: str, words: Mapping[str, type]) -> list[Row]:
    found = {each[key]: each for each in known}
    for each in more:
        row = {word: read(each[word]) for word, read in words.items()}
        before = found.get(row[key])
        found[row[key]] = {**row, "times": row["times"] + (before["times"] if before else 0)}
    return list(found.values())


def with_totals(operations: list[Row]) -> Report:
    """The report of operations: how many of their answers were met, and which errors never."""
    answers = [each for operation in operations for each in operation["answers"]]
    met, documented = sum(1 for each in answers if each["times"]), len(answers)
    return {
        "met": met,
        "documented": documented,
        "percent": percent(met, documented),
        "errorsNeverMet": list(_never_met(operations)),
        "operations": operations,
    }


def percent(met: int, documented: int) -> float:
    """With one decimal, and never more than it is: 100 means all of them."""
    return floor(1000 * met / documented) / 10 if documented else 100.0


def _never_met(operations: Iterable[Row]) -> Iterator[Row]:
    """The errors that were met in no operation of their product, and the answers that say them."""
    for (product, error), rows in _errors(operations).items():
        if not any(answer["times"] for _, answer in rows):
            said = [{"operation": name, "answer": answer["answer"]} for name, answer in rows]
            yield {"product": product, "error": error, "answers": said}


def _errors(operations: Iterable[Row]) -> dict[tuple[str, str], list[tuple[str, Row]]]:
    """Product and error to every operation and answer that says it: the same code often stands in many."""
    found: dict[tuple[str, str], list[tuple[str, Row]]] = {}
    for operation in operations:
        for answer in operation["answers"]:
            if answer["error"]:
                key = operation["product"], answer["says"] or answer["answer"]
                found.setdefault(key, []).append((operation["operation"], answer))
    return found


# --- for people ----------------------------------------------------------------------------------------------------


def lines_of(report: Report) -> Iterator[str]:
    """The report for people: the sum, each operation called, those never called, errors never met, violations."""
    called = [each for each in report["operations"] if _calls(each)]
    yield from _summary(report, called)
    for operation in called:
        yield ""
        yield from _answers(operation)
    yield from _never_called(report)
    yield from _errors_never_met(report, {each["product"] for each in called})
    yield from _violations(called)


def _calls(operation: Row) -> int:
    times: int = sum(each["times"] for each in (*operation["answers"], *operation["others"]))
    return times


def _summary(report: Report, called: list[Row]) -> Iterator[str]:
    yield f"{report['met']} of {report['documented']} documented answers met, {report['percent']} %"
    theirs = sum(len(each["answers"]) for each in called)
    if called:
        of = f"{report['met']} of {theirs} answers met, {percent(report['met'], theirs)} %"
        yield f"{len(called)} of {len(report['operations'])} operations called, {_times(called)}; of theirs {of}"


def _times(called: list[Row]) -> str:
    calls = sum(map(_calls, called))
    return "once" if calls == 1 else f"{calls} times"


def _answers(operation: Row) -> Iterator[str]:
    """Those met first, by how often; then those never met, in the order of the spec."""
    answers = sorted(operation["answers"], key=lambda each: -each["times"])
    met = sum(1 for each in answers if each["times"])
    width = max((len(each["answer"]) for each in answers), default=0)
    yield f"{operation['operation']} ({operation['product']}): {met} of {len(answers)} answers met"
    for each in answers:
        yield f"  {each['times'] or 'never':>7}  {each['answer']:<{width}}  {each['says']}".rstrip()
    for each in operation["others"]:
        yield f"  {each['times']:>7}  {each['answer']:<{width}}  (not in the spec)"


def _never_called(report: Report) -> Iterator[str]:
    never = [each for each in report["operations"] if not _calls(each)]
    width = max((len(each["operation"]) for each in never), default=0)
    if never:
        yield from ("", f"never called: {len(never)} of {len(report['operations'])} operations")
    for each in never:
        yield f"  {each['operation']:<{width}}  {len(each['answers']):>3} answers  ({each['product']})"


def _errors_never_met(report: Report, called: set[str]) -> Iterator[str]:
    """Of a product that was never called only how many: they are all of its errors."""
    never: dict[str, list[Row]] = {}
    for each in report["errorsNeverMet"]:
        never.setdefault(each["product"], []).append(each)
    if never:
        known = len(_errors(report["operations"]))
        yield from ("", f"error codes that no test has met: {len(report['errorsNeverMet'])} of {known}")
    for product, errors in never.items():
        if product not in called:
            yield f"  {product}: all {len(errors)}; it was never called"
            continue
        yield f"  {product}: {len(errors)}"
        yield from (f"    {each['error']}  ({_whose(each['answers'])})" for each in errors)


def _whose(answers: list[Row]) -> str:
    names = list(dict.fromkeys(each["operation"] for each in answers))
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _violations(called: list[Row]) -> Iterator[str]:
    sent = [(each, operation) for operation in called for each in operation["violations"]]
    if not sent:
        return
    yield from ("", f"what your client got wrong: {len(sent)}")
    width = max(len(operation["operation"]) for _, operation in sent)
    for each, operation in sorted(sent, key=lambda pair: -pair[0]["times"]):
        yield f"  {each['times']:>7}  {operation['operation']:<{width}}  {each['violation']}"
