"""`aiguy receipt verify`: whoever has a receipt can find out whether it is ours, and what it says."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from click.testing import Result
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from typer.testing import CliRunner

from billing.receipts.content import claims_of
from billing.receipts.signing import KEYS_PATH, sign_receipt
from billing.refunds.model import LoggedEvent
from contracts.money import Money
from contracts.tools.billing import RefundState
from onebox.cli import app
from onebox.home import Home
from onebox.keys import KeyFiles
from servicekit.auth.keys import KeySet
from servicekit.testing.live import live_server

Write = Callable[[str], Path]
CLAIMS: dict[str, Any] = {
    "iss": "https://shop.example", "sub": "rfd_1", "iat": 1_790_000_000, "action": "refund", "outcome": "succeeded",
    "amount": {"amount_minor": 5000, "currency": "USD"}, "order": "••C123",
    "policy": {"clause": "R2", "sentence": "Up to 500.00 one colleague approves."}, "approved_by": ["staff_eve"],
    "events": [
        {"what": "requested", "who": "cust", "at": "2026-09-21T14:13:20.000Z"},
        {"what": "succeeded", "who": "provider", "at": "2026-09-21T14:14:00.000Z"},
    ],
    "chain": {"seq": 5, "hash": "ab" * 32},
}  # fmt: skip


@pytest.fixture
def keys() -> KeySet:
    return KeySet.generate()


@pytest.fixture
def home(tmp_path: Path, keys: KeySet) -> Path:
    """AIGUY_HOME of an installation that signs with `keys`."""
    made = Home(tmp_path / "onebox")
    made.create()
    keys.save(KeyFiles(made.keys).receipts)
    return tmp_path


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts text into a file."""

    def to_file(content: str) -> Path:
        file = tmp_path / "receipt"
        file.write_text(content)
        return file

    return to_file


def verify(home: Path, *arguments: object) -> Result:
    environment = {"AIGUY_HOME": str(home), "COLUMNS": "200"}
    return CliRunner().invoke(app, ["receipt", "verify", *map(str, arguments)], env=environment)


@pytest.mark.parametrize(
    "spelled",
    [
        "{jws}",
        "{jws}\n",
        '{{"receipt": "{jws}"}}',
        '{{"receipt": {{"amount": "of no weight"}}, "jws": "{jws}", "keys_url": "https://evil.example"}}',
        "<!doctype html><h1>Refunded</h1><pre>{jws}</pre>",
    ],
)
def test_a_receipt_of_ours_is_genuine_and_says_what_was_done(
    home: Path, keys: KeySet, write: Write, spelled: str
) -> None:
    answer = verify(home, write(spelled.format(jws=sign_receipt(keys, CLAIMS))))
    assert answer.exit_code == 0, answer.output
    assert f"GENUINE. It was signed with the key {keys.active.kid}" in answer.output
    assert "a refund of 50.00 USD for order ••C123 succeeded at 2026-09-21T14:14:00.000Z" in answer.output
    assert "The rule was R2: Up to 500.00 one colleague approves." in answer.output
    assert "Approved by: staff_eve." in answer.output


def test_what_billing_puts_into_a_receipt_is_what_is_read_here(home: Path, keys: KeySet, write: Write) -> None:
    refund: Any = SimpleNamespace(
        id="rfd_2", order_id="XYZ789", amount=Money(amount_minor=1250, currency="EUR"), clause="R1", sentence="Small."
    )
    details = b'{"approvers": [], "clause": "R1", "sentence": "Small."}'
    events = [
        LoggedEvent(seq, kind, 1_790_000_000_000 + seq, "policy", details, bytes(32))
        for seq, kind in enumerate((RefundState.REQUESTED, RefundState.APPROVED, RefundState.SUCCEEDED), 1)
    ]
    answer = verify(home, write(sign_receipt(keys, claims_of(refund, events, "https://shop.example"))))
    assert answer.exit_code == 0, answer.output
    assert "a refund of 12.50 EUR for order ••Z789 succeeded" in answer.output
    assert "Approved by: the shop's rules, without staff." in answer.output


def test_after_a_rotation_old_receipts_are_still_genuine(
    home: Path, keys: KeySet, write: Write, tmp_path: Path
) -> None:
    public = tmp_path / "keys.json"
    public.write_text(json.dumps(keys.rotate().jwks()))
    assert verify(home, write(sign_receipt(keys, CLAIMS)), "--keys", public).exit_code == 0


def _forged(keys: KeySet) -> str:
    """Signed by somebody else who names our key."""
    stranger = KeySet.generate()
    return jwt.encode(CLAIMS, stranger.active.private, "EdDSA", {"kid": keys.active.kid, "typ": "receipt+jwt"})


def _with_other_claims(keys: KeySet) -> str:
    head, _, signature = sign_receipt(keys, CLAIMS).split(".")
    more = {**CLAIMS, "amount": {"amount_minor": 500_000, "currency": "USD"}}
    return f"{head}.{sign_receipt(keys, more).split('.')[1]}.{signature}"


