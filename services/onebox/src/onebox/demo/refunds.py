"""Refunds: the customer confirms the exact amount, staff approve what is larger, and every one has its receipt."""

from typing import Any

import httpx

from onebox.agent import ApiError
from onebox.demo.facts import given_back
from onebox.demo.talk import Caller, Talk
from onebox.demo.transcript import print_note
from onebox.demo.verdict import Verdict
from onebox.demo.world import World
from onebox.keys import ADA, BEN, KIM, Person
from onebox.ports import ORCHESTRATOR
from onebox.receipt import NoReceipt, ReceiptClaims, verify_receipt

SMALL, LARGE = "1234", "5678"
SECONDS_FOR_STAFF = 3


async def a_small_refund(world: World, verdict: Verdict) -> None:
    """The preview, the customer's yes, the money, the receipt."""
    before = await given_back(world.database("billing"), SMALL)
    caller = world.caller(ADA)
    async with caller.client:
        asked, talk = await _ask_and_agree(world, verdict, caller, f"Refund order {SMALL} for $50")
        verdict.check("nothing is given back before the customer agrees", before.amounts == (), before)
        verdict.check("it is refunded", talk.outcome == "answered" and "50.00" in talk.text, talk.text)
        given = await given_back(world.database("billing"), SMALL)
        verdict.check("exactly once, exactly 50.00", given.amounts == (5_000,), given)
        await caller.client.decide(asked.conversation_id, asked.turn_id, _digest(asked), confirmed=True)
        again = await given_back(world.database("billing"), SMALL)
        verdict.check("a second click gives nothing more", again == given, again)
    await _receipt_holds(world, verdict, talk)


async def staff_approve(world: World, verdict: Verdict) -> None:
    """Confirmed, pending, approved by somebody else, refunded; the chat that stayed open says so."""
    caller = world.caller(BEN)
    async with caller.client:
        asked, talk = await _ask_and_agree(world, verdict, caller, f"Refund order {LARGE} for $200")
        verdict.check("it waits for staff", talk.approval, talk.outcome)
        pending = await given_back(world.database("billing"), LARGE)
        verdict.check("nothing is given back yet", pending.amounts == () and pending.state == "confirmed", pending)
        refused = await _decide(world, BEN, asked, approved=True)
        verdict.check("the requester cannot approve it", refused.startswith("403"), refused)
        await _decide(world, KIM, asked, approved=True, notes="Checked with the warehouse.")
        ended = await caller.wait(asked)
        world.show(ended)
    given = await given_back(world.database("billing"), LARGE)
    verdict.check("the waiting chat says that it is done", ended.outcome == "answered", ended.text)
    verdict.check("exactly once, exactly 200.00", given.amounts == (20_000,), given)
    receipt = await _receipt_holds(world, verdict, ended)
    verdict.check("the receipt says who approved it", receipt and receipt.approved_by == (KIM.subject,), receipt)


async def staff_deny(world: World, verdict: Verdict) -> None:
    """Denied: a polite end, and no money."""
    before = await given_back(world.database("billing"), LARGE)
    caller = world.caller(BEN)
    async with caller.client:
        asked, _ = await _ask_and_agree(world, verdict, caller, f"Refund order {LARGE} for $150")
        await _decide(world, KIM, asked, approved=False, notes="Was refunded in part already.")
        ended = await caller.wait(asked)
        world.show(ended)
    given = await given_back(world.database("billing"), LARGE)
    verdict.check("it ends politely", ended.outcome == "declined" and "person" in ended.text, ended.text)
    verdict.check("staff's notes are not shown", "in part" not in ended.everything)
    verdict.check("no money has moved", given.amounts == before.amounts and given.state == "denied", given)


async def nobody_approves(world: World, verdict: Verdict) -> None:
    """With three seconds for staff: it expires, politely, and cannot be approved any more."""
    before = await given_back(world.database("billing"), LARGE)
    await world.stack.restart(ORCHESTRATOR, {"AIGUY_APPROVAL_TTL_S": str(SECONDS_FOR_STAFF)})
    caller = world.caller(BEN)
    async with caller.client:
        asked, _ = await _ask_and_agree(world, verdict, caller, f"Refund order {LARGE} for $150")
        card = await _waiting(world, asked)
        ended = await caller.wait(asked)
        world.show(ended)
    late = await _decide(world, KIM, asked, approved=True, card=card)
    await world.stack.restart(ORCHESTRATOR)
    given = await given_back(world.database("billing"), LARGE)
    verdict.check("it ends politely", ended.outcome == "expired" and "in time" in ended.text, ended.text)
    verdict.check("it cannot be approved any more", late.startswith("409"), late)
    verdict.check("no money has moved", given.amounts == before.amounts and given.state == "expired", given)


async def _ask_and_agree(world: World, verdict: Verdict, caller: Caller, text: str) -> tuple[Talk, Talk]:
    asked = await caller.say(text)
    world.show(asked)
    verdict.check("a card says exactly what will be done", asked.card is not None, asked.text)
    agreed = await caller.agree(asked)
    world.show(agreed)
    return asked, agreed


async def _waiting(world: World, talk: Talk) -> dict[str, Any]:
    """The card of the talk in the queue of staff."""
    async with world.caller(KIM).client as staff:
        return next(card for card in await staff.approvals() if card["turn_id"] == talk.turn_id)


async def _decide(
    world: World, who: Person, talk: Talk, *, approved: bool, notes: str = "", card: dict[str, Any] | None = None
) -> str:
    """Decide about the talk's card as `who`; what the API said when it refused, else ''."""
    card = card or await _waiting(world, talk)
    print_note(who.name or who.subject, f"{'approves' if approved else 'denies'}: {card['summary']}", world.console)
    async with world.caller(who).client as person:
        try:
            await person.approve(talk.conversation_id, talk.turn_id, card["digest"], approved=approved, notes=notes)
        except ApiError as error:
            print_note("", f"refused: {error}", world.console)
            return str(error)
    return ""


async def _receipt_holds(world: World, verdict: Verdict, talk: Talk) -> ReceiptClaims | None:
    url = talk.end.links.get("Receipt", "") if talk.end else ""
    verdict.check("the customer gets a receipt", url, talk.text)
    if not url:
        return None
    async with httpx.AsyncClient(timeout=10.0) as client:
        keys = (await client.get(f"{world.stack.url('billing')}/.well-known/receipt-keys.json")).json()
        token = (await client.get(url, headers={"accept": "application/jose"})).text
    try:
        receipt, _ = verify_receipt(token, keys)
    except NoReceipt as error:
        verdict.check("the receipt verifies with our public key", ok=False, seen=error)
        return None
    verdict.check("the receipt verifies with our public key", ok=True)
    verdict.check("a changed receipt does not", _fails(token, keys))
    return receipt


def _fails(token: str, keys: dict[str, Any]) -> bool:
    head, body, signature = token.split(".")
    try:
        verify_receipt(f"{head}.{body[:-3]}{'AAA' if body[-3:] != 'AAA' else 'BBB'}.{signature}", keys)
    except NoReceipt:
        return True
    return False


def _digest(talk: Talk) -> str:
    return talk.card.digest if talk.card else ""
