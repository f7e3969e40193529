"""A mail address is proven by a one-time code: to whom it goes, who redeems it, how often, and what it opens."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from orchestrator.channels.email.codes import codes_in
from orchestrator.channels.email.proving import CODE_S, TRIES, Proving
from orchestrator.channels.email.store import letter_of
from orchestrator.effects.phrases import load_phrases
from orchestrator.journal.entries import load_entries
from orchestrator.journal.views import last_messages
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.settings import Settings
from servicekit.testing import FakeClock

from .mail_shop import Shop, authentic, mail, mail_shop, someone

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
QUESTION = "Where is my order ABC123?"
WRONG = "BBBB-CCCC"


@dataclass
class Desk:
    """A shop whose clock is ours."""

    shop: Shop
    clock: FakeClock

    @property
    def proving(self) -> Proving:
        proving: Proving = self.shop.app.state.mail_room.proving
        return proving

    async def asks(self, sender: str, *headers: str, body: str = QUESTION) -> str:
        """A mail that asks for something private; its turn."""
        assert await self.shop.outcome(mail(sender, *headers, body=body, subject="")) == "taken"
        turn: str = (await self.shop.turns(sender))[-1]["id"]
        return turn

    async def offers(self, turn_id: str, address: str, *, again: bool = False) -> str | None:
        """The code that the mail with this turn's answer brings."""
        desk = self.shop.app.state.desk
        async with desk.database.transaction() as db:
            conversation = await desk.conversations.by_turn(db, turn_id)
            return await self.proving.offer(db, conversation, turn_id, address, again=again)

    async def replies(self, turn_id: str, sender: str, body: str, *headers: str, subject: str = "Re: Order") -> Any:
        """What a mail to the reply address of this turn's conversation became; the turn that answers it, if any."""
        told = (f"To: {await self.shop.tag(turn_id)}", *headers)
        before = {one["id"] for one in await self.shop.turns(sender)}
        outcome = await self.shop.outcome(mail(sender, *told, body=body, subject=subject))
        new = [one for one in await self.shop.turns(sender) if one["id"] not in before]
        assert len(new) == (outcome == "taken")
        return new[0] if new else None

    async def begun(self, turn: Any) -> tuple[str, str]:
        """The words that a turn answers, and the phrase of ours that does it."""
        started, _ = await self.shop.said(turn["id"])
        return started.text, started.told

    async def proven(self, turn_id: str) -> str | None:
        """The address that may be told what is private, in this turn."""
        desk = self.shop.app.state.desk
        async with desk.database.primary() as db:
            conversation = await desk.conversations.by_turn(db, turn_id)
            return await self.proving.proven(db, conversation, turn_id)

    async def kept(self, turn_id: str) -> str:
        """All that is kept in words of this turn and its conversation, opened."""
        desk = self.shop.app.state.desk
        async with desk.database.primary() as db:
            conversation = await desk.conversations.by_turn(db, turn_id)
            told = [one.turn_input for one in await load_entries(db, conversation.sealer, turn_id, desk.codec)]
            said = await last_messages(db, conversation, 50)
            letter = await letter_of(db, conversation, turn_id)
        rows = await self.shop.db.fetch("SELECT m.*, t.* FROM mails m LEFT JOIN turns t ON t.id = m.turn_id")
        audit = await self.shop.db.fetch("SELECT tool, outcome, entry FROM audit")
        codes = await self.shop.db.fetch("SELECT * FROM mail_codes")
        return " ".join(
            map(str, (told, said, letter, rows, [dict(one) for one in audit], [dict(one) for one in codes]))
        )

    def counted(self, outcome: str) -> float:
        value: float = self.proving.counted.labels(outcome)._value.get()
        return value


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(api_settings: Settings) -> AsyncIterator[Desk]:
    async with mail_shop(api_settings, service="coded", email_sender_hour=50, email_sender_day=90) as shop:
        clock, room = FakeClock(), shop.app.state.mail_room
        shop.app.state.mail_room = dataclasses.replace(room, proving=dataclasses.replace(room.proving, clock=clock))
        yield Desk(shop, clock)


async def _asked(desk: Desk, *, body: str = QUESTION) -> tuple[str, str, str]:
    """Somebody who asked and was sent a code: their address, the turn, the code."""
    sender = someone()
    turn = await desk.asks(sender, authentic(), body=body)
    code = await desk.offers(turn, sender)
    assert code is not None
    return sender, turn, code


