"""The laws of the design, as properties: of any calls, in any order, not only of those that somebody thought of."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import ValidationError
from openapi_schema_validator import OAS30Validator, OAS31Validator

from mocksrv.rules import Rules
from mocksrv.spec import sample
from tests.http import CASHFREE, CASHFREE_2, app_for, call, catalogue

ROOT = Path(__file__).parents[1]
START = "2026-01-01T00:00:00Z"
SEED = 5
USER = "USER827364"
NAMES = itertools.count()

# Not `explain`: of a law that breaks, it takes minutes to say little.
law = settings(deadline=None, max_examples=100, phases=(Phase.reuse, Phase.generate, Phase.shrink))


@dataclass(frozen=True)
class Step:
    """One call. The code "right" stands for the newest one that was sent to the user."""

    method: str
    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = tuple(CASHFREE.items())
    user: str = USER

    def __repr__(self) -> str:
        """Short: a law that breaks prints two dozen of them."""
        sent = "" if self.headers == tuple(CASHFREE.items()) else f" with {dict(self.headers)}"
        return f"<{self.path} {json.dumps(self.body)}{sent}>"


@dataclass(frozen=True)
class Said:
    """What came back, byte for byte."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def why(self) -> str:
        return self.headers.get("x-mocksrv-why", "")

    @property
    def words(self) -> tuple[int, bytes]:
        return self.status, self.raw


Ask = Callable[[str, str, Any, dict[str, str]], Said]


@cache
def shared(otp: str) -> Flask:
    """The application of all laws, made when it is first asked: each example has a sandbox of its own in it."""
    return app_for(seed=SEED, otp=otp)


def in_process(sandbox: str) -> Ask:
    """Asks the application directly."""
    client = shared("random").test_client()

    def ask(method: str, path: str, body: Any, headers: dict[str, str]) -> Said:
        answer = client.open(f"/@{sandbox}{path}", method=method, json=body, headers=headers)
        return Said(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)

    return ask


def over_http(url: str) -> Ask:
    """Asks a server."""

    def ask(method: str, path: str, body: Any, headers: dict[str, str]) -> Said:
        answer = call(method, url + path, body, headers=headers)
        return Said(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.raw)

    return ask


def fresh() -> str:
    return f"law-{next(NAMES)}"


def play(ask: Ask, script: Sequence[Step]) -> list[Said]:
    """Every step's answer, and the inbox as the last one, under a clock that only the steps move."""
    ask("PUT", "/__admin/clock", {"action": "freeze", "to": START}, {})
    return [*(_step(ask, step) for step in script), inbox(ask)]


def inbox(ask: Ask, to: str | None = None) -> Said:
    """The messages without their ids, which are random."""
    messages = json.loads(ask("GET", "/__admin/messages" + (f"?to={to}" if to else ""), None, {}).raw)["messages"]
    return Said(200, {}, json.dumps([{**message, "id": ""} for message in messages]).encode())


def _step(ask: Ask, step: Step) -> Said:
    body = step.body
    if isinstance(body, dict) and body.get("otp") == "right":
        newest = ask("GET", f"/__admin/otps/latest?to={step.user}", None, {"Accept": "text/plain"})
        body = {**body, "otp": newest.raw.decode() if newest.status == 200 else "000000"}
    said = ask(step.method, step.path, body, dict(step.headers))
    assert said.status < 500 or said.why.startswith("trigger")
    return said


def generate(key: str, user: str = USER, modes: Sequence[str] = ("SMS",)) -> Step:
    body = {"otp_verification_id": key, "user_id": user, "notification_modes": modes}
    return Step("POST", "/ppi/otp/generate", body, user=user)


def submit(key: str, user: str = USER, code: str = "right") -> Step:
    return Step("POST", "/ppi/otp/submit", {"otp_verification_id": key, "otp": code}, user=user)


def kyc(key: str, user: str = USER, verification: str = "K") -> Step:
    document = {"type": "PAN", "identifier": "ABCDE1234F", "name": "SHAH RAMESH", "dob": "1990-05-12"}
    body = {"otp_verification_id": key, "user_id": user, "verification_id": verification, "document": document}
    return Step("POST", "/ppi/kyc/min", body, user=user)


def create(user: str, phone: str = "9000000001") -> Step:
    return Step("POST", "/ppi/user", {"user_id": user, "phone": phone}, user=user)


def wait(duration: str) -> Step:
    return Step("PUT", "/__admin/clock", {"action": "advance", "by": duration}, ())


def put(user: str, status: str) -> Step:
    return Step("PUT", f"/__admin/records/user/{user}", {"phone": "9000000002", "status": status}, ())


# --- scripts: any calls, of few ids, so that they meet -------------------------------------------------------------


