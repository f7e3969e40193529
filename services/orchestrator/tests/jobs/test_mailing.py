"""An answer that was promised by e-mail: owed from the promise on, sent once, and never for what was stopped."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import jwt
import orjson
import pytest
from prometheus_client import Counter

from contracts.errors import ProblemCode
from contracts.headers import IDEMPOTENCY_KEY
from contracts.mails import MailOutcome
from contracts.manifest import entry_from_contract
from contracts.tools.tickets import EMAIL_ANSWER, SendEmailInput
from contracts.turn import Answering, Citation, Outcome
from orchestrator.channels.email.channel import EmailChannel
from orchestrator.channels.email.codes import codes_in
from orchestrator.channels.email.letters import Letter
from orchestrator.channels.email.proving import Proving
from orchestrator.channels.email.replies import replied_to
from orchestrator.channels.email.store import TAKEN, Names, keep, thread_of
from orchestrator.jobs.mailing import MailJobs
from orchestrator.jobs.queue import JobQueue
from orchestrator.jobs.testing import backstage
from orchestrator.journal.accept import Accepted, Incoming, accept_message, begin_at_once, masked
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.journal.mailing import leave_address
from orchestrator.journal.staff import StaffMessage, say, take_over
from orchestrator.journal.store import PgTurnJournal
from orchestrator.journal.verify import verify_conversation
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.tools.entry import make_entry
from orchestrator.tools.testing import FakeToolService
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.effects import AskConfirmation, Finish
from orchestrator.turn.inputs import Drafted, EffectPreviewed, Guarded, HandedOff, MailRefused, PlannedCall
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from orchestrator.turn.state import TurnState
from servicekit.auth.claims import Caller, Role
from servicekit.db.pool import Database
from servicekit.privacy import Finder

pytestmark = pytest.mark.service
ADA = Caller("cust_ada", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0, email="ada@example.com", name="Ada")
GUS = Caller("guest_0123456789abcdef", Role.GUEST, "shop", frozenset({"chat:send"}), 0)
ANSWERED = Finish(Outcome.ANSWERED, "It is on its way.", citations=(Citation(
    chunk_id="c1", title="Delivery", url="https://shop.example/delivery", quote="Three days."),
))  # fmt: skip
CHANNEL = EmailChannel(("support@shop.example",), "shop", b"k" * 32)
SENT = {"message_id": "m1", "queued_at": "2026-03-02T09:30:00Z"}


@dataclass
class Post:
    """A shop that promises answers by e-mail, and the service that sends them."""

    tickets: FakeToolService
    mails: MailJobs
    conversation: Conversation

    @property
    def database(self) -> Database:
        return self.mails.world.database

    async def by(self, caller: Caller) -> None:
        """From now on it is this caller who writes, in a conversation of their own."""
        conversations = self.mails.conversations
        async with self.database.primary() as db:
            begun = await conversations.create(db, caller, "web")
            self.conversation = await conversations.owned(db, begun, caller)

    async def says_a_guest(self, text: str, address: str = "gus@example.org", **told: Any) -> str:
        """A guest's message, with an address for its answer; its turn. `told` as the message itself has it."""
        await self.by(GUS)
        turn_id = (await self.say(text, **told)).turn_id
        async with self.database.primary() as db:
            await leave_address(db, self.conversation, turn_id, address)
        return turn_id

    async def with_staff(self) -> str | None:
        """Why this conversation is in the queue of staff; None when the assistant answers."""
        async with self.database.primary() as db:
            row = await db.fetchrow(
                "SELECT answering, staff_reason FROM conversations WHERE id = $1", self.conversation.id
            )
        return row["staff_reason"] if row["answering"] == "staff" else None

    async def left(self, turn_id: str) -> tuple[str, bool]:
        """What is noted of the mail of a turn, and whether an address is kept for it."""
        async with self.database.primary() as db:
            row = await db.fetchrow("SELECT by_mail, mail_to IS NOT NULL AS kept FROM turns WHERE id = $1", turn_id)
        return row["by_mail"], row["kept"]

    async def say(
        self, text: str = "Where is my parcel?", key: str = "one", *, by_mail: bool = True, **told: Any
    ) -> Accepted:
        vault = self.mails.world.vaults.of(self.conversation)
        message = replace(masked(Incoming(text, key, "req", 1_000), self.conversation, vault), **told)
        given = (self.conversation, message, Budgets(), self.mails.codec)
        async with self.database.primary() as db:
            accepted = await begin_at_once(db, *given, by_mail=by_mail)
        if accepted is None:
            async with self.database.transaction() as db:
                await db.execute("SELECT FROM conversations WHERE id = $1 FOR UPDATE", self.conversation.id)
                accepted = await accept_message(db, *given, by_mail=by_mail)
        return accepted

    def journal(self, turn_id: str, *, by_mail: bool = True) -> PgTurnJournal:
        vault = self.mails.world.vaults.of(self.conversation)
        return PgTurnJournal(
            self.database, self.conversation, turn_id, self.mails.codec, JobQueue(), vault, by_mail=by_mail
        )

    async def end(self, turn_id: str, finish: Finish = ANSWERED) -> None:
        journal = self.journal(turn_id)
        recorded = await journal.load()
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        await journal.append(len(recorded), [Recorded(Drafted(text=finish.text), 1)], state, finish)

    async def ask(self, turn_id: str) -> None:
        call = PlannedCall(tool="issue_refund", arguments={}, args_hash="1", label="", write=True)
        preview = EffectPreviewed(
            summary="Refund 5.00 USD of order ABC123",
            digest="d" * 64,
            money_moved=None,
            expires_at_ms=1_900_000_000_000,
        )
        await self.journal(turn_id).append(1, [], TurnState(), AskConfirmation(call, preview))

    def counted(self, state: str) -> float:
        return self.mails.mails.labels(state)._value.get()

    async def jobs(self, turn_id: str) -> list[tuple[str, int]]:
        async with self.database.primary() as db:
            found = await db.fetch(
                "SELECT entrypoint, priority FROM pgqueuer WHERE payload = $1 ORDER BY id", turn_id.encode()
            )
        return [(row["entrypoint"], row["priority"]) for row in found]


@pytest.fixture
async def post(database_url: Callable[[str], str], finder: Finder) -> AsyncIterator[Post]:
    tickets = FakeToolService.of("tickets", [EMAIL_ANSWER], {"email_answer": SENT})
    async with backstage(database_url("orchestrator"), finder, tickets) as behind:
        world, conversations = behind.world, behind.conversations
        async with world.database.primary() as db:
            conversation = await conversations.owned(db, await conversations.create(db, ADA, "web"), ADA)
        counter = Counter("mails", "", ["state"], registry=None)
        mailed = MailJobs(world, conversations, Codec(), "Harbour", counter, JobQueue(), behind.services)
        yield Post(tickets, mailed, conversation)


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


@dataclass
class OneTool:
    """A catalogue of one tool."""

    known: Any

    def entry(self, name: str) -> Any:
        return self.known if name == self.known.name else None


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
