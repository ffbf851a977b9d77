"""Scenarios: scripts of failures, started by the admin API or with the server, and checked like any fixture."""

from __future__ import annotations

import http.client
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from mocksrv.app import builtin_root
from mocksrv.cli import main
from mocksrv.errors import SettingsError
from mocksrv.threaded import running
from mocksrv.web.transport import STOPPING
from tests.http import CASHFREE, Answer, app_for, call, catalogue

SHIPPED = ("outage", "quota-nearly-full", "slow-sms-route")
BODY = {"otp_verification_id": "Test123", "user_id": "USER827364", "notification_modes": ["SMS"]}
SPEC = """\
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /order:
    post:
      operationId: order
      responses:
        "200": {description: done, content: {application/json: {examples: {ordered: {value: {state: ordered}}}}}}
        "402": {description: pay, content: {application/json: {examples: {poor: {value: {state: poor}}}}}}
"""
BUSY = """\
about: Two 502s, then slow, then fine.
faults:
  - {answer: 502 Bad Gateway, times: 2}
  - {times: 1}                          # one goes well between
  - {answer: 402 poor, delay: 100ms}
"""


def admin(url: str, path: str, method: str = "GET") -> Answer:
    return call(method, f"{url}/__admin{path}")


def generate(url: str) -> Answer:
    return call("POST", f"{url}/ppi/otp/generate", BODY, headers=CASHFREE)


def shop(root: Path, **scenarios: str) -> Path:
    """A root with one spec and the scenarios."""
    (root / "specs/market").mkdir(parents=True)
    (root / "specs/market/shop.yaml").write_text(SPEC)
    (root / "fixtures/scenarios").mkdir(parents=True)
    for name, text in scenarios.items():
        (root / f"fixtures/scenarios/{name}.yaml").write_text(text)
    return root


# --- started, played, stopped ----------------------------------------------------------------------------------------


def test_the_shipped_scenarios_are_listed_and_do_not_run(sandbox: str) -> None:
    found = admin(sandbox, "/scenarios").body["scenarios"]
    assert [each["name"] for each in found] == list(SHIPPED)
    assert all(len(each["about"]) > 40 and not each["running"] and each["faults"] == [] for each in found)
    assert generate(sandbox).status == 200


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_scenario_is_played_in_a_conversation(name: str) -> None:
    assert (Path(__file__).parent / f"conversations/scenario_{name.replace('-', '_')}.yaml").exists()


def test_what_starts_is_armed_in_its_order_under_its_name(sandbox: str) -> None:
    started = admin(sandbox, "/scenarios/outage/start", "POST")
    assert (started.status, started.body["name"], started.body["running"]) == (200, "outage", True)
    assert [each["order"] for each in started.body["faults"]] == [
        {"delay": "1s", "times": 1},
        {"answer": "502 Bad Gateway", "times": 2},
        {"answer": "503 Service Unavailable", "times": 1},
        {"fault": "close", "times": 1},
    ]
    assert admin(sandbox, "/faults").body["faults"] == started.body["faults"]
    running_ones = [each["name"] for each in admin(sandbox, "/scenarios").body["scenarios"] if each["running"]]
    assert running_ones == ["outage"]


def test_its_steps_act_one_after_the_other(tmp_path: Path) -> None:
    with running(app_for(root=shop(tmp_path, busy=BUSY))) as url:
        admin(url, "/scenarios/busy/start", "POST")
        assert [call("POST", f"{url}/order").status for _ in range(5)] == [502, 502, 200, 402, 200]
        assert admin(url, "/scenarios").body["scenarios"][0]["running"] is False


def test_one_that_runs_begins_anew(tmp_path: Path) -> None:
    with running(app_for(root=shop(tmp_path, busy=BUSY))) as url:
        for _ in range(3):
            admin(url, "/scenarios/busy/start", "POST")
            assert call("POST", f"{url}/order").status == 502
        assert len(admin(url, "/faults").body["faults"]) == 3


def test_stopping_one_leaves_what_is_armed_besides(sandbox: str) -> None:
    armed = call("POST", f"{sandbox}/__admin/faults", {"operation": "ppiSubmitOtp", "fault": "close"}).body
    admin(sandbox, "/scenarios/outage/start", "POST")
    admin(sandbox, "/scenarios/quota-nearly-full/start", "POST")
    stopped = admin(sandbox, "/scenarios/outage/stop", "POST").body
    assert (stopped["name"], stopped["running"], stopped["faults"]) == ("outage", False, [])
    left = admin(sandbox, "/faults").body["faults"]
    assert left[0] == armed
    assert {each["scenario"] for each in left[1:]} == {"quota-nearly-full"}
    assert generate(sandbox).status == 200


