"""M2P prepaid, what a conversation cannot say: the page's own call, tenants apart, the quota, the token, media."""

from __future__ import annotations

import itertools
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from mocksrv.app import builtin_root
from mocksrv.conversation import read_conversation
from mocksrv.proofs import prove
from mocksrv.threaded import running
from tests.http import Answer, app_for, call, catalogue

ROOT = Path(__file__).parent
START = "2026-01-01T00:00:00Z"
GENERATE, VALIDATE = "/prepaid/customer/v1/otp/generate", "/prepaid/customer/v1/otp/validate-otp"
ACME = {"Authorization": "Bearer test-bearer-token", "X-TENANT-ID": "ACME_CORP"}
GLOBEX = {"Authorization": "Bearer test-bearer-token-2", "X-TENANT-ID": "GLOBEX_CORP"}
LIMIT = {
    "type": "https://www.m2pfintech.com/problem/problem-with-message",
    "title": "Otp Generation is not allowed more than 100 times in 24hrs",
    "status": 409,
    "detail": "Otp Generation is not allowed more than 100 times in 24hrs",
    "message": "error.business",
    "businessCode": "PP_MIDD_033",
}
# The vendor's page, letter by letter but for its line breaks.
SAMPLE = """
curl -X POST "https://sandbox-api.m2pprepaid.com/prepaid/customer/v1/otp/generate"   -H "X-TENANT-ID: ACME_CORP"
  -H "Content-Type: application/json"   -d '{    "mobileNumber": "9876543210",    "otpType": "S",    "template": "OTP",
  "entityId": "615928984620006085281025",    "productId": "HKfXwH9uph",    "card": "0016",    "countryCode": 91  }'
"""


def generate(url: str, number: str = "9876543210", headers: dict[str, str] = ACME) -> Answer:
    return call("POST", url + GENERATE, {"mobileNumber": number}, headers=headers)


def clock(url: str, **move: str) -> None:
    assert call("PUT", f"{url}/__admin/clock", move).status == 200


# --- the vendor's page ---------------------------------------------------------------------------------------------


def sent_by(curl: str) -> tuple[str, str, dict[str, str], str]:
    """Method, path, headers and body of a curl command."""
    words = shlex.split(curl)[1:]
    options = list(itertools.pairwise(words))
    headers = dict(value.split(": ", 1) for word, value in options if word == "-H")
    url = next(word for word in words if word.startswith("https://"))
    given = dict(options)
    return given["-X"], urlsplit(url).path, headers, given["-d"]


