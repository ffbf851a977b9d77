"""``mocksrv check``: the order of decision, the formats in which problems are told, what is proved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mocksrv.cli import main
from mocksrv.explain import explained
from mocksrv.possible import possible_violations
from tests.http import catalogue

ROOT = Path(__file__).parents[1]
SPEC = """
openapi: 3.1.0
info: {title: acme, version: "1"}
paths:
  /things:
    post:
      operationId: acmeThing
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [id], properties: {id: {type: string, maxLength: 3}}}
      responses:
        "200":
          description: made
          content:
            application/json:
              schema: {type: object, properties: {id: {type: string}}}
              examples: {THING: {value: {id: 5}}}
        "400":
          description: wrong
          content: {application/json: {examples: {WRONG: {value: {}}}}}
"""
FIXTURE = """
operation: acmeThing
violations:
  body.id missing: 400 WRONG
success: {reply: 200 THING}
"""


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    for name, text in {"specs/acme/things.yaml": SPEC, "fixtures/acme/things/thing.yaml": FIXTURE}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(text, "utf-8")
    return tmp_path


def test_the_order_of_decision_is_told_stage_by_stage() -> None:
    lines = [" ".join(line.split()) for line in check("--explain", "generateOtp").output.splitlines()]
    assert lines[0] == "generateOtp POST /ppi/otp/generate"
    stages = [line for line in lines if line[:1].isdigit()]
    assert stages == ["0 asked for", "1 headers", "2 the body", "3 records", "4 making", "7 accepted"]
    product, fixture = "fixtures/cashfree/ppi/product.yaml", "fixtures/cashfree/ppi/generate_otp.yaml"

    def line_of(file: str, text: str) -> str:
        numbers = [n for n, line in enumerate((ROOT / file).read_text("utf-8").splitlines(), 1) if text in line]
        return f"{file}:{numbers[0]}"

    told = [
        f"missing header.x-client-id 400 missingClientId {line_of(product, 'XClientID')}",
        f"unknown header.x-client-secret 401 invalidCredentials {line_of(product, 'XClientSecret')}",
        f"exceeded 1000 calls 429 rateLimitExceeded {line_of(product, '1000 per minute')}",
        f"violated body.user_id missing 400 user_id_missing {line_of(fixture, 'body.user_id missing')}",
        f'trigger body.user_id "INTERNAL_ERROR" 500 internalError {line_of(fixture, "INTERNAL_ERROR")}',
        f"missing user 404 userNotFound {line_of(fixture, 'user: {key')}",
        f"duplicate body.otp_verification_id 409 duplicateOtpRequest {line_of(fixture, 'again:')}",
        f"accepted 200 SUCCESS {line_of(fixture, 'reply: 200 SUCCESS')}",
    ]
    assert [line for line in lines if line in told] == told
    assert lines[lines.index("only the fallback answers") + 1 :] == ["body malformed", "body mediatype", "body type"]


@pytest.mark.parametrize("operation", sorted(catalogue().rules))
def test_every_operation_can_be_explained(operation: str) -> None:
    lines = list(explained(catalogue().rules[operation]))
    assert lines[0].startswith(f"{operation}  ")
    assert "7 accepted" in lines


def test_an_operation_that_is_not_there_is_told_with_the_nearest() -> None:
    result = check("--explain", "generateOpt")
    assert result.exit_code == 2
    assert result.output == 'mocksrv: no operation "generateOpt"; did you mean "generateOtp"?\n'


def test_problems_are_told_as_text_with_their_number(acme: Path) -> None:
    result = check("--root", str(acme))
    assert result.exit_code == 1
    missing = 'add a line, or "otherwise:" to fixtures/acme/things/product.yaml'
    fixture = "fixtures/acme/things/thing.yaml:2:1"
    assert result.output.splitlines() == [
        f'{fixture}: nothing answers "body malformed" of acmeThing; {missing}',
        f'{fixture}: nothing answers "body mediatype" of acmeThing; {missing}',
        f'{fixture}: nothing answers "body type" of acmeThing; {missing}',
        f'{fixture}: nothing answers "body.id maxLength" of acmeThing; {missing}',
        f'{fixture}: nothing answers "body.id type" of acmeThing; {missing}',
        "5 problems",
    ]


def answered(acme: Path) -> None:
    (acme / "fixtures/acme/things/product.yaml").write_text("otherwise: 400 WRONG\n", "utf-8")


def test_an_example_that_breaks_its_schema_is_a_problem_unless_it_is_listed(acme: Path) -> None:
    answered(acme)
    result = check("--root", str(acme), "--format", "json")
    assert (result.exit_code, json.loads(result.output)) == (1, {"problems": [{
        "file": "specs/acme/things.yaml",
        "line": 18,
        "column": 26,
        "message": 'the example "200 THING" breaks its schema at /id: 5 is not of type \'string\'',
    }]})  # fmt: skip
    fixture = acme / "fixtures/acme/things/thing.yaml"
    fixture.write_text(f"{FIXTURE}contradicts: {{200 THING: numbers in practice}}\n", "utf-8")
    result = check("--root", str(acme), "--format", "json")
    assert (result.exit_code, json.loads(result.output)) == (0, {"problems": []})


def test_problems_are_told_as_annotations_of_github(acme: Path) -> None:
    answered(acme)
    result = check("--root", str(acme), "--format", "github")
    assert result.exit_code == 1
    message = "the example \"200 THING\" breaks its schema at /id: 5 is not of type 'string'"
    assert result.output == f"::error file=specs/acme/things.yaml,line=18,col=26::{message}\n"


def test_every_kind_of_violation_that_a_schema_can_produce_is_known() -> None:
    found = {str(each) for each in possible_violations(catalogue().rules["capillaryGenerateOtp"].operation)}
    assert found >= {
        "body malformed",
        "body mediatype",
        "body type",
        "body.action missing",
        "body.action enum",
        "body.channels[0].type enum",
        "body.whatsappTemplateName missing",
        "body.entityValue pattern",
        "header.x-cap-api-attribution-entity-type enum",
    }
    parameters = {str(each) for each in possible_violations(catalogue().rules["capillaryGetOtp"].operation)}
    assert parameters >= {"query.scope missing", "query.identifierName missing", "query.identifierName enum"}
    assert not any(each.startswith("body") for each in parameters)
