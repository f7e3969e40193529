"""Tickets in Zendesk: what is sent, what each failure means, and one ticket whatever happens on the way."""

import asyncio
import json

import pytest

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.testing import FakeClock
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from servicekit.testing.waiting import eventually
from tickets.parts import uses_api_token, zendesk_desk
from tickets.settings import Settings

from .desks import RemoteZendesk
from .fake_zendesk import BY_API_TOKEN, FakeZendesk
from .port_suite import handoff, owner_of, ticket

pytestmark = pytest.mark.service


async def test_a_ticket_is_sent_as_zendesk_wants_it(remote: RemoteZendesk, zendesk: FakeZendesk) -> None:
    draft = ticket()
    opened = await remote.open_ticket(draft)
    (sent,) = zendesk.tickets
    assert opened.number == f"#{sent['id']}"
    assert opened.id == sent["external_id"] == draft.ref
    assert sent["requester"] == {"name": "Ada", "email": "ada@example.org"}
    assert sent["comment"] == {"body": "Ten days by now.", "public": True}
    assert sent["tags"] == ["aiguy", "aiguy_queue_billing", "aiguy_refund", "order_abc-123"]
    assert "custom_fields" not in sent


async def test_an_order_field_is_used_when_there_is_one(
    remote: RemoteZendesk, zendesk: FakeZendesk, with_zendesk: Settings, http: AiohttpClient, clock: FakeClock
) -> None:
    remote.desk = zendesk_desk(with_zendesk.model_copy(update={"zendesk_order_field": 360012}), http, clock)
    await remote.open_ticket(ticket())
    assert zendesk.tickets[0]["custom_fields"] == [{"id": 360012, "value": "ABC-123"}]
    assert "order_abc-123" not in zendesk.tickets[0]["tags"]


async def test_a_requester_without_an_address_is_known_by_a_hash(remote: RemoteZendesk, zendesk: FakeZendesk) -> None:
    for _ in range(2):
        await remote.open_ticket(ticket(requester="guest_7f3a", guest=True, email=None, name=None))
    (person,) = zendesk.users
    assert person["name"] == "Website visitor"
    assert {one["requester_id"] for one in zendesk.tickets} == {person["id"]}
    assert "guest_7f3a" not in json.dumps([zendesk.users, zendesk.tickets])


async def test_what_was_said_stands_in_an_internal_note(remote: RemoteZendesk, zendesk: FakeZendesk) -> None:
    asked = handoff()
    await remote.hand_over(asked)
    (sent,) = zendesk.tickets
    assert sent["comment"]["public"] is False
    assert sent["comment"]["body"] == (
        f"Wants a person.\n\nCustomer: Hello?\n\nConversation: {asked.ticket.conversation_id}"
    )
    assert {"aiguy_handoff", "aiguy_reason_customer_asked"} <= set(sent["tags"])


async def test_our_own_row_keeps_nothing_that_was_written(remote: RemoteZendesk) -> None:
    opened = await remote.open_ticket(ticket())
    async with remote.db.primary() as connection:
        row = await connection.fetchrow("SELECT subject, body, requester FROM tickets WHERE id = $1", opened.id)
    assert row is not None
    assert tuple(row) == (b"", b"", owner_of("cust_ada"))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.status(403), ProblemCode.DEPENDENCY_DOWN),
        (Fault.status(404), ProblemCode.DEPENDENCY_DOWN),
        (Fault.status(409), ProblemCode.OVERLOADED),
        (Fault.status(422), ProblemCode.INVALID_REQUEST),
        (Fault.status(429, {"retry-after": "7"}), ProblemCode.RATE_LIMITED),
        (Fault.status(500), ProblemCode.DEPENDENCY_DOWN),
        (Fault.status(503, {"retry-after": "7"}), ProblemCode.DEPENDENCY_DOWN),
        (Fault.garbage(), ProblemCode.DEPENDENCY_DOWN),
        (Fault(200, body=b'{"ticket": []}'), ProblemCode.DEPENDENCY_DOWN),
        (Fault.hang_before(), ProblemCode.DEADLINE_EXCEEDED),
        (Fault.hang_after(), ProblemCode.DEADLINE_EXCEEDED),
    ],
    ids=["403", "404", "409", "422", "429", "500", "503", "garbage", "shape", "hang_before", "hang_after"],
)
async def test_each_failure_has_its_problem_and_the_next_try_one_ticket(
    remote: RemoteZendesk, zendesk: FakeZendesk, zendesk_faults: Faults, fault: Fault, code: ProblemCode
) -> None:
    await _with_a_token(remote)
    draft = ticket()
    zendesk_faults.next(fault)
    with pytest.raises(ProblemError) as caught:
        await remote.open_ticket(draft)
    assert caught.value.code is code
    assert UPSTREAM_SECRET not in repr(caught.value.problem)
    if code is ProblemCode.RATE_LIMITED:
        assert caught.value.problem.retry_after_s == 7
    opened = await remote.open_ticket(draft)
    assert [one["id"] for one in zendesk.tickets if one["external_id"] == draft.ref] == [int(opened.number[1:])]