async def test_the_code_opens_the_question_that_waited_for_that_address_once(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    assert await desk.proven(turn) is None
    answered = await desk.replies(turn, sender, code, authentic())
    assert await desk.begun(answered) == await desk.begun({"id": turn}), "the question, by itself"
    assert await desk.proven(answered["id"]) == sender
    started, _ = await desk.shop.said(answered["id"])
    assert started.budgets.late_call, "it is looked up also when a worker died meanwhile"
    again = await desk.replies(turn, sender, f"Again: {code}", authentic())
    assert (await desk.begun(again))[1] == "code_used"
    assert desk.counted("redeemed") == 1


async def test_the_code_and_a_wrong_one_stand_in_nothing_that_is_kept(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    for said, subject in ((WRONG, "Re: Order"), (f"Is it {code.lower()}, or {WRONG}?", f"Re: {code}"), (code, code)):
        answered = await desk.replies(turn, sender, said, authentic(), subject=subject)
        kept = (await desk.kept(answered["id"])).upper()
        for one in (code, WRONG):
            assert one not in kept
            assert one.replace("-", "") not in kept
    assert code not in repr(desk.proving)
    await desk.shop.outcome(mail(sender, body=f"In another conversation: {code}", subject=code))
    elsewhere = (await desk.shop.turns(sender))[-1]
    assert await desk.begun(elsewhere) == ("[code]\n\nIn another conversation: [code]", "")


async def test_what_is_asked_beside_the_code_is_not_lost(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    beside = "And please tell me how long the warranty of a stove is."
    answered = await desk.replies(turn, sender, f"{code}\n\n{beside}", authentic())
    text, told = await desk.begun(answered)
    assert told == ""
    assert text.endswith(beside)
    assert "Where is my order" in text


async def test_a_job_that_mails_it_again_mails_the_same_code_and_gives_the_same_time(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    desk.clock.advance(CODE_S - 1)
    assert await asyncio.gather(*(desk.offers(turn, sender) for _ in range(5))) == [code] * 5
    assert await desk.shop.db.fetchval("SELECT count(*) FROM mail_codes WHERE turn_id = $1", turn) == 1
    desk.clock.advance(CODE_S - 1)
    assert await desk.proven((await desk.replies(turn, sender, code, authentic()))["id"]) == sender


async def test_a_code_that_is_too_old_opens_nothing_and_the_next_one_is_for_the_same_question(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    desk.clock.advance(CODE_S)
    late = await desk.replies(turn, sender, code, authentic())
    assert (await desk.begun(late))[1] == "code_over"
    assert await desk.proven(late["id"]) is None
    newer = await desk.offers(late["id"], sender, again=True)
    assert newer not in (None, code)
    old = await desk.replies(turn, sender, f"The first was {code}", authentic())
    assert (await desk.begun(old))[1] == "code_wrong", "the newest alone counts"
    answered = await desk.replies(turn, sender, str(newer), authentic())
    assert await desk.begun(answered) == await desk.begun({"id": turn})


async def test_after_five_wrong_ones_the_right_one_is_none(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    tries = [await desk.replies(turn, sender, f"BBBB-CCC{last}", authentic()) for last in "BCDFG"]
    told = [(await desk.begun(one))[1] for one in tries]
    assert told == ["code_wrong"] * (TRIES - 1) + ["code_over"]
    answered = await desk.replies(turn, sender, code, authentic())
    assert (await desk.begun(answered))[1] == "code_over"
    assert await desk.proven(answered["id"]) is None


async def test_many_guesses_in_one_mail_are_one_that_is_wrong(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    answered = await desk.replies(turn, sender, f"{WRONG} {code}", authentic())
    assert (await desk.begun(answered))[1] == "code_wrong"
    assert await desk.shop.db.fetchval("SELECT wrong FROM mail_codes WHERE turn_id = $1", turn) == 1


@pytest.mark.parametrize(
    "header",
    [
        "X-None: 1", "Authentication-Results: mx.shop.example; dmarc=fail header.from=example.org",
        "Authentication-Results: mx.evil.example; dmarc=pass header.from=example.org",
        "Authentication-Results: mx.shop.example; dmarc=pass header.from=evil.example",
    ],
)  # fmt: skip
async def test_a_mail_that_only_says_from_whom_it_is_redeems_nothing_and_costs_no_try(desk: Desk, header: str) -> None:
    sender, turn, code = await _asked(desk)
    for said in (code, WRONG):
        spoofed = await desk.replies(turn, sender, said, header)
        assert (await desk.begun(spoofed))[1] == "code_sender", "the same for a right and a wrong one"
        assert await desk.proven(spoofed["id"]) is None
    assert await desk.shop.db.fetchval("SELECT wrong FROM mail_codes WHERE turn_id = $1", turn) == 0
    answered = await desk.replies(turn, sender, f"I am it: {code}", authentic())
    assert await desk.proven(answered["id"]) == sender


async def test_who_fails_authentication_is_sent_a_code_all_the_same_and_to_no_other_address(desk: Desk) -> None:
    sender = someone()
    turn = await desk.asks(sender, "Reply-To: eve@evil.example", "Cc: eve@evil.example")
    assert await desk.offers(turn, sender) is not None
    assert (await desk.shop.said(turn))[1] == sender


async def test_a_spoofed_mail_in_a_proven_thread_is_told_nothing_private(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    await desk.replies(turn, sender, code, authentic())
    spoofed = await desk.replies(turn, sender, "And what did I pay?")
    assert await desk.proven(spoofed["id"]) is None
    own = await desk.replies(turn, sender, "And what did I pay, please?", authentic())
    assert await desk.proven(own["id"]) == sender


async def test_whoever_was_forwarded_the_thread_or_was_on_cc_redeems_nothing(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    eve = "eve@evil.example"
    hers = await desk.replies(turn, eve, code, authentic("evil.example"))
    assert hers["conversation_id"] != (await desk.shop.turns(sender))[0]["conversation_id"]
    assert await desk.proven(hers["id"]) is None
    answered = await desk.replies(turn, sender, code, authentic())
    assert await desk.proven(answered["id"]) == sender, "it was not used up"


async def test_another_address_of_the_same_mailbox_neither_redeems_nor_reads_what_was_proven(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    other = sender.replace("@", "+else@")
    changed = await desk.replies(turn, other, code, authentic())
    assert (await desk.begun(changed))[1] == "code_sender"
    answered = await desk.replies(turn, sender, f"Now: {code}", authentic())
    assert await desk.proven(answered["id"]) == sender
    later = await desk.replies(turn, other, "And what did I pay?", authentic())
    assert later["conversation_id"] != answered["conversation_id"], "what was told there is not for this address"
    assert await desk.proven(later["id"]) is None


async def test_a_code_is_good_in_its_own_conversation_alone(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    second = await desk.asks(sender, authentic(), body="And where is my order 1234, please?")
    assert await desk.offers(second, sender) not in (None, code)
    tried = await desk.replies(second, sender, code, authentic())
    assert (await desk.begun(tried))[1] == "code_wrong"
    assert await desk.proven((await desk.replies(turn, sender, f"Here: {code}", authentic()))["id"]) == sender
    assert await desk.proven(second) is None


async def test_a_code_is_not_guessed_over_many_conversations(desk: Desk) -> None:
    sender = someone()
    codes = []
    for n in range(8):
        turn = await desk.asks(sender, authentic(), body=f"Where is my order ABC12{n}?")
        codes.append(await desk.offers(turn, sender.replace("@", f"+{n}@")))
        desk.clock.advance(60)
    assert [one is not None for one in codes] == [True] * desk.proving.per_hour + [False] * (8 - desk.proving.per_hour)
    assert desk.counted("refused") >= 5
    desk.clock.advance(3600)
    assert await desk.offers(await desk.asks(sender, authentic(), body="Where is it?"), sender) is not None


async def test_one_conversation_is_sent_so_many_codes_a_day(desk: Desk) -> None:
    sender = someone()
    turn = await desk.asks(sender, authentic())
    codes = [await desk.offers(turn, sender)]
    for n in range(5):
        desk.clock.advance(2 * 3600)
        more = await desk.replies(turn, sender, f"Where is my order XYZ12{n}?", authentic())
        codes.append(await desk.offers(more["id"], sender))
    most = desk.proving.per_conversation
    assert [one is not None for one in codes] == [True] * most + [False] * (6 - most)


async def test_the_same_mail_again_redeems_once(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    reply = mail(sender, f"To: {await desk.shop.tag(turn)}", authentic(), body=code)
    assert await asyncio.gather(*(desk.shop.outcome(reply) for _ in range(6))) == ["taken"] * 6
    assert len(await desk.shop.turns(sender)) == 2
    assert await desk.shop.db.fetchval("SELECT wrong FROM mail_codes WHERE turn_id = $1", turn) == 0


async def test_two_mails_with_the_code_at_once_are_one_answer(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    to = f"To: {await desk.shop.tag(turn)}"
    await asyncio.gather(*(desk.shop.outcome(mail(sender, to, authentic(), body=f"{n}: {code}")) for n in range(4)))
    told = sorted([(await desk.begun(one))[1] for one in (await desk.shop.turns(sender))[1:]])
    assert told == ["", "code_used", "code_used", "code_used"]


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "Precedence: auto_reply", "X-Autoreply: yes"])
async def test_a_machine_that_quotes_the_code_back_redeems_nothing(desk: Desk, header: str) -> None:
    sender, turn, code = await _asked(desk)
    assert await desk.replies(turn, sender, f"I am away. You wrote: {code}", authentic(), header) is None
    assert await desk.shop.db.fetchval("SELECT redeemed_at FROM mail_codes WHERE turn_id = $1", turn) is None


async def test_a_code_that_stands_in_our_own_quoted_words_redeems_nothing(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    phrases = load_phrases()
    ours = f"{phrases.say('prove_code', code=code, minutes='10')}\n\n{phrases.say('prove_nobody')}"
    marked = "\n".join(f"> {line}" for line in ours.split("\n"))
    stripped = await desk.replies(
        turn, sender, f"What is this?\n\nOn Mon, 2 Mar 2026 at 09:30, Shop <support@shop.example> wrote:\n{marked}",
        authentic(),
    )  # fmt: skip
    assert await desk.begun(stripped) == ("What is this?", "")
    bare = await desk.replies(turn, sender, f"I am away until Monday.\n\nYou wrote this:\n{ours}", authentic())
    text, told = await desk.begun(bare)
    assert (codes_in(text), told) == ([], "code_alone")
    assert await desk.proven(bare["id"]) is None
    assert await desk.proven((await desk.replies(turn, sender, code, authentic()))["id"]) == sender


async def test_what_a_code_has_proven_ends(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    answered = await desk.replies(turn, sender, code, authentic())
    desk.clock.advance(24 * 3600 - 1)
    assert await desk.proven(answered["id"]) == sender
    desk.clock.advance(1)
    assert await desk.proven(answered["id"]) is None


async def test_what_becomes_of_codes_is_audited_without_them(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    await desk.replies(turn, sender, WRONG, authentic())
    await desk.replies(turn, sender, code, authentic())
    rows = await desk.shop.db.fetch(
        "SELECT tool, outcome, convert_from(entry, 'UTF8') AS entry FROM audit"
        " WHERE convert_from(entry, 'UTF8') LIKE '%' || $1 || '%' ORDER BY seq",
        turn,
    )
    assert [(one["tool"], one["outcome"]) for one in rows] == [
        ("email_code_offered", "ok"), ("email_code_wrong", "forbidden"), ("email_code_redeemed", "ok"),
    ]  # fmt: skip
    assert not any(sender in one["entry"] or code in one["entry"] for one in rows)


async def test_of_who_was_erased_no_proof_is_left(desk: Desk) -> None:
    sender, turn, code = await _asked(desk)
    answered = await desk.replies(turn, sender, code, authentic())
    async with desk.shop.app.state.desk.database.transaction() as db:
        await erase_conversations(db, [answered["conversation_id"]])
    kept = "SELECT count(*) FROM mail_codes WHERE conversation_id = $1"
    assert await desk.shop.db.fetchval(kept, answered["conversation_id"]) == 0
    names = await desk.shop.db.fetch(
        "SELECT address FROM mails WHERE conversation_id = $1", answered["conversation_id"]
    )
    assert {one["address"] for one in names} == {""}


@pytest.mark.parametrize("off", [{"email_codes": False}, {"email_authserv_id": ""}], ids=str)
async def test_where_no_code_could_come_back_or_none_is_wanted_there_are_none(
    api_settings: Settings, off: dict[str, Any]
) -> None:
    async with mail_shop(api_settings, service="uncoded", **off) as shop:
        assert shop.app.state.mail_room.proving is None
        sender = someone()
        assert await shop.outcome(mail(sender, authentic(), body=f"My code is {WRONG}.", subject="")) == "taken"
        started, _ = await shop.said((await shop.turns(sender))[0]["id"])
        assert (started.text, started.told) == ("My code is [code].", "")
