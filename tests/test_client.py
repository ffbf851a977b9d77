"""``mocksrv.Client`` against the shared server, each test in a sandbox of its own."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

import mocksrv
from mocksrv import Client
from mocksrv.client import NothingSent, Refused, Unreachable
from mocksrv.errors import MocksrvError
from mocksrv.threaded import running
from tests.http import CASHFREE, Answer, app_for, call

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PHONE = "9876543210"


@pytest.fixture
def client(sandbox: str) -> Iterator[Client]:
    with Client(sandbox) as client:
        yield client


def generate(client: Client, key: str = "Test123", **more: object) -> Answer:
    body = {"otp_verification_id": key, "user_id": "USER827364", "notification_modes": ["SMS"], **more}
    return call("POST", f"{client}/ppi/otp/generate", body, headers=CASHFREE)


# Where, and as whom


def test_its_url_is_the_sandbox(client: Client, sandbox: str) -> None:
    assert (client.base_url, str(client), repr(client)) == (sandbox, sandbox, f"mocksrv.Client('{sandbox}')")
    with Client(f"{sandbox}/") as same:
        assert same.base_url == sandbox
    assert client.health()["sandbox"] == sandbox.rpartition("@")[2]


@pytest.mark.parametrize("vendor", ["cashfree", "cashfree/verification", "capillary", "m2p/prepaid"])
def test_url_for_a_vendor(client: Client, vendor: str) -> None:
    assert client.url_for(vendor) == client.base_url


@pytest.mark.parametrize("ask", [Client.url_for, Client.credentials])
def test_an_unknown_vendor(client: Client, ask: object) -> None:
    assert callable(ask)
    with pytest.raises(MocksrvError, match='there is no vendor "cashfrei"; did you mean "cashfree"'):
        ask(client, "cashfrei")


def test_credentials_let_in(client: Client) -> None:
    assert client.credentials("cashfree") == CASHFREE
    assert client.credentials("cashfree/verification", "TEST_CLIENT_2FA")["x-client-id"] == "TEST_CLIENT_2FA"
    assert client.credentials("m2p")["X-TENANT-ID"] == "ACME_CORP"
    assert client.credentials("capillary/auth") == {}


def test_an_unknown_client(client: Client) -> None:
    with pytest.raises(MocksrvError, match='cashfree/ppi has no client "TEST_CLIENT"; did you mean "TEST_CLIENT_ID"'):
        client.credentials("cashfree/ppi", "TEST_CLIENT")


def test_operations(client: Client) -> None:
    known = {each.name: each for each in client.operations}
    generated = known["generateOtp"]
    assert (generated.product, generated.vendor, generated.method) == ("cashfree/ppi", "cashfree", "POST")
    assert generated.paths == ("/ppi/otp/generate",)
    assert "409 duplicateOtpRequest" in generated.answers


# Codes and messages


def test_otp_waits(client: Client) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.otp, to="+91 98765 43210")
        generate(client)
        assert waiting.result() == "111000"
    assert client.otp(to="USER827364", vendor="cashfree", operation="generateOtp") == "111000"


def test_otp_after_another(client: Client) -> None:
    generate(client, "One")
    first = client.otps.wait(to=PHONE)
    generate(client, "Two")
    assert client.otps.wait(to=PHONE, after=first).key == "Two"
    assert [each.key for each in client.otps] == ["Two", "One"]
    assert [each.key for each in client.otps.all(limit=1)] == ["Two"]
    assert [each.key for each in client.otps.all(after=first.id - 1, state="live")] == ["Two", "One"]


def test_otp_that_does_not_come(client: Client) -> None:
    with pytest.raises(NothingSent, match=r"no live OTP came for to='1', timeout='0\.0\d*s'; none was sent at all"):
        client.otp(to="1", timeout=0.01)
    generate(client)
    with pytest.raises(NothingSent, match=r"newest first: 111000 to 9876543210.* \(live\)"):
        client.otp(to="1", timeout="10ms")
    with pytest.raises(ValueError, match="is not a duration"):
        client.otp(timeout="soon")


def test_otp_that_has_ended(client: Client) -> None:
    generate(client, "One")
    generate(client, "Two")
    two, one = client.otps
    assert client.otps.lock(one).state == "locked"
    assert client.otps.expire(two.id).state == "expired"
    assert len(client.otps) == 2
    assert client.otps.all(state="live") == []


def test_messages(client: Client) -> None:
    generate(client, "One", notification_modes=["SMS", "WHATSAPP"])
    text = "111000 is your wallet verification code."
    assert [(each.via, each.to, each.text, each.code) for each in client.messages] == [
        ("WHATSAPP", PHONE, text, "111000"),
        ("SMS", PHONE, text, "111000"),
    ]
    sms = client.messages.latest(channel="sms", to=f"+91{PHONE}")
    assert str(sms) == f'SMS to {PHONE}: "{text}" (generateOtp)'
    assert client.messages.all(since=sms.sent, limit=1, vendor="cashfree", operation="generateOtp", channel="SMS") == [
        sms
    ]
    assert client.messages.all(since=datetime.now(UTC) + timedelta(days=1)) == []
    assert len(client.messages) == 2
    with pytest.raises(Refused, match="No message"):
        client.messages.latest(to="nobody")


# Calls


def test_requests(client: Client) -> None:
    generate(client, "a b")
    call("GET", f"{client}/nowhere?x=1")
    nowhere, refused = client.requests
    assert (nowhere.method, nowhere.url, nowhere.path, nowhere.status) == ("GET", "/nowhere?x=1", "/nowhere", 404)
    assert (nowhere.operation, nowhere.body, nowhere.violations) == (None, "", ())
    assert (refused.operation, refused.client, refused.status) == ("generateOtp", "TEST_CLIENT_ID", 400)
    assert refused.violations == ("body.otp_verification_id pattern",)
    assert refused.json()["otp_verification_id"] == "a b"
    assert refused.told["response"]["status"] == 400
    assert "otp_verification_id_invalid" in refused.answer
    assert client.requests.find({"method": "POST", "urlPath": "/ppi/otp/generate"}) == [refused]
    assert "violated body.otp_verification_id pattern" in client.requests.explain(refused)
    assert "there is no GET /nowhere" in client.requests.explain()
    assert client.requests.all(limit=1) == [nowhere]
    client.requests.clear()
    assert len(client.requests) == 0


def test_a_long_body_is_shown_in_part(client: Client) -> None:
    generate(client, "x" * 1000)
    shown = str(next(iter(client.requests))).splitlines()
    assert shown[0] == "POST /ppi/otp/generate -> 400, generateOtp"
    assert shown[1].startswith(
        "    because violated body.otp_verification_id maxLength -> 400 otp_verification_id_too_long"
    )
    assert shown[2] == "    wrong   body.otp_verification_id maxLength"
    assert shown[3].startswith('    sent    {"otp_verification_id": "xxx')
    assert shown[3].endswith(f"{'x' * 40} ...")


def test_called(client: Client) -> None:
    client.requests.assert_not_called()
    generate(client, "One")
    generate(client, "One")
    assert len(client.requests.assert_called()) == 2
    assert len(client.requests.assert_called("generateOtp", times=2)) == 2
    assert [each.status for each in client.requests.assert_called("generateOtp", status=409)] == [409]
    client.requests.assert_called(pattern={"bodyPatterns": [{"contains": "One"}]}, times=2)
    client.requests.assert_not_called("ppiSubmitOtp")
    client.requests.assert_not_called("generateOtp", status=500)


def test_the_journal_is_fetched_once(sandbox: str) -> None:
    asked: list[str] = []
    with httpx.Client(event_hooks={"request": [lambda call: asked.append(f"{call.method} {call.url.path}")]}) as http:
        client = Client(sandbox, http=http)
        generate(client)
        assert client.operations
        for look in (client.requests.find, lambda pattern: client.requests.assert_called(pattern=pattern)):
            asked.clear()
            assert len(look({"method": "POST"})) == 1
            assert [each.rpartition("/__admin/")[2] for each in asked] == ["requests/find", "requests"]


def test_not_called_lists_the_nearest_first(client: Client) -> None:
    call("GET", f"{client}/v2/otp")
    call("POST", f"{client}/ppi/otp/generat", {}, headers=CASHFREE)
    generate(client, "One")
    generate(client, "One")
    with pytest.raises(AssertionError) as failed:
        client.requests.assert_called("generateOtp", status=409, times=2)
    lines = str(failed.value).splitlines()
    assert lines[0] == "expected 2 calls of generateOtp answered with 409, found 1. All 4, the nearest first:"
    assert [line.strip() for line in lines if not line.startswith("    ")][1:] == [
        "POST /ppi/otp/generate -> 409, generateOtp",
        "POST /ppi/otp/generate -> 200, generateOtp",
        "POST /ppi/otp/generat -> 404, no operation",
        "GET /v2/otp -> 401, capillaryGetOtp",
    ]
    assert '      because there is no POST /ppi/otp/generat; did you mean "POST /ppi/otp/generate"?' in lines


def test_not_called_when_no_call_came(client: Client) -> None:
    with pytest.raises(
        AssertionError, match=r"expected at least 1 call of generateOtp, found 0\. No call came at all\."
    ):
        client.requests.assert_called("generateOtp")
    generate(client)
    with pytest.raises(AssertionError, match=r"expected 1 call that fit the pattern, found 0"):
        client.requests.assert_called(pattern={"method": "PUT"}, times=1)
    with pytest.raises(AssertionError, match=r"expected 0 calls, found 1\. All 1, the nearest first:\n  POST"):
        client.requests.assert_not_called()


def test_many_near_misses(client: Client) -> None:
    for _ in range(22):
        call("GET", f"{client}/nowhere")
    with pytest.raises(AssertionError, match=r"and 2 more$"):
        client.requests.assert_called("generateOtp")


def test_calls_that_were_dropped_cannot_be_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocksrv.state.contract.MOST_ENTRIES", 2)
    for _ in range(3):
        generate(client)
    client.requests.assert_called("generateOtp")
    with pytest.raises(AssertionError, match="the journal had no room for 1 older calls"):
        client.requests.assert_not_called("ppiSubmitOtp")


def test_an_unknown_operation_is_no_success(client: Client) -> None:
    with pytest.raises(MocksrvError, match='there is no operation "generateOTP"; did you mean "generateOtp"'):
        client.requests.assert_not_called("generateOTP")


# What is changed


def test_force(client: Client) -> None:
    fault = client.force("502 Bad Gateway", times=2, operation="generateOtp")
    assert (fault.armed, fault.left, fault.acted) == (True, 2, 0)
    assert [generate(client).status for _ in range(3)] == [502, 502, 200]
    assert [(each.acted, each.armed) for each in client.faults] == [(2, False)]


def test_force_once_where_it_fits(client: Client) -> None:
    client.force("429 rateLimitExceeded", where={"body.otp_verification_id": "Two"}, after=1)
    keys = ("Two", "One", "Two", "Three")
    assert [generate(client, key).status for key in keys] == [200, 200, 429, 200]


def test_force_on_the_way(client: Client) -> None:
    client.force(fault="empty", delay="1ms", for_="1 hour")
    assert [generate(client, key).raw for key in ("One", "Two")] == [b"", b""]
    client.faults.disarm()
    one, two = client.faults.arm({"fault": "truncate", "bytes": 3}), client.force(fault="drip", lasts="1s")
    client.faults.disarm(one)
    client.faults.disarm(two.id)
    assert client.faults.all() == []


def test_force_what_there_is_not(client: Client) -> None:
    with pytest.raises(Refused, match=r'has no answer "502 Bad Gatewy"') as refused:
        client.force("502 Bad Gatewy", operation="generateOtp")
    assert (refused.value.status, refused.value.kind) == (422, "no-such-answer")
    assert refused.value.problem["title"] in str(refused.value)


@pytest.mark.parametrize("by", ["11 minutes", 660, timedelta(minutes=11)])
def test_the_clock_advances(client: Client, by: str | float | timedelta) -> None:
    generate(client)
    begin = client.clock.now
    assert timedelta(minutes=11) <= client.clock.advance(by) - begin < timedelta(minutes=12)
    assert [each.state for each in client.otps] == ["expired"]


def test_the_clock_is_moved(client: Client) -> None:
    moment = datetime(2030, 1, 31, 12, tzinfo=UTC)
    assert client.clock.freeze("2030-01-31T12:00:00Z") == client.clock.now == moment
    assert client.clock.set(datetime(2030, 1, 31, 13, tzinfo=UTC)) == moment + timedelta(hours=1)
    assert client.clock.freeze() == client.clock.now
    assert client.clock.run() >= moment
    generate(client)
    with pytest.raises(Refused, match="only moves forward"):
        client.clock.set(moment)
    assert client.clock.reset() < moment


def test_records(client: Client) -> None:
    (made,) = client.records.put("user", "a/../b.", {"phone": "9811111111", "status": "ACTIVE"}, product="cashfree/ppi")
    assert (made.product, made.scope, made.fields["phone"]) == ("cashfree/ppi", None, "9811111111")
    assert (
        client.records.get("user", "a/../b.") == client.records.get("user", "a/../b.", product="cashfree/ppi") == [made]
    )
    assert generate(client, user_id="NOBODY").status == 404
    client.records.put("user", "NOBODY", {"phone": "9811111112", "status": "ACTIVE"})
    assert generate(client, user_id="NOBODY").status == 200
    assert client.records.delete("user", "a/../b.") == [made]
    with pytest.raises(Refused, match="There is no user"):
        client.records.get("user", "a/../b.")


def test_scenarios(client: Client) -> None:
    client.scenarios.start("outage")
    assert "502 Bad Gateway" in [each.order.get("answer") for each in client.faults]
    client.scenarios.stop("outage")
    assert not any(each.armed for each in client.faults)
    with pytest.raises(Refused, match='There is no scenario "outrage"; did you mean "outage"'):
        client.scenarios.start("outrage")


def test_reset(client: Client) -> None:
    client.clock.freeze("2030-01-31T12:00:00Z")
    client.force("503")
    generate(client)
    client.reset()
    assert (len(client.requests), len(client.messages), list(client.faults)) == (0, 0, [])
    assert client.clock.now.year != 2030


# Sandboxes


def test_a_sandbox_is_gone_after_its_block(client: Client, url: str) -> None:
    with client.sandbox() as other, other.sandbox("theirs-1") as third:
        assert generate(client).status == generate(other).status == generate(third).status == 200
        assert other.base_url != client.base_url
        assert third.base_url == f"{url}/@theirs-1"
        name = other.base_url.rpartition("@")[2]
        assert call("GET", f"{url}/__admin/sandboxes/{name}").body["requests"] == 1
        with pytest.raises(Refused, match="theirs-1"), client.sandbox("theirs-1"):
            pass
    assert [call("GET", f"{url}/__admin/sandboxes/{each}").status for each in (name, "theirs-1")] == [404, 404]


def test_a_sandbox_with_choices_of_its_own(client: Client) -> None:
    codes = []
    for seed in (7, 7, 8):
        with client.sandbox(otp="random", quotas=False, seed=seed) as other:
            generate(other)
            codes.append(other.otp(to=PHONE))
    assert codes[0] == codes[1] != codes[2]
    with client.sandbox(otp="fixed", quotas="on") as other:
        generate(other)
        assert other.otp() == "111000"


def test_a_sandbox_that_has_ended_before_its_block(client: Client, url: str) -> None:
    with client.sandbox("gone-1"):
        call("DELETE", f"{url}/__admin/sandboxes/gone-1")
    with pytest.raises(KeyError, match="own"), client.sandbox("gone-1"):  # noqa: PT012
        call("DELETE", f"{url}/__admin/sandboxes/gone-1")
        raise KeyError("own")


@pytest.mark.parametrize("error", [KeyError("own"), None])
def test_a_server_that_has_ended_before_the_block_of_a_sandbox(error: Exception | None) -> None:
    server = ExitStack()
    client = Client(server.enter_context(running(app_for())))
    with client, pytest.raises(KeyError if error else Unreachable), client.sandbox():  # noqa: PT012
        server.close()
        if error:
            raise error


# What can go wrong


def test_nothing_answers() -> None:
    with running(app_for()) as url:
        pass
    with Client(url) as client, pytest.raises(Unreachable, match=rf"no mocksrv answers at {url} .*; is it running\?"):
        client.health()
    with Client("nonsense") as client, pytest.raises(Unreachable, match="no mocksrv answers at nonsense"):
        client.health()


@pytest.mark.parametrize("media", ["text/html", "application/json"])
def test_something_else_answers(media: str) -> None:
    def other(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("404 Not Found", [("Content-Type", media), ("Content-Length", "5")])
        return [b"where"]

    with (
        running(other) as url,
        Client(url) as client,
        pytest.raises(Unreachable, match="answered with 404, and not by"),
    ):
        client.health()


def test_the_admin_token() -> None:
    with running(app_for(admin_token="s3cret")) as url:  # noqa: S106
        with Client(url) as client, pytest.raises(Refused, match="asks for its token") as refused:
            client.health()
        assert refused.value.status == 401
        with Client(url, token="s3cret") as client, client.sandbox() as other:  # noqa: S106
            assert other.health()["status"] == "healthy"


def test_no_proxy_is_asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Client(client.base_url) as same:
        assert same.health()["status"] == "healthy"


def test_an_http_client_of_the_callers() -> None:
    """No socket at all: and it is the caller who closes."""
    with httpx.Client(transport=httpx.WSGITransport(app_for())) as http:
        with Client("http://localhost/@mine", http=http) as client:
            answer = http.post(f"{client}/ppi/user", headers=CASHFREE, json={"user_id": "ASHA", "phone": "9811111111"})
            assert answer.status_code == 200
            client.requests.assert_called("ppiCreateUser", times=1)
        assert not http.is_closed


def test_a_client_that_nobody_closes(url: str) -> None:
    """Its socket would be a ResourceWarning, which fails a test."""
    client = Client(url)
    client.health()
    del client
    gc.collect()  # A ResourceWarning that is still to come, comes here.


# The package


def test_the_package_loads_what_is_asked_for() -> None:
    heavy = ("flask", "werkzeug", "httpx", "granian", "openapi_core", "mocksrv.errors")
    program = f"import sys, mocksrv; print([each for each in {heavy} if each in sys.modules], mocksrv.__version__)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout == f"[] {mocksrv.__version__}\n"


def test_the_package_names_what_it_has() -> None:
    for name in mocksrv.__all__:
        assert getattr(mocksrv, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = mocksrv.nothing