def _of_another_type(keys: KeySet) -> str:
    return jwt.encode(CLAIMS, keys.active.private, "EdDSA", {"kid": keys.active.kid, "typ": "JWT"})


def _signed_with_the_public_key_as_a_secret(keys: KeySet) -> str:
    head = {"kid": keys.active.kid, "typ": "receipt+jwt"}
    return jwt.encode(CLAIMS, "x" * 64, "HS512", head)


def _unsigned(keys: KeySet) -> str:
    return jwt.encode(CLAIMS, None, "none", {"kid": keys.active.kid, "typ": "receipt+jwt"}) + "AA"


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (_forged, "The signature is wrong"),
        (_with_other_claims, "The signature is wrong"),
        (_of_another_type, "This is signed text, but no receipt."),
        (_signed_with_the_public_key_as_a_secret, "This is signed text, but no receipt."),
        (_unsigned, "This is signed text, but no receipt."),
        (lambda _: sign_receipt(KeySet.generate(), CLAIMS), "which is not among these keys"),
        (lambda keys: sign_receipt(keys, {"iss": "x"}), "no receipt that this version can read"),
        (lambda keys: f"{sign_receipt(keys, CLAIMS)} {_forged(keys)}", "This holds several receipts."),
        (lambda _: "eyJh.eyJh.eyJh", "its head cannot be read"),
        (lambda _: "Dear customer", "it holds no signed text"),
        (lambda _: "", "it holds no signed text"),
        (lambda _: "[1, 2]", "it holds no signed text"),
        (lambda _: '{"jws": 5}', "it holds no signed text"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_anything_else_is_not_genuine_and_is_told_why(
    home: Path, keys: KeySet, write: Write, made: Any, why: str
) -> None:
    answer = verify(home, write(made(keys)))
    assert answer.exit_code == 1
    assert answer.output.startswith("NOT GENUINE. ")
    assert why in answer.output
    assert "refund of" not in answer.output, "what was not verified is not repeated"


def test_what_cannot_be_read_is_not_judged(home: Path, keys: KeySet, write: Write, tmp_path: Path) -> None:
    receipt = write(sign_receipt(keys, CLAIMS))
    (tmp_path / "odd.json").write_text('{"keys": 1}')
    for arguments, why in (
        ((tmp_path / "nothing",), "cannot be read (No such file or directory)"),
        ((tmp_path,), "cannot be read (Is a directory)"),
        (("http://127.0.0.1:9/receipts/1?signature=secret",), "http://127.0.0.1:9/receipts/1 cannot be reached"),
        ((receipt, "--keys", "http://127.0.0.1:9/keys"), "cannot be reached (ConnectError)"),
        ((receipt, "--keys", tmp_path / "odd.json"), "holds no keys"),
        ((receipt, "--keys", receipt), "holds no keys"),
    ):
        answer = verify(home, *arguments)
        assert (answer.exit_code, answer.output[:13]) == (2, "NOT CHECKED. "), arguments
        assert why in answer.output
        assert "secret" not in answer.output


def test_a_key_without_a_readable_name_is_passed_over(home: Path, keys: KeySet, write: Write, tmp_path: Path) -> None:
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"keys": [{"kid": {}}, {"kid": ["x"]}, 7, *keys.jwks()["keys"]]}))
    assert verify(home, write(sign_receipt(keys, CLAIMS)), "--keys", odd).exit_code == 0


def test_without_keys_on_the_machine_they_are_asked_for(tmp_path: Path, keys: KeySet, write: Write) -> None:
    answer = verify(tmp_path / "elsewhere", write(sign_receipt(keys, CLAIMS)))
    assert answer.exit_code == 2
    assert "name a file or a link with --keys" in answer.output


@pytest.fixture
def shop(keys: KeySet) -> Iterator[str]:
    """URL of a service with receipts behind links, as billing has it."""
    served = FastAPI()

    @served.get("/receipts/good")
    def good(request: Request) -> dict[str, Any]:
        assert "application/json" in request.headers["accept"]
        return {"receipt": CLAIMS, "jws": sign_receipt(keys, CLAIMS), "keys_url": "https://evil.example"}

    @served.get("/receipts/late")
    def late() -> Response:
        return Response(status_code=410)

    @served.get("/receipts/endless")
    def endless() -> Response:
        return Response(b"x" * 2_000_000)

    @served.get(KEYS_PATH)
    def public() -> dict[str, Any]:
        return keys.jwks()

    with live_server(served) as url:
        yield url


def test_a_link_is_verified_with_the_published_keys(shop: str, tmp_path: Path) -> None:
    answer = verify(tmp_path, f"{shop}/receipts/good", "--keys", f"{shop}{KEYS_PATH}")
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize(("path", "why"), [("late", "answers 410"), ("endless", "sends more than a receipt can have")])
def test_a_link_that_gives_no_receipt_says_so(shop: str, home: Path, path: str, why: str) -> None:
    answer = verify(home, f"{shop}/receipts/{path}?signature=secret")
    assert answer.exit_code == 2
    assert why in answer.output
    assert "secret" not in answer.output
