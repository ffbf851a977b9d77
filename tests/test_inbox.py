"""The inbox: what people would have received, newest first, found by whom, how, by whom it was sent and when."""

from __future__ import annotations

from typing import Any

import pytest

from mocksrv.state import contract
from mocksrv.threaded import running
from tests.admin import (
    PHONE,
    UUID,
    admin,
    asked_wrongly,
    freeze,
    generate,
    generate_at_till,
    move,
    name_of,
    problem,
    user_with,
)
from tests.http import Answer, app_for

NOTHING: dict[str, Any] = {"messages": [], "meta": {"total": 0, "dropped": 0}}
CHANNELS = (("SMS", "919000000001"), ("EMAIL", "tom@example.com"), ("PHONE", "919000000001"))


@pytest.fixture
def full(sandbox: str) -> str:
    """A sandbox with four messages of two vendors: one at midnight, three a minute later."""
    freeze(sandbox)
    generate(sandbox)
    move(sandbox, "advance", by="1 minute")
    generate_at_till(sandbox, "919000000001", CHANNELS)
    return sandbox


def shown(answer: Answer) -> list[tuple[str, str]]:
    """Channel and address of each message."""
    assert answer.body["meta"] == {"total": len(answer.body["messages"]), "dropped": 0}
    return [(each["via"], each["to"]) for each in answer.body["messages"]]


def test_messages_are_shown_newest_first(sandbox: str) -> None:
    freeze(sandbox)
    generate(sandbox, modes=("SMS", "WHATSAPP"))
    body = admin(sandbox, "/messages").body
    assert body["meta"] == {"total": 2, "dropped": 0}
    assert [UUID.fullmatch(message.pop("id")) is not None for message in body["messages"]] == [True, True]
    assert body["messages"] == [
        {
            "product": "cashfree/ppi",
            "operation": "generateOtp",
            "via": via,
            "to": PHONE,
            "subject": None,
            "text": "111000 is your wallet verification code.",
            "code": "111000",
            "sent": "2026-01-01T00:00:00.000Z",
        }
        for via in ("WHATSAPP", "SMS")
    ]


def test_an_email_has_a_subject(full: str) -> None:
    found = admin(full, "/messages/latest?channel=EMAIL").body
    code = found["code"]
    assert UUID.fullmatch(found.pop("id"))
    assert found == {
        "product": "capillary/v2",
        "operation": "capillaryGenerateOtp",
        "via": "EMAIL",
        "to": "tom@example.com",
        "subject": "Validation Code",
        "text": f"Dear Customer, The validation code for your request is: {code}. You will also receive the validation "
        "code by SMS on your registered mobile number shortly.",
        "code": code,
        "sent": "2026-01-01T00:01:00.000Z",
    }


FIRST, SMS, MAIL, SPOKEN = ("SMS", PHONE), *CHANNELS


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [SPOKEN, MAIL, SMS, FIRST]),
        ("to=919000000001", [SPOKEN, SMS]),
        ("to=tom@example.com", [MAIL]),
        ("to=nobody", []),
        ("channel=SMS", [SMS, FIRST]),
        ("channel=sms", [SMS, FIRST]),
        ("channel=pigeon", []),
        ("vendor=cashfree", [FIRST]),
        ("vendor=cashfree/ppi", [FIRST]),
        ("vendor=cashfree/verification", []),
        ("vendor=capillary", [SPOKEN, MAIL, SMS]),
        ("operation=generateOtp", [FIRST]),
        ("operation=capillaryGenerateOtp", [SPOKEN, MAIL, SMS]),
        ("operation=ppiSubmitOtp", []),
        ("since=2026-01-01T00:00:00Z", [SPOKEN, MAIL, SMS, FIRST]),
        ("since=2026-01-01T00:00:00.001Z", [SPOKEN, MAIL, SMS]),
        ("since=2026-01-01T05:31:00%2B05:30", [SPOKEN, MAIL, SMS]),
        ("since=2026-01-01T00:01:00", [SPOKEN, MAIL, SMS]),
        ("since=2026-01-01t00:01:01z", []),
        ("channel=SMS&vendor=capillary", [SMS]),
        ("channel=SMS&to=tom@example.com", []),
        ("channel=sms&vendor=capillary&since=2026-01-01T00:01:00Z&to=9000000001&operation=capillaryGenerateOtp", [SMS]),
    ],
)
def test_messages_are_asked_for_by_all_that_they_are(full: str, query: str, found: list[tuple[str, str]]) -> None:
    assert shown(admin(full, f"/messages?{query}")) == found
    latest = admin(full, f"/messages/latest?{query}")
    assert (latest.status, latest.body.get("to")) == ((200, found[0][1]) if found else (404, None))


