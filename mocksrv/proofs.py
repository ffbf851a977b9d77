"""What ``mocksrv check`` proves beyond loading: the spec is OpenAPI, and its examples keep their own schemas.

The doorway to openapi-spec-validator and openapi-schema-validator.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openapi_schema_validator import OAS30ReadValidator, OAS31Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from mocksrv.errors import Mark, Problem
from mocksrv.rules import Product, Rules
from mocksrv.spec import Example
from mocksrv.vendor import Catalogue


def prove(catalogue: Catalogue) -> list[Problem]:
    """Everything that does not keep what the specs promise, in file order."""
    problems: list[Problem] = []
    for product in catalogue.products.values():
        problems += _not_openapi(product)
    for rules in catalogue.rules.values():
        for example in rules.operation.examples:
            problems += _not_its_schema(rules, example)
    return sorted(set(problems))


def _is_30(document: dict[str, Any]) -> bool:
    return str(document["openapi"]).startswith("3.0")


def _not_openapi(product: Product) -> Iterator[Problem]:
    document = product.spec.document
    validator = OpenAPIV30SpecValidator if _is_30(document) else OpenAPIV31SpecValidator
    try:
        errors = list(validator(document).iter_errors())
    except RecursionError:
        yield Problem(Mark(product.spec.file), "nested too deeply to be compared with OpenAPI's own schema")
        return
    for error in errors:
        where = "/".join(str(step) for step in getattr(error, "absolute_path", ()))
        yield Problem(Mark(product.spec.file), f"not OpenAPI at /{where}: {str(error.message)[:300]}")


def _not_its_schema(rules: Rules, example: Example) -> Iterator[Problem]:
    contradicting = any(quote.names(example.status, example.name) for quote in rules.form.contradicts)
    if contradicting or not isinstance(example.schema, dict):
        return
    document = rules.operation.document
    validator = OAS30ReadValidator if _is_30(document) else OAS31Validator
    # Recursive schemas keep references into the document's components.
    schema = {**example.schema, "components": document.get("components", {})}
    for error in validator(schema).iter_errors(example.value):
        where = "/".join(str(step) for step in error.absolute_path)
        yield Problem(example.mark, f'the example "{example}" breaks its schema at /{where}: {error.message[:300]}')
