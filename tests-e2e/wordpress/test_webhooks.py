"""News about tickets: a signed message is a notice for staff and an e-mail, once; anything else is nothing."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import httpx
import pytest

from .conftest import ChangeSettings
from .desk import at_desk
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
KEY, OLD_KEY = secrets.token_bytes(32), secrets.token_bytes(32)


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def event(number: str, kind: str = "ticket.created", **more: Any) -> dict[str, Any]:
    data = {
        "ticket_id": f"tkt_{number}", "number": number, "topic": "refund", "priority": "high", "queue": "support",
        "subject": f"About {number}", "first_reply_due": "2031-05-06T10:00:00+00:00",
    }  # fmt: skip
    return {"type": kind, "timestamp": "2031-05-06T08:00:00+00:00", "data": data | more}


async def sent(
    site: Site, body: Any, *, key: bytes = KEY, message_id: str | None = None, at: int | None = None, **changed: str
) -> httpx.Response:
    """Signed as the specification says; `changed` replaces headers."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    message_id, stamp = message_id or f"msg_{secrets.token_hex(8)}", str(int(time.time()) if at is None else at)
    mac = hmac.new(key, f"{message_id}.{stamp}.".encode() + content, hashlib.sha256).digest()
    headers = {
        "webhook-id": message_id, "webhook-timestamp": stamp, "content-type": "application/json",
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    } | {name.replace("_", "-"): value for name, value in changed.items()}  # fmt: skip
    async with site.client() as tickets:
        return await tickets.post(site.rest("/webhooks"), content=content, headers=headers)


@pytest.fixture
async def listening(wordpress: Site, settings: ChangeSettings) -> Site:
    await settings(webhook_secret=secret_of(KEY), contact_email="help@larch.example")
    return wordpress


async def test_a_ticket_becomes_a_notice_for_staff_and_one_mail(listening: Site) -> None:
    number = f"T-{secrets.token_hex(4)}"
    assert (await sent(listening, event(number))).json() == {"received": True}
    (mail,) = [one for one in listening.mails() if number in one["subject"]]
    assert mail["to"] == "help@larch.example"
    assert f"About {number}" in mail["message"]
    async with at_desk(listening, "kim") as kim, at_desk(listening, "ada") as ada:
        assert number in (await kim.http.get("/wp-admin/index.php")).text
        assert number not in (await ada.http.get("/wp-admin/profile.php")).text


async def test_the_same_message_again_is_nothing_new(listening: Site) -> None:
    number = f"T-{secrets.token_hex(4)}"
    for _ in range(3):
        assert (await sent(listening, event(number), message_id=f"msg_{number}")).status_code == 200
    assert len([one for one in listening.mails() if number in one["subject"]]) == 1


async def test_each_colleague_puts_notices_away_for_themselves(listening: Site) -> None:
    number = f"T-{secrets.token_hex(4)}"
    await sent(listening, event(number, "ticket.sla_missed"))
    async with at_desk(listening, "kim") as kim, at_desk(listening, "lee") as lee:
        page = (await kim.http.get("/wp-admin/index.php")).text
        form = page.split('value="aiguy_dismiss_notices"')[1]
        nonce = form.split('name="_wpnonce" value="')[1].split('"')[0]
        put_away = {"action": "aiguy_dismiss_notices", "_wpnonce": nonce}
        assert (await kim.http.post("/wp-admin/admin-post.php", data=put_away)).status_code == 302
        assert number not in (await kim.http.get("/wp-admin/index.php")).text
        assert number in (await lee.http.get("/wp-admin/index.php")).text
        forged = await lee.http.post("/wp-admin/admin-post.php", data=put_away)
        assert forged.status_code == 403
        assert number in (await lee.http.get("/wp-admin/index.php")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": secrets.token_bytes(32)},
        {"at": 1},
        {"at": 99_999_999_999},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v2," + "A" * 44},
        {"webhook_timestamp": "now"},
        {"webhook_id": "another"},
        {"webhook_id": ""},
    ],
)
async def test_what_is_not_signed_just_now_with_the_secret_is_refused(listening: Site, wrong: dict[str, Any]) -> None:
    before = len(listening.mails())
    answer = await sent(listening, event("T-forged"), **wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert len(listening.mails()) == before


async def test_without_a_secret_nothing_is_believed(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(webhook_secret="")
    for key in (b"", KEY):
        assert (await sent(wordpress, event("T-none"), key=key)).status_code == 401


async def test_while_the_secret_is_exchanged_both_are_believed(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(webhook_secret=f"{secret_of(KEY)} {secret_of(OLD_KEY)}")
    assert [(await sent(wordpress, event("T-new"), key=key)).status_code for key in (KEY, OLD_KEY)] == [200, 200]
    await settings(webhook_secret=secret_of(KEY))
    assert [(await sent(wordpress, event("T-new"), key=key)).status_code for key in (KEY, OLD_KEY)] == [200, 401]


async def test_one_good_signature_among_others_is_enough(listening: Site) -> None:
    body, stamp = json.dumps(event("T-two")).encode(), str(int(time.time()))
    mac = hmac.new(KEY, f"msg_two.{stamp}.".encode() + body, hashlib.sha256).digest()
    both = "v1," + "A" * 44 + " v1," + base64.b64encode(mac).decode()
    answer = await sent(
        listening, body, message_id="msg_two", webhook_timestamp=stamp, webhook_signature=both
    )  # fmt: skip
    assert answer.status_code == 200


@pytest.mark.parametrize("body", [event("T", "ticket.exploded"), {"type": "ticket.created"}, [1], {"data": {}}])
async def test_a_signed_message_that_is_no_ticket_event_is_refused(listening: Site, body: Any) -> None:
    assert (await sent(listening, body)).status_code == 422


async def test_a_message_that_is_too_large_is_not_read(listening: Site) -> None:
    assert (await sent(listening, event("T-large", subject="x" * 70_000))).status_code == 413


async def test_what_a_customer_wrote_into_the_subject_runs_nowhere(listening: Site) -> None:
    number = f"T-{secrets.token_hex(4)}"
    subject = "<script>alert(1)</script>\r\nBcc: everybody@larch.example"
    await sent(listening, event(number, subject=subject))
    async with at_desk(listening, "kim") as kim:
        page = (await kim.http.get("/wp-admin/index.php")).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    (mail,) = [one for one in listening.mails() if number in one["subject"]]
    assert "\n" not in mail["subject"]
    assert "\nBcc" not in mail["message"]


async def test_only_the_newest_notices_are_kept(listening: Site) -> None:
    for count in range(25):
        await sent(listening, event(f"T-many-{count}"))
    kept = await listening.run("return get_option('aiguy_ticket_notices');")
    assert len(kept["notices"]) == 20
    assert kept["notices"][-1]["data"]["number"] == "T-many-24"