@pytest.mark.parametrize(
    "written", ["9876543210", "09876543210", "919876543210", "%2B919876543210", "%2B91+98765-43210", "+919876543210",
                "%2B91%20(98765)%2043210", "98765-43210", "98765%2043210", "00919876543210"],
)  # fmt: skip
def test_a_phone_number_is_found_in_any_of_its_usual_forms(sandbox: str, written: str) -> None:
    generate(sandbox)
    user_with(sandbox, "OTHER", "9876543211")
    generate(sandbox, "other", "OTHER")
    assert shown(admin(sandbox, f"/messages?to={written}")) == [("SMS", PHONE)]


@pytest.mark.parametrize("kept", ["9876543210", "09876543210", "919876543210", "+91 98765-43210"])
def test_whatever_form_it_was_sent_to(sandbox: str, kept: str) -> None:
    user_with(sandbox, "OTHER", kept)
    generate(sandbox, user="OTHER")
    assert shown(admin(sandbox, "/messages?to=%2B919876543210")) == [("SMS", kept)]


@pytest.mark.parametrize("to", ["987654321", "98765432100", "%2B929876543210", "19876543210", "876543210", "USER"])
def test_another_number_is_another_person(sandbox: str, to: str) -> None:
    generate(sandbox)
    assert admin(sandbox, f"/messages?to={to}").body == NOTHING


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (3, 3), (4, 4), (99, 4)])
def test_a_limit_bounds_what_is_shown_and_not_what_is_counted(full: str, limit: int, count: int) -> None:
    body = admin(full, f"/messages?limit={limit}").body
    assert (len(body["messages"]), body["meta"]) == (count, {"total": 4, "dropped": 0})


def test_nothing_sent_says_so(sandbox: str) -> None:
    where, title = f"In the sandbox {name_of(sandbox)}", "No message"
    nobody, somebody = admin(sandbox, "/messages/latest"), admin(sandbox, "/messages/latest?to=5550&channel=SMS")
    assert nobody.body == problem(404, "nothing-sent", title, f"{where}, none was sent yet.")
    fits = f'{where}, none was sent that fits to "5550", channel "SMS".'
    assert somebody.body == problem(404, "nothing-sent", title, fits)
    assert (nobody.status, admin(sandbox, "/messages").body) == (404, NOTHING)


@pytest.mark.parametrize(
    ("query", "violations"),
    [
        ("to=", ["query.to missing"]),
        ("limit=-1", ["query.limit minimum"]),
        ("limit=x", ["query.limit type"]),
        ("limit=1.5", ["query.limit type"]),
        ("limit=", ["query.limit type"]),
        ("limit=%C2%B2", ["query.limit type"]),
        ("limit=1000001", ["query.limit maximum"]),
        ("limit=" + "9" * 5_000, ["query.limit type"]),
        ("since=yesterday", ["query.since pattern"]),
        ("since=0", ["query.since pattern"]),
        ("since=2026-01-01", ["query.since pattern"]),
        ("recipient=5550", ["query.recipient unknown"]),
        ("state=live", ["query.state unknown"]),
        ("recipients=1&limit=x", ["query.limit type", "query.recipients unknown"]),
    ],
)
def test_what_cannot_be_asked_is_refused(full: str, query: str, violations: list[str]) -> None:
    refused = asked_wrongly(*violations)
    answer = admin(full, f"/messages?{query}")
    assert (answer.status, answer.body) == (422, refused)


@pytest.mark.parametrize("since", ["2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:30:00Z",
                                   "2026-01-01T00:00:00-99:00"])  # fmt: skip
@pytest.mark.parametrize("path", ["/messages", "/messages/latest", "/requests"])
def test_a_day_that_there_never_was_is_no_time(sandbox: str, path: str, since: str) -> None:
    answer = admin(sandbox, f"{path}?since={since}")
    detail = f'"{since.replace("%2B", "+")}": write it like 2026-01-31T12:00:00Z.'
    assert (answer.status, answer.body) == (400, problem(400, "bad-time", "This is no time", detail))


def test_the_inbox_keeps_the_newest_and_says_how_many_went(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_MESSAGES", 3)
    with running(app_for()) as url:
        for id_ in "abcd":
            generate(url, id_, modes=("SMS", "WHATSAPP"))
        body = admin(url, "/messages?limit=1").body
        assert (len(body["messages"]), body["meta"]) == (1, {"total": 3, "dropped": 5})
        assert admin(url, "/messages?channel=SMS").body["meta"] == {"total": 1, "dropped": 5}
        assert admin(url, "/health").body["dropped"] == {"records": 0, "messages": 5, "otps": 1, "entries": 0}
        admin(url, "/reset", "POST")
        assert admin(url, "/messages").body == NOTHING
