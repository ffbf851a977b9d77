"""Cashfree Mobile 360, what a conversation cannot say: the people of many numbers, other processes, calls at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator

from mocksrv.threaded import running
from tests.http import CASHFREE, CASHFREE_2, Answer, app_for, call, catalogue

NOON, NOON_A_YEAR_LATER = "2026-01-01T12:00:00Z", "2027-01-01T12:00:00Z"
TODAY = date(2026, 1, 1)
NUMBER = "9876543210"
# The last of them has a surname that Faker writes with a typographic apostrophe.
NUMBERS = [*(f"98{number * 3_141_593 % 10**8:08}" for number in range(300)), "9000001229"]


def freeze(url: str, moment: str = NOON) -> str:
    assert call("PUT", f"{url}/__admin/clock", {"action": "freeze", "to": moment}).status == 200
    return url


def send(url: str, verification_id: str, number: str = NUMBER, headers: dict[str, str] = CASHFREE) -> Answer:
    """Ask for a code, by a consent of the sandbox's own time."""
    now = call("GET", f"{url}/__admin/clock").body["now"]
    consent = {"timestamp": now, "purpose": "User consent to fetch data.", "obtained": True, "type": "EXPLICIT"}
    body = {"verification_id": verification_id, "mobile_number": number, "notification_modes": ["SMS"]}
    return call("POST", f"{url}/verification/mobile360/otp/send", {**body, "user_consent": consent}, headers=headers)


def verify(url: str, verification_id: str, otp: str = "111000", headers: dict[str, str] = CASHFREE) -> Answer:
    body = {"verification_id": verification_id, "otp": otp}
    return call("POST", f"{url}/verification/mobile360/otp/verify", body, headers=headers)


def person(url: str, number: str = NUMBER, by: str = "Person1", headers: dict[str, str] = CASHFREE) -> dict[str, Any]:
    """Who belongs to a number: the answer without the two ids of the call."""
    assert send(url, by, number, headers).status == 200
    body: dict[str, Any] = verify(url, by, headers=headers).body
    assert (body.pop("verification_id"), type(body.pop("reference_id"))) == (by, int)
    return body


# --- the same number, the same person ------------------------------------------------------------------------------


def test_a_number_is_the_same_person_on_every_call(sandbox: str) -> None:
    first = person(sandbox)
    assert first["status"] == "SUCCESS"
    assert person(sandbox, by="Person2") == first


def test_a_number_is_the_same_person_after_a_reset_and_in_another_sandbox(sandbox: str, url: str) -> None:
    first = person(freeze(sandbox))
    call("POST", f"{sandbox}/__admin/reset")
    assert person(freeze(sandbox)) == first
    assert person(freeze(f"{url}/@test-verification-other")) == first


def test_a_number_is_the_same_person_for_another_merchant(sandbox: str) -> None:
    assert person(sandbox, headers=CASHFREE_2) == person(sandbox)


def test_a_number_is_the_same_person_in_another_process(sandbox: str) -> None:
    with serving() as other:
        assert person(freeze(other)) == person(freeze(sandbox))


def test_another_seed_makes_other_people(sandbox: str) -> None:
    with running(app_for(seed=2)) as other:
        assert person(freeze(other)) != person(freeze(sandbox))


def test_a_person_grows_older_and_changes_in_nothing_else(sandbox: str) -> None:
    young = person(freeze(sandbox))
    old = person(freeze(sandbox, NOON_A_YEAR_LATER), by="Person2")
    young["personal_details"]["age"] += 1
    assert old == young


@contextmanager
def serving() -> Iterator[str]:
    """mocksrv as its users start it."""
    command = [sys.executable, "-m", "mocksrv", "serve", "--port", "0"]
    environ = {**os.environ, "PYTHONHASHSEED": "7"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ) as server:
        assert server.stdout is not None
        try:
            ready = re.search(r"url=(\S+)", server.stdout.readline())
            assert ready is not None
            yield ready[1]
        finally:
            server.terminate()


# --- people are well-formed, and what is said of them agrees -------------------------------------------------------


@pytest.fixture(scope="module")
def people(url: str) -> dict[str, dict[str, Any]]:
    """Three hundred people by their numbers."""
    sandbox = freeze(f"{url}/@test-verification-people")
    return {number: person(sandbox, number, by=number) for number in NUMBERS}


def one(body: dict[str, Any], *path: str | int) -> str:
    """The text that stands at a path of an answer."""
    found: Any = body
    for step in path:
        found = found[step]
    return str(found)


