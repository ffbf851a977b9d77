"""The conversations in ``tests/conversations``, each in a sandbox of its own, over real HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mocksrv.conversation import Conversation, Mismatch, hold, read_conversation
from mocksrv.errors import LoadError
from tests.http import catalogue

ROOT = Path(__file__).parent
FILES = sorted((ROOT / "conversations").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_conversation_holds(file: Path, sandbox: str) -> None:
    conversation = read_conversation(file, ROOT)
    held = list(hold(conversation, sandbox))
    assert len(held) == len(conversation.steps) > 0


@pytest.mark.parametrize("product", ["cashfree/ppi"])
def test_every_example_of_the_product_is_met_in_full(product: str) -> None:
    met = [met for file in FILES for met in _expected(read_conversation(file, ROOT))]
    unmet = [
        f"{rules.name}: {example}"
        for rules in catalogue().rules.values()
        for example in rules.operation.examples
        if rules.product.name == product
        and not any(
            path in rules.paths and status == example.status and _says(body, example.value)
            for path, status, body in met
        )
    ]
    assert not unmet


def test_an_answer_that_is_not_as_expected_is_told_with_its_place(sandbox: str, tmp_path: Path) -> None:
    file = tmp_path / "talk.yaml"
    file.write_text(
        "steps:\n  - say: hello\n    ask: POST /ppi/otp/generate\n    expect: 200\n    body: {status: fine}\n"
    )
    with pytest.raises(Mismatch) as raised:
        list(hold(read_conversation(file, tmp_path), sandbox))
    told = str(raised.value)
    assert told.startswith("talk.yaml:2:5: hello\n  status 400 instead of 200; body instead of {")
    assert '"message": "x-client-id is missing in the request"' in told
    assert "missing header.x-client-id -> 400 missingClientId" in told


def test_a_conversation_with_a_mistyped_word_is_not_begun(tmp_path: Path) -> None:
    file = tmp_path / "talk.yaml"
    file.write_text("steps:\n  - ask: POST /x\n    exspect: 200\n")
    with pytest.raises(LoadError) as raised:
        read_conversation(file, tmp_path)
    assert [str(problem) for problem in raised.value.problems] == [
        'talk.yaml:2:5: a step has "ask: <METHOD> <path>" and "expect: <status>"',
        'talk.yaml:3:5: unknown key "exspect"; did you mean "expect"?',
    ]


def _expected(conversation: Conversation) -> list[tuple[str, int, Any]]:
    return [(step.path, step.given["expect"], step.given.get("body")) for step in conversation.steps]


def _says(body: Any, example: Any) -> bool:
    """Whether a step states the example's own words: of a refusal all of them, of a success the status."""
    if not isinstance(body, dict):
        return False
    if "code" in example:
        return bool(body == example)
    return body.keys() == example.keys() and bool(body["status"] == example["status"])
