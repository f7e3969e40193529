"""What staff see in their channel: who waits for a person and why, what that customer says meanwhile, and what waits
for an approval. Personal data stand as their kinds: the channel keeps what it is told for longer than we do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.errors import ProblemCode
from contracts.turn import Answering
from orchestrator.channels.slack.cards import alert, approval_card, closed_card
from orchestrator.channels.slack.posting import HELD_S, NotShown, Poster
from orchestrator.channels.slack.posts import find_post, posts_below
from orchestrator.channels.slack.store import Lease, Side, Target, release, seen, show_at, take_lease, unseen
from orchestrator.channels.slack.writing import MAX_CHARS, Message, pieces
from orchestrator.effects.scope import Collaborators
from orchestrator.guard.vault import Vault
from orchestrator.journal.cards import COLUMNS, Card, opened_card
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.showing import staff_card
from orchestrator.journal.staff import STEPPED_IN, conversation_of_site
from orchestrator.journal.views import last_messages
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.slack import escaped

_WITH_STAFF = "SELECT staff_reason, staff_since FROM conversations WHERE id = $1"
_LAST = "SELECT coalesce(max(id), 0) FROM thread WHERE conversation_id = $1"
_CARDS = (
    f"SELECT {COLUMNS}, state, decided_by, ARRAY(SELECT d.approver FROM card_decisions d"  # noqa: S608 - constants
    " WHERE d.turn_id = k.turn_id AND d.digest = k.digest AND d.approved ORDER BY d.decided_at) AS approved_by"
    " FROM cards k WHERE conversation_id = $1 AND kind = 'approval' AND (state = 'open' OR EXISTS (SELECT FROM"
    " slack_posts p WHERE p.id = 'approval|' || k.turn_id || '|' || k.digest AND NOT p.closed)) ORDER BY created_at"
)
_TRANSCRIPT = 8
_MAX_LINE = 400
_STATES = {"yes": "Approved by {by}", "no": "Denied by {by}", "expired": "Nobody decided in time"}


@dataclass(frozen=True, slots=True)
class _Approval:
    """A card of staff's, as it may be shown in a channel."""

    card: Card
    state: str
    decided_by: str
    approved_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StaffSide:
    """Shows conversations to staff."""

    poster: Poster
    world: Collaborators
    conversations: Conversations

    async def bring(self, conversation_id: str) -> None:
        """Show all that is not shown yet. Raises NotShown when that has to be tried again."""
        channel = self.poster.channel
        if not channel.staff_channel:
            return
        target = Target(channel.staff_channel)
        async with self.world.database.transaction() as db:
            try:
                conversation = await conversation_of_site(db, self.conversations, conversation_id, channel.site)
            except ProblemError as error:
                if error.problem.code is ProblemCode.NOT_FOUND:
                    return  # erased
                raise
            await show_at(db, conversation, Side.STAFF, target)
            lease = await take_lease(db, conversation_id, Side.STAFF)
        if lease is None:
            raise NotShown("lease_held", HELD_S)
        try:
            async with self.world.database.primary() as db:
                vault = await self.world.vaults.opened(db, conversation)
                approvals = await _approvals(db, conversation, vault)
            for one in approvals:
                await self._approval(lease, target, conversation, one)
            await self._hand_over(lease, target, conversation, vault)
        finally:
            async with self.world.database.primary() as db:
                await release(db, lease)

    async def _approval(self, lease: Lease, target: Target, conversation: Conversation, one: _Approval) -> None:
        post_id = f"approval|{one.card.turn_id}|{one.card.digest}"
        if one.state == "open":
            message = approval_card(one.card, conversation.id, one.approved_by)
        else:
            message = closed_card([_STATES[one.state].format(by=one.decided_by or "a colleague"), one.card.summary])
        await self.poster.show(lease, post_id, target, message, closed=one.state != "open")

    async def _hand_over(self, lease: Lease, target: Target, conversation: Conversation, vault: Vault) -> None:
        """The alert of the last hand-over; below it what the customer has said since, while a person answers."""
        with_staff = conversation.answering is Answering.STAFF
        async with self.world.database.primary() as db:
            row = await db.fetchrow(_WITH_STAFF, conversation.id)
            before = await posts_below(db, conversation.id, f"alert|{conversation.id}|")
        if row is None:
            return
        reason, since = row["staff_reason"], row["staff_since"]
        root = before[-1].id if before else ""
        if with_staff and reason != STEPPED_IN:
            root = f"alert|{conversation.id}|{_stamp(since)}"
        if not root:
            return
        lines = [_headline(conversation, reason) if with_staff else "The assistant answers again."]
        if with_staff:
            lines.append("Write in this thread to answer them.")
        message = alert(lines, conversation.id, with_staff=with_staff)
        await self.poster.show(lease, root, target, message)
        async with self.world.database.primary() as db:
            post = await find_post(db, root)
        if post is None or not post.ts:
            return  # Slack refused it for good
        below = Target(target.channel, post.ts)
        await self._transcript(lease, below, conversation, vault, root)
        if with_staff:
            await self._heard(lease, below, conversation, vault)

    async def _transcript(
        self, lease: Lease, below: Target, conversation: Conversation, vault: Vault, root: str
    ) -> None:
        """What was said before, once."""
        post_id = f"before|{root}"
        async with self.world.database.primary() as db:
            post = await find_post(db, post_id)
            if post is not None and post.ts:
                return
            said = await last_messages(db, conversation, _TRANSCRIPT)
            # Before it is posted: what comes meanwhile is told below, and nothing twice.
            await seen(db, conversation.id, Side.STAFF, await db.fetchval(_LAST, conversation.id))
        lines = [f"*{one.role}*: {escaped(_short(vault.for_staff(one.text)))}" for one in said]
        if lines:
            await self.poster.show(lease, post_id, below, Message(pieces("\n".join(lines))[0]), closed=True)

    async def _heard(self, lease: Lease, below: Target, conversation: Conversation, vault: Vault) -> None:
        async with self.world.database.primary() as db:
            said = await unseen(db, conversation, Side.STAFF, "customer")
        for place, text in said:
            message = Message(f"*customer*: {escaped(_short(vault.for_staff(text), MAX_CHARS // 6))}")
            await self.poster.show(lease, f"heard|{conversation.id}|{place}", below, message, closed=True)
            async with self.world.database.primary() as db:
                await seen(db, conversation.id, Side.STAFF, place)


async def _approvals(db: Connection, conversation: Conversation, vault: Vault) -> Sequence[_Approval]:
    return [
        _Approval(staff_card(opened_card(row, conversation), vault), row["state"], row["decided_by"] or "",
                  tuple(row["approved_by"]))
        for row in await db.fetch(_CARDS, conversation.id)
    ]  # fmt: skip


def _headline(conversation: Conversation, reason: str) -> str:
    if reason == STEPPED_IN:
        return f"A person answers a customer, in {conversation.channel}."
    return f"A customer waits for a person ({reason.replace('_', ' ')}), in {conversation.channel}."


def _short(text: str, most: int = _MAX_LINE) -> str:
    return text if len(text) <= most else f"{text[:most]}\u2026"


def _stamp(since: datetime) -> str:
    return f"{since.timestamp():.0f}"
