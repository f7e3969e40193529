"""An answer that was promised by e-mail: owed from the promise on, sent once, and never for what was stopped."""

from dataclasses import dataclass, replace
from typing import Any, cast

import jwt
import orjson
import pytest

from contracts.errors import ProblemCode
from contracts.headers import IDEMPOTENCY_KEY
from contracts.mails import MailOutcome
from contracts.tools.tickets import EMAIL_ANSWER
from contracts.turn import Outcome
from orchestrator.journal.entries import load_entries
from orchestrator.journal.verify import verify_conversation
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import MailRefused
from orchestrator.turn.machine import fold

from .post import ADA, GUS, Post, post

pytestmark = pytest.mark.service
FIXTURES = (post,)


async def test_the_promise_is_a_job_behind_everybody_and_the_answer_a_job_that_sends_it(post: Post) -> None:
    accepted = await post.say()
    assert accepted.by_mail
    assert await post.jobs(accepted.turn_id) == [("run_later", 2)]
    await post.end(accepted.turn_id)
    assert ("mail_answer", 3) in await post.jobs(accepted.turn_id)


async def test_the_mail_is_the_answer_with_its_sources_to_the_address_of_the_token(post: Post) -> None:
    turn_id = (await post.say("Wo ist mein Paket und wann kommt es an?")).turn_id
    await post.end(turn_id)
    assert await post.mails.send(turn_id)
    (call,) = post.tickets.calls
    token = jwt.decode(call.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (token["sub"], token["email"]) == ("cust_ada", "ada@example.com")
    assert token["scope"] == EMAIL_ANSWER.scope
    assert call.arguments["subject"] == "Harbour: die Antwort auf Ihre Nachricht"
    assert "It is on its way." in call.arguments["body"]
    assert "Delivery: https://shop.example/delivery" in call.arguments["body"]


async def test_a_guest_has_the_answer_where_they_said_and_the_address_is_forgotten(post: Post) -> None:
    turn_id = await post.says_a_guest("How long is the warranty?")
    await post.end(turn_id)
    assert await post.left(turn_id) == ("due", True)
    assert await post.mails.send(turn_id)
    (call,) = post.tickets.calls
    token = jwt.decode(call.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (token["sub"], token["role"], token["email"]) == (GUS.subject, "guest", "gus@example.org")
    assert "somebody left your address" in call.arguments["body"]
    assert await post.left(turn_id) == ("sent", False)
    assert await post.mails.send(turn_id)
    assert len(post.tickets.calls) == 1, "there is no address to send it to again"


async def test_a_guests_mail_holds_nothing_that_they_wrote_of_themselves(post: Post) -> None:
    turn_id = await post.says_a_guest("I am +49 30 123456 78, my order is AB-991234, mail me at ada@example.com")
    vault = post.mails.world.vaults.of(post.conversation)
    async with post.database.primary() as db:
        vault = await post.mails.world.vaults.opened(db, post.conversation)
    said = vault.mask("We noted +49 30 123456 78 and ada@example.com.")
    assert "ada@example.com" not in said, "the chat has it, as a token"
    await post.end(turn_id, Finish(Outcome.ANSWERED, said, links={"Help": "https://shop.example/help"}))
    assert await post.mails.send(turn_id)
    body = post.tickets.calls[0].arguments["body"]
    assert "We noted" in body
    assert "https://shop.example/help" in body
    for private in ("123456", "ada@example.com", "991234"):
        assert private not in body


async def test_a_card_of_a_guest_is_mailed_without_its_words_which_may_be_anybodys(post: Post) -> None:
    turn_id = await post.says_a_guest("Open a ticket: buy cheap watches at evil.example")
    await post.ask(turn_id)
    assert await post.mails.send(turn_id)
    body = post.tickets.calls[0].arguments["body"]
    assert "open the chat again" in body
    assert "Refund 5.00 USD" not in body
    assert await post.left(turn_id) == ("asked", False)


async def test_a_guest_who_wants_nothing_any_more_leaves_no_address(post: Post) -> None:
    turn_id = await post.says_a_guest("How long is the warranty?")
    await post.end(turn_id, Finish(Outcome.STOPPED, ""))
    assert await post.jobs(turn_id) == [("run_later", 2)]
    assert (await post.left(turn_id))[1] is False


async def test_a_mail_that_is_sent_again_has_the_same_key_whatever_it_says(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    assert await post.mails.send(turn_id)
    assert await replace(post.mails, shop="Harbour & Co").send(turn_id)
    assert len({one.body for one in post.tickets.calls}) == 2
    first, again = (one.headers[IDEMPOTENCY_KEY.lower()] for one in post.tickets.calls)
    assert first == again == f"{post.conversation.id}:{turn_id}:email_answer:once"


async def test_what_was_sent_before_in_other_words_is_sent(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    post.tickets.problem = ProblemCode.IDEMPOTENCY_KEY_REUSED
    assert await post.mails.send(turn_id)
    assert post.counted("sent") == 1


async def test_an_address_that_is_refused_for_good_is_not_tried_for_ever_and_is_counted(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    post.tickets.problem = ProblemCode.FORBIDDEN
    assert await post.mails.send(turn_id)
    assert (post.counted("refused"), post.counted("sent")) == (1, 0)


async def _checked(post: Post, turn_id: str, **found: str) -> bool:
    """Whether it is known what became of the mail, when the ticket service says so."""
    asked = Outcomes(found)
    return await replace(post.mails, services=cast(Any, asked)).check(turn_id, "msg_1")


@dataclass
class Outcomes:
    """The ticket service, as far as it tells what became of a mail; None: it is away."""

    found: dict[str, str] | None

    async def ask(self, *_: Any) -> MailOutcome | None:
        return MailOutcome.model_validate(self.found) if self.found else None


async def test_it_is_seen_later_whether_a_mail_that_was_sent_was_taken(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    assert await post.mails.send(turn_id)
    async with post.database.primary() as db:
        (job,) = await db.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = 'check_mail'")
    assert orjson.loads(job["payload"]) == {"turn_id": turn_id, "message_id": "m1"}
    assert not await _checked(post, turn_id)
    assert not await _checked(post, turn_id, state="waiting")
    assert await _checked(post, turn_id, state="sent")
    assert await post.with_staff() is None


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_mail_that_is_refused_for_good_is_journalled_and_a_person_answers(post: Post, at_once: bool) -> None:
    turn_id = await post.says_a_guest("How long is the warranty?")
    await post.end(turn_id)
    if at_once:
        post.tickets.problem = ProblemCode.FORBIDDEN
    assert await post.mails.send(turn_id)
    reason = "forbidden" if at_once else "550"
    for _ in range(2):  # a job that is repeated tells it once
        if not at_once:
            assert await _checked(post, turn_id, state="failed", reason=reason)
    async with post.database.primary() as db:
        entries = await load_entries(db, post.conversation.sealer, turn_id, post.mails.codec)
        broken = await verify_conversation(db, post.conversation.id)
    assert [one.turn_input for one in entries][-1] == MailRefused(reason=reason)
    assert [one.turn_input.kind for one in entries].count("mail_refused") == 1
    assert fold((one.turn_input, one.at_ms) for one in entries).state.inputs == len(entries)
    assert broken is None
    assert await post.left(turn_id) == ("refused", False)
    assert await post.with_staff() == "mail_refused"
    assert post.counted("refused") == 1


async def test_who_was_erased_has_no_mail_and_nobody_is_fetched_for_it(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    assert await post.mails.send(turn_id)
    assert await _checked(post, turn_id, state="failed", reason="erased")
    assert await _checked(post, turn_id, state="unknown")
    assert await post.with_staff() is None


async def test_while_the_service_is_away_the_mail_is_owed(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    await post.tickets.stop()
    assert not await post.mails.send(turn_id)


async def test_a_card_is_mailed_once_with_the_way_to_answer_it_and_its_answer_is_not_mailed_again(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.ask(turn_id)
    assert await post.mails.send(turn_id)
    (call,) = post.tickets.calls
    assert "Refund 5.00 USD" in call.arguments["body"]
    assert "open the chat" in call.arguments["body"]
    assert "2030-03-17" in call.arguments["body"]
    await post.end(turn_id)
    assert [job for job, _ in await post.jobs(turn_id)].count("mail_answer") == 1


async def test_a_turn_that_was_stopped_owes_nothing(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id, Finish(Outcome.STOPPED, "All right."))
    assert "mail_answer" not in [job for job, _ in await post.jobs(turn_id)]


async def test_who_was_erased_gets_no_mail(post: Post) -> None:
    turn_id = (await post.say()).turn_id
    await post.end(turn_id)
    async with post.database.primary() as db:
        await db.execute("UPDATE conversations SET data_key = NULL WHERE id = $1", post.conversation.id)
    assert await post.mails.send(turn_id)
    assert post.tickets.calls == []


async def test_what_is_said_next_is_read_with_it_and_when_there_is_room_it_hurries(post: Post) -> None:
    first = await post.say()
    again = await post.say("It is blue.", "two")
    assert again.turn_id == first.turn_id
    assert await post.jobs(first.turn_id) == [("run_later", 2)], "there is no room yet"
    await post.say("And large.", "three", by_mail=False)
    assert await post.jobs(first.turn_id) == [("run_turn", 10)]
    async with post.database.primary() as db:
        entries = await load_entries(db, post.conversation.sealer, first.turn_id, post.mails.codec)
    assert [one.turn_input.kind for one in entries] == ["turn_started", "message_added", "message_added"]


async def test_what_is_said_while_it_is_answered_is_another_turn(post: Post) -> None:
    first = await post.say()
    async with post.database.primary() as db:
        await db.execute("UPDATE turns SET runs = 1 WHERE id = $1", first.turn_id)
    assert (await post.say("It is blue.", "two")).turn_id != first.turn_id


async def test_a_customer_with_three_turns_at_work_stands_behind_those_who_have_fewer(post: Post) -> None:
    own = post.conversation
    lanes = []
    for n in range(5):
        async with post.database.primary() as db:
            begun = await post.mails.conversations.create(db, ADA, "web")
            post.conversation = await post.mails.conversations.owned(db, begun, ADA)
        lanes += await post.jobs((await post.say(key=f"{n}", by_mail=n == 4)).turn_id)
    post.conversation = own
    assert lanes == [("run_turn", 10)] * 3 + [("run_turn", 6), ("run_later", 1)]
