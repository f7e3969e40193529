"""The receipt of a refund: behind a signed link, verifiable by anybody with our public keys, and readable by people."""

from pathlib import Path
from typing import Any

import jwt
import pytest

from billing.app import build
from billing.receipts.links import ReceiptLinks
from billing.receipts.page import render_receipt
from billing.settings import Settings
from contracts.errors import ProblemCode
from servicekit.auth.keys import KeySet
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient, tool_service

from .shop import KIM, LEE, approve, close, history, look, paid, refund, waiting

pytestmark = pytest.mark.service
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def receipt_url(service: ToolClient, amount: int = 5_000) -> str:
    """The link to the receipt of a new refund that was made."""
    url: str = (await refund(service, await paid(service, 9_000), amount)).json()["receipt_url"]
    return url


def settings_of(service: ToolClient) -> Settings:
    """What the running service was told."""
    found = service.kit.settings
    assert isinstance(found, Settings)
    return found


async def verified(service: ToolClient, jws: str) -> dict[str, Any]:
    """The claims, by the published keys alone: what a stranger does."""
    keys = jwt.PyJWKSet.from_dict((await service.http.get("/.well-known/receipt-keys.json")).json())
    header = jwt.get_unverified_header(jws)
    assert (header["typ"], header["alg"]) == ("receipt+jwt", "EdDSA")
    claims: dict[str, Any] = jwt.decode(jws, keys[header["kid"]], ["EdDSA"], options={"verify_iat": False})
    return claims


async def test_a_receipt_says_what_was_done_by_which_rule_and_who_approved(service: ToolClient) -> None:
    refund_id = await waiting(service, 60_000)
    made = (await approve(service, refund_id, [LEE, KIM])).json()
    answer = await service.http.get(made["receipt_url"], headers={"accept": "application/jose, application/json"})
    assert answer.headers["content-type"] == "application/jose"
    claims = await verified(service, answer.text)
    assert (claims["sub"], claims["action"], claims["outcome"]) == (refund_id, "refund", "succeeded")
    assert claims["amount"] == {"amount_minor": 60_000, "currency": "USD"}
    assert claims["policy"] == {"clause": "R3", "sentence": "Larger refunds are approved by two members of staff."}
    assert claims["approved_by"] == [KIM, LEE]
    assert [(event["what"], event["who"]) for event in claims["events"]] == await history(service, refund_id)
    async with service.kit.db.primary() as connection:
        row = await connection.fetchrow(
            "SELECT seq, hash FROM refund_events WHERE refund_request_id = $1 ORDER BY seq DESC LIMIT 1", refund_id
        )
    assert row is not None
    assert claims["chain"] == {"seq": row["seq"], "hash": row["hash"].hex()}


async def test_a_receipt_names_no_customer_and_no_whole_order(service: ToolClient) -> None:
    refund_id = await waiting(service)
    made = (await approve(service, refund_id)).json()
    for accept in ("application/json", "text/html"):
        told = (await service.http.get(made["receipt_url"], headers={"accept": accept})).text
        for private in (ADA.subject, "It broke.", made["order_id"], "ending in 4242"):
            assert private not in told


async def test_the_same_receipt_is_the_same_bytes(service: ToolClient, clock: FakeClock) -> None:
    url = await receipt_url(service)
    first = await service.http.get(url)
    clock.advance(3600)
    assert (await service.http.get(url)).content == first.content


async def test_who_asks_for_nothing_special_gets_json_with_the_signed_receipt_in_it(service: ToolClient) -> None:
    url = await receipt_url(service)
    for accept in ("*/*", "application/json"):
        answer = await service.http.get(url, headers={"accept": accept})
        assert answer.headers["content-type"] == "application/json"
        assert await verified(service, answer.json()["receipt"]) == answer.json()["claims"]
        assert answer.json()["keys_url"].endswith("/.well-known/receipt-keys.json")
    assert answer.json()["claims"]["approved_by"] == ["policy"]


