"""What a customer's thread in Slack shows: brought to where the conversation stands, one message after another."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.errors import ProblemCode
from orchestrator.channels.slack.cards import closed_card, confirmation_card
from orchestrator.channels.slack.following import Follower, answer_id
from orchestrator.channels.slack.posting import HELD_S, NotShown, Poster
from orchestrator.channels.slack.posts import find_post
from orchestrator.channels.slack.store import (
    Lease,
    Side,
    Target,
    answered,
    open_turns,
    release,
    seen,
    take_lease,
    target_of,
    unseen,
)
from orchestrator.channels.slack.writing import Message, answer_messages
from orchestrator.effects.phrases import PhraseBook
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.guard.vault import Vault
from orchestrator.journal.cards import COLUMNS, Card, opened_card
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.journal.showing import shown_card, shown_end, strangers_end
from orchestrator.journal.staff import conversation_of_site
from orchestrator.journal.views import TurnView, turn_view
from orchestrator.turn.machine import fold
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.slack import escaped

_CARDS = f"SELECT {COLUMNS}, state FROM cards WHERE turn_id = $1 ORDER BY created_at"  # noqa: S608 - constant
_WORKS = frozenset({"queued", "running"})


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a turn stands: its cards with their states, and what its tokens stand for."""

    view: TurnView
    cards: Sequence[tuple[Card, str]]
    vault: Vault
    phrases: PhraseBook


@dataclass(frozen=True, slots=True)
class ChatSide:
    """Shows conversations to who wrote."""

    poster: Poster
    follower: Follower
    world: Collaborators
    conversations: Conversations
    codec: Codec

    async def bring(self, conversation_id: str) -> None:
        """Show all that is not shown yet. Raises NotShown when that has to be tried again."""
        async with self.world.database.primary() as db:
            try:
                conversation = await conversation_of_site(
                    db, self.conversations, conversation_id, self.poster.channel.site
                )
            except ProblemError as error:
                if error.problem.code is ProblemCode.NOT_FOUND:
                    return  # erased
                raise
            target = await target_of(db, conversation, Side.CHAT)
            if target is None:
                return
            lease = await take_lease(db, conversation_id, Side.CHAT)
        if lease is None:
            raise NotShown("lease_held", HELD_S)
        try:
            await self._bring(lease, conversation, target)
        finally:
            async with self.world.database.primary() as db:
                await release(db, lease)

    async def _bring(self, lease: Lease, conversation: Conversation, target: Target) -> None:
        seen_turns: set[str] = set()
        while (turn_id := await self._next_turn(conversation, seen_turns)) is not None:
            seen_turns.add(turn_id)
            await self._turn(lease, conversation, target, turn_id)
        async with self.world.database.primary() as db:
            said = await unseen(db, conversation, Side.CHAT, "staff")
            vault = await self.world.vaults.opened(db, conversation)
        for place, text in said:
            shown = vault.restore(text) if target.user else vault.for_strangers(text)
            lead = self._phrases(shown).say("slack_staff")
            message = Message(f"*{escaped(lead)}*\n{escaped(shown)}")
            await self.poster.show(lease, f"said|{conversation.id}|{place}", target, message, closed=True)
            async with self.world.database.primary() as db:
                await seen(db, conversation.id, Side.CHAT, place)

    async def _next_turn(self, conversation: Conversation, seen_turns: set[str]) -> str | None:
        """The first turn that is not looked at yet; further ones may have come while one was followed."""
        async with self.world.database.primary() as db:
            turns = await open_turns(db, conversation.id)
        return next((one for one in turns if one not in seen_turns), None)

    async def _turn(self, lease: Lease, conversation: Conversation, target: Target, turn_id: str) -> None:
        standing = await self._standing(conversation, turn_id)
        if standing.view.status in _WORKS:
            await self.follower.follow(lease, conversation, target, turn_id, standing.vault)
            standing = await self._standing(conversation, turn_id)
        for card, state in standing.cards:
            await self._card(lease, conversation, target, standing, card, state)
        if standing.view.end is None:
            return  # a job is made when it ends, or waits
        for number, message in enumerate(await self._answer(target, turn_id, standing)):
            await self.poster.show(lease, answer_id(turn_id, number), target, message, closed=True)
        async with self.world.database.primary() as db:
            await answered(db, turn_id)

    async def _answer(self, target: Target, turn_id: str, standing: _Standing) -> tuple[Message, ...]:
        end, vault = standing.view.end, standing.vault
        if end is None:
            raise AssertionError("the turn has ended")
        messages = answer_messages(shown_end(end, vault) if target.user else strangers_end(end, vault))
        async with self.world.database.primary() as db:
            begun = await find_post(db, answer_id(turn_id)) is not None
        # A person took over while it was written: what was there of it does not stay.
        return messages or ((Message(escaped(standing.phrases.say("slack_person"))),) if begun else ())

    async def _card(
        self, lease: Lease, conversation: Conversation, target: Target, standing: _Standing, card: Card, state: str
    ) -> None:
        """A card, its buttons while it waits for who reads it, and afterwards what became of it."""
        post_id, phrases = f"card|{card.turn_id}|{card.digest}", standing.phrases
        if card.kind == "approval":
            message = Message(escaped(phrases.say("slack_approval")))
        elif not (target.user and conversation.customer):
            message = Message(escaped(phrases.say("slack_elsewhere")))
        elif state == "open":
            message = confirmation_card(shown_card(card, standing.vault), conversation.id, phrases)
        else:
            message = closed_card([shown_card(card, standing.vault).summary, phrases.say(f"slack_decided_{state}")])
        if state != "open":
            async with self.world.database.primary() as db:
                if await find_post(db, post_id) is None:
                    return  # decided before anybody was asked here
        await self.poster.show(lease, post_id, target, message, closed=state != "open")

    async def _standing(self, conversation: Conversation, turn_id: str) -> _Standing:
        async with self.world.database.primary() as db:
            view = await turn_view(db, conversation, turn_id)
            cards = await _cards(db, conversation, turn_id)
            vault = await self.world.vaults.opened(db, conversation)
            recorded = await load_entries(db, conversation.sealer, turn_id, self.codec)
        if view is None:
            raise AssertionError("a turn that was taken is there")
        scope = TurnScope(conversation, turn_id, "", 1, False, self.world, vault)
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        return _Standing(view, cards, vault, await scope.phrases(state))

    def _phrases(self, text: str) -> PhraseBook:
        return self.world.phrases.in_language(self.world.languages.detect(text) or "en")


async def _cards(db: Connection, conversation: Conversation, turn_id: str) -> list[tuple[Card, str]]:
    return [(opened_card(row, conversation), row["state"]) for row in await db.fetch(_CARDS, turn_id)]
