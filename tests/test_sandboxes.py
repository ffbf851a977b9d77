"""Sandboxes: isolated, chosen by name, with choices of their own, and bounded in number and memory."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import sandboxes
from mocksrv.state import contract
from mocksrv.state.contract import Met, Write
from mocksrv.state.memory import MemoryState
from mocksrv.state.things import Entry
from mocksrv.threaded import running
from tests.admin import problem
from tests.http import CASHFREE, Answer, app_for, call

CAPILLARY = {"Authorization": "Basic dGVzdF91c2VyOjE2ZWMxZWJiMDFmZTAyZGVkOWI3ZDU0NDdkM2RmYzY1"}


def admin(url: str, path: str, method: str = "GET", json: Any = None, **headers: str) -> Answer:
    return call(method, f"{url}/__admin{path}", json, headers=headers)


def generate(url: str, id_: str = "Test123", **headers: str) -> Answer:
    body = {"otp_verification_id": id_, "user_id": "USER827364", "notification_modes": ["SMS"]}
    return call("POST", f"{url}/ppi/otp/generate", body, headers={**CASHFREE, **headers})


def trace(url: str) -> Answer:
    """An OTP that no fixture fixes; its answer shows made values."""
    headers = {"Authorization": "Bearer test-bearer-token", "X-TENANT-ID": "ACME_CORP"}
    return call("POST", f"{url}/v1/otp/generate", {"mobileNumber": "9876543210", "otpType": "S"}, headers=headers)


def make(url: str, **order: Any) -> str:
    """Make a sandbox; gives its base URL."""
    answer = admin(url, "/sandboxes", "POST", order)
    assert answer.status == 201, answer.body
    return f"{url}{answer.body['prefix']}"


@pytest.fixture(scope="module")
def own() -> Any:
    """A server of this module's own, so that nobody else's sandboxes are listed."""
    with running(app_for()) as url:
        yield url


# --- made, shown, ended ----------------------------------------------------------------------------------------------


def test_a_sandbox_exists_from_its_first_use(own: str) -> None:
    assert admin(own, "/sandboxes/first-use").status == 404
    generate(f"{own}/@first-use")
    assert admin(own, "/sandboxes/first-use").body == {
        "name": "first-use",
        "prefix": "/@first-use",
        "options": {},
        "idleInSeconds": 0,
        "requests": 1,
        "records": admin(own, "/sandboxes/first-use").body["records"],
        "bytes": admin(own, "/sandboxes/first-use").body["bytes"],
    }


def test_looking_at_one_does_not_make_it(own: str) -> None:
    for method in ("GET", "DELETE"):
        answer = admin(own, "/sandboxes/nobody", method)
        assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-sandbox")
    assert "nobody" not in [each["name"] for each in admin(own, "/sandboxes").body["sandboxes"]]


def test_the_header_and_the_prefix_name_the_same_one(own: str) -> None:
    assert generate(f"{own}/@twice").status == 200
    assert generate(own, **{"X-Mocksrv-Sandbox": "twice"}).status == 409


def test_all_are_listed_the_most_recently_used_first_with_the_room_there_is(own: str) -> None:
    for name in ("a", "b", "a"):
        generate(f"{own}/@{name}")
    listed = admin(own, "/sandboxes").body
    assert [each["name"] for each in listed["sandboxes"]][:2] == ["a", "b"]
    assert listed["meta"] == {
        "total": len(listed["sandboxes"]),
        "most": 10_000,
        "bytes": sum(each["bytes"] for each in listed["sandboxes"]),
        "mostBytes": 512 * 1024 * 1024,
        "idleSeconds": 24 * 3600,
        "gone": {"idle": 0, "crowded": 0},
    }
    limited = admin(own, "/sandboxes?limit=1").body
    assert (len(limited["sandboxes"]), limited["meta"]["total"]) == (1, listed["meta"]["total"])


def test_a_name_is_made_up_when_none_is_said(own: str) -> None:
    made = [admin(own, "/sandboxes", "POST", {}).body for _ in range(2)]
    assert all(re.fullmatch("sandbox-[0-9a-f]{8}", each["name"]) for each in made)
    assert made[0]["name"] != made[1]["name"]
    assert made[0]["prefix"] == f"/@{made[0]['name']}"


def test_a_name_that_is_taken_is_a_409(own: str) -> None:
    generate(f"{own}/@taken")
    answer = admin(own, "/sandboxes", "POST", {"name": "taken", "otp": "random"})
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (409, "sandbox-exists")
    assert admin(own, "/sandboxes/taken").body["options"] == {}


@pytest.mark.parametrize(
    ("order", "wrong"),
    [
        ({"name": ""}, "body.name pattern"),
        ({"name": "a b"}, "body.name pattern"),
        ({"name": "a" * 65}, "body.name pattern"),
        ({"otp": "rnd"}, "body.otp enum: one of fixed, random"),
        ({"quotas": False}, "body.quotas enum: one of on, off"),
        ({"seed": "one"}, "body.seed type"),
        ({"sede": 1}, 'body.sede unknown; did you mean "seed"?'),
    ],
    ids=str,
)
def test_what_no_sandbox_can_have_is_refused(own: str, order: Mapping[str, Any], wrong: str) -> None:
    before = admin(own, "/sandboxes").body["meta"]["total"]
    answer = admin(own, "/sandboxes", "POST", order)
    assert (answer.status, answer.body["violations"]) == (422, [wrong])
    assert admin(own, "/sandboxes").body["meta"]["total"] == before


def test_one_that_ended_begins_anew_when_its_name_is_used_again(own: str) -> None:
    url = make(own, name="again", otp="random")
    generate(url)
    ended = admin(own, "/sandboxes/again", "DELETE").body
    assert (ended["name"], ended["requests"], ended["options"]) == ("again", 1, {"otp": "random"})
    assert admin(own, "/sandboxes/again").status == 404
    assert generate(url).status == 200
    assert admin(own, "/sandboxes/again").body["options"] == {}


def test_the_default_one_is_everybodys_and_stays() -> None:
    with running(app_for()) as url:
        answer = admin(url, "/sandboxes/default", "DELETE")
        detail = "Reset it: POST /__admin/reset."
        assert answer.body == problem(409, "default-sandbox", "The default sandbox does not end", detail)
        answer = admin(url, "/sandboxes", "POST", {"name": "default", "quotas": "off"})
        assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (409, "sandbox-exists")


def test_what_one_does_no_other_one_sees(own: str) -> None:
    one, other = make(own), make(own)
    generate(one)
    call("POST", f"{one}/__admin/faults", {"fault": "close", "times": 9})
    admin(one, "/clock", "PUT", {"action": "freeze", "to": "2030-01-01T00:00:00Z"})
    admin(one, "/records/user/ANNA", "PUT", {"phone": "9811111111"})
    assert admin(other, "/requests").body["requests"] == []
    assert admin(other, "/messages").body["messages"] == []
    assert admin(other, "/faults").body["faults"] == []
    assert admin(other, "/clock").body["real"] is True
    assert admin(other, "/records/user/ANNA").status == 404
    assert generate(other).status == 200


# --- choices of its own ----------------------------------------------------------------------------------------------


def test_the_seed_decides_the_bodies_and_the_name_does_not(own: str) -> None:
    said = [generate(make(own, seed=seed)).body["cf_otp_verification_id"] for seed in (1, 2, 1, 2)]
    assert said[:2] == said[2:]
    assert said[0] != said[1]
    assert said[0] == generate(make(own)).body["cf_otp_verification_id"]  # 1 is the server's


@pytest.mark.parametrize("served", ["fixed", "random"])
def test_codes_are_fixed_or_random_as_the_sandbox_was_made(served: str) -> None:
    with running(app_for(otp=served)) as url:
        codes = {}
        for wanted in ("fixed", "random", None):
            sandbox = make(url, **({"otp": wanted} if wanted else {}))
            generate(sandbox)
            codes[wanted] = admin(sandbox, "/otps/latest", Accept="text/plain").body
        assert codes["fixed"] == 111000
        assert codes["random"] != 111000
        assert codes[None] == codes[served]


def test_quotas_are_judged_or_not_as_the_sandbox_was_made(own: str) -> None:
    body = {"entityType": "MOBILE", "entityValue": "919876543210", "action": "REGISTRATION", "code": "000000"}
    for quotas, last in (("on", 429), ("off", 200)):
        url = make(own, quotas=quotas)
        said = [call("POST", f"{url}/v2/otp/validate", body, headers=CAPILLARY).status for _ in range(6)]
        assert said == [200] * 5 + [last]


def test_a_reset_leaves_the_choices(own: str) -> None:
    url = make(own, seed=7, otp="random")
    before = trace(url).raw
    admin(url, "/reset", "POST")
    assert trace(url).raw == before
    assert admin(own, url.replace(f"{own}/@", "/sandboxes/")).body["options"] == {"seed": 7, "otp": "random"}


# --- bounds, without waiting for them --------------------------------------------------------------------------------


class Written:
    """What comes out of a step: nothing but writes."""

    def __init__(self, *writes: Write) -> None:
        self.writes = writes


class Watch:
    """The real time of the state, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        for module in ("memory", "world"):
            monkeypatch.setattr(f"mocksrv.state.{module}.time", SimpleNamespace(monotonic=lambda: self.now))