WELL_FORMED = {
    "name": (("personal_details", "full_name"), r"[A-Z]+ [A-Z]+"),
    "father's name": (("personal_details", "relatives_details", 0, "relative_name"), r"[A-Z][a-z]+ [A-Z][A-Za-z]+"),
    "gender": (("personal_details", "gender"), r"MALE|FEMALE"),
    "income": (("personal_details", "total_income"), r"[1-9]\d{5,6}"),
    "home phone": (("phone_numbers", 0, "phone"), r"[6-9]\d{9}"),
    "second phone": (("phone_numbers", 2, "phone"), r"[6-9]\d{9}"),
    "e-mail": (("emails", 0, "email"), r"[a-z]+\.[a-z]+@example\.com"),
    "passport": (("passport_details", 0, "passport_number"), r"[A-PR-WYZ][1-9]\d{6}"),
    "ration card": (("ration_card_details", 0, "ration_card_number"), r"[A-Z]{2}\d{10}"),
    "voter": (("voter_details", 0, "voter_id"), r"[A-Z]{3}\d{7}"),
    "PAN": (("pan_details", 0, "pan_number"), r"[A-Z]{3}P[A-Z]\d{4}[A-Z]"),
    "licence": (("driving_license_details", 0, "driving_license_number"), r"[A-Z]{2}\d{2}(19|20)\d{2}\d{7}"),
    "Aadhaar": (("aadhaar_details", 0, "masked_aadhaar_number"), r"X{8}\d{4}"),
    "pincode": (("addresses", 0, "pincode"), r"[1-9]\d{5}"),
    "account": (("bank_account_details", 0, "bank_account"), r"\d{9,18}"),
    "IFSC": (("bank_account_details", 0, "ifsc"), r"[A-Z]{4}0[A-Z0-9]{6}"),
    "UAN": (("employment_details", "uan", 0, "uan"), r"1\d{11}"),
    "establishment": (("employment_details", "uan", 0, "establishment_id"), r"[A-Z]{5}\d{10}"),
    "member": (("employment_details", "uan", 0, "member_id"), r"[A-Z]{5}\d{17}"),
    "employer": (("employment_details", "uan", 0, "establishment_name"), r"[A-Z]+ TECHNOLOGIES PVT LTD"),
}


@pytest.mark.parametrize("what", WELL_FORMED)
def test_every_person_has_a_well_formed(what: str, people: dict[str, dict[str, Any]]) -> None:
    path, form = WELL_FORMED[what]
    ill = [one(body, *path) for body in people.values() if not re.fullmatch(form, one(body, *path), re.ASCII)]
    assert not ill


def test_a_person_has_one_name_and_a_pan_that_begins_it(people: dict[str, dict[str, Any]]) -> None:
    for number, body in people.items():
        details, pan = body["personal_details"], body["pan_details"][0]
        first, last = details["full_name"].split()
        assert pan["metadata"]["registered_name"] == pan["metadata"]["name_pan_card"] == f"{first} {last}", number
        assert pan["pan_number"][4] == last[0], number
        assert body["emails"][0]["email"] == f"{first}.{last}@example.com".lower(), number
        assert details["relatives_details"][0]["relative_name"].split()[1].upper() == last, number
        assert body["phone_numbers"][1]["phone"] == number


def test_the_dates_of_a_life_are_in_order(people: dict[str, dict[str, Any]]) -> None:
    for number, body in people.items():
        born = date.fromisoformat(body["personal_details"]["dob"])
        job = body["employment_details"]["recent_employment_details"]
        joined = date.fromisoformat(job["employee_details"]["joining_date"])
        founded = date.fromisoformat(job["employer_details"]["setup_date"])
        licensed = int(body["driving_license_details"][0]["driving_license_number"][4:8])
        assert body["personal_details"]["age"] == years(born, TODAY), number
        assert 18 <= licensed - born.year <= TODAY.year - born.year, number
        assert years(born, joined) >= 21, number
        assert founded < joined < TODAY, number


def years(born: date, day: date) -> int:
    """How old somebody is on a day."""
    birthday_comes = (day.month, day.day) < (born.month, born.day)
    return day.year - born.year - birthday_comes


# The state of a city, and the first three digits of its pincodes: their sorting district.
PLACES = {
    "Mumbai": ("MAHARASHTRA", "400"),
    "Pune": ("MAHARASHTRA", "411"),
    "Bengaluru": ("KARNATAKA", "560"),
    "Chennai": ("TAMIL NADU", "600"),
    "Hyderabad": ("TELANGANA", "500"),
    "Kolkata": ("WEST BENGAL", "700"),
    "Ahmedabad": ("GUJARAT", "380"),
    "New Delhi": ("DELHI", "110"),
    "Jaipur": ("RAJASTHAN", "302"),
}


def test_an_address_is_of_its_city(people: dict[str, dict[str, Any]]) -> None:
    for number, body in people.items():
        at = body["addresses"][0]
        assert (at["state"], at["pincode"][:3]) == PLACES[at["city"]], number
        end = f"{at['city']}, {at['state'].title()} {at['pincode']}"
        assert re.fullmatch(rf"\d+ {at['street']}, {end}", at["address"]), number
        assert body["bank_account_details"][0]["bank_address"].endswith(f", {end}"), number
    assert {body["addresses"][0]["city"] for body in people.values()} == set(PLACES)