async def test_a_changed_receipt_does_not_verify(service: ToolClient) -> None:
    head, body, signature = (await service.http.get(await receipt_url(service))).json()["receipt"].split(".")
    changed = jwt.utils.base64url_encode(
        jwt.utils.base64url_decode(body).replace(b'"amount_minor":5000', b'"amount_minor":9999')
    ).decode()
    assert changed != body
    for forged in (f"{head}.{changed}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA"):
        with pytest.raises(jwt.InvalidSignatureError):
            await verified(service, forged)


async def test_a_browser_gets_a_page_that_loads_nothing(service: ToolClient) -> None:
    url = await receipt_url(service)
    page = await service.http.get(url, headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "<h1>50.00 USD refunded</h1>" in page.text
    assert "R1: Refunds of up to 100.00 USD are made without asking staff." in page.text
    assert "the shop&#x27;s rules, without staff" in page.text
    for loading in ("<script", "src=", "href=", "url(", "@import"):
        assert loading not in page.text


async def test_whatever_stands_in_a_receipt_is_shown_as_text(service: ToolClient) -> None:
    evil = "<script>alert(1)</script>"
    claims = (await service.http.get(await receipt_url(service))).json()["claims"]
    claims |= {"order": evil, "approved_by": [evil], "sub": evil, "policy": {"clause": evil, "sentence": evil}}
    claims["chain"]["hash"] = evil
    assert "<script" not in render_receipt(claims, evil, shop=evil, keys_url=evil)


@pytest.mark.parametrize("outcome", ["denied", "expired"])
async def test_what_was_not_made_has_a_receipt_too(service: ToolClient, outcome: str) -> None:
    closed = (await close(service, await waiting(service), outcome)).json()
    page = (await service.http.get(closed["receipt_url"], headers=BROWSER)).text
    assert {"denied": "declined", "expired": "not decided in time"}[outcome] in page
    claims = (await service.http.get(closed["receipt_url"])).json()["claims"]
    assert (claims["outcome"], claims["approved_by"]) == (outcome, [])


async def test_a_refund_that_is_not_over_has_no_receipt(service: ToolClient, clock: FakeClock) -> None:
    """Not even behind a link that we signed ourselves."""
    refund_id = await waiting(service)
    assert (await look(service, refund_id))["receipt_url"] is None
    links = ReceiptLinks("http://service", settings_of(service).link_secret.get_secret_value().encode())
    url = links.make(refund_id, clock.now())
    assert_problem(await service.http.get(url), ProblemCode.FORBIDDEN)
    await close(service, refund_id)
    assert (await service.http.get(url)).status_code == 200


async def test_the_link_of_one_receipt_opens_no_other(service: ToolClient) -> None:
    one, other = await receipt_url(service), await receipt_url(service)
    swapped = f"{one.partition('?')[0]}?{other.partition('?')[2]}"
    assert_problem(await service.http.get(swapped), ProblemCode.FORBIDDEN)


@pytest.mark.parametrize("change", [("expires=", "expires=1"), ("signature=", "signature=0"), ("rfd_", "rfd_a")])
async def test_a_changed_link_is_refused(service: ToolClient, change: tuple[str, str]) -> None:
    assert_problem(await service.http.get((await receipt_url(service)).replace(*change)), ProblemCode.FORBIDDEN)


async def test_a_link_is_over_after_ninety_days(service: ToolClient, clock: FakeClock) -> None:
    url = await receipt_url(service)
    clock.advance(90 * 86_400 - 1)
    assert (await service.http.get(url)).status_code == 200
    clock.advance(1)
    assert_problem(await service.http.get(url), ProblemCode.LINK_EXPIRED)


async def test_receipts_verify_after_a_restart_with_the_same_keys(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    KeySet.generate().save(tmp_path / "receipts.json")
    kept = settings.model_copy(update={"receipt_keys": tmp_path / "receipts.json"})
    async with tool_service(lambda kit: build(kept, kit_factory=kit), clock) as before:
        jws = (await before.http.get(await receipt_url(before))).json()["receipt"]
    async with tool_service(lambda kit: build(kept, kit_factory=kit), clock) as after:
        assert (await verified(after, jws))["outcome"] == "succeeded"
        published = (await after.http.get("/.well-known/receipt-keys.json")).json()
    assert all("d" not in key for key in published["keys"]), "no private part is published"
