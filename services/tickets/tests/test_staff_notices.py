"""Staff hear of a new ticket and of a hand-over once, in the same transaction, and of no more than they need."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from contracts.registry import AnyContract
from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.testing import FakeClock
from servicekit.testing.faulty import Fault, Faults
from servicekit.testing.slack import FakeSlack
from servicekit.testing.tool_client import ToolClient, tool_service
from servicekit.testing.waiting import eventually
from tickets.app import build
from tickets.settings import Settings

from .fake_smtp import FakeSmtp

pytestmark = pytest.mark.service
TICKET = {
    "subject": "Refund is late, write to ada@example.org", "body": "My card is 4111 and I wait.", "category": "refund",
    "priority": "high",
}  # fmt: skip
WAITING = {"reason": "customer_asked", "summary": "Ada wants a person.", "transcript": "Customer: hello?"}
STAFF = {"tickets_notice_email": "staff@shop.example", "tickets_notice_channel": "ops"}
#: Starts the service, with more settings.
Start = Callable[..., AbstractAsyncContextManager[ToolClient]]


@pytest.fixture(params=["postgres", "zendesk"])
async def start(
    request: pytest.FixtureRequest, settings: Settings, with_zendesk: Settings, ways_out: dict[str, Any],
    clock: FakeClock,
) -> Start:  # fmt: skip
    base = with_zendesk if request.param == "zendesk" else settings

    def started(**more: Any) -> AbstractAsyncContextManager[ToolClient]:
        full = Settings.model_validate(base.model_dump() | ways_out | more)
        return tool_service(lambda kit: build(full, kit_factory=kit), clock)

    return started


@pytest.fixture
async def telling(start: Start) -> AsyncIterator[ToolClient]:
    async with start(**STAFF) as client:
        await _clear(client)
        yield client


async def test_a_new_ticket_is_told_by_mail_and_in_slack(telling: ToolClient, smtp: FakeSmtp, slack: FakeSlack) -> None:
    number = (await _call(telling, CREATE_TICKET, TICKET)).json()["number"]
    await eventually(lambda: smtp.mails and slack.posts)
    (mail,), (post,) = smtp.mails, slack.posts
    assert (mail["To"], mail["Subject"]) == ("staff@shop.example", f"New ticket {number}: refund, high")
    assert _text(mail) == (
        "Queue: billing\nFirst reply due: Mon 02 Mar 2026, 12:00 EST\nSubject: Refund is late, write to [email]\n"
    )
    assert post["channel"] == "C0123ABCD"
    assert post["text"] == (
        f"New ticket {number}: refund, high\nQueue: billing\nFirst reply due: Mon 02 Mar 2026, 12:00 EST"
    )


async def test_a_hand_over_is_told_without_what_was_said(telling: ToolClient, smtp: FakeSmtp, slack: FakeSlack) -> None:
    number = (await _call(telling, HANDOFF_HUMAN, WAITING)).json()["ticket_number"]
    await eventually(lambda: smtp.mails and slack.posts)
    title = f"Somebody waits for a person: ticket {number}, customer asked, high"
    assert smtp.mails[0]["Subject"] == title
    assert slack.posts[0]["text"].startswith(f"{title}\nQueue: live\n")
    for told in (_text(smtp.mails[0]), slack.posts[0]["text"]):
        assert "Ada" not in told
        assert "hello" not in told


@pytest.mark.parametrize(("contract", "asked"), [(CREATE_TICKET, TICKET), (HANDOFF_HUMAN, WAITING)], ids=["t", "h"])
async def test_a_repeated_call_is_told_once(
    telling: ToolClient, smtp: FakeSmtp, slack: FakeSlack, contract: AnyContract, asked: dict[str, str]
) -> None:
    grant, key = await _grant(telling, contract, asked), secrets.token_hex(8)
    first = await _call(telling, contract, asked, key, grant)
    await eventually(lambda: smtp.mails and slack.posts)
    second = await _call(telling, contract, asked, key, grant)
    assert second.content == first.content
    assert await _queued(telling) == ["email", "slack"]


async def test_a_second_hand_over_of_the_conversation_is_not_told(telling: ToolClient) -> None:
    first = await _call(telling, HANDOFF_HUMAN, WAITING)
    second = await _call(telling, HANDOFF_HUMAN, {"reason": "low_confidence", "summary": "Still waits."})
    assert second.json()["handoff_id"] == first.json()["handoff_id"]
    assert await _queued(telling) == ["email", "slack"]


@pytest.mark.parametrize(("contract", "asked"), [(CREATE_TICKET, TICKET), (HANDOFF_HUMAN, WAITING)], ids=["t", "h"])
@pytest.mark.parametrize("table", ["outbox", "audit"])
async def test_ticket_and_notice_are_stored_together_or_not_at_all(
    telling: ToolClient, contract: AnyContract, asked: dict[str, str], table: str
) -> None:
    """The audit row is the last of the write."""
    grant, key = await _grant(telling, contract, asked), secrets.token_hex(8)
    before = await _tickets(telling)
    await _execute(telling, f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK (false) NOT VALID")
    try:
        broken = await telling.call(contract, asked, key=key, grant=grant)
        assert broken.status_code >= 500
    finally:
        await _execute(telling, f"ALTER TABLE {table} DROP CONSTRAINT broken")
    assert (await _tickets(telling), await _queued(telling)) == (before, [])
    await _call(telling, contract, asked, key, grant)
    assert (await _tickets(telling), await _queued(telling)) == (before + 1, ["email", "slack"])


@pytest.mark.parametrize("start", ["zendesk"], indirect=True)
@pytest.mark.parametrize("fault", [Fault.hang_after(), Fault.hang_before(), Fault.status(500)], ids=["a", "b", "500"])
async def test_a_ticket_that_was_opened_with_trouble_is_told_once_it_is_open(
    telling: ToolClient, zendesk_faults: Faults, fault: Fault
) -> None:
    await _call(telling, CREATE_TICKET, TICKET)
    await _clear(telling)
    grant, key = await _grant(telling, CREATE_TICKET, TICKET), secrets.token_hex(8)
    zendesk_faults.next(fault)
    assert (await telling.call(CREATE_TICKET, TICKET, key=key, grant=grant)).status_code >= 500
    assert await _queued(telling) == []
    await _call(telling, CREATE_TICKET, TICKET, key, grant)
    assert await _queued(telling) == ["email", "slack"]


@pytest.mark.parametrize(
    ("set_up", "kinds"),
    [({}, []), ({"tickets_notice_email": "staff@shop.example"}, ["email"]),
     ({"tickets_notice_channel": "#ops"}, ["slack"])],
    ids=["nothing", "email", "slack"],
)  # fmt: skip
async def test_only_those_who_are_set_are_told(start: Start, set_up: dict[str, str], kinds: list[str]) -> None:
    async with start(**set_up) as client:
        await _clear(client)
        await _call(client, CREATE_TICKET, TICKET)
        assert await _queued(client) == kinds
        await _call(client, HANDOFF_HUMAN, WAITING)
        assert await _queued(client) == sorted(kinds * 2)


async def _grant(client: ToolClient, contract: AnyContract, asked: dict[str, str]) -> str | None:
    return await client.confirm(contract, asked) if contract is CREATE_TICKET else None


async def _call(
    client: ToolClient,
    contract: AnyContract,
    asked: dict[str, str],
    key: str | None = None,
    grant: str | None = None,
) -> httpx.Response:
    answer = await client.call(contract, asked, key=key, grant=grant or await _grant(client, contract, asked))
    assert answer.status_code == 200, answer.text
    return answer


async def _execute(client: ToolClient, *statements: str) -> None:
    async with client.kit.db.transaction() as connection:
        for statement in statements:
            await connection.execute(statement)


async def _clear(client: ToolClient) -> None:
    await _execute(client, "DELETE FROM outbox", "UPDATE handoffs SET status = 'closed'")


async def _queued(client: ToolClient) -> list[str]:
    async with client.kit.db.primary() as connection:
        return [row["kind"] for row in await connection.fetch("SELECT kind FROM outbox ORDER BY kind")]


async def _tickets(client: ToolClient) -> int:
    async with client.kit.db.primary() as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM tickets")
    return found


def _text(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content()).replace("\r\n", "\n")