def use(state: MemoryState, *names: str) -> None:
    for name in names:
        state.look(name, lambda view: view.now)


def names(state: MemoryState) -> list[str]:
    return [each.name for each in state.sandboxes()]


def test_after_a_day_an_idle_one_ends_and_the_default_one_never(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch, state = Watch(monkeypatch), MemoryState([])
    use(state, contract.DEFAULT, "idle", "used")
    watch.now += contract.IDLE_SECONDS - 1
    use(state, "used")
    assert names(state) == ["used", "idle", "default"]
    assert [each.idle for each in state.sandboxes()] == [0.0, contract.IDLE_SECONDS - 1, contract.IDLE_SECONDS - 1]
    watch.now += 2
    with caplog.at_level(logging.INFO, "mocksrv"):
        assert names(state) == ["used", "default"]
    assert caplog.messages == ["the sandbox idle has ended: idle"]
    assert state.gone() == {"idle": 1, "crowded": 0}


def test_the_use_of_one_ends_all_that_are_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, state = Watch(monkeypatch), MemoryState([])
    use(state, "a", "b", "c")
    watch.now += contract.IDLE_SECONDS + 1
    use(state, "b")
    assert names(state) == ["b"]
    assert state.gone() == {"idle": 2, "crowded": 0}


def test_beyond_the_bound_the_one_idle_for_longest_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_SANDBOXES", 3)
    state = MemoryState([])
    use(state, contract.DEFAULT, "a", "b", "a", "c")
    assert names(state) == ["c", "a", "default"]
    assert state.create("d", {})
    assert names(state) == ["d", "c", "default"]
    assert state.gone() == {"idle": 0, "crowded": 2}


def test_the_one_in_use_and_the_default_one_stay_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_SANDBOXES", 1)
    state = MemoryState([])
    for name in (contract.DEFAULT, "a"):
        state.note(name, Entry("1", None, "", {}, 0.0, 0.0))
    assert [len(state.entries(name)) for name in ("a", contract.DEFAULT, "b", "a")] == [1, 1, 0, 0]


def test_beyond_the_memory_there_is_those_idle_for_longest_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_BYTES", 100_000)
    state = MemoryState([])
    for number in range(300):
        state.note(f"s{number}", Entry(str(number), None, "", {"body": "x" * 5_000}, 0.0, 0.0))
    use(state, *["s299"] * 257)  # they are weighed once in a while
    kept = state.sandboxes()
    assert sum(each.bytes for each in kept) <= 100_000
    assert [each.name for each in kept] == [f"s{number}" for number in range(299, 299 - len(kept), -1)]
    assert len(kept) > 5
    assert state.gone()["crowded"] == 300 - len(kept)


def test_the_bytes_shown_grow_with_what_is_held(own: str) -> None:
    url = make(own, name="weighed")

    def held() -> int:
        shown: int = admin(own, "/sandboxes/weighed").body["bytes"]
        return shown

    empty = held()
    generate(url)
    one = held()
    for number in range(9):
        generate(url, f"A{number}")
    assert empty < one < held()
    admin(url, "/reset", "POST")
    assert held() - empty < 2_000  # what was met is never forgotten


def test_what_ended_ones_met_is_kept_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "MOST_KINDS_MET", 3)
    state = MemoryState([])
    for number in range(4):
        met = Met("order", "402 poor", (f"body.x{number} unknown",))
        state.step(f"s{number}", lambda _, met=met: Written(met))  # type: ignore[misc]
        state.delete(f"s{number}")
    assert dict(state.met(None)) == {
        Met("order", "402 poor", ("body.x0 unknown",)): 1,
        Met("order", "402 poor", ("body.x1 unknown",)): 1,
        Met("order", "402 poor", ("body.x2 unknown",)): 1,
        Met("order", "402 poor"): 1,
    }


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_thousand_of_one_call_each_take_a_tenth_of_200_mib() -> None:
    """``python -m bench.sandboxes`` makes all 10,000."""
    with sandboxes.served() as (pid, url):
        connection = sandboxes.connected(url)
        for number in range(100):
            sandboxes.call(connection, f"warm-up-{number}")
        before = sandboxes.memory(pid)
        for number in range(1000):
            sandboxes.call(connection, f"one-{number}")
        grown = sandboxes.memory(pid) - before
        connection.close()
    assert 0 < grown < 20
