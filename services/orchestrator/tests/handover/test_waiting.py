"""Who waits for a person: told once that nobody is there, once more when it takes long, and mailed what people say."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from contracts.errors import ProblemCode
from orchestrator.channels.email.letters import Letter
from orchestrator.channels.email.store import TAKEN, Names, keep
from orchestrator.handover.keeper import HandOverKeeper
from orchestrator.handover.policy import Moment
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.staff import hand_back
from orchestrator.privacy.erasing import erase_conversations
from servicekit.errors import ProblemError

from .conftest import ADA, CHANNEL, DAY, GUS, NIGHT, Shop

pytestmark = pytest.mark.service
MAIL, REMIND = "mail_waiting", "remind_staff"
MINUTE = timedelta(minutes=1)


async def test_who_asks_at_night_is_told_at_once_and_answered_by_mail_in_the_morning_once(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, NIGHT)
    await shop.sweep(NIGHT)
    assert (await shop.state(conversation)).told_at == NIGHT
    assert await shop.jobs(MAIL, REMIND) == [], "the answer itself has said it"
    await shop.leave(conversation)
    place = await shop.say(conversation, "Good morning, it is on its way.")
    # The job runs again when its process dies before it was done.
    assert [await shop.mails.relay(conversation.id, place) for _ in range(2)] == [True, True]
    (to, body, key), (_, _, again) = shop.mailed()
    assert to == "gus@example.org"
    assert body.startswith("Good morning, it is on its way.")
    assert "somebody left your address in the chat of Harbour" in body
    assert key == again, "the tickets service sends it once"
    await shop.sweep(NIGHT + timedelta(days=2))
    assert await shop.jobs(MAIL, REMIND) == [], "a person has spoken"
    hand_over = (await shop.state(conversation)).id
    assert await shop.mails.tell_waiting(hand_over, Moment.LATE), "a job that was late itself"
    assert await shop.promises.remind_staff(hand_over)
    assert (len(shop.mailed()), shop.posted()) == (2, [])


async def test_two_different_words_of_staff_are_two_mails(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, NIGHT)
    await shop.leave(conversation)
    for text in ("It is on its way.", "And here is the number."):
        assert await shop.mails.relay(conversation.id, await shop.say(conversation, text))
    assert len({key for _, _, key in shop.mailed()}) == 2


async def test_in_opening_hours_who_waits_is_told_after_a_while_and_once_more_when_it_is_late(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, DAY)
    await shop.leave(conversation)
    await shop.sweep(DAY + 4 * MINUTE)
    assert (await shop.state(conversation)).told_at is None
    await shop.sweep(DAY + 5 * MINUTE)
    first = await shop.state(conversation)
    assert (first.told_at, first.late_at) == (DAY + 5 * MINUTE, None)
    await shop.sweep(DAY + 59 * MINUTE)
    assert await shop.jobs(REMIND) == []
    for _ in range(2):
        await shop.sweep(DAY + 60 * MINUTE)
    assert (await shop.state(conversation)).late_at == DAY + 60 * MINUTE
    assert [kind for kind, _ in await shop.jobs(MAIL, REMIND)] == [MAIL, REMIND, MAIL]
    assert await shop.promises.remind_staff(first.id)
    (told,) = shop.posted()
    assert "2026-03-02 15:00 UTC" in told
    assert conversation.id in told
    for moment in Moment:
        assert await shop.mails.tell_waiting(first.id, moment)
    ((to, body, _),) = shop.mailed()
    assert (to, "sorry that you still wait" in body) == ("gus@example.org", True)
    await shop.sweep(DAY + timedelta(days=30))
    assert len(await shop.jobs(MAIL, REMIND)) == 3, "told twice, and not for ever"


async def test_who_asks_just_before_closing_is_told_when_people_leave(shop: Shop) -> None:
    closing = DAY + timedelta(hours=10)
    conversation = await shop.hands_over(GUS, closing - MINUTE)
    await shop.sweep(closing)
    assert (await shop.state(conversation)).told_at == closing


async def test_a_night_is_no_time_in_which_staff_are_late(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, NIGHT)
    await shop.sweep(NIGHT + timedelta(hours=4, minutes=59))
    assert (await shop.state(conversation)).late_at is None
    await shop.sweep(NIGHT + timedelta(hours=5))
    assert (await shop.state(conversation)).late_at is not None


async def test_a_customer_who_was_told_so_is_mailed_at_the_address_of_their_account(shop: Shop) -> None:
    told, spoken = await shop.hands_over(ADA, NIGHT), await shop.hands_over(ADA, DAY)
    await shop.sweep(NIGHT)
    for conversation in (told, spoken):
        assert await shop.mails.relay(conversation.id, await shop.say(conversation, "Here I am."))
    ((to, body, _),) = shop.mailed()
    assert (to, body) == ("ada@example.com", "Here I am.\n\nYou can read it in the chat too, and go on there.")


async def test_a_guest_who_leaves_no_address_is_mailed_nowhere(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, NIGHT)
    await shop.sweep(NIGHT)
    assert await shop.mails.relay(conversation.id, await shop.say(conversation, "Here I am."))
    assert await shop.mails.tell_waiting((await shop.state(conversation)).id, Moment.LATE)
    assert shop.mailed() == []


async def test_who_wrote_by_mail_is_told_by_mail_in_their_thread(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, DAY, "email")
    async with shop.database.primary() as db:
        turn_id = await db.fetchval("SELECT id FROM turns WHERE conversation_id = $1", conversation.id)
        names = Names(f"id-{turn_id}", f"named-{turn_id}", CHANNEL.person("gus@example.org"))
        letter = Letter("two@example.org", (), "Warranty", "gus@example.org")
        assert await keep(db, names, TAKEN, conversation, turn_id, letter)
    await shop.sweep(DAY + 5 * MINUTE)
    assert len(await shop.jobs(MAIL)) == 1
    for _ in range(2):
        assert await shop.mails.tell_waiting((await shop.state(conversation)).id, Moment.TOLD)
    (first, again) = shop.mailed()
    assert first == again
    assert first[1] == "Nobody of our team is free just now."
    assert shop.tickets.calls[0].arguments["in_reply_to"] == "two@example.org"


async def test_what_cannot_be_mailed_now_is_tried_again_and_what_is_refused_is_not(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, NIGHT)
    await shop.leave(conversation)
    place = await shop.say(conversation, "Here I am.")
    shop.tickets.problem = ProblemCode.DEPENDENCY_DOWN
    assert not await shop.mails.relay(conversation.id, place)
    shop.tickets.problem = ProblemCode.FORBIDDEN
    assert await shop.mails.relay(conversation.id, place)
    assert shop.mails.mails.labels("refused")._value.get() == 1


async def test_staff_hear_the_reminder_when_slack_is_back(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, DAY)
    shop.tickets.problem = ProblemCode.DEPENDENCY_DOWN
    assert not await shop.promises.remind_staff((await shop.state(conversation)).id)
    shop.tickets.problem = None
    assert await shop.promises.remind_staff((await shop.state(conversation)).id)
    assert len({call.headers["idempotency-key"] for call in shop.tickets.calls}) == 1


class Dying(JobQueue):
    """The process dies while it notes what is due."""

    async def remind_staff(self, *_: Any) -> None:
        raise RuntimeError("killed")


@dataclass(frozen=True)
class Slow(JobQueue):
    """A process that is in the middle of a sweep."""

    there: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def mail_waiting(self, *told: Any) -> None:
        self.there.set()
        await self.goes_on.wait()
        await super().mail_waiting(*told)


async def test_a_sweep_that_dies_has_said_nothing_and_the_next_says_it_once(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, DAY)
    keeper, at = shop.keeper, DAY + timedelta(hours=2)
    shop.clock.advance((at - shop.clock.now()).total_seconds())
    with pytest.raises(RuntimeError, match="killed"):
        await HandOverKeeper(keeper.database, keeper.clock, keeper.hours, Dying(), keeper.told).sweep()
    assert ((await shop.state(conversation)).told_at, await shop.jobs(MAIL, REMIND)) == (None, [])
    slow = Slow()
    first = asyncio.create_task(HandOverKeeper(keeper.database, keeper.clock, keeper.hours, slow, keeper.told).sweep())
    await asyncio.wait_for(slow.there.wait(), 10)
    assert await asyncio.wait_for(keeper.sweep(), 10) == 0, "another replica leaves it to the one that has it"
    slow.goes_on.set()
    assert (await first, await keeper.sweep()) == (1, 0)
    assert [kind for kind, _ in await shop.jobs(MAIL, REMIND)] == [MAIL, REMIND, MAIL]


async def test_who_stepped_in_by_themselves_is_not_waited_for(shop: Shop) -> None:
    conversation = await shop.hands_over(GUS, NIGHT)
    async with shop.database.transaction() as db:
        assert await hand_back(db, conversation, "kim", "")
        await db.execute(
            "UPDATE conversations SET answering = 'staff', staff_reason = 'staff' WHERE id = $1", conversation.id
        )
    await shop.sweep(NIGHT + timedelta(days=1))
    assert (await shop.state(conversation)).told_at is None


@pytest.mark.parametrize("how", ["handed_back", "erased"])
async def test_the_address_goes_with_the_hand_over_and_with_the_person(shop: Shop, how: str) -> None:
    conversation = await shop.hands_over(GUS, NIGHT)
    await shop.leave(conversation)
    before = (await shop.state(conversation)).id
    place = await shop.say(conversation, "Here I am.")
    async with shop.database.transaction() as db:
        if how == "erased":
            await erase_conversations(db, [conversation.id])
        else:
            assert await hand_back(db, conversation, "kim", "")
    async with shop.database.primary() as db:
        assert await db.fetchval("SELECT answer_to FROM conversations WHERE id = $1", conversation.id) is None
    assert await shop.mails.relay(conversation.id, place)
    assert await shop.mails.tell_waiting(before, Moment.LATE)
    assert await shop.promises.remind_staff(before)
    await shop.sweep(NIGHT + timedelta(days=1))
    assert (shop.mailed(), shop.posted()) == ([], [])


async def test_without_a_database_a_sweep_says_so_and_nothing_else(shop: Shop) -> None:
    class Away:
        def transaction(self) -> Any:
            raise ProblemError(ProblemCode.DEPENDENCY_DOWN, "away")

    keeper = shop.keeper
    with pytest.raises(ProblemError):
        await HandOverKeeper(cast(Any, Away()), keeper.clock, keeper.hours, JobQueue(), keeper.told).sweep()
