"""Notices to a site by webhook: signed so that it can tell, and each answer of its means one of three things."""

import asyncio
import base64
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from servicekit.db.pool import Database
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.sealing.subjects import SubjectKeys
from servicekit.telemetry.metrics import Metrics
from servicekit.testing import FakeClock
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from servicekit.testing.waiting import eventually
from tickets.backends.webhook import WebhookDelivery
from tickets.backends.webhook_signing import SigningSecret
from tickets.outbox import repository
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain
from tickets.outbox.sender import Pace, Sender

from .fake_webhook import SECRET, FakeSite

EVENT = '{"type":"ticket.created","data":{"ä":1}}'
NOTICE = OutboxMessage(
    id="msg_1", kind=Kind.WEBHOOK, recipient="shop.example", subject="", body=EVENT,
    created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture
def delivery(site_url: str, http: AiohttpClient, clock: FakeClock) -> WebhookDelivery:
    return WebhookDelivery(site_url, SigningSecret.read(SECRET), http, clock, timeout_s=1)


def test_a_signature_is_that_of_the_published_example() -> None:
    secret = SigningSecret.read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", SECRET.removeprefix("whsec_"), "whsec_" + base64.b64encode(b"x" * 23).decode(),
     "whsec_not-base64-at-all-but-long-enough!!", "whsec_" + base64.b64encode(b"x" * 65).decode()],
)  # fmt: skip
def test_a_secret_that_is_none_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_") as caught:
        SigningSecret.read(text)
    encoded = text.removeprefix("whsec_")
    assert not encoded or encoded not in str(caught.value)


def test_a_secret_does_not_show() -> None:
    assert base64.b64decode(SECRET.removeprefix("whsec_")).decode() not in repr(SigningSecret.read(SECRET))


async def test_a_notice_arrives_signed_as_it_was_stored(
    delivery: WebhookDelivery, site: FakeSite, clock: FakeClock
) -> None:
    assert await delivery.deliver(NOTICE) == Delivered()
    (taken,) = site.taken
    assert (taken.id, taken.timestamp) == ("msg_1", int(clock.now().timestamp()))
    assert taken.body == {"type": "ticket.created", "data": {"ä": 1}}
    assert taken.headers["content-type"] == "application/json"
    assert taken.headers["user-agent"] == "aiguy-tickets"


async def test_each_attempt_has_the_same_id_and_a_time_of_its_own(
    delivery: WebhookDelivery, site: FakeSite, clock: FakeClock
) -> None:
    await delivery.deliver(NOTICE)
    clock.advance(60)
    await delivery.deliver(NOTICE)
    first, second = site.taken
    assert (first.id, second.timestamp - first.timestamp) == (second.id, 60)


async def test_another_secret_is_not_believed(
    site_url: str, http: AiohttpClient, site: FakeSite, clock: FakeClock
) -> None:
    other = SigningSecret.read("whsec_" + base64.b64encode(b"another-secret-of-another-site").decode())
    with capture_logs() as logs:
        assert await WebhookDelivery(site_url, other, http, clock).deliver(NOTICE) == TryAgain("refuses_us")
    assert [(one["event"], one["log_level"], one["status"]) for one in logs] == [("webhook_refuses_us", "error", 401)]
    assert (site.taken, site.refused) == ([], 1)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(204), Delivered()),
        (Fault(299, body=b"x" * 1_000_000), Delivered()),
        (Fault.garbage(), Delivered()),
        (Fault.status(301, {"location": "/elsewhere"}), TryAgain("redirected")),
        (Fault.status(308, {"location": "/webhooks"}), TryAgain("redirected")),
        (Fault.status(400), Refused("refused")),
        (Fault.status(401), TryAgain("refuses_us")),
        (Fault.status(403, {"retry-after": "60"}), TryAgain("refuses_us", pause_s=60)),
        (Fault.status(404), TryAgain("refuses_us")),
        (Fault.status(410), Refused("gone")),
        (Fault.status(413), Refused("refused")),
        (Fault.status(415), Refused("refused")),
        (Fault.status(422), Refused("refused")),
        (Fault.status(408), TryAgain("rejected")),
        (Fault.status(409), TryAgain("rejected")),
        (Fault.status(425), TryAgain("rejected")),
        (Fault.status(429, {"retry-after": "7"}), TryAgain("rate_limited", pause_s=7)),
        (Fault.status(429, {"retry-after": "soon"}), TryAgain("rate_limited", pause_s=30)),
        (Fault.status(429, {"retry-after": "999999"}), TryAgain("rate_limited", pause_s=3600)),
        (Fault.status(500), TryAgain("unavailable")),
        (Fault.status(503, {"retry-after": "120"}), TryAgain("unavailable", pause_s=120)),
        (Fault.hang_before(), TryAgain("timeout")),
        (Fault.hang_after(), TryAgain("timeout")),
    ],
    ids=["204", "299_long", "garbage", "301", "308", "400", "401", "403", "404", "410", "413", "415", "422", "408",
         "409", "425", "429", "429_word", "429_long", "500", "503", "hang_before", "hang_after"],
)  # fmt: skip
async def test_each_answer_means_done_again_or_never(
    delivery: WebhookDelivery, site_faults: Faults, fault: Fault, outcome: Outcome
) -> None:
    site_faults.next(fault)
    found = await delivery.deliver(NOTICE)
    assert found == outcome
    assert UPSTREAM_SECRET not in repr(found)
    assert site_faults.seen == ["POST /webhooks"]


async def test_nobody_listening_is_tried_again(http: AiohttpClient, clock: FakeClock) -> None:
    nowhere = WebhookDelivery("http://127.0.0.1:9/webhooks", SigningSecret.read(SECRET), http, clock)
    assert await nowhere.deliver(NOTICE) == TryAgain("unavailable")


async def test_no_log_has_the_secret_or_the_path(
    delivery: WebhookDelivery, site_faults: Faults, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some sites have a secret of theirs in the path."""
    site_faults.next(Fault.status(401), Fault.status(500))
    for _ in range(3):
        await delivery.deliver(NOTICE)
    told = "".join(capsys.readouterr())
    assert "webhook" in told
    assert SECRET.removeprefix("whsec_") not in told
    assert "/webhooks" not in told


@pytest.mark.service
async def test_killed_between_delivery_and_record_it_arrives_again_under_the_same_id(
    delivery: WebhookDelivery,
    site_faults: Faults,
    site: FakeSite,
    database: Database,
    people: SubjectKeys,
    clock: FakeClock,
) -> None:
    pace = Pace(tries=3, lease_s=90, poll_s=0.01)
    sender = Sender(database, delivery, clock, Metrics(), pace, people)
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM outbox")
        await repository.put(connection, NOTICE, await people.sealer(connection, people.name("cust_ada")))
    site_faults.next(Fault.hang_after())
    killed = asyncio.create_task(sender.send_next())
    await eventually(lambda: site.taken)
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    clock.advance(pace.lease_s)
    assert await sender.send_next() is True
    assert [one.id for one in site.taken] == ["msg_1", "msg_1"]
    async with database.primary() as connection:
        row = await connection.fetchrow("SELECT state, body FROM outbox WHERE id = 'msg_1'")
    assert tuple(row or ()) == ("sent", b"")
