"""Words of the notation, each at a vendor who does not exist: what it does over HTTP, how a wrong use of it is told."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent
from typing import Any

import jwt
import pytest
from click.testing import CliRunner

from mocksrv.cli import main
from mocksrv.threaded import running
from tests.http import Answer, app_for, call

NOON, NOON_IN_SECONDS = "2026-01-01T12:00:00Z", 1767268800
BAD: dict[str, Any] = {"400 bad": {"errors": [{"code": 0}]}}
SCHEMES = {"door": {"type": "http", "scheme": "basic"}, "pass": {"type": "apiKey", "in": "header", "name": "x-pass"}}


class Acme:
    """A vendor of our own: a spec with the operations that are added, each with its answers and its fixture."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fixtures = root / "fixtures/acme/shop"
        self.paths: dict[str, Any] = {}
        (root / "specs/acme").mkdir(parents=True)
        self.fixtures.mkdir(parents=True)
        self.product("")

    def product(self, fixture: str) -> None:
        (self.fixtures / "product.yaml").write_text(f"{dedent(fixture).strip()}\notherwise: 400 bad\n")

    def operation(
        self, name: str, fixture: str, answers: dict[str, Any], asks: dict[str, Any] | None = None, door: str = ""
    ) -> None:
        """``answers`` maps quotes to bodies, ``asks`` is the request's schema, ``door`` the scheme that lets in."""
        responses: dict[str, Any] = {}
        for quote, body in {**answers, **BAD}.items():
            status, _, example = quote.partition(" ")
            content = responses.setdefault(status, {"content": {"application/json": {"examples": {}}}})["content"]
            content["application/json"]["examples"][example] = {"value": body}
        self.paths[f"/{name}"] = {
            "post": {
                "operationId": name,
                "security": [{door: []}] if door else [],
                "parameters": [{"name": "who", "in": "query", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": asks or {"type": "object"}}}},
                "responses": {each: {"description": each, **response} for each, response in responses.items()},
            }
        }
        (self.fixtures / f"{name}.yaml").write_text(f"operation: {name}\n{dedent(fixture).strip()}\n")

    def write(self) -> Path:
        info, components = {"title": "Acme", "version": "1"}, {"securitySchemes": SCHEMES}
        document = {"openapi": "3.1.0", "info": info, "paths": self.paths, "components": components}
        (self.root / "specs/acme/shop.yaml").write_text(json.dumps(document))
        return self.root

    def problems(self) -> list[str]:
        """What ``mocksrv check`` says, but for its last line."""
        told = CliRunner().invoke(main, ["check", "--root", str(self.write())])
        return told.output.splitlines()[:-1]


@pytest.fixture
def acme(tmp_path: Path) -> Acme:
    return Acme(tmp_path)


@pytest.fixture
def serve(acme: Acme) -> Iterator[Callable[[], str]]:
    """Serve what was added, at noon; gives the base URL."""
    with ExitStack() as stack:

        def start() -> str:
            assert acme.problems() == []
            url = stack.enter_context(running(app_for(root=acme.root)))
            assert call("PUT", f"{url}/__admin/clock", {"action": "freeze", "to": NOON}).status == 200
            return url

        yield start


def ask(url: str, operation: str, headers: dict[str, str] | None = None, **body: Any) -> Answer:
    return call("POST", f"{url}/{operation}", body, headers=headers)


def told(answer: Answer) -> tuple[int, Any]:
    return answer.status, answer.body


def wait(url: str, duration: str) -> None:
    assert call("PUT", f"{url}/__admin/clock", {"action": "advance", "by": duration}).status == 200


def code_of(url: str, to: str) -> str:
    return str(call("GET", f"{url}/__admin/otps/latest?to={to}").body["code"])


def texts(url: str) -> list[tuple[str, str, str | None, str]]:
    """The inbox, oldest first: channel, address, subject and text."""
    found = call("GET", f"{url}/__admin/messages").body["messages"]
    return [(each["via"], each["to"], each["subject"], each["text"]) for each in reversed(found)]


# --- requests ------------------------------------------------------------------------------------------------------


def test_together_joins_the_answers_of_all_violations_in_fixture_order(acme: Acme, serve: Callable[[], str]) -> None:
    acme.product("together: errors")
    number = {"type": "integer"}
    acme.operation(
        "order",
        """
        violations:
          body.size:        400 badSize
          body.tea missing: 400 noTea
        success: {reply: 200 OK}
        """,
        {"200 OK": {}, "400 noTea": {"errors": [{"code": 1}]}, "400 badSize": {"errors": [{"code": 2}, {"code": 3}]}},
        {"type": "object", "required": ["tea"], "properties": {"size": number, "milk": number}},
    )
    url = serve()
    assert told(ask(url, "order", size="big")) == (400, {"errors": [{"code": 2}, {"code": 3}, {"code": 1}]})
    assert told(ask(url, "order")) == (400, {"errors": [{"code": 1}]})
    assert told(ask(url, "order", tea="green", milk="much")) == (400, {"errors": [{"code": 0}]})


@pytest.mark.parametrize(
    ("how", "sent", "key"),
    [
        ("upper", "Green", "GREEN"),
        ("lower", "Green", "green"),
        ("trimmed", "\tGreen ", "Green"),
        ("text", 7, "7"),
        ("text", 1.5, "1.5"),
        ("phone", "098765 43210", "919876543210"),
        ("phone", "+84 912 345 678", "84912345678"),
        ("phone", "Green", "Green"),
    ],
)
def test_reads_says_how_keys_see_a_field_and_answers_echo_what_was_sent(
    acme: Acme, serve: Callable[[], str], how: str, sent: object, key: str
) -> None:
    acme.product(f"records: {{tea: [{{key: '{key}', price: '12'}}]}}")
    acme.operation(
        "buy",
        f"""
        reads: {{"body.list[].tea": upper, body.tea: {how}}}
        requires:
          tea: {{key: body.tea, missing: 404 none}}
        success: {{reply: 200 OK, fields: {{tea: body.tea, price: tea.price}}}}
        """,
        {"200 OK": {"tea": "x", "price": "0"}, "404 none": {}},
    )
    assert told(ask(serve(), "buy", tea=sent, list=[{"tea": "x"}, 7])) == (200, {"tea": sent, "price": "12"})


def test_reads_holds_for_the_contract_and_for_a_query(acme: Acme, serve: Callable[[], str]) -> None:
    acme.operation(
        "buy",
        """
        reads: {"body.list[].tea": upper, query.who: lower}
        triggers: {query.who: {tom: 403 tom}}
        success: {reply: 200 OK}
        """,
        {"200 OK": {}, "403 tom": {}},
        {"properties": {"list": {"items": {"properties": {"tea": {"enum": ["GREEN"]}}}}}},
    )
    url = serve()
    assert ask(url, "buy", list=[{"tea": "Green"}, {"tea": "GREEN"}]).status == 200
    assert ask(url, "buy", list=[{"tea": "black"}]).status == 400
    assert ask(url, "buy?who=TOM").status == 403


def test_number_shows_a_whole_number_where_a_record_keeps_a_text(acme: Acme, serve: Callable[[], str]) -> None:
    acme.product("records: {tea: [{key: green, price: '12', name: '7 up', weight: '50'}]}")
    acme.operation(
        "buy",
        """
        requires:
          tea: {key: body.tea}
        success:
          reply: 200 OK
          fields: {price: {number: tea.price}, name: {number: tea.name}, weight: tea.weight}
        """,
        {"200 OK": {"price": "0", "name": "", "weight": "0"}},
    )
    assert ask(serve(), "buy", tea="green").body == {"price": 12, "name": "7 up", "weight": "50"}


# --- codes ---------------------------------------------------------------------------------------------------------

CHECK = "otp: {key: body.to, check: body.code, missing: 400 bad, used: 410 used, expired: 410 old, wrong: 403 wrong}"
CHECKED: dict[str, Any] = {"200 OK": {}, "403 wrong": {}, "410 used": {}, "410 old": {}}


def test_again_same_sends_the_code_once_more_and_success_again_answers(acme: Acme, serve: Callable[[], str]) -> None:
    acme.operation(
        "send",
        """
        otp: {issue: 6 digits, key: body.to, again: same, lives: 10 minutes}
        messages:
          - {via: SMS, to: body.to, text: "{code}"}
        success: {reply: 200 OK, fields: {id: counter from 5}, again: 200 AGAIN}
        """,
        {"200 OK": {"id": 5}, "200 AGAIN": {"id": 0, "again": True}},
    )
    acme.operation("check", CHECK + "\nsuccess: {reply: 200 OK}", CHECKED)
    url = serve()
    assert ask(url, "send", to="tom").body == {"id": 5}
    wait(url, "599s")
    assert ask(url, "send", to="tom").body == {"id": 0, "again": True}
    code = code_of(url, "tom")
    assert texts(url) == [("SMS", "tom", None, code)] * 2
    assert ask(url, "send", to="huck").body == {"id": 6}

    wait(url, "1s")  # the first sending counts, not the second
    assert ask(url, "check", to="tom", code=code).status == 410
    assert ask(url, "send", to="tom").body == {"id": 7}
    assert code_of(url, "tom") != code

    assert ask(url, "check", to="tom", code=code_of(url, "tom")).status == 200
    assert ask(url, "send", to="tom").body == {"id": 8}  # after its use as well


def test_again_same_keeps_the_attempts_spent_and_again_new_fills_them_up(acme: Acme, serve: Callable[[], str]) -> None:
    otp = "otp: {{issue: 6 digits, key: '{0} {{body.to}}', again: {0}, attempts: 2}}"
    check = (
        "otp: {{key: '{0} {{body.to}}', check: body.code, missing: 400 bad, used: 400 bad, exhausted: 429 spent, "
        "wrong: 403 wrong}}"
    )
    for how in ("same", "new"):
        acme.operation(f"{how}Send", f"{otp.format(how)}\nsuccess: {{reply: 200 OK}}", {"200 OK": {}})
        answers: dict[str, Any] = {"200 OK": {}, "403 wrong": {}, "429 spent": {}}
        acme.operation(f"{how}Check", f"{check.format(how)}\nsuccess: {{reply: 200 OK}}", answers)
    url = serve()
    statuses = {}
    for how in ("same", "new"):
        asked = [f"{how}Send", f"{how}Check", f"{how}Send", f"{how}Check", f"{how}Check"]
        statuses[how] = [ask(url, operation, to="tom", code="0").status for operation in asked]
    assert statuses == {"same": [200, 403, 200, 403, 429], "new": [200, 403, 200, 403, 403]}


def test_again_new_replaces_the_code(acme: Acme, serve: Callable[[], str]) -> None:
    send = "otp: {issue: 6 digits, key: body.to, again: new}\nmessages: [{via: SMS, to: body.to, text: '{code}'}]"
    acme.operation("send", f"{send}\nsuccess: {{reply: 200 OK}}", {"200 OK": {}})
    acme.operation("check", f"{CHECK}\nsuccess: {{reply: 200 OK}}", CHECKED)
    url = serve()
    codes = []
    for _ in range(2):
        ask(url, "send", to="tom")
        codes.append(code_of(url, "tom"))
    assert codes[0] != codes[1]
    assert [ask(url, "check", to="tom", code=code).status for code in codes] == [403, 200]


def test_counter_counts_successes_alone_and_from_the_start_after_a_reset(acme: Acme, serve: Callable[[], str]) -> None:
    acme.operation(
        "buy",
        """
        triggers: {body.tea: {black: 404 none}}
        creates:
          order: {key: "T-{counter from 7}", keeps: {number: counter from 100}}
        success: {reply: 200 OK, fields: {id: counter from 7, key: order.key, number: order.number}}
        """,
        {"200 OK": {"id": 0, "key": "", "number": 0}, "404 none": {}},
    )
    url = serve()
    first = {"id": 7, "key": "T-7", "number": 100}
    assert [ask(url, "buy", tea=tea).body for tea in ("green", "black", "white")] == [
        first, {}, {"id": 8, "key": "T-8", "number": 101},
    ]  # fmt: skip
    call("POST", f"{url}/__admin/reset")
    assert ask(url, "buy", tea="green").body == first


def test_a_text_for_each_channel_and_a_placeholder_in_texts_of_others(acme: Acme, serve: Callable[[], str]) -> None:
    acme.product("records: {style: [{key: S, post: 'Dear all, <code>, <CODE>'}]}")
    acme.operation(
        "send",
        """
        requires:
          style: {key: body.style, missing: accepted}
        otp: {issue: "123456", key: body.to}
        messages:
          - via: body.list[].via
            to: body.list[].to
            placeholder: <code>
            subject: {POST: "About <code>"}
            text:
              SMS: [body.text, "SMS {code}"]
              POST: [style.post, "By post <code> to {body.to}"]
              otherwise: "By {body.list[0].via}: <code>"
        success: {reply: 200 OK}
        """,
        {"200 OK": {}},
    )
    url = serve()
    channels = [{"via": "SMS", "to": "1"}, {"via": "POST", "to": "2"}, {"via": "DRUM", "to": "3"}]
    ask(url, "send", to="tom", list=channels)
    assert texts(url) == [
        ("SMS", "1", None, "SMS 123456"),
        ("POST", "2", "About 123456", "By post 123456 to tom"),
        ("DRUM", "3", None, "By SMS: 123456"),
    ]
    call("POST", f"{url}/__admin/reset")
    ask(url, "send", to="tom", style="S", text="<code>{code}<code>", list=channels)
    assert [text for _, _, _, text in texts(url)] == [
        "123456{code}123456", "Dear all, 123456, <CODE>", "By SMS: 123456",
    ]  # fmt: skip


# --- records -------------------------------------------------------------------------------------------------------


def test_a_session_pays_for_wrong_codes_and_ends_and_a_guest_is_made_once(acme: Acme, serve: Callable[[], str]) -> None:
    acme.operation(
        "enter",
        """
        creates:
          visit: {key: "V-{uuid}", lives: 1 hour, attempts: 2, keeps: {guest: body.guest}}
        success: {reply: 200 OK, fields: {visit: visit.key}}
        """,
        {"200 OK": {"visit": ""}},
    )
    acme.operation(
        "send",
        """
        requires:
          visit: {key: body.visit, missing: 404 none, ended: 410 ended, exhausted: 429 spent, expired: 410 old}
        otp: {issue: "123456", key: visit.key, again: new}
        success: {reply: 200 OK}
        """,
        {"200 OK": {}, "404 none": {}, "410 ended": {"ended": 1}, "410 old": {"old": 1}, "429 spent": {}},
    )
    acme.operation(
        "check",
        """
        requires:
          visit: {key: body.visit, missing: 404 none, ended: 410 ended, exhausted: 429 spent}
        otp: {key: visit.key, check: body.code, charges: visit, missing: 400 bad, used: 400 bad, wrong: 403 wrong}
        creates:
          guest: {key: visit.guest, again: same, keeps: {number: 7 digits}}
        ends: [visit]
        success: {reply: 200 OK, fields: {number: guest.number}}
        """,
        {"200 OK": {"number": 0}, "403 wrong": {}, "404 none": {}, "410 ended": {}, "429 spent": {}},
    )
    url = serve()

    def entered(guest: str) -> str:
        visit = str(ask(url, "enter", guest=guest).body["visit"])
        assert ask(url, "send", visit=visit).status == 200
        return visit

    numbers = []
    for guest in ("tom", "huck", "tom"):
        visit = entered(guest)
        assert ask(url, "check", visit=visit, code="0").status == 403
        assert ask(url, "send", visit=visit).status == 200  # a new code does not give the attempt back
        numbers.append(ask(url, "check", visit=visit, code="123456").body["number"])
        assert ask(url, "check", visit=visit, code="123456").status == 410
        assert told(ask(url, "send", visit=visit)) == (410, {"ended": 1})
    assert numbers[0] == numbers[2] != numbers[1]

    visit = entered("tom")
    asked = [("check", "0"), ("send", ""), ("check", "0"), ("check", "123456"), ("send", "")]
    assert [ask(url, what, visit=visit, code=code).status for what, code in asked] == [403, 200, 403, 429, 429]
    visit = entered("tom")
    wait(url, "1 hour")
    assert told(ask(url, "send", visit=visit)) == (410, {"old": 1})


def test_differs_compares_with_the_field_of_another_name_and_skips_what_is_absent(
    acme: Acme, serve: Callable[[], str]
) -> None:
    acme.product("records: {guest: [{key: tom, phone: '1', room: '7'}, {key: huck, phone: '2'}]}")
    acme.operation(
        "knock",
        """
        requires:
          guest: {key: body.guest, differs: {body.number from guest.phone: 403 phone, body.room: 403 room}}
        success: {reply: 200 OK}
        """,
        {"200 OK": {}, "403 phone": {"differs": "phone"}, "403 room": {"differs": "room"}},
    )
    url = serve()
    assert told(ask(url, "knock", guest="tom", number="2", room="8")) == (403, {"differs": "phone"})
    assert told(ask(url, "knock", guest="tom", number="1", room="8")) == (403, {"differs": "room"})
    assert ask(url, "knock", guest="tom", number=1, room="7").status == 200
    assert ask(url, "knock", guest="tom", phone="3").status == 200
    assert ask(url, "knock", guest="huck", room="9").status == 200


def test_by_finds_a_record_by_another_field_and_accepted_does_without_it(acme: Acme, serve: Callable[[], str]) -> None:
    acme.product("records: {guest: [{key: tom, phone: '1'}], room: [{key: '7', view: sea}]}")
    acme.operation(
        "ring",
        """
        requires:
          guest: {by: phone, key: body.phone, missing: 404 none}
          room: {key: body.room, missing: accepted}
        success: {reply: 200 OK, fields: {guest: guest.key, view: room.view}}
        """,
        {"200 OK": {"guest": "", "view": ""}, "404 none": {}},
    )
    url = serve()
    assert told(ask(url, "ring", phone="1", room="7")) == (200, {"guest": "tom", "view": "sea"})
    assert told(ask(url, "ring", phone="1", room="8")) == (200, {"guest": "tom"})
    assert ask(url, "ring", phone="tom", room="7").status == 404


# --- who may call --------------------------------------------------------------------------------------------------


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("stored", ["", "stored: md5, "])
def test_user_and_password_open_a_door_as_they_are_or_as_the_md5_of_what_is_stored(
    acme: Acme, serve: Callable[[], str], stored: str
) -> None:
    acme.product(
        f"""
        credentials:
          door: {{user: client.name, password: client.word, {stored}missing: 401 who, unknown: 403 no}}
        records:
          client: [{{name: tom, word: "pass:word", room: "7"}}]
        """
    )
    answers: dict[str, Any] = {"200 OK": {"room": ""}, "401 who": {}, "403 no": {}}
    acme.operation("enter", "success: {reply: 200 OK, fields: {room: client.room}}", answers, door="door")
    url = serve()
    clear, hashed = "pass:word", hashlib.md5(b"pass:word", usedforsecurity=False).hexdigest()
    right, wrong = (hashed, clear) if stored else (clear, hashed)
    assert told(ask(url, "enter", basic("tom", right))) == (200, {"room": "7"})
    headers: list[dict[str, str]] = [basic("tom", wrong), basic("huck", right), {"Authorization": "Basic ?"}, {}]
    assert [ask(url, "enter", each).status for each in headers] == [403, 403, 403, 401]


def test_a_token_is_a_jwt_that_opens_a_door_until_it_expires(acme: Acme, serve: Callable[[], str]) -> None:
    acme.product(
        """
        credentials:
          pass: {token: entry, missing: 401 who, unknown: 403 no, expired: 401 old}
        tokens:
          entry:
            algorithm: HS256
            key: a key for tests that is long enough
            lives: 5 minutes
            header: {typ: JWT, kid: k7, to: body.nobody}
            claims: {iss: Acme, sub: client.key, room: {number: client.room}, tags: [client.room, "x {client.key}"]}
        records:
          client: [{key: tom, room: "7"}]
        """
    )
    acme.operation(
        "enter",
        """
        requires:
          client: {key: body.name, missing: 404 none}
        success: {reply: 200 OK, fields: {token: token entry}}
        """,
        {"200 OK": {"token": ""}, "404 none": {}},
    )
    answers: dict[str, Any] = {"200 OK": {"room": ""}, "401 who": {"who": 1}, "401 old": {"old": 1}, "403 no": {}}
    acme.operation("rest", "success: {reply: 200 OK, fields: {room: client.room}}", answers, door="pass")
    url = serve()
    token = ask(url, "enter", name="tom").body["token"]
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": "k7", "to": None}
    unjudged = jwt.decode(
        token,
        "a key for tests that is long enough",
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert unjudged == {
        "iss": "Acme", "sub": "tom", "room": 7, "tags": ["7", "x tom"],
        "iat": NOON_IN_SECONDS, "exp": NOON_IN_SECONDS + 300,
    }  # fmt: skip
    assert told(ask(url, "rest", {"x-pass": token})) == (200, {"room": "7"})
    assert ask(url, "rest", {"x-pass": token + "x"}).status == 403
    assert told(ask(url, "rest")) == (401, {"who": 1})
    wait(url, "5 minutes")
    assert told(ask(url, "rest", {"x-pass": token})) == (401, {"old": 1})
    token = ask(url, "enter", name="tom").body["token"]
    call("POST", f"{url}/__admin/reset")
    assert ask(url, "rest", {"x-pass": token}).status == 403


def test_a_digest_must_be_there_be_right_and_be_fresh(acme: Acme, serve: Callable[[], str]) -> None:
    acme.operation(
        "send",
        """
        reads: {body.to: upper}
        signed:
          in: body.sum
          how: sha256 base64
          over: "{body.to}+{body.at}"
          time: body.at
          within: 1 minute
          when: {body.sealed: "yes"}
          missing: 400 none
          wrong:   403 wrong
          stale:   408 stale
        success: {reply: 200 OK}
        """,
        {"200 OK": {}, "400 none": {}, "403 wrong": {}, "408 stale": {}},
    )
    url = serve()

    def status(at: object, to: str = "Tom", digest: str | None = None, sealed: str = "yes") -> int:
        made = base64.b64encode(hashlib.sha256(f"Tom+{at}".encode()).digest()).decode()
        return ask(url, "send", to=to, at=at, sealed=sealed, sum=made if digest is None else digest).status

    assert (status(NOON_IN_SECONDS), status(str(NOON_IN_SECONDS * 1000 - 60_000))) == (200, 200)
    assert (status(NOON_IN_SECONDS, to="TOM"), status(NOON_IN_SECONDS, digest="x")) == (403, 403)  # over what is sent
    assert (status(NOON_IN_SECONDS, digest=""), status(0, digest="", sealed="no")) == (400, 200)
    assert [status(NOON_IN_SECONDS + late) for late in (-61, 61)] == [408, 408]
    signed = call("POST", f"{url}/__admin/sign", {"operation": "send", "body": {"to": "Tom", "at": NOON_IN_SECONDS}})
    assert status(NOON_IN_SECONDS, digest=signed.body["value"]) == 200


# --- answers -------------------------------------------------------------------------------------------------------


def test_renews_fills_fields_of_every_answer_that_has_them_refusals_too(acme: Acme, serve: Callable[[], str]) -> None:
    acme.product("renews: {at: now, meta.path: path, meta.none: body.nothing}")
    acme.operation(
        "buy",
        "triggers: {body.tea: {black: 404 none}}\nsuccess: {reply: 200 OK, fields: {id: body.tea}}",
        {
            "200 OK": {"id": "", "at": "2000-01-01T00:00:00.000Z", "meta": {"path": ""}},
            "404 none": {"at": 946684800, "meta": {"path": "", "none": 1}, "path": "as it is"},
        },
    )
    url = serve()
    assert ask(url, "buy", tea="green").body == {
        "id": "green",
        "at": "2026-01-01T12:00:00.000Z",
        "meta": {"path": "/buy"},
    }
    assert ask(url, "buy", tea="black").body == {"at": NOON_IN_SECONDS, "meta": {"path": "/buy"}, "path": "as it is"}


def test_a_null_in_an_example_stays_null(acme: Acme, serve: Callable[[], str]) -> None:
    fixture = "success: {reply: 200 OK, fields: {tea: body.tea, milk: body.milk}}"
    acme.operation("buy", fixture, {"200 OK": {"tea": "", "milk": None}})
    assert ask(serve(), "buy", tea="green", milk="much").body == {"tea": "green", "milk": None}


def test_refusals_go_out_with_another_status_and_media_type(acme: Acme, serve: Callable[[], str]) -> None:
    acme.product("refusals: {status: 422, media: application/problem+json}")
    fixture = "triggers: {body.tea: {black: 200 NO, red: 404 none}}\nsuccess: {reply: 200 OK}"
    acme.operation("buy", fixture, {"200 OK": {}, "200 NO": {"no": 1}, "404 none": {}})
    url = serve()
    answers = [ask(url, "buy", tea=tea) for tea in ("green", "black", "red")]
    assert [(answer.status, answer.headers["Content-Type"]) for answer in answers] == [
        (200, "application/json"), (422, "application/problem+json"), (404, "application/problem+json"),
    ]  # fmt: skip
    assert answers[1].body == {"no": 1}


# --- wrong uses ----------------------------------------------------------------------------------------------------

SEND = "otp: {issue: 6 digits, key: body.to}\n"
OK = "\nsuccess: {reply: 200 OK}"
MESSAGE = SEND + "messages:\n  - {via: SMS, to: body.to, text: x, "
SIGNED = "signed: {in: body.sum, within: 1 minute, missing: 400 bad, wrong: 400 bad, stale: 400 bad, "
QUOTE = 'is not a quote; write "<status> <example name>", like "409 duplicate"'
PLACE = 'is not a place; write it like "body.user_id" or "header.x-client-id"'
FIELD = 'is not a field; write it like "user_id", "auth.token" or "list[0].name"'
DURATION = 'is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"'

WRONG_IN_AN_OPERATION = {
    "reads": ("reads: {body.tea: uper}" + OK, '2:19: "uper" is not one of upper, lower, trimmed, text, phone'),
    "reads where": (
        "reads: {header.x-tea: upper}" + OK,
        '2:9: "header.x-tea" cannot be read in a way of its own; a body and a query can',
    ),
    "otp again": ("otp: {issue: 6 digits, key: body.to, again: sme}" + OK, f'2:45: "sme" {QUOTE}'),
    "success again": (
        "otp: {issue: 6 digits, key: body.to, again: same}\nsuccess: {reply: 200 OK, again: 200 OKAY}",
        '3:33: no example "200 OKAY" in send; did you mean "200 OK"?',
    ),
    "success again without again": (
        SEND + "success: {reply: 200 OK, again: 200 OK}",
        '3:33: "200 OK" is never answered: the OTP does not say "again: same"',
    ),
    "counter": (
        "success: {reply: 200 OK, fields: {id: counter from ten}}",
        '2:39: "counter from ten" is neither a place nor a word; did you mean "counter from 10"?',
    ),
    "placeholder": (MESSAGE + "placeholder: [x]}" + OK, "4:38: a text is wanted here"),
    "text per channel": (
        SEND + "messages:\n  - {via: SMS, to: body.to, text: {SMS: x, otherwise: '{6 didgits}'}}" + OK,
        '4:29: "{6 didgits}" is neither a place nor a word',
    ),
    "charges": (
        "otp: {key: body.to, check: body.code, charges: vist, missing: 400 bad, used: 400 bad, wrong: 400 bad}\n"
        "requires:\n  visit: {key: body.visit}" + OK,
        '2:48: the operation requires no "vist"; did you mean "visit"?',
    ),
    "ends": ("ends: [visit]" + OK, '2:8: the operation requires no "visit"; there is none'),
    "creates again": ("creates:\n  guest: {key: body.to, again: sme}" + OK, f'3:32: "sme" {QUOTE}'),
    "differs": (
        "requires:\n  guest: {key: body.to, differs: {body.tea from tea: 400 bad}}" + OK,
        f'3:35: "tea" {PLACE}',
    ),
    "differs from": (
        "requires:\n  guest: {key: body.to, differs: {body.tea from gest.tea: 400 bad}}" + OK,
        '3:35: "gest.tea" begins with "gest"; did you mean "guest"?',
    ),
    "requires by": ("requires:\n  guest: {key: body.to, by: [tea]}" + OK, "3:25: a text is wanted here"),
    "requires accepted": ("requires:\n  guest: {key: body.to, missing: acepted}" + OK, f'3:34: "acepted" {QUOTE}'),
    "requires ended": (
        "requires:\n  guest: {key: body.to, ended: 400 bat}" + OK,
        '3:32: no example "400 bat" in send; did you mean "400 bad"?',
    ),
    "token": (
        "success: {reply: 200 OK, fields: {id: token entry}}",
        '2:39: no token "entry" in fixtures/acme/shop/product.yaml; there is none',
    ),
    "signed how": (
        SIGNED + "how: sha512 base64, over: x}" + OK,
        '2:97: "sha512 base64" is not one of rsa-oaep-sha1 base64, sha256 base64',
    ),
    "signed key": (
        SIGNED + "how: rsa-oaep-sha1 base64, over: x, key: a.pem}" + OK,
        '2:9: no key "a.pem" in fixtures/acme/keys; there is none',
    ),
    "number": (
        "success: {reply: 200 OK, fields: {id: {number: 7 didgits}}}",
        '2:35: "7 didgits" is neither a place nor a word; did you mean "19 digits"?',
    ),
}


@pytest.mark.parametrize("word", WRONG_IN_AN_OPERATION)
def test_a_wrong_use_in_an_operation_is_told_with_its_place(acme: Acme, word: str) -> None:
    fixture, problem = WRONG_IN_AN_OPERATION[word]
    acme.operation("send", fixture, {"200 OK": {"id": 0}})
    acme.operation("make", SEND + "success: {reply: 200 OK}", {"200 OK": {}})
    assert acme.problems() == [f"fixtures/acme/shop/send.yaml:{problem}"]


CREDENTIAL = "credentials:\n  door: {missing: 400 bad, unknown: 400 bad, "
ENTRY = "tokens:\n  entry: {key: a.pem, "

WRONG_IN_A_PRODUCT = {
    "together": ("together: errors[", f'1:11: "errors[" {FIELD}'),
    "together where": ("together: erors", '1:1: no answer of acme/shop has a list "erors" to join'),
    "credentials stored": (
        CREDENTIAL + "user: client.key, password: client.word, stored: sha1}",
        '2:95: "sha1" is not one of md5',
    ),
    "credentials password": (
        CREDENTIAL + "user: client.key}",
        '2:9: a credential says "is", or "user" and "password", or "token"',
    ),
    "credentials token": (CREDENTIAL + "token: entry}", '2:9: no token "entry" below "tokens:"; there is none'),
    "tokens algorithm": (ENTRY + "algorithm: RS512}", '2:34: "RS512" is not one of RS256, HS256'),
    "tokens key": (
        ENTRY + "algorithm: RS256}",
        '2:10: the token entry has no key "a.pem" in fixtures/acme/keys; there is none',
    ),
    "tokens lives": (ENTRY + "algorithm: HS256, lives: soon}", f'2:48: "soon" {DURATION}'),
    "renews": ('renews: {"list[].at": now}', f'1:10: "list[].at" {FIELD}'),
    "renews what": (
        "renews: {at: 7 didgits}",
        '1:14: "7 didgits" is neither a place nor a word; did you mean "19 digits"?',
    ),
    "refusals": ("refusals: {stauts: 400}", '1:12: unknown key "stauts"; did you mean "status"?'),
    "refusals status": ("refusals: {status: 4OO}", '1:20: "4OO" is not an HTTP status; write it like "400"'),
}


@pytest.mark.parametrize("word", WRONG_IN_A_PRODUCT)
def test_a_wrong_use_in_a_product_is_told_with_its_place(acme: Acme, word: str) -> None:
    fixture, problem = WRONG_IN_A_PRODUCT[word]
    acme.product(fixture)
    acme.operation("send", "success: {reply: 200 OK}", {"200 OK": {}}, door="door" if "door" in fixture else "")
    assert acme.problems() == [f"fixtures/acme/shop/product.yaml:{problem}"]


def test_a_digest_needs_no_key_wherever_it_is_asked_for(acme: Acme) -> None:
    acme.product(SIGNED + "how: sha256 base64, over: '{body.to}'}")
    acme.operation("send", "success: {reply: 200 OK}", {"200 OK": {}})
    assert acme.problems() == []