async def test_a_refused_token_that_cannot_be_renewed_is_our_outage(
    remote: RemoteZendesk, zendesk: FakeZendesk, zendesk_faults: Faults
) -> None:
    await _with_a_token(remote)
    zendesk_faults.seen.clear()
    zendesk_faults.next(Fault.status(401), Fault.status(401))
    with pytest.raises(ProblemError) as caught:
        await remote.open_ticket(ticket())
    assert caught.value.code is ProblemCode.DEPENDENCY_DOWN
    assert UPSTREAM_SECRET not in repr(caught.value.problem)


async def test_nobody_listening_is_our_outage(
    remote: RemoteZendesk, with_zendesk: Settings, http: AiohttpClient, clock: FakeClock
) -> None:
    nowhere = with_zendesk.model_copy(update={"zendesk_url": "http://127.0.0.1:9"})
    remote.desk = zendesk_desk(nowhere, http, clock)
    with pytest.raises(ProblemError) as caught:
        await remote.open_ticket(ticket())
    assert caught.value.code is ProblemCode.DEPENDENCY_DOWN


async def test_a_lost_answer_is_found_again_after_they_forgot_the_key(
    remote: RemoteZendesk, zendesk: FakeZendesk, zendesk_faults: Faults
) -> None:
    await _with_a_token(remote)
    draft = ticket()
    zendesk_faults.next(Fault.hang_after())
    with pytest.raises(ProblemError):
        await remote.open_ticket(draft)
    zendesk.keys.clear()
    await remote.open_ticket(draft)
    assert [one["external_id"] for one in zendesk.tickets].count(draft.ref) == 1


async def test_the_first_try_asks_once_and_a_repeat_asks_nothing(remote: RemoteZendesk, zendesk_faults: Faults) -> None:
    await _with_a_token(remote)
    draft = ticket()
    zendesk_faults.seen.clear()
    await remote.open_ticket(draft)
    assert zendesk_faults.seen == ["POST /api/v2/tickets.json"]
    await remote.open_ticket(draft)
    assert zendesk_faults.seen == ["POST /api/v2/tickets.json"]


async def test_a_list_that_ignores_our_filter_gives_nobody_elses_ticket(
    remote: RemoteZendesk, zendesk: FakeZendesk, zendesk_faults: Faults
) -> None:
    zendesk.ignores_filter = True
    await remote.open_ticket(ticket())
    draft = ticket()
    zendesk_faults.next(Fault.status(500))
    with pytest.raises(ProblemError):
        await remote.open_ticket(draft)
    opened = await remote.open_ticket(draft)
    assert opened.number == f"#{zendesk.tickets[-1]['id']}"
    assert zendesk.tickets[-1]["external_id"] == draft.ref


async def test_a_ticket_on_a_later_page_is_found_and_pages_are_not_read_for_ever(
    remote: RemoteZendesk, zendesk: FakeZendesk, zendesk_faults: Faults
) -> None:
    zendesk.ignores_filter, zendesk.page_size = True, 1
    drafts = [ticket() for _ in range(4)]
    for draft in drafts:
        await remote.open_ticket(draft)
    zendesk_faults.seen.clear()
    second = await remote.desk.api.find(drafts[1].ref)
    assert second is not None
    assert second.id == zendesk.tickets[1]["id"]
    assert len(zendesk_faults.seen) == 2
    assert await remote.desk.api.find(drafts[3].ref) is None
    assert len(zendesk_faults.seen) == 5


