"""``python -m bench.contract``: stock openapi-core against the bound contract, for every operation served.

For each operation a request that keeps the contract and one with a field of the wrong type, in microseconds on one
core; then what it costs to check an answer, as a share of one request through Flask's test client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log
from typing import Any

from flask import Flask
from werkzeug.datastructures import MultiDict

from mocksrv.app import catalogue_of, create_app
from mocksrv.contract import Contract
from mocksrv.rules import Rules
from mocksrv.settings import Settings
from tests.generated import Sent, right_request
from tests.stock import StockContract

ROUNDS, SECONDS = 5, 0.006


@dataclass(frozen=True)
class Cost:
    """What one request costs, in microseconds."""

    bound: float
    stock: float

    @property
    def ratio(self) -> float:
        return self.stock / self.bound

    def __str__(self) -> str:
        return f"{self.stock:9.1f} {self.bound:7.1f} {self.ratio:6.1f}"


def microseconds(*calls: Callable[[], object]) -> list[float]:
    """The best time of each call. They take turns, so that a busy machine disturbs all of them alike."""
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for index, call in enumerate(calls):
            best[index] = min(best[index], _once(call))
    return best


def _once(call: Callable[[], object]) -> float:
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SECONDS:
        call()
        count += 1
    return spent / count * 1e6


def wrong(sent: Sent) -> Sent:
    """The same with its first field of the wrong type, or without its first query parameter."""
    if sent.media_type:
        first = next(iter(sent.body))
        return Sent(sent.headers, sent.query, sent.path, {**sent.body, first: [7]}, sent.media_type)
    return Sent(sent.headers, MultiDict(list(sent.query.items())[1:]), sent.path, sent.body, sent.media_type)


def requests(rules: Rules) -> tuple[Cost, Cost]:
    """What a right request and a wrong one cost."""
    missing = rules.product.form.missing_means or ("absent",)
    bound, stock = Contract(rules.operation, missing), StockContract(rules.operation, missing)
    good = right_request(rules.operation)
    bad = wrong(good)
    if bound.violations(good) or not bound.violations(bad):
        raise SystemExit(f"{rules.name}: {good} should be right, and {bad} wrong")
    calls = [lambda c=c, s=s: c.violations(s) for s in (good, bad) for c in (bound, stock)]
    best = microseconds(*calls)
    return Cost(*best[:2]), Cost(*best[2:])


def answers(rules: Rules, app: Flask) -> tuple[float, float]:
    """What checking the accepting answer costs, and what one request costs from end to end."""
    example, good = rules.example(rules.success.quote), right_request(rules.operation)
    client, headers = app.test_client(), {"x-client-id": "TEST_CLIENT_ID", "x-client-secret": "TEST_CLIENT_SECRET"}
    asked: dict[str, Any] = {"method": rules.operation.method, "headers": {**headers, **dict(good.headers)}}
    asked |= {"json": good.body} if good.media_type else {"query_string": good.query}
    check, whole = microseconds(
        lambda: rules.contract.faults(example.status, example.media, example.value),
        lambda: client.open(rules.paths[0], **asked),
    )
    return check, whole


def mean(values: Iterator[float]) -> float:
    """The geometric mean."""
    found = [*values]
    return exp(sum(map(log, found)) / len(found))


def main() -> None:
    """Print the table."""
    catalogue = catalogue_of(settings := Settings(quotas=False))
    app = create_app(settings, catalogue)
    print(
        f"{'':30} {'right: stock':>13} {'bound':>7} {'ratio':>6} {'wrong: stock':>13} {'bound':>7} {'ratio':>6}", end=""
    )
    print(f" {'answer':>9} {'request':>8} {'share':>7}")
    costs, shares = [], []
    for name, rules in catalogue.rules.items():
        good, bad = requests(rules)
        check, whole = answers(rules, app)
        costs.append((good, bad))
        shares.append(check / whole)
        print(f"{name:30}     {good}     {bad} {check:9.1f} {whole:8.1f} {check / whole:7.1%}")
    goods, bads = mean(good.ratio for good, _ in costs), mean(bad.ratio for _, bad in costs)
    print(f"{'geometric mean':30} {goods:29.1f} {bads:28.1f} {mean(iter(shares)):26.1%}")


if __name__ == "__main__":
    main()