def test_the_pages_sample_with_a_bearer_added_gets_the_pages_answer(sandbox: str) -> None:
    method, path, headers, body = sent_by(SAMPLE)
    refused = call(method, sandbox + path, raw=body, headers=headers)
    assert (refused.status, refused.body["detail"]) == (
        401,
        "Full authentication is required to access this resource",
    )

    answer = call(method, sandbox + path, raw=body, headers={**headers, "Authorization": "Bearer test-bearer-token"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert list(answer.body) == ["result", "pagination"]
    assert list(answer.body["result"]) == ["status", "traceNumber", "refNumber"]
    trace = answer.body["result"].pop("traceNumber")
    assert answer.body == {"result": {"status": True, "refNumber": ""}, "pagination": None}
    assert (len(trace), trace[14]) == (36, "4")


def says(body: Any, example: Any) -> bool:
    """Whether a conversation expects the words of a refusal, or the fields of a success."""
    return bool(body == example if "status" in example else body.keys() == example.keys())


def test_every_answer_of_the_spec_is_met_by_a_conversation_and_every_refusal_word_by_word() -> None:
    files = [read_conversation(file, ROOT) for file in (ROOT / "conversations").glob("m2p_*.yaml")]
    met = [(step.path, step.given["expect"], step.given.get("body")) for each in files for step in each.steps]
    unmet = [
        f"{rules.name}: {example}"
        for rules in catalogue().rules.values()
        if rules.product.name == "m2p/prepaid"
        for example in rules.operation.examples
        if not any(
            path in rules.paths and status == example.status and body and says(body, example.value)
            for path, status, body in met
        )
    ]
    assert not unmet


def test_no_word_of_the_vendor_stands_in_the_engine() -> None:
    words = ("m2p", "pp_midd", "tenant", "tracenumber", "mobileotp", "emailotp", "_dual", "fielderrors", "businesscode")
    files = sorted((ROOT.parent / "mocksrv").rglob("*.py"))
    said = [(file.name, word) for file in files for word in words if word in file.read_text("utf-8").lower()]
    assert files
    assert said == []


# --- tenants are apart ---------------------------------------------------------------------------------------------

NUMBER = "9811111111"
TENANTS = {"ACME_CORP": ACME, "GLOBEX_CORP": GLOBEX}
MAIL = {"ACME_CORP": "acme@example.com", "GLOBEX_CORP": "globex@example.com"}
OTHER = {"ACME_CORP": "GLOBEX_CORP", "GLOBEX_CORP": "ACME_CORP"}

Deed = tuple[str, str]  # who, what
DEEDS = st.tuples(
    st.sampled_from(sorted(TENANTS)), st.sampled_from(["register", "S", "D", "right", "wrong", "steal", "wait"])
)
ALL_DEEDS: list[Deed] = [
    (who, what)
    for what in ("S", "register", "D", "steal", "wrong", "wrong", "wrong", "right", "S", "right", "wait", "S", "S")
    for who in TENANTS
]


@dataclass
class World:
    """Two tenants and one number in one sandbox; every call that a tenant made, with its answer."""

    url: str
    said: list[tuple[str, str, str, Any, Answer]] = field(default_factory=list)
    traces: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {name: [] for name in TENANTS})

    def __post_init__(self) -> None:
        call("POST", f"{self.url}/__admin/reset")
        clock(self.url, action="freeze", to=START)

    def ask(self, who: str, method: str, path: str, body: Any) -> Answer:
        answer = call(method, self.url + path, body, headers=TENANTS[who])
        self.said.append((who, method, path, body, answer))
        return answer

    def does(self, who: str, what: str) -> None:
        """One deed. What needs an OTP that there is not is left undone."""
        if what == "register":
            self.ask(who, "PUT", f"/__admin/records/account/{NUMBER}", {"tenant": who, "email": MAIL[who]})
        elif what == "wait":
            self.ask(who, "PUT", "/__admin/clock", {"action": "advance", "by": "8 hours"})
        elif what in ("S", "D"):
            self.generates(who, what)
        elif what == "steal" and self.traces[OTHER[who]]:
            self.validates(who, self.traces[OTHER[who]][-1])
        elif what == "right" and self.traces[who]:
            self.validates(who, self.traces[who][-1])
        elif what == "wrong" and self.traces[who]:
            self.validates(who, {**self.traces[who][-1], "mobileOtp": "000000"})

    def generates(self, who: str, kind: str) -> None:
        answer = self.ask(who, "POST", GENERATE, {"mobileNumber": NUMBER, "otpType": kind})
        if answer.status == 200:
            trace = answer.body["result"]["traceNumber"]
            codes = {"mobileOtp": self.code(NUMBER, trace)}
            codes |= {"emailOtp": self.code(MAIL[who], trace)} if kind == "D" else {}
            self.traces[who].append({"traceNumber": trace, **codes})

    def code(self, to: str, trace: str) -> str:
        sent = call("GET", f"{self.url}/__admin/otps/latest?to={to}").body
        assert sent["key"] == trace
        return str(sent["code"])

    def validates(self, who: str, body: dict[str, str]) -> None:
        self.ask(who, "POST", VALIDATE, body)

    def answers(self, who: str) -> list[tuple[int, bytes]]:
        """What one tenant was told, byte by byte."""
        return [(answer.status, answer.raw) for name, *_, answer in self.said if name == who]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose limit is three OTPs per day and person, so that it can be met by few calls."""
    root = vendors_root(tmp_path_factory.mktemp("strict"))
    edit(root / "fixtures/m2p/prepaid/generate_otp.yaml", "{rate: 100 per day,", "{rate: 3 per day,")
    with running(app_for(root=root, otp="random")) as url:
        yield url


@settings(deadline=None, max_examples=100, phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink))
@example(deeds=ALL_DEEDS)
@given(deeds=st.lists(DEEDS, min_size=2, max_size=25))
def test_what_a_tenant_is_told_does_not_depend_on_what_another_does(strict: str, deeds: list[Deed]) -> None:
    both = World(f"{strict}/@both")
    for who, what in deeds:
        both.does(who, what)
    for tenant in TENANTS:
        # The same calls, letter by letter, in a world where the other tenant never called; time passes all the same.
        alone = World(f"{strict}/@alone")
        for who, method, path, body, _ in both.said:
            if who == tenant or path == "/__admin/clock":
                alone.ask(who, method, path, body)
        assert alone.answers(tenant) == both.answers(tenant)
    for who, _, path, body, answer in both.said:
        if path == VALIDATE and answer.status == 200:
            assert body["traceNumber"] in {each["traceNumber"] for each in both.traces[who]}
    traces = [each["traceNumber"] for known in both.traces.values() for each in known]
    assert len(set(traces)) == len(traces)
    if deeds == ALL_DEEDS:
        assert Counter(answer.body.get("businessCode", answer.status) for *_, answer in both.said) == {
            200: 2 + 6 + 2 + 2,  # registered, generated, validated, waited
            "PP_MIDD_027": 2,
            "PP_MIDD_033": 2,
            "PP_MIDD_034": 2,
            "PP_MIDD_035": 6,
            "PP_MIDD_037": 2,
        }


def test_one_number_has_another_code_with_each_tenant(sandbox: str) -> None:
    codes = set()
    for headers in (ACME, GLOBEX):
        assert generate(sandbox, headers=headers).status == 200
        codes.add(call("GET", f"{sandbox}/__admin/otps/latest?to=9876543210").body["code"])
    assert len(codes) == 2


# --- the quota -----------------------------------------------------------------------------------------------------


def test_a_person_gets_a_hundred_codes_a_day_and_the_day_slides(sandbox: str) -> None:
    clock(sandbox, action="freeze", to=START)
    assert generate(sandbox).status == 200
    clock(sandbox, action="advance", by="1 hour")
    assert {generate(sandbox).status for _ in range(99)} == {200}
    assert [(answer.status, answer.body) for answer in (generate(sandbox), generate(sandbox))] == [(409, LIMIT)] * 2
    assert generate(sandbox, "9876543211").status == 200  # another person
    assert generate(sandbox, headers=GLOBEX).status == 200  # the same number, another tenant
    clock(sandbox, action="advance", by=f"{23 * 3600 - 1} seconds")
    assert generate(sandbox).body == LIMIT
    clock(sandbox, action="advance", by="1 second")
    assert [generate(sandbox).status for _ in range(3)] == [200, 409, 409]  # the first has slid out, nothing else yet
    clock(sandbox, action="advance", by="1 hour")
    assert {generate(sandbox).status for _ in range(99)} == {200}
    assert generate(sandbox).body == LIMIT


# --- the token -----------------------------------------------------------------------------------------------------


def token_of(url: str) -> dict[str, Any]:
    body = {"clientId": "test_client", "clientSecret": "test_secret", "grantType": "client_credentials"}
    answer = call("POST", f"{url}/auth/token", body)
    assert (answer.status, list(answer.body)) == (200, ["access_token", "token_type", "expires_in"])
    found: dict[str, Any] = answer.body
    return found


def test_the_token_is_an_rs256_jwt_by_the_sandboxs_clock(sandbox: str) -> None:
    clock(sandbox, action="freeze", to=START)
    token = token_of(sandbox)
    key = load_pem_private_key((builtin_root() / "fixtures/m2p/keys/test-only.pem").read_bytes(), None).public_key()
    claims = jwt.decode(token["access_token"], key, ["RS256"], options={"verify_exp": False, "verify_iat": False})  # type: ignore[arg-type]
    assert jwt.get_unverified_header(token["access_token"]) == {"alg": "RS256", "typ": "JWT"}
    assert (token["token_type"], token["expires_in"], claims["exp"] - claims["iat"]) == ("Bearer", 3600, 3600)
    assert claims["iat"] == 1767225600  # START
    assert (claims["sub"], claims["tenant"]) == ("test_client", "ACME_CORP")


def test_the_token_ends_after_expires_in_seconds_of_the_sandboxs_clock(sandbox: str) -> None:
    clock(sandbox, action="freeze", to=START)
    first = token_of(sandbox)
    headers = {**ACME, "Authorization": f"Bearer {first['access_token']}"}
    clock(sandbox, action="advance", by=f"{first['expires_in'] - 1} seconds")
    assert generate(sandbox, headers=headers).status == 200
    second = token_of(sandbox)
    clock(sandbox, action="advance", by="1 second")
    assert generate(sandbox, headers=headers).status == 401
    assert generate(sandbox, headers={**ACME, "Authorization": f"Bearer {second['access_token']}"}).status == 200


def test_a_token_is_good_in_its_own_sandbox_only(sandbox: str) -> None:
    headers = {**ACME, "Authorization": f"Bearer {token_of(sandbox)['access_token']}"}
    assert generate(sandbox, headers=headers).status == 200
    assert generate(f"{sandbox}-other", headers=headers).status == 401


def test_two_tokens_of_one_moment_are_two(sandbox: str) -> None:
    clock(sandbox, action="freeze", to=START)
    assert token_of(sandbox)["access_token"] != token_of(sandbox)["access_token"]


# --- many at once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "answers"),
    [
        (True, {200: 1, "PP_MIDD_037": 9}),
        (False, {"PP_MIDD_035": 3, "PP_MIDD_034": 7}),
    ],
    ids=["right", "wrong"],
)
def test_of_ten_codes_at_once_one_right_or_three_wrong_are_judged(
    sandbox: str, right: bool, answers: dict[object, int]
) -> None:
    trace = generate(sandbox, "9876543211").body["result"]["traceNumber"]
    body = {"traceNumber": trace, "mobileOtp": "123456" if right else "000000"}
    barrier = Barrier(10)

    def one(_: int) -> object:
        barrier.wait()
        answer = call("POST", sandbox + VALIDATE, body, headers=ACME)
        return answer.body.get("businessCode", answer.status)

    with ThreadPoolExecutor(10) as pool:
        assert Counter(pool.map(one, range(10))) == answers


# --- problem+json --------------------------------------------------------------------------------------------------


def vendors_root(folder: Path) -> Path:
    """A root of its own with this vendor alone."""
    for part in ("specs", "fixtures"):
        shutil.copytree(builtin_root() / part / "m2p", folder / part / "m2p")
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


REFUSED: list[tuple[int, str, str, dict[str, str], Any]] = [
    (400, "POST", GENERATE, ACME, {}),
    (400, "POST", GENERATE, {**ACME, "X-TENANT-ID": ""}, {"mobileNumber": "9876543210"}),
    (400, "POST", VALIDATE, ACME, {}),
    (400, "POST", "/auth/token", {}, {}),
    (401, "POST", "/auth/token", {}, {"clientId": "x", "clientSecret": "x", "grantType": "client_credentials"}),
    (401, "POST", VALIDATE, {}, {}),
    (403, "POST", GENERATE, {**ACME, "X-TENANT-ID": "GLOBEX_CORP"}, {}),
    (404, "POST", "/prepaid/customer/v1/otp/nothing", ACME, {}),
    (405, "GET", GENERATE, ACME, None),
    (409, "POST", GENERATE, ACME, {"mobileNumber": "9811111111"}),
    (409, "POST", VALIDATE, ACME, {"traceNumber": "x", "mobileOtp": "123456"}),
    (429, "POST", GENERATE, ACME, {"mobileNumber": "9876543429"}),
    (500, "POST", "/v1/otp/generate", ACME, {"mobileNumber": "9876543500"}),
    (409, "POST", GENERATE, {**ACME, "Prefer": "example=generationLimit"}, {"mobileNumber": "9876543210"}),
]


def test_one_line_of_product_yaml_sends_every_refusal_as_problem_json(sandbox: str, tmp_path: Path) -> None:
    root = vendors_root(tmp_path)
    edit(root / "fixtures/m2p/prepaid/product.yaml", "# refusals: {media: application", "refusals: {media: application")
    assert prove(catalogue(root)) == []
    with running(app_for(root=root)) as url:
        for status, method, path, headers, body in REFUSED:
            usual = call(method, sandbox + path, body, headers=headers)
            problem = call(method, url + path, body, headers=headers)
            assert (problem.status, problem.headers["Content-Type"]) == (status, "application/problem+json"), path
            assert (usual.status, usual.headers["Content-Type"]) == (status, "application/json"), path
            assert problem.body == usual.body
            assert problem.body["status"] == status
        accepted = generate(url)
        assert (accepted.status, accepted.headers["Content-Type"]) == (200, "application/json")
