"""The bound contract against openapi-core as it comes: the same violations for every request and every answer.

``MOCKSRV_EXAMPLES`` says how many requests of each operation; ``make soak`` takes 10,000.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from jsonschema_path import SchemaPath
from openapi_core import V30RequestValidator, V30ResponseValidator, V31RequestValidator

from mocksrv.app import catalogue_of
from mocksrv.contract import ABSENT, BLANK, EMPTY, NULL, Contract
from mocksrv.remembering import SchemaValidators, SpecPath
from mocksrv.settings import Settings
from tests.generated import Answered, Sent, answers_of, requests_of, right_request
from tests.schemas import COMPONENTS, schemas_with_values
from tests.stock import StockContract, as_ecma

EXAMPLES = int(os.environ.get("MOCKSRV_EXAMPLES") or 150)
pytestmark = pytest.mark.no_cover  # it would take twice as long, and covers nothing that test_contract.py does not
RULES = catalogue_of(Settings()).rules
MISSING = (ABSENT, NULL, BLANK, EMPTY)


def many(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", RULES)
def test_a_request_has_the_violations_that_stock_openapi_core_finds(name: str) -> None:
    operation = RULES[name].operation
    bound, stock = Contract(operation, MISSING), StockContract(operation, MISSING)
    assert bound.violations(right_request(operation)) == ()

    @many(EXAMPLES)
    @example(right_request(operation))
    @given(requests_of(operation))
    def hold(sent: Sent) -> None:
        assert bound._judged(sent, sent.headers, sent.body) == stock._judged(sent, sent.headers, sent.body)
        headers, body = bound._sent(sent)
        if headers is not sent.headers or body is not sent.body:
            assert bound._judged(sent, headers, body) == stock._judged(sent, headers, body)

    hold()


@pytest.mark.parametrize("name", RULES)
def test_an_answer_has_the_faults_that_stock_openapi_core_finds(name: str) -> None:
    operation = RULES[name].operation
    bound, stock = Contract(operation), StockContract(operation)

    @many(EXAMPLES // 2)
    @given(answers_of(operation))
    def hold(sent: Answered) -> None:
        where = (sent.status, sent.media, sent.document, sent.headers)
        assert set(bound.faults(*where)) == set(stock.faults(*where))

    hold()


@pytest.mark.parametrize("validator", [V30RequestValidator, V30ResponseValidator, V31RequestValidator])
def test_a_compiled_schema_gives_the_verdict_of_openapi_core(validator: Any) -> None:
    stock = validator.schema_validators_factory
    compiled = 0

    @many(EXAMPLES * 2)
    @given(schemas_with_values(is_30=validator is not V31RequestValidator))
    def hold(pair: tuple[Any, Any]) -> None:
        nonlocal compiled
        schema, value = pair
        document = {"openapi": "3.x", "components": COMPONENTS, "schema": schema}
        ours, theirs = SpecPath.from_dict(document), SchemaPath.from_dict(as_ecma(document))
        bound, plain = SchemaValidators(stock).create(ours, ours / "schema"), stock.create(theirs, theirs / "schema")
        wrong = [(error.validator, list(error.absolute_path)) for error in plain.validator.iter_errors(value)]
        assert wrong == [(e.validator, list(e.absolute_path)) for e in bound.validator.iter_errors(value)]
        if bound.is_valid is not None:
            compiled += 1
            assert bound.is_valid(value) is (not wrong)

    hold()
    assert compiled > EXAMPLES