@pytest.mark.parametrize("do", ["start", "stop"])
def test_a_scenario_that_is_not_there_is_a_404_with_the_nearest(sandbox: str, do: str) -> None:
    answer = admin(sandbox, f"/scenarios/outge/{do}", "POST")
    assert (answer.status, answer.headers["X-Mocksrv-Error"]) == (404, "no-such-scenario")
    assert answer.body["detail"] == 'There is no scenario "outge"; did you mean "outage"?'


# --- the shipped ones, where a conversation cannot look --------------------------------------------------------------


class Waits(threading.Event):
    """Takes the place of what cuts a wait short: it never waits, and knows how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        return True


def delays(app: Flask, number: int) -> list[float]:
    """How long that many calls would each wait for their status line."""
    found = []
    for index in range(number):
        waits, body = Waits(), {**BODY, "otp_verification_id": f"A{index}"}
        client = app.test_client()
        client.post("/ppi/otp/generate", json=body, headers=CASHFREE, environ_overrides={STOPPING: waits}).close()
        found.append(waits.asked[0] if waits.asked else 0.0)
    return found


def test_the_slow_route_is_a_little_late_first_and_then_very() -> None:
    first, *others = delays(app_for(scenario="slow-sms-route"), 6)
    assert first == 0.2
    assert all(1 <= each <= 3 for each in others)
    assert len(set(others)) > 1


def test_the_outage_is_slow_for_one_call() -> None:
    assert delays(app_for(scenario="outage"), 2) == [1.0, 0.0]


def test_the_outage_ends_with_an_answer_that_was_given_and_is_lost(sandbox: str) -> None:
    slow, *others = admin(sandbox, "/scenarios/outage/start", "POST").body["faults"]
    admin(sandbox, f"/faults/{slow['id']}", "DELETE")
    assert [generate(sandbox).status for _ in range(3)] == [502, 502, 503]
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        generate(sandbox)
    assert generate(sandbox).body["code"] == "otp_verification_id_already_exists"
    assert [admin(sandbox, f"/faults/{each['id']}").body["armed"] for each in others] == [False] * 3


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_is_of_every_operation_or_of_all_that_send_an_otp(name: str) -> None:
    told = catalogue().scenarios[name]
    spoken = {step.operation for step in told.steps}
    senders = {each.name for each in catalogue().rules.values() if each.form.messages}
    assert spoken in ({None}, senders)


# --- with the server -------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[str]:
    """A server of which every sandbox starts with two 502s."""
    with running(app_for(root=shop(tmp_path, busy=BUSY), scenario="busy")) as url:
        yield url


def orders(url: str, number: int) -> list[int]:
    return [call("POST", f"{url}/order").status for _ in range(number)]


def test_every_sandbox_starts_with_the_scenario_of_the_server(busy: str) -> None:
    assert orders(busy, 3) == [502, 502, 200]
    assert orders(f"{busy}/@a", 3) == [502, 502, 200]
    made = call("POST", f"{busy}/__admin/sandboxes", {}).body
    assert orders(busy + made["prefix"], 3) == [502, 502, 200]


def test_a_reset_starts_the_scenario_of_the_server_anew(busy: str) -> None:
    armed = call("POST", f"{busy}/__admin/faults", {"fault": "close"}).body
    assert orders(busy, 3) == [502, 502, 200]
    admin(busy, "/reset", "POST")
    assert orders(busy, 3) == [502, 502, 200]
    admin(busy, "/scenarios/busy/stop", "POST")
    assert orders(busy, 1) == [200]
    admin(f"{busy}/@other", "/reset?all=true", "POST")
    assert armed["id"] not in [each["id"] for each in admin(busy, "/faults").body["faults"]]
    assert orders(busy, 3) == [502, 502, 200]


def test_without_one_a_reset_leaves_nothing_armed(sandbox: str) -> None:
    admin(sandbox, "/scenarios/outage/start", "POST")
    admin(sandbox, "/reset", "POST")
    assert admin(sandbox, "/faults").body == {"faults": []}


def test_a_server_is_not_started_with_a_scenario_that_is_not_there() -> None:
    said = '--scenario: there is no scenario "outge"; did you mean "outage"?'
    with pytest.raises(SettingsError) as raised:
        app_for(scenario="outge")
    assert str(raised.value) == said
    ended = CliRunner().invoke(main, ["serve", "--port", "0", "--scenario", "outge"])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (2, "", f"mocksrv: {said}\n")


# --- checked ---------------------------------------------------------------------------------------------------------


def checked(root: Path) -> list[str]:
    """What ``mocksrv check`` says of a root, without the count."""
    ended = CliRunner().invoke(main, ["check", "--root", str(root)])
    assert ended.exit_code == (1 if ended.stderr else 0)
    return ended.stderr.splitlines()[:-1]


def faults(*lines: str) -> str:
    return "\n".join(["about: It goes wrong.", "faults:", *(f"  - {line}" for line in lines), ""])


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (faults("{operation: ordr, answer: 402}"), ['3:17: there is no operation "ordr"; did you mean "order"?']),
        (faults("{answer: 402 por}"), ['3:14: no operation has an answer "402 por"; did you mean "402 poor"?']),
        (faults("{operation: order, answer: 502 Bad Gatewy}"),
         ['3:32: order has no answer "502 Bad Gatewy"; did you mean "502 Bad Gateway"?']),
        (faults("{times: 1}", "{fault: clse}"),
         ['4:13: "clse" is no way for an answer to go wrong; did you mean "close"?']),
        (faults("{delay: 5}"), ['3:13: "5" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"']),
        (faults("{fault: close, for: soon}"),
         ['3:25: "soon" is not a duration; write it like "10 minutes", "10m", "2s" or "1 day"']),
        (faults("{fault: drip, lasts: 1h}"), ['3:26: "1h" is too long: an answer may drip for 10 minutes']),
        (faults("{fault: drip, bytes: 3}"), ['3:5: "bytes" belongs to the fault "truncate"']),
        (faults("{fault: close, times: 0}"), ['3:5: "times" is 1 or more; leave it out for once']),
        (faults("{fault: close, times: often}"), ['3:27: "often" is not a whole number']),
        (faults("{fault: close, where: {user: X}}"),
         ['3:28: "user" is not a place; write it like "body.user_id" or "header.x-client-id"']),
        (faults("{fault: close, where: {client.id: X}}"),
         ['3:28: "client.id" is not of the call; write it like "body.mobile_number" or "header.x-client-id"']),
        (faults("{anser: 402}", "{fualt: close}"),
         ['3:6: unknown key "anser"; did you mean "answer"?', '4:6: unknown key "fualt"; did you mean "fault"?']),
        ("about: Nothing.\nfaults: []\n", ["1:1: a scenario has at least one fault"]),
        ("faults: [{fault: close}]\n", ['1:1: "about" is missing here']),
        ("about: No.\n", ['1:1: "faults" is missing here']),
        ("about: No.\nfaults: close\n", ["2:9: a list is wanted here"]),
        ("about: No.\nfaults: [close]\n", ["2:10: a mapping of words is wanted here"]),
        ("- fault: close\n", ["1:1: the file must be a mapping of keys to values"]),
        (faults("{fault: close, where: [body.x]}"), ["3:20: a mapping is wanted here"]),
    ],
    ids=lambda value: str(value)[-60:],
)  # fmt: skip
def test_what_is_wrong_with_a_scenario_is_told_with_its_place(tmp_path: Path, text: str, problems: list[str]) -> None:
    file = "fixtures/scenarios/bad.yaml"
    assert checked(shop(tmp_path, bad=text, busy=BUSY)) == [f"{file}:{problem}" for problem in problems]


def test_a_good_scenario_is_no_problem(tmp_path: Path) -> None:
    assert checked(shop(tmp_path, busy=BUSY)) == []


def test_a_shipped_scenario_with_a_mistyped_operation_would_be_found(tmp_path: Path) -> None:
    for folder in ("specs", "fixtures"):
        shutil.copytree(builtin_root() / folder, tmp_path / folder)
    file = tmp_path / "fixtures/scenarios/slow-sms-route.yaml"
    text = file.read_text()
    file.write_text(text.replace("operation: m2pGenerateOtp,", "operation: m2pGenerateOTP,", 1))
    line = text[: text.index("m2pGenerateOtp")].count("\n") + 1
    where = f"fixtures/scenarios/slow-sms-route.yaml:{line}:17"
    assert checked(tmp_path) == [f'{where}: there is no operation "m2pGenerateOTP"; did you mean "m2pGenerateOtp"?']


def test_every_word_of_a_step_can_be_written(tmp_path: Path) -> None:
    text = faults(
        "{operation: order, answer: 402 poor, fault: truncate, bytes: 3, delay: 10ms..20ms, where: {body.a: 7},"
        " times: 2, after: 1, for: 1 hour}",
        "{fault: drip, lasts: 100ms}",
    )
    steps: tuple[Any, ...] = catalogue(shop(tmp_path, all=text)).scenarios["all"].steps
    assert [step.order() for step in steps] == [
        {"operation": "order", "answer": "402 poor", "fault": "truncate", "bytes": 3, "delay": "10ms..20ms",
         "where": {"body.a": "7"}, "times": 2, "after": 1, "for": "1 hour"},
        {"fault": "drip", "lasts": "100ms"},
    ]  # fmt: skip