async def test_placeholders_of_theirs_are_not_filled_in(remote: RemoteZendesk, zendesk: FakeZendesk) -> None:
    await remote.open_ticket(ticket(subject="{{{ticket.id}}}", body="{{ticket.requester.phone}} {% if 1 %} {ok}"))
    await remote.hand_over(handoff())
    said = json.dumps([[one["subject"], one["comment"]] for one in zendesk.tickets], ensure_ascii=False)
    assert "{{" not in said
    assert "{%" not in said
    assert zendesk.tickets[0]["comment"]["body"].replace("\u200b", "") == ("{{ticket.requester.phone}} {% if 1 %} {ok}")


async def test_calls_at_once_ask_for_one_token(remote: RemoteZendesk, zendesk: FakeZendesk) -> None:
    await asyncio.gather(*(remote.open_ticket(ticket()) for _ in range(6)))
    assert len(zendesk.asked_for_tokens) == 1
    assert zendesk.asked_for_tokens[0]["scope"] == "tickets:read tickets:write users:write"


async def test_a_token_is_replaced_before_it_ends(
    remote: RemoteZendesk, zendesk: FakeZendesk, clock: FakeClock
) -> None:
    await _with_a_token(remote)
    clock.advance(1800 - 61)
    await remote.open_ticket(ticket())
    assert len(zendesk.asked_for_tokens) == 1
    clock.advance(2)
    await asyncio.gather(*(remote.open_ticket(ticket()) for _ in range(4)))
    assert len(zendesk.asked_for_tokens) == 2


async def test_a_revoked_token_is_replaced_once_for_all(remote: RemoteZendesk, zendesk: FakeZendesk) -> None:
    await _with_a_token(remote)
    zendesk.valid.clear()
    opened = await asyncio.gather(*(remote.open_ticket(ticket()) for _ in range(6)))
    assert len(opened) == 6
    assert len(zendesk.asked_for_tokens) == 2


async def test_a_wrong_client_is_our_outage_and_says_nothing(
    remote: RemoteZendesk, zendesk_faults: Faults, with_zendesk: Settings, http: AiohttpClient, clock: FakeClock
) -> None:
    remote.desk = zendesk_desk(with_zendesk.model_copy(update={"zendesk_client_id": "other"}), http, clock)
    with pytest.raises(ProblemError) as caught:
        await remote.open_ticket(ticket())
    assert caught.value.code is ProblemCode.DEPENDENCY_DOWN
    assert zendesk_faults.seen == ["POST /oauth/tokens"]


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.garbage(), Fault.hang_before()], ids=["500", "bad", "hang"])
async def test_without_a_token_nothing_is_sent_and_the_next_call_asks_again(
    remote: RemoteZendesk, zendesk_faults: Faults, fault: Fault
) -> None:
    zendesk_faults.next(fault)
    draft = ticket()
    with pytest.raises(ProblemError):
        await remote.open_ticket(draft)
    assert zendesk_faults.seen == ["POST /oauth/tokens"]
    assert (await remote.open_ticket(draft)).id == draft.ref


async def test_a_caller_that_gives_up_leaves_the_token_to_the_others(
    remote: RemoteZendesk, zendesk: FakeZendesk
) -> None:
    impatient = asyncio.create_task(remote.open_ticket(ticket()))
    patient = asyncio.create_task(remote.open_ticket(ticket()))
    await eventually(lambda: zendesk.asked_for_tokens)
    impatient.cancel()
    assert (await patient).status == "open"
    assert len(zendesk.asked_for_tokens) == 1


async def test_an_api_token_still_works(
    remote: RemoteZendesk, zendesk: FakeZendesk, with_zendesk: Settings, http: AiohttpClient, clock: FakeClock
) -> None:
    old = Settings.model_validate(with_zendesk.model_dump() | BY_API_TOKEN)
    remote.desk = zendesk_desk(old, http, clock)
    await remote.open_ticket(ticket())
    assert (uses_api_token(old), uses_api_token(with_zendesk)) == (True, False)
    assert zendesk.asked_for_tokens == []


async def _with_a_token(remote: RemoteZendesk) -> None:
    await remote.open_ticket(ticket())
