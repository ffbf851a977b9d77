"""What is served, as a table for people: operations, their paths, and the test data that triggers each answer."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import shorten
from typing import Any

from mocksrv.rules import Product, Rules
from mocksrv.spec import Example
from mocksrv.vendor import Catalogue

_TELLING = ("code", "message", "status", "detail")


def listing(catalogue: Catalogue) -> Iterator[str]:
    """The lines of ``mocksrv operations``."""
    width = max(len(name) for name in catalogue.rules)
    for product in catalogue.products.values():
        yield f"{product.name}  ({product.spec.file})"
        yield from _clients(product)
        for rules in catalogue.rules.values():
            if rules.product is product:
                yield from _operation(rules, width)
        yield ""


def _clients(product: Product) -> Iterator[str]:
    """Whom the fixtures know: a tester needs their credentials next."""
    for client in product.form.records.get("client", ()):
        yield "  client  " + "  ".join(f"{name}: {value}" for name, value in client.items())


def _operation(rules: Rules, width: int) -> Iterator[str]:
    paths = ", ".join(rules.paths)
    yield f"  {rules.name:<{width}}  {rules.operation.method.upper()} {paths}  -> {rules.success.quote}"
    rows = list(_test_data(rules))
    columns = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for place, value, quote, what in rows:
        yield f"    {place:<{columns[0]}}  {value:<{columns[1]}}  -> {quote}  {what}".rstrip()


def _test_data(rules: Rules) -> Iterator[tuple[str, str, str, str]]:
    """Place, value, the answer it triggers, and the code that stands in it."""
    for place, answers in (*rules.form.triggers.items(), *rules.form.success.instead.items()):
        for value, answer in answers.items():
            yield str(place), value, str(answer.quote), summary(rules.example(answer.quote))


def summary(example: Example) -> str:
    """The texts of an example that a tester would recognise, wherever they stand."""
    texts = list(_recognisable(example.value)) if isinstance(example.value, (dict, list)) else []
    return shorten(": ".join(texts[:2]), 90, placeholder=" ...")


def _recognisable(value: Any) -> Iterator[str]:
    """Codes, messages and statuses, wherever they stand in the answer."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, (dict, list)):
            yield from _recognisable(inner)
        elif str(name).lower().endswith(_TELLING) and isinstance(inner, (str, int)) and not isinstance(inner, bool):
            yield str(inner)