def often(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value in six of seven cases, else one of the others."""
    return st.sampled_from([*[usual] * len(others) * 6, *others])


ids, users = often("A", "B", "B", "not an id"), often(USER, "ASHA", "INTERNAL_ERROR")
headers = often(
    CASHFREE,
    CASHFREE_2,
    {"x-client-id": "SOMEBODY"},
    {**CASHFREE, "Prefer": "code=200"},
    {**CASHFREE, "Prefer": "code=429"},
)
KINDS: dict[str, st.SearchStrategy[Step]] = {
    "generate": st.builds(generate, ids, users, often(["SMS"], ["SMS", "WHATSAPP"], ["PIGEON"])),
    "submit": st.builds(submit, ids, users, st.sampled_from(["right", "000000", "000000", "no code"])),
    "kyc": st.builds(kyc, ids, users, st.sampled_from(["K", "L"])),
    "create": st.builds(create, users),
    "wait": st.builds(wait, st.sampled_from(["1 second", "4 minutes", "11 minutes"])),
    "put": st.builds(put, users, st.sampled_from(["ACTIVE", "BLOCKED"])),
}


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """One call: of the vendor's operations seven in nine times, else of the tester's."""
    kind = draw(st.sampled_from(["generate"] * 2 + ["submit"] * 2 + ["kyc"] * 2 + ["create", "wait", "put"]))
    step = draw(KINDS[kind])
    return step if step.method == "PUT" else replace(step, headers=tuple(draw(headers).items()))


scripts = st.lists(steps(), min_size=12, max_size=30).map(lambda script: [generate("A"), *script])

# --- the laws ------------------------------------------------------------------------------------------------------


@law
@given(scripts, st.integers(0, 30))
def test_a_refusal_changes_nothing_that_a_later_answer_shows(script: list[Step], until: int) -> None:
    """So leave the refusals out until then: all other answers, later refusals too, are as they were, and the inbox.

    A wrong code stays, as its fixture counts it. (Every call counts against the quota, which no script fills.)
    """
    said = play(in_process(fresh()), script)
    kept = [
        number
        for number, step in enumerate(script)
        if number >= until or step.method == "PUT" or said[number].why.startswith(("accepted", "wrong otp"))
    ]
    again = play(in_process(fresh()), [script[number] for number in kept])
    assert [each.words for each in again] == [said[number].words for number in (*kept, -1)]


@settings(law, max_examples=40)
@given(scripts, scripts)
def test_after_a_reset_everything_answers_as_at_the_start(before: list[Step], script: list[Step]) -> None:
    used = in_process(fresh())
    play(used, before)
    assert used("POST", "/__admin/reset", None, {}).status == 200
    assert json.loads(used("GET", "/__admin/clock", None, {}).raw)["frozen"] is False
    assert play(used, script) == play(in_process(fresh()), script)


@pytest.mark.parametrize(
    ("before", "use"),
    [
        ([], generate("A")),
        ([generate("A")], submit("A")),
        ([generate("A"), submit("A")], kyc("A")),
        ([], create("ASHA")),
    ],
    ids=["an OTP's id", "an OTP", "a KYC's id", "a user's name"],
)
@settings(law, max_examples=10)
@given(times=st.integers(2, 12))
def test_of_uses_at_once_exactly_one_succeeds(before: list[Step], use: Step, times: int) -> None:
    sandbox = fresh()
    play(in_process(sandbox), before)
    barrier = Barrier(times)

    def one(_: int) -> bool:
        ask = in_process(sandbox)
        barrier.wait()
        return _step(ask, use).why.startswith("accepted")

    with ThreadPoolExecutor(times) as pool:
        assert sum(pool.map(one, range(times))) == 1


# --- byte for byte across processes --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The same sandbox server in another process, which hashes differently."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mocksrv", "serve", "--port", "0", "--seed", str(SEED), "--otp", "random"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    with process.stdout:
        ready = process.stdout.readline()
        yield ready.partition("url=")[2].split()[0]
        process.terminate()
        assert process.wait(10) == 0


def lives(user: str) -> st.SearchStrategy[list[Step]]:
    """One user's calls, with ids of the user's own."""
    key = st.sampled_from([f"{user}-1", f"{user}-2"])
    later = st.one_of(
        st.builds(generate, key, st.just(user)),
        st.builds(submit, key, st.just(user), st.sampled_from(["right", "right", "000000"])),
        st.builds(kyc, key, st.just(user), key),
    )
    first = [create(user, f"900000000{len(user)}"), generate(f"{user}-1", user)]
    return st.lists(later, max_size=4).map(lambda calls: [*first, *calls])


def told(ask: Ask, lives: Sequence[list[Step]], order: Sequence[int]) -> dict[int, list[tuple[int, bytes]]]:
    """Each life's answers, and its messages, when the calls are made in an order."""
    ask("PUT", "/__admin/clock", {"action": "freeze", "to": START}, {})
    ahead = [iter(life) for life in lives]
    said: dict[int, list[tuple[int, bytes]]] = {whose: [] for whose in range(len(lives))}
    for whose in order:
        said[whose].append(_step(ask, next(ahead[whose])).words)
    for whose, life in enumerate(lives):
        said[whose].append(inbox(ask, life[0].body["phone"]).words)
    return said


@settings(law, max_examples=40)
@given(data=st.data())
def test_bodies_are_equal_in_another_process_and_another_order_of_entities(elsewhere: str, data: st.DataObject) -> None:
    people = [data.draw(lives(user)) for user in ("A", "BB", "CCC")]
    turns = [whose for whose, life in enumerate(people) for _ in life]
    one, other = data.draw(st.permutations(turns)), data.draw(st.permutations(turns))
    here, there = in_process(fresh()), over_http(f"{elsewhere}/@{fresh()}")
    assert told(here, people, one) == told(there, people, other)


def test_another_seed_gives_other_values() -> None:
    client = app_for(seed=SEED + 1, otp="random").test_client()
    step = generate("A")
    answer = client.post(step.path, json=step.body, headers=CASHFREE)
    assert answer.data != play(in_process(fresh()), [step])[0].raw


# --- every reply keeps the spec ------------------------------------------------------------------------------------

CREDENTIALS = {
    "cashfree/ppi": CASHFREE,
    "cashfree/verification": CASHFREE,
    "capillary/v2": {"Authorization": "Basic dGVzdF91c2VyOjE2ZWMxZWJiMDFmZTAyZGVkOWI3ZDU0NDdkM2RmYzY1"},
    "m2p/prepaid": {"Authorization": "Bearer test-bearer-token", "X-TENANT-ID": "ACME_CORP"},
}


@cache
def known() -> list[str]:
    """Values that mean something: what exists, what is missing, and all test data."""
    test_data = (
        value for rules in catalogue().rules.values() for answers in rules.form.triggers.values() for value in answers
    )
    return sorted({USER, "ASHA", "Test123", "111000", "9000000001", "", " ", "a" * 51, *test_data})


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=60)
documents = st.recursive(
    scalars | st.deferred(lambda: st.sampled_from(known())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
header_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)


@st.composite
def mutated(draw: st.DrawFn, document: dict[str, Any]) -> Any:
    """The document, or one with a few fields changed, taken away or added."""
    kept = dict(document)
    for name in draw(st.lists(st.sampled_from([*document, "more"]), max_size=2)):
        change = draw(st.sampled_from(["known", "known", "any", "without"]))
        if change == "without":
            kept.pop(name, None)
        else:
            kept[name] = draw(st.sampled_from(known()) if change == "known" else documents)
    return kept


@dataclass(frozen=True)
class Request:
    """A body and headers for an operation."""

    operation: str
    raw: bytes
    headers: dict[str, str]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request that is valid, nearly valid, or nothing of the kind."""
    rules = catalogue().rules[draw(st.sampled_from(sorted(catalogue().rules)))]
    good = sample(rules.operation.body_schema()) or {}
    raw = draw(
        st.one_of(
            mutated(good).map(lambda each: json.dumps(each).encode()),
            mutated(good).map(lambda each: json.dumps(each).encode()),
            documents.map(lambda each: json.dumps(each).encode()),
            st.binary(max_size=40),
        )
    )
    headers = {**CREDENTIALS.get(rules.product.name, {}), "Content-Type": "application/json"}
    for name in draw(st.lists(st.sampled_from([*headers, "x-api-version"]), max_size=1)):
        headers[name] = draw(header_texts).strip()
    if draw(st.integers(0, 9)) == 0:
        headers["Prefer"] = f'example="{draw(st.sampled_from(rules.operation.examples)).name}"'
    return Request(rules.name, raw, headers)


def proved(rules: Rules, status: int, media: str, body: Any) -> None:
    """Raise when an answer is none that the operation's spec, with ours merged in, lets it give."""
    content = rules.operation.body["responses"][str(status)]["content"]
    version = OAS30Validator if str(rules.operation.document["openapi"]).startswith("3.0") else OAS31Validator
    version(content[media]["schema"]).validate(body)


@settings(law, max_examples=250)
@given(st.lists(requests(), min_size=1, max_size=5))
def test_every_reply_keeps_the_spec(asked: list[Request]) -> None:
    client, sandbox = shared("fixed").test_client(), fresh()
    for each in asked:
        rules = catalogue().rules[each.operation]
        url = f"/@{sandbox}{rules.paths[0]}"
        answer = client.open(url, method=rules.operation.method, data=each.raw, headers=each.headers)
        assert "X-Mocksrv-Error" not in answer.headers
        assert answer.status_code < 500 or answer.headers["X-Mocksrv-Why"].startswith(("trigger", "preferred"))
        proved(rules, answer.status_code, str(answer.content_type), answer.json)


def test_a_reply_that_breaks_the_spec_would_be_found() -> None:
    rules = catalogue().rules["generateOtp"]
    with pytest.raises(ValidationError, match="'SENT' is not one of"):
        proved(rules, 200, "application/json", {"status": "SENT"})
    with pytest.raises(KeyError):
        proved(rules, 418, "application/json", {})
