"""What is mailed to who wrote by mail: in their thread, with codes where an address has to be proven."""

from dataclasses import dataclass, replace
from typing import Any, cast

import jwt
import pytest
from prometheus_client import Counter

from contracts.errors import ProblemCode
from contracts.headers import IDEMPOTENCY_KEY
from contracts.manifest import entry_from_contract
from contracts.tools.tickets import EMAIL_ANSWER, SendEmailInput
from contracts.turn import Answering, Outcome
from orchestrator.channels.email.codes import codes_in
from orchestrator.channels.email.letters import Letter
from orchestrator.channels.email.proving import Proving
from orchestrator.channels.email.replies import replied_to
from orchestrator.channels.email.store import TAKEN, Names, keep, thread_of
from orchestrator.jobs.mailing import MailJobs
from orchestrator.journal.entries import load_entries
from orchestrator.journal.mailing import leave_address
from orchestrator.journal.staff import StaffMessage, say, take_over
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.tools.entry import make_entry
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import Drafted, Guarded, HandedOff
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold

from .post import CHANNEL, Post, post

pytestmark = pytest.mark.service
FIXTURES = (post,)


@dataclass
class OneTool:
    """A catalogue of one tool."""

    known: Any

    def entry(self, name: str) -> Any:
        return self.known if name == self.known.name else None


async def _wrote_a_mail(post: Post, text: str = "How long is the warranty?", **told: Any) -> str:
    """A turn that answers a mail of a guest."""
    turn_id = await post.says_a_guest(text, **told)
    letter = Letter("two@example.org", ("one@example.org",), "Warranty", "gus@example.org")
    async with post.database.primary() as db:
        names = Names(f"id-{turn_id}", f"named-{turn_id}", CHANNEL.person("gus@example.org"))
        assert await keep(db, names, TAKEN, post.conversation, turn_id, letter)
    return turn_id


async def test_a_mail_is_answered_in_its_thread_with_a_reply_address_of_the_conversation(post: Post) -> None:
    turn_id = await _wrote_a_mail(post)
    await post.end(turn_id)
    assert await replace(post.mails, email=CHANNEL).send(turn_id)
    (call,) = post.tickets.calls
    assert call.arguments["subject"] == "Re: Warranty"
    assert call.arguments["in_reply_to"] == "two@example.org"
    assert call.arguments["references"] == ["one@example.org", "two@example.org"]
    to = f"support+{call.arguments['reply_tag']}@shop.example"
    assert replied_to([to], CHANNEL.own, CHANNEL.key) == post.conversation.id
    body = call.arguments["body"]
    assert "It is on its way." in body
    assert "Delivery: https://shop.example/delivery" in body
    assert "reply to this e-mail" in body
    assert "very many people" not in body
    async with post.database.primary() as db:
        found = await thread_of(db, CHANNEL.referred(("m1@shop.example",)), CHANNEL.sent("", "Gus+x@example.org"))
        other = await thread_of(db, CHANNEL.referred(("m1@shop.example",)), CHANNEL.sent("", "eve@example.org"))
    assert (found, other) == (post.conversation.id, None), "a reply to it is known again, to who had it alone"


def _with_codes(post: Post) -> MailJobs:
    counted, ours = Counter("codes", "", ["outcome"], registry=None), ()
    proving = Proving(CHANNEL, b"c" * 32, post.mails.world.clock, counted, ours, per_conversation=1)
    return replace(post.mails, email=CHANNEL, proving=proving)


PROVES = Finish(Outcome.CLARIFY, "I need to know that this address is yours.")


@pytest.mark.parametrize("said", ["prove_address", "code_over"])
async def test_who_has_to_prove_their_address_is_mailed_a_code_the_same_whenever_it_is_mailed(
    post: Post, said: str
) -> None:
    turn_id, mails = await _wrote_a_mail(post, "Where is AB-991234?", told=said), _with_codes(post)
    await post.end(turn_id, PROVES)
    post.tickets.problem = ProblemCode.DEPENDENCY_DOWN
    assert not await mails.send(turn_id)
    post.tickets.problem = None
    assert await mails.send(turn_id)
    bodies = [one.arguments["body"] for one in post.tickets.calls]
    assert len(set(bodies)) == 1
    (code,) = codes_in(bodies[0])
    assert bodies[0].startswith(PROVES.text)
    for told in ("for 10 minutes", "Nobody from our team will ever ask you for this code."):
        assert told in bodies[0]
    async with post.database.primary() as db:
        kept = await db.fetchrow("SELECT * FROM mail_codes WHERE turn_id = $1", turn_id)
        recorded = await load_entries(db, post.conversation.sealer, turn_id, mails.codec)
    for one in (code, code.replace("-", "")):
        assert one not in f"{kept} {recorded} {mails}"
    assert kept["address"] == CHANNEL.exact("gus@example.org")


async def test_after_too_many_codes_the_mail_says_so_and_holds_none(post: Post) -> None:
    first, mails = await _wrote_a_mail(post, told="prove_address"), _with_codes(post)
    await post.end(first, PROVES)
    assert await mails.send(first)
    second = (await post.say("Again?", "two", told="prove_address")).turn_id
    async with post.database.primary() as db:
        await leave_address(db, post.conversation, second, "gus@example.org")
    await post.end(second, PROVES)
    assert await mails.send(second)
    body = post.tickets.calls[-1].arguments["body"]
    assert codes_in(body) == []
    assert "too many codes" in body
    assert "sign in on our site" in body


