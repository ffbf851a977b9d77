"""Cross-origin calls: a page of any origin may call the vendors' routes, and none may call the admin's."""

from __future__ import annotations

import pytest

from tests.http import CASHFREE, Answer, call

GENERATE = "/ppi/otp/generate"
PAGE = {"Origin": "http://localhost:3000"}
EXPOSED = {"X-Mocksrv-Why", "X-Mocksrv-Error", "Preference-Applied", "Retry-After",
           "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-retry",
           "x-ratelimit-type"}  # fmt: skip


def preflight(url: str, method: str, headers: str | None = None, origin: str = "http://localhost:3000") -> Answer:
    asked = {"Access-Control-Request-Headers": headers} if headers is not None else {}
    return call("OPTIONS", url, headers={"Origin": origin, "Access-Control-Request-Method": method, **asked})


def shared(answer: Answer) -> dict[str, str]:
    """The headers of the answer that are about other origins."""
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://app.example.com", "null", "capacitor://localhost"]
)
def test_a_preflight_lets_any_origin_send_the_vendors_headers(sandbox: str, origin: str) -> None:
    asked = "content-type,x-client-id,x-client-secret,x-api-version,prefer,x-mocksrv-sandbox"
    answer = preflight(sandbox + GENERATE, "POST", asked, origin)
    sent = shared(answer)
    assert (answer.status, answer.raw, set(sent.pop("Access-Control-Expose-Headers").split(", ")) >= EXPOSED) == (
        204,
        b"",
        True,
    )
    assert sent == {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": asked,
        "Access-Control-Max-Age": "600",
    }


def test_a_preflight_that_names_no_headers_is_answered_too(sandbox: str) -> None:
    assert preflight(sandbox + GENERATE, "POST").headers["Access-Control-Allow-Headers"] == "*"


@pytest.mark.parametrize("path", ["/ppi/nowhere", "/nowhere", "/"])
def test_a_preflight_of_an_unknown_path_lets_the_page_see_the_404(sandbox: str, path: str) -> None:
    assert preflight(sandbox + path, "GET").status == 204
    answer = call("GET", sandbox + path, headers=PAGE)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (404, "*")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", CASHFREE, 400),
        ("POST", {}, 400),
        ("POST", {"x-client-id": "A", "x-client-secret": "B"}, 401),
        ("POST", {"Prefer": "code=429"}, 429),
        ("POST", {"Prefer": "code=500"}, 500),
        ("POST", {"Prefer": "code=418"}, 400),
        ("POST", {"X-Mocksrv-Sandbox": "bad name"}, 404),
        ("GET", {}, 405),
    ],
)
def test_a_page_can_read_every_answer(sandbox: str, method: str, headers: dict[str, str], status: int) -> None:
    path = "/nowhere" if status == 404 else GENERATE
    answer = call(method, sandbox + path, headers={**PAGE, **headers})
    sent = shared(answer)
    assert answer.status == status
    assert set(sent.pop("Access-Control-Expose-Headers").split(", ")) >= EXPOSED
    assert sent == {"Access-Control-Allow-Origin": "*"}
    assert "Origin" in answer.headers["Vary"]


def test_a_page_is_never_allowed_to_send_credentials(sandbox: str) -> None:
    for answer in (preflight(sandbox + GENERATE, "POST"), call("POST", sandbox + GENERATE, headers=PAGE)):
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_call_that_no_page_made_is_told_nothing_of_origins(sandbox: str) -> None:
    assert shared(call("POST", sandbox + GENERATE, headers=CASHFREE)) == {}


@pytest.mark.parametrize("path", ["/__admin/health", "/__admin/records/user/x", "/__admin/nowhere", "//__admin/health",
                                  "/%5F_admin/health", "/__admin"])  # fmt: skip
def test_no_page_may_call_the_admin_api(sandbox: str, path: str) -> None:
    for answer in (preflight(sandbox + path, "PUT"), call("GET", sandbox + path, headers=PAGE)):
        assert answer.status in (403, 404, 405)
        assert shared(answer) == {}
