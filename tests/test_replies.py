"""A reply that breaks its own spec is a fault of the fixture: told in the answer, in the log and in the health."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mocksrv.threaded import running
from tests.http import app_for, call

SPEC = """
openapi: 3.1.0
info: {title: acme, version: "1"}
paths:
  /things/{id}:
    get:
      operationId: acmeThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: a thing
          content:
            application/json:
              schema: {type: object, properties: {id: {type: string, maxLength: 3}}}
              examples: {THING: {value: {id: abc}}}
"""
FIXTURE = """
operation: acmeThing
success:
  reply: 200 THING
  fields: {id: path.id}
"""


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    for name, text in {"specs/acme/things.yaml": SPEC, "fixtures/acme/things/thing.yaml": FIXTURE}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(text, "utf-8")
    return tmp_path


def test_a_reply_that_breaks_its_spec_is_told_everywhere(acme: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(app_for(root=acme)) as url, caplog.at_level(logging.ERROR, "mocksrv"):
        good, bad = call("GET", f"{url}/things/abc"), call("GET", f"{url}/things/abcd")
        health = call("GET", f"{url}/__admin/health").body
    assert (good.status, good.body, good.headers.get("X-Mocksrv-Error")) == (200, {"id": "abc"}, None)
    assert (bad.status, bad.body) == (200, {"id": "abcd"})
    assert bad.headers["X-Mocksrv-Error"] == "breaks-spec: body.id maxLength"
    assert health["faults"] == {"acmeThing 200 THING": 1}
    where = "fixtures/acme/things/thing.yaml:4"
    assert caplog.messages == [f"{where}: the answer 200 THING of acmeThing breaks its spec: body.id maxLength"]


def test_an_answer_that_contradicts_the_vendors_schema_on_purpose_is_no_fault(acme: Path) -> None:
    fixture = acme / "fixtures/acme/things/thing.yaml"
    fixture.write_text(f"{FIXTURE}contradicts: {{200 THING: ids are longer there}}\n", "utf-8")
    with running(app_for(root=acme)) as url:
        assert call("GET", f"{url}/things/abcd").headers.get("X-Mocksrv-Error") is None
        assert call("GET", f"{url}/__admin/health").body["faults"] == {}
