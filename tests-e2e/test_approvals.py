"""Refunds in the chat: confirmed by the customer, above a limit approved by staff, and told to the waiting chat."""

import asyncio

import httpx
import pytest

from e2e.approving import confirmed, decide, waiting
from e2e.facts import rows
from e2e.machine import Machine
from e2e.people import BEN, Person
from e2e.shop import paid_order
from onebox.keys import KIM, LEE
from servicekit.auth.claims import Role
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_REMINDED = "SELECT reminded_at FROM cards WHERE turn_id = $1 AND kind = 'approval'"


@pytest.fixture
def paid(machine: Machine):
    return lambda amount_minor=90_000: paid_order(machine, amount_minor)


async def test_a_small_refund_is_made_at_once_and_gives_a_receipt(paid, visit) -> None:
    shop = await paid()
    visitor = visit(shop.person)
    turn = await confirmed(visitor, shop.order, 50)
    assert turn.outcome == "answered"
    assert "$50.00" in turn.text or "50.00" in turn.text
    assert await shop.given() == [5_000]
    receipt = turn.end["links"]["Receipt"]
    async with httpx.AsyncClient() as browser:
        page = await browser.get(receipt, headers={"accept": "application/jose"})
        changed = await browser.get(receipt.replace("rfd_", "rfd_0"), headers={"accept": "application/jose"})
    assert page.status_code == 200
    assert page.text.count(".") == 2
    assert changed.status_code in (403, 404)


async def test_a_larger_one_waits_for_staff_and_the_waiting_chat_says_so(paid, visit) -> None:
    shop = await paid()
    visitor, kim = visit(shop.person), visit(KIM)
    turn = await confirmed(visitor, shop.order, 200)
    assert turn.events[-1].name == "approval"
    assert await shop.given() == []
    assert [row["state"] for row in await shop.refunds()] == ["confirmed"]
    card = await waiting(kim, turn)
    assert (card["approvals"], card["policy"], card["customer"]) == (1, "R2", shop.person.name)
    assert (await decide(kim, card, notes="Checked with the warehouse")).json()["approvals_missing"] == 0
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "answered"
    assert "Receipt" in turn.end["links"]
    assert await shop.given() == [20_000]
    assert [message["role"] for message in (await visitor.view(turn.conversation_id))["messages"]][-1] == "assistant"


async def test_a_large_one_needs_two_colleagues(paid, visit) -> None:
    shop = await paid()
    visitor, kim, lee = visit(shop.person), visit(KIM), visit(LEE)
    turn = await confirmed(visitor, shop.order, 600)
    card = await waiting(kim, turn)
    assert (await decide(kim, card)).json()["approvals_missing"] == 1
    assert (await decide(kim, card)).status_code == 409
    assert await shop.given() == []
    assert (await waiting(lee, turn))["approved_by"] == [KIM.subject]
    assert (await decide(lee, card)).json()["approvals_missing"] == 0
    await visitor.follow(turn, to_end=True)
    assert await shop.given() == [60_000]


async def test_two_colleagues_who_click_at_once_make_one_refund(paid, visit) -> None:
    shop = await paid()
    visitor, kim, lee = visit(shop.person), visit(KIM), visit(LEE)
    turn = await confirmed(visitor, shop.order, 200)
    card = await waiting(kim, turn)
    answers = await asyncio.gather(*(decide(staff, card) for staff in (kim, lee, kim, lee)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    await visitor.follow(turn, to_end=True)
    assert await shop.given() == [20_000]


async def test_a_denied_one_ends_politely_and_moves_nothing(paid, visit) -> None:
    shop = await paid()
    visitor, kim = visit(shop.person), visit(KIM)
    turn = await confirmed(visitor, shop.order, 200)
    card = await waiting(kim, turn)
    assert (await decide(kim, card, approved=False, notes="The customer has had a refund before")).status_code == 202
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "declined"
    assert "could not approve" in turn.text
    assert "refund before" not in turn.text
    assert await shop.given() == []
    assert [row["state"] for row in await shop.refunds()] == ["denied"]
    assert (await decide(visit(LEE), card)).status_code == 409


async def test_the_requester_cannot_approve_it_even_as_staff(paid, visit) -> None:
    shop = await paid()
    own = Person(shop.person.subject, Role.STAFF, shop.person.name, "other@example.com")
    turn = await confirmed(visit(shop.person), shop.order, 200)
    card = await waiting(visit(own), turn)
    answer = await decide(visit(own), card)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await decide(visit(shop.person), card)).status_code == 403
    assert await shop.given() == []


async def test_what_was_not_asked_cannot_be_approved(paid, visit) -> None:
    shop = await paid()
    kim = visit(KIM)
    turn = await confirmed(visit(shop.person), shop.order, 200)
    card = await waiting(kim, turn)
    assert (await decide(kim, card | {"digest": turn.card["digest"]})).status_code == 404
    edited = await decide(kim, card, money_moved={"amount_minor": 1, "currency": "USD"})
    assert edited.status_code == 422
    assert await shop.given() == []


async def test_meanwhile_the_chat_answers_other_questions_and_where_the_refund_is(paid, visit) -> None:
    shop = await paid()
    visitor = visit(shop.person)
    turn = await confirmed(visitor, shop.order, 200)
    other = await visitor.say(f"Where is my refund for order {shop.order}?", turn.conversation_id)
    assert "approve" in other.text
    assert (await visitor.view(turn.conversation_id))["status"] == "waiting"


async def test_an_approval_that_nobody_gives_expires_politely(paid, short_approvals, visit) -> None:
    shop = await paid()
    visitor, kim = visit(shop.person), visit(KIM)
    turn = await confirmed(visitor, shop.order, 200)
    card = await waiting(kim, turn)
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "expired"
    assert "no money has moved" in turn.text
    assert await shop.given() == []
    late = await decide(kim, card)
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    assert [row["state"] for row in await shop.refunds()] == ["expired"]


async def test_staff_are_reminded_at_half_time(machine: Machine, paid, short_approvals, visit) -> None:
    shop = await paid()
    visitor = visit(shop.person)
    turn = await confirmed(visitor, shop.order, 200)

    async def reminded() -> bool:
        (card,) = await rows(machine.database("orchestrator"), _REMINDED, turn.turn_id)
        return card["reminded_at"] is not None

    await eventually(reminded)
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "expired"


async def test_more_than_was_paid_is_refused_before_anybody_is_asked(paid, visit) -> None:
    shop = await paid(10_000)
    turn = await visit(shop.person).say(f"Refund order {shop.order} for $200")
    assert turn.named("confirmation") == []
    assert await shop.refunds() == []


async def test_somebody_elses_order_is_not_refunded(paid, visit) -> None:
    shop = await paid()
    turn = await visit(BEN).say(f"Refund order {shop.order} for $5")
    assert turn.outcome == "refused"
    assert await shop.refunds() == []
