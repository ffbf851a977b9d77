"""A folder of a user's own: the vendor's file as it is published, for sending alone, with our additions and fixture.

``documents/cashfree-verification`` looks like that file in structure and words that count, without its prose.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mocksrv.conversation import hold, read_conversation
from mocksrv.threaded import running
from tests.http import CASHFREE, app_for, call, catalogue

TESTS = Path(__file__).parent
OURS = (
    "specs/cashfree/verification.ours.yaml",
    "fixtures/cashfree/keys/test-only.pem",
    "fixtures/cashfree/verification/product.yaml",
    "fixtures/cashfree/verification/send_otp.yaml",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(TESTS / "documents" / "cashfree-verification", root, dirs_exist_ok=True)
    for file in OURS:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TESTS.parent / file, root / file)
    return root


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[str]:
    with running(app_for(root=root)) as url:
        yield url


def test_the_folder_has_no_problems_and_says_what_was_left_out(root: Path) -> None:
    command = [sys.executable, "-m", "mocksrv", "check", "--root", str(root)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (checked.returncode, checked.stdout) == (0, "1 operation of 1 product, no problems\n")
    [note] = checked.stderr.splitlines()
    assert note.startswith("specs/cashfree/verification.ours.yaml:")
    assert note.endswith(": left out, specs/cashfree/verification.yaml has no post /mobile360/otp/verify")


def test_one_operation_is_served_where_the_vendor_has_it(root: Path) -> None:
    [rules] = catalogue(root).rules.values()
    assert (rules.name, rules.paths) == ("VrsMobile360SendOtpRequest", ("/verification/mobile360/otp/send",))


@pytest.mark.parametrize("name", ["send", "consent"])
def test_it_answers_as_the_built_in_one(name: str, served: str) -> None:
    conversation = read_conversation(TESTS / "conversations" / f"cashfree_verification_{name}.yaml", TESTS)
    assert len(list(hold(conversation, f"{served}/@{name}"))) == len(conversation.steps)


def test_it_checks_signatures(served: str) -> None:
    url, headers = f"{served}/@signed", {"x-client-id": "TEST_CLIENT_2FA", "x-client-secret": "TEST_SECRET_2FA"}
    asked = {"operation": "VrsMobile360SendOtpRequest", "client": "TEST_CLIENT_2FA"}
    signature = call("POST", f"{url}/__admin/sign", asked).body["value"]
    sent = call("POST", f"{url}/verification/mobile360/otp/send", {}, headers={**headers, "x-cf-signature": signature})
    assert sent.body["code"] == "verification_id_missing"


def test_what_was_left_out_is_no_path(served: str) -> None:
    answer = call("POST", f"{served}/verification/mobile360/otp/verify", {}, headers=CASHFREE)
    assert answer.status == 404
    assert answer.body == {"type": "not_found_error", "code": "route_not_found", "message": "Route Not Found"}


def test_the_spec_alone_is_served_with_its_own_answers(tmp_path: Path) -> None:
    shutil.copytree(TESTS / "documents" / "cashfree-verification", tmp_path, dirs_exist_ok=True)
    with running(app_for(root=tmp_path)) as url:
        consent = {"timestamp": "2024-11-29T12:34:56Z", "purpose": "User consent to fetch data.", "obtained": True}
        sent = {"verification_id": "A", "mobile_number": "1", "notification_modes": [], "user_consent": consent}
        send = f"{url}/verification/mobile360/otp/send"
        refused = call("POST", send, sent)
        accepted = call("POST", send, {**sent, "user_consent": {**consent, "type": "EXPLICIT"}})
    assert (refused.status, refused.body["code"]) == (400, "verification_id_missing")
    assert (accepted.status, accepted.body["status"]) == (200, "OTP_GENERATED")
