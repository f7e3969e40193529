"""The whole service with its tickets in Zendesk: one ticket for each key, and nothing of theirs in an answer."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from contracts import headers
from contracts.errors import ProblemCode
from contracts.privacy import ERASE_PATH
from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from servicekit.testing.tool_client import ToolClient, tool_service
from tickets.app import build
from tickets.settings import Settings

from .fake_zendesk import BY_API_TOKEN, FakeZendesk

pytestmark = pytest.mark.service
ASKED = {"subject": "Refund is late", "body": "Ten days by now.", "category": "refund"}
WAITING = {"reason": "customer_asked", "summary": "Wants a person.", "transcript": "Customer: hello?"}


@pytest.fixture
async def remote_service(with_zendesk: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    async with tool_service(lambda kit: build(with_zendesk, kit_factory=kit), clock) as client:
        async with client.kit.db.transaction() as connection:
            await connection.execute("UPDATE handoffs SET status = 'closed'")
        yield client


async def test_a_ticket_has_the_number_that_zendesk_gave(remote_service: ToolClient, zendesk: FakeZendesk) -> None:
    answer = await _open(remote_service, "k-1")
    (held,) = zendesk.tickets
    assert (answer.status_code, answer.json()["number"]) == (200, f"#{held['id']}")
    assert held["external_id"] == answer.json()["ticket_id"]


async def test_twenty_calls_with_one_key_are_one_ticket(remote_service: ToolClient, zendesk: FakeZendesk) -> None:
    grant = await remote_service.confirm(CREATE_TICKET, ASKED)
    answers = await asyncio.gather(*(_open(remote_service, "k-2", grant) for _ in range(20)))
    assert len(zendesk.tickets) == 1
    assert {one.json()["number"] for one in answers if one.status_code == 200} == {f"#{zendesk.tickets[0]['id']}"}
    assert {one.json()["code"] for one in answers if one.status_code != 200} <= {"idempotency_in_flight"}


@pytest.mark.parametrize(
    "fault", [Fault.status(500), Fault.status(429, {"retry-after": "1"}), Fault.hang_before(), Fault.hang_after(),
              Fault.garbage(), Fault.status(401)],
    ids=["500", "429", "hang_before", "hang_after", "garbage", "401"],
)  # fmt: skip
async def test_a_call_that_failed_and_is_repeated_opens_one_ticket(
    remote_service: ToolClient, zendesk: FakeZendesk, zendesk_faults: Faults, fault: Fault
) -> None:
    key = f"k-{fault.code}-{fault.runs}-{fault.hangs}"
    await _open(remote_service, f"{key}-before")
    zendesk_faults.next(fault)
    grant = await remote_service.confirm(CREATE_TICKET, ASKED)
    first = await _open(remote_service, key, grant)
    assert UPSTREAM_SECRET not in first.text
    # A refused token is renewed within the call; everything else is the caller's to repeat.
    assert (first.status_code == 200) == (fault.code == 401)
    second = await _open(remote_service, key, grant)
    assert second.status_code == 200, second.text
    third = await _open(remote_service, key, grant)
    assert third.content == second.content
    assert third.headers[headers.IDEMPOTENT_REPLAYED] == "true"
    assert len(zendesk.tickets) == 2


async def test_without_a_confirmation_nothing_is_sent(remote_service: ToolClient, zendesk_faults: Faults) -> None:
    answer = await remote_service.call(CREATE_TICKET, ASKED)
    assert_problem(answer, ProblemCode.CONFIRMATION_REQUIRED)
    assert zendesk_faults.seen == []


async def test_a_hand_over_has_a_ticket_there_and_a_place_here(
    remote_service: ToolClient, zendesk: FakeZendesk
) -> None:
    first = (await remote_service.call(HANDOFF_HUMAN, WAITING)).json()
    second = (await remote_service.call(HANDOFF_HUMAN, {**WAITING, "summary": "Still waiting."})).json()
    assert (first["queue"], first["position"]) == ("live", 0)
    assert second == first
    (held,) = zendesk.tickets
    assert first["ticket_number"] == f"#{held['id']}"


async def test_an_erasure_deletes_the_tickets_there_and_says_which_are_left(
    remote_service: ToolClient, zendesk: FakeZendesk, zendesk_faults: Faults
) -> None:
    await remote_service.privacy(ERASE_PATH)
    for key in ("k-3", "k-4"):
        assert (await _open(remote_service, key)).status_code == 200
    numbers = [f"#{one['id']}" for one in zendesk.tickets]
    zendesk_faults.next(Fault.status(403))
    done = (await remote_service.privacy(ERASE_PATH)).json()
    (left,) = [f"#{one['id']}" for one in zendesk.tickets]
    assert (done["erased"]["zendesk_ticket"], left in numbers) == (1, True)
    assert done["kept"]["zendesk"] == f"left at Zendesk, to be deleted there: {left}"
    again = (await remote_service.privacy(ERASE_PATH)).json()
    assert (again["erased"]["zendesk_ticket"], zendesk.tickets, "zendesk" in again["kept"]) == (1, [], False)
    assert set((await remote_service.privacy(ERASE_PATH)).json()["erased"].values()) == {0}


async def test_an_erasure_does_not_wait_for_zendesk_for_ever(
    remote_service: ToolClient, zendesk: FakeZendesk, zendesk_faults: Faults
) -> None:
    assert (await _open(remote_service, "k-5")).status_code == 200
    zendesk_faults.next(Fault.hang_before())
    done = (await remote_service.privacy(ERASE_PATH)).json()
    assert str(zendesk.tickets[0]["id"]) in done["kept"]["zendesk"]


@pytest.mark.parametrize(("old", "starts"), [(True, 1.0), (False, None)], ids=["api_token", "oauth"])
async def test_a_start_with_an_api_token_is_counted(
    with_zendesk: Settings, clock: FakeClock, old: bool, starts: float | None
) -> None:
    settings = Settings.model_validate(with_zendesk.model_dump() | (BY_API_TOKEN if old else {}))
    async with tool_service(lambda kit: build(settings, kit_factory=kit), clock) as client:
        registry, labels = client.kit.metrics.registry, {"setting": "zendesk_api_token"}
        assert registry.get_sample_value("aiguy_deprecated_settings_total", labels) == starts


async def _open(client: ToolClient, key: str, grant: str | None = None) -> httpx.Response:
    grant = grant or await client.confirm(CREATE_TICKET, ASKED)
    return await client.call(CREATE_TICKET, ASKED, key=key, grant=grant)