async def test_where_codes_were_switched_off_meanwhile_the_mail_says_what_else_to_do(post: Post) -> None:
    turn_id = await _wrote_a_mail(post, told="prove_address")
    await post.end(turn_id, PROVES)
    assert await replace(post.mails, email=CHANNEL).send(turn_id)
    body = post.tickets.calls[0].arguments["body"]
    assert codes_in(body) == []
    assert "sign in on our site" in body


@pytest.mark.parametrize("mode", ["shadow", "off"])
async def test_where_a_person_answers_no_code_is_mailed(post: Post, mode: str) -> None:
    turn_id = await _wrote_a_mail(post, told="prove_address", mode=mode)
    journal = post.journal(turn_id)
    handed = HandedOff(ticket_number="T-1", text="A person will answer.")
    steps = [Drafted(text="x"), Guarded(verdict="pass", text="x"), handed] if mode == "shadow" else [handed]
    finish = Finish(Outcome.HANDED_OVER, "A person will answer.", answering=Answering.STAFF)
    recorded = [Recorded(one, 1) for one in steps]
    state = fold([*[(one.turn_input, one.at_ms) for one in await journal.load()], *[(one, 1) for one in steps]]).state
    assert state.outcome is Outcome.HANDED_OVER
    await journal.append(1, recorded, state, finish)
    assert await _with_codes(post).send(turn_id)
    assert codes_in(post.tickets.calls[0].arguments["body"]) == []


async def test_a_mail_never_carries_a_card_nor_a_way_to_say_yes(post: Post) -> None:
    turn_id = await _wrote_a_mail(post, "Refund my order")
    await post.ask(turn_id)
    assert await replace(post.mails, email=CHANNEL).send(turn_id)
    body = post.tickets.calls[0].arguments["body"]
    assert "sign in on our site" in body
    assert "Refund 5.00 USD" not in body


async def test_what_staff_answer_is_not_answered_by_an_empty_mail(post: Post) -> None:
    turn_id = await _wrote_a_mail(post)
    await post.end(turn_id, Finish(Outcome.WITH_STAFF, ""))
    assert await replace(post.mails, email=CHANNEL).send(turn_id)
    assert post.tickets.calls == []
    assert (await post.left(turn_id))[1] is False


async def _staff_say(post: Post, text: str) -> int:
    """What staff say in the conversation; its place in the thread."""
    async with post.database.transaction() as db:
        await take_over(db, post.conversation, "kim")
        with_staff = replace(post.conversation, answering=Answering.STAFF)
        vault = await post.mails.world.vaults.opened(db, post.conversation)
        return (await say(db, with_staff, vault, StaffMessage(f"m-{text}", text, "kim"))).place


async def test_what_staff_say_reaches_who_wrote_by_mail_once(post: Post) -> None:
    turn_id = await _wrote_a_mail(post)
    mails = replace(post.mails, email=CHANNEL)
    places = [await _staff_say(post, text) for text in ("We sent it anew, call +49 30 123456 78.", "And it is there.")]
    for place in (*places, places[0]):
        assert await mails.relay(post.conversation.id, place)
    first, second, again = post.tickets.calls
    assert first.arguments["body"] == "We sent it anew, call +49 30 123456 78."
    assert (first.arguments["in_reply_to"], first.arguments["subject"]) == ("two@example.org", "Re: Warranty")
    token = jwt.decode(first.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (token["email"], token["role"], token["trn"]) == ("gus@example.org", "guest", turn_id)
    keys = [one.headers[IDEMPOTENCY_KEY.lower()] for one in (first, second, again)]
    assert keys[0] == keys[2] != keys[1]


async def test_what_staff_say_waits_for_the_ticket_service_and_goes_nowhere_when_it_is_not_wanted(post: Post) -> None:
    await post.end(await _wrote_a_mail(post))
    place = await _staff_say(post, "Here it is.")
    post.tickets.problem = ProblemCode.DEPENDENCY_DOWN
    assert not await post.mails.relay(post.conversation.id, place)
    tried = len(post.tickets.calls)
    post.tickets.problem = None
    await post.say("I am in the chat now", key="two", by_mail=False)
    assert await post.mails.relay(post.conversation.id, place)
    async with post.database.transaction() as db:
        await erase_conversations(db, [post.conversation.id])
    assert await post.mails.relay(post.conversation.id, place)
    assert len(post.tickets.calls) == tried


async def test_a_customers_mail_has_no_reply_address_into_their_conversation(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    assert await replace(post.mails, email=CHANNEL).send(turn_id)
    assert set(post.tickets.calls[0].arguments) == {"subject", "body"}


async def test_a_ticket_service_of_an_earlier_release_sends_the_mail_outside_of_its_thread(post: Post) -> None:
    turn_id = await _wrote_a_mail(post)
    await post.end(turn_id)
    earlier = replace(EMAIL_ANSWER, input=SendEmailInput, version="1.0.0", redact=("subject", "body"))
    known = make_entry(entry_from_contract(earlier), post.tickets.url)
    world = replace(post.mails.world, catalog=cast(Any, OneTool(known)))
    assert await replace(post.mails, email=CHANNEL, world=world).send(turn_id)
    assert set(post.tickets.calls[0].arguments) == {"subject", "body"}