BANKS = {
    "SBIN": "State Bank of India",
    "HDFC": "HDFC Bank",
    "ICIC": "ICICI Bank",
    "UTIB": "Axis Bank",
    "PUNB": "Punjab National Bank",
    "KKBK": "Kotak Mahindra Bank",
}


def test_a_branch_is_of_its_bank_and_a_job_of_its_employer(people: dict[str, dict[str, Any]]) -> None:
    for number, body in people.items():
        account = body["bank_account_details"][0]
        assert account["bank_address"].startswith(BANKS[account["ifsc"][:4]] + ","), number
        [uan], job = body["employment_details"]["uan"], body["employment_details"]["recent_employment_details"]
        for name in ("uan", "member_id", "joining_date", "exit_date"):
            assert uan[name] == job["employee_details"][name], (number, name)
        for name in ("establishment_id", "establishment_name"):
            assert uan[name] == job["employer_details"][name], (number, name)
        assert uan["member_id"].startswith(uan["establishment_id"]), number


def test_people_differ(people: dict[str, dict[str, Any]]) -> None:
    for name in ("pan_details", "passport_details", "aadhaar_details", "bank_account_details"):
        assert len({str(body[name]) for body in people.values()}) > 0.95 * len(NUMBERS)
    assert len({body["personal_details"]["full_name"] for body in people.values()}) > 0.9 * len(NUMBERS)


def test_every_person_has_the_shape_of_the_documented_one(people: dict[str, dict[str, Any]], sandbox: str) -> None:
    documented = person(sandbox, "9999999999")
    assert documented["personal_details"]["full_name"] == "JOHN SNOW"
    assert [number for number, body in people.items() if shape(body) != shape(documented)] == []


def shape(value: Any) -> Any:
    """The names and types of an answer, without its values."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__


def test_every_answer_keeps_the_response_schema(people: dict[str, dict[str, Any]], sandbox: str) -> None:
    example = catalogue().rules["VrsMobile360VerifyOtpRequest"].operation.example(200, "Success")
    assert example is not None
    schema = OAS30Validator(example.schema)
    bodies = [*people.values(), person(sandbox, "9999999999"), person(sandbox, "9999999998", by="Nobody1")]
    assert [error.message for body in bodies for error in schema.iter_errors(body)] == []


# --- many at once --------------------------------------------------------------------------------------------------


def at_once(times: int, ask: Callable[[], Answer]) -> Counter[str]:
    """How often each answer came, by its code or its status, when all callers let go at the same moment."""
    barrier = Barrier(times)

    def call_one(_: int) -> str:
        barrier.wait()
        answer = ask()
        return f"{answer.status} {answer.body.get('code') or answer.body['status']}"

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(call_one, range(times)))


def test_of_ten_wrong_codes_at_once_three_are_compared(sandbox: str) -> None:
    send(sandbox, "Race1")
    answers = at_once(10, lambda: verify(sandbox, "Race1", "999999"))
    assert answers == {"400 otp_value_invalid": 3, "400 otp_retry_limit_exhaust": 7}


def test_of_ten_right_codes_at_once_one_is_accepted(sandbox: str) -> None:
    send(sandbox, "Race2")
    answers = at_once(10, lambda: verify(sandbox, "Race2"))
    assert answers == {"200 SUCCESS": 1, "400 verification_id_value_invalid": 9}


def test_of_ten_codes_for_one_id_at_once_one_is_sent(sandbox: str) -> None:
    answers = at_once(10, lambda: send(sandbox, "Race3"))
    assert answers == {"200 OTP_GENERATED": 1, "409 verification_id_already_exists": 9}
    assert call("GET", f"{sandbox}/__admin/messages").body["meta"]["total"] == 1


# --- the quota -----------------------------------------------------------------------------------------------------


def test_the_1001st_call_of_a_minute_is_too_many_for_both_operations() -> None:
    client = app_for().test_client()  # in one process with the application: a thousand calls in a second
    client.put("/__admin/clock", json={"action": "freeze", "to": NOON})
    verifying, sending = "/verification/mobile360/otp/verify", "/verification/mobile360/otp/send"
    last = [client.post(verifying, json={}, headers=CASHFREE) for _ in range(1000)][-1]
    assert (last.status_code, last.headers["x-ratelimit-remaining"]) == (400, "0")
    for path in (verifying, sending):
        refused = client.post(path, json={}, headers=CASHFREE)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert refused.json == {
            "type": "rate_limit_error",
            "code": "too_many_requests_per_operation",
            "message": "Too many requests for this operation, rate limit reached",
        }
    assert client.post(sending, json={}, headers=CASHFREE_2).status_code == 400
    client.put("/__admin/clock", json={"action": "advance", "by": "60 seconds"})
    assert client.post(sending, json={}, headers=CASHFREE).status_code == 400
