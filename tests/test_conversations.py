"""The conversations in ``tests/conversations``, each in a sandbox of its own, over real HTTP."""

from __future__ import annotations

import sys
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
    told = str(raised.value).splitlines()
    assert told[0] == "talk.yaml:2:5: hello"
    shown = [" ".join(line.split()) for line in told]
    assert "status expected 200, came 400" in shown
    assert 'body.status expected "fine", came nothing' in shown
    assert 'body.message expected nothing, came "x-client-id is missing in the request"' in shown
    assert any("because missing header.x-client-id -> 400 missingClientId (fixtures/" in line for line in told)


# Every mistake that a file can hold, and what is said of it.
MISTAKES = [
    ("", '1:1: a conversation has "steps:", a list'),
    ("steps: no", '1:1: a conversation has "steps:", a list'),
    ("step: []\nsteps: [{otp: a}]", '1:1: unknown key "step"; did you mean "steps"?'),
    ("about: a\nabout: b", '2:1: duplicate key "about"; it stands in line 1'),
    ("steps: [\n", "2:1: not YAML: did not find expected node content"),
    ("as: [a]\nsteps: [{otp: a}]", '1:1: "as" is a text'),
    ("headers: {a: {b: c}}\nsteps: [{otp: a}]", '1:11: "a" has one value'),
    ("headers: {a: $b}\nsteps: [{otp: b}]", '1:11: no step before this gives "$b"; known: now, unique (a dollar sign'),
    ("sandbox: {otp: fix}\nsteps: [{otp: a}]", '1:11: "otp" is fixed or random'),
    ("sandbox: {seed: x}\nsteps: [{otp: a}]", '1:11: "seed" is a whole number'),
    ("steps: [ask]", "1:9: a step is a mapping"),
    ("steps: [{say: a}]", "1:9: a step says one of ask, otp, clock, arm, start, stop; this says none"),
    ("steps: [{otp: a, ask: GET /}]", "1:9: a step says one of ask, otp, clock, arm, start, stop; this says ask and"),
    ("steps: [{otpp: a}]", '1:10: unknown key "otpp"; did you mean "otp"?'),
    ("steps: [{ask: GET x, expect: 200}]", '1:10: a call is asked like "POST /path"'),
    ("steps: [{ask: GET /x}]", '1:9: "expect" is a status like 200, or "no answer"'),
    ("steps: [{ask: GET /x, expect: 20}]", '1:23: "expect" is a status like 200, or "no answer"'),
    ("steps: [{ask: GET /x, exspect: 200}]", '1:23: unknown key "exspect"; did you mean "expect"?'),
    ("steps: [{ask: GET /x, expect: 200, send: 1, raw: a}]", '1:45: a call has one body: "send", which is'),
    ("steps: [{ask: GET /x, expect: 200, raw: 1}]", '1:36: "raw" is a text'),
    ("steps: [{ask: GET /x, expect: 200, sign: 1}]", '1:36: "sign" is true or false'),
    ("steps: [{ask: GET /x, expect: 200, with: a}]", '1:36: "with" is a mapping of names to values'),
    ("steps: [{ask: GET /x, expect: 200, remember: {A: b}}]", '1:47: "A" is no name; one has small letters, digits'),
    ("steps: [{ask: GET /x, expect: 200, remember: {now: b}}]", '1:47: "now" is made by mocksrv: no name may be "now"'),
    ("steps: [{ask: GET /$cod, expect: 200}]", '1:10: no step before this gives "$cod"; known: now, unique'),
    ("steps: [{otp: code}, {ask: GET /$cod, expect: 200}]", '1:23: no step before this gives "$cod"; did you mean "co'),
    ('steps: [{ask: "GET /${now|sec}", expect: 200}]', '1:10: "${now|sec}": there is no form "sec"; did you mean'),
    ('steps: [{ask: "GET /${a b}", expect: 200}]', '1:10: "${a b}" names no value; write it like "$name"'),
    ('steps: [{otp: a}, {ask: "GET /${a-5m}", expect: 200}]', '1:20: "${a-5m}": only "now" has offsets and the forms'),
    ('steps: [{ask: GET /, expect: 200, body: "~ ("}]', '1:35: "(" is no regular expression: missing ), unterminated'),
    ("steps: [{otp: a, within: soon}]", '1:18: "soon" is not a duration; write it like "10 minutes"'),
    ("steps: [{clock: advance}]", '1:10: "clock" says what to do, like {action: advance, by: 11m}'),
    ("steps: [{clock: {action: avdance}}]", '1:18: no action "avdance"; did you mean "advance"?'),
    ("steps: [{clock: {action: advance}}]", '1:10: "advance" needs "by"'),
    ("steps: [{clock: {action: run, by: 1m}}]", '1:31: unknown key "by"; known: action'),
    ("steps: [{clock: {action: set, to: 5}}]", '1:31: "to" is a text'),
    ("steps: [{arm: 502}]", '1:10: "arm" says what is to go wrong, like {answer: 502 Bad Gateway, times: 2}'),
    ("steps: [{arm: {anwser: 502}}]", '1:16: unknown key "anwser"; did you mean "answer"?'),
    ("steps: [{arm: {answer: 502, times: x}}]", '1:29: "times" is a whole number'),
    ("steps: [{start: [outage]}]", '1:10: "start" is a text'),
    ("steps: [{stop: null}]", '1:10: "stop" is a text'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_a_conversation_with_a_mistake_is_not_begun(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "talk.yaml"
    file.write_text(text)
    with pytest.raises(LoadError) as raised:
        read_conversation(file, tmp_path)
    told = [str(problem) for problem in raised.value.problems]
    assert any(each.startswith(f"talk.yaml:{said}") for each in told), told


def test_what_cannot_be_read_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_bytes(b"about: \xff")
    for name, why in (("none.yaml", "No such file or directory"), ("odd.yaml", "it is not UTF-8")):
        with pytest.raises(LoadError, match=f"^{name}:1:1: cannot be read: {why}$"):
            read_conversation(tmp_path / name, tmp_path)


def index() -> str:
    """The page that shows every conversation, by what it is about."""
    lines = [
        "# Every conversation",
        "",
        "Each is played by the tests in a fresh sandbox, and by `mocksrv play FILE`. [Write one](conversations.md).",
        "This page is made: `python -m tests.test_conversations > docs/conversation-index.md`.",
        "",
    ]
    for file in FILES:
        about = " ".join(read_conversation(file, ROOT).about.split())
        lines.append(f"- [{file.name}](../tests/conversations/{file.name}): {about}")
    return "\n".join(lines) + "\n"


def test_every_conversation_is_shown_in_the_documentation() -> None:
    page = ROOT.parent / "docs/conversation-index.md"
    assert page.read_text("utf-8") == index(), "run: python -m tests.test_conversations > docs/conversation-index.md"


def _expected(conversation: Conversation) -> list[tuple[str, int, Any]]:
    return [(step.path, step.given["expect"], step.given.get("body")) for step in conversation.steps]


def _says(body: Any, example: Any) -> bool:
    """Whether a step states the example's own words: of a refusal all of them, of a success the status."""
    if not isinstance(body, dict):
        return False
    if "code" in example:
        return bool(body == example)
    return body.keys() == example.keys() and bool(body["status"] == example["status"])


if __name__ == "__main__":
    sys.stdout.write(index())
