"""Reads turns as they were recorded, a page at a time; nothing here writes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from asyncpg import Record

from orchestrator.journal.cards import COLUMNS as CARD_COLUMNS
from orchestrator.journal.cards import opened_card
from orchestrator.journal.conversations import COLUMNS, Conversation, Conversations
from orchestrator.journal.entries import Codec, purpose
from orchestrator.journal.vaulting import held_values
from orchestrator.journal.verify import JOURNAL
from orchestrator.journal.views import opened_end
from orchestrator.replay.recording import Damage, Recording, Row, Unreadable
from orchestrator.turn.journal import Recorded
from servicekit.crypto import KeyUnavailable, SealError
from servicekit.db.pool import Connection

_TURN = (
    f"SELECT t.id AS turn_id, t.created_at, t.status, t.inputs, t.outcome, t.model, t.tokens_in, t.tokens_out,"  # noqa: S608
    f" t.cost_micros AS turn_cost, t.final_event, {COLUMNS}"
    " FROM turns t JOIN conversations c ON c.id = t.conversation_id"
)
_ONE = _TURN + " WHERE t.id = $1 AND ($2 = '' OR c.issuer = $2)"
_OF_CONVERSATION = _TURN + " WHERE t.conversation_id = $1 AND ($2 = '' OR c.issuer = $2) ORDER BY t.ordinal"
_PAGE_OF_TIME = (
    _TURN + " WHERE t.created_at < $1 AND (t.created_at, t.id) > ($2, $3) AND ($4 = '' OR c.issuer = $4)"
    " ORDER BY t.created_at, t.id LIMIT $5"
)
#: In the order that the journal's ledger knows, so that its own function says what a hash covers.
_ENTRIES = (
    "SELECT conversation_id, seq, prev_hash, hash, turn_id, turn_seq, kind, at_ms, payload FROM journal"
    " WHERE turn_id = ANY ($1) ORDER BY turn_id, turn_seq"
)
_CARDS = f"SELECT {CARD_COLUMNS} FROM cards WHERE turn_id = ANY ($1) ORDER BY created_at"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of turns: behind this turn, of those that began at the same moment."""

    at: datetime
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Opens recorded turns with the keys of their conversations. `reveal` reads the vaults too; so many turns
    of a time are held at once as a `page` has. `site`: those of this issuer's customers alone.
    """

    conversations: Conversations
    codec: Codec
    reveal: bool = False
    page: int = 200
    site: str = ""

    async def turn(self, db: Connection, turn_id: str) -> Recording | None:
        """One turn, or None."""
        return next(iter(await self._opened(db, await db.fetch(_ONE, turn_id, self.site))), None)

    async def of_conversation(self, db: Connection, conversation_id: str) -> list[Recording]:
        """The turns of a conversation, oldest first."""
        return await self._opened(db, await db.fetch(_OF_CONVERSATION, conversation_id, self.site))

    async def between(self, db: Connection, since: datetime, until: datetime) -> AsyncIterator[Recording]:
        """The turns that began from `since` until before `until`, oldest first."""
        behind = Place(since)
        while found := await self.page_between(db, behind, until):
            for one in found:
                yield one
            behind = Place(found[-1].began, found[-1].turn_id)

    async def page_between(self, db: Connection, behind: Place, until: datetime) -> list[Recording]:
        """The next page of turns behind a place that began before `until`, oldest first; none: there are no more."""
        rows = await db.fetch(_PAGE_OF_TIME, until, behind.at, behind.turn_id, self.site, self.page)
        return await self._opened(db, rows)

    async def _opened(self, db: Connection, rows: Sequence[Record]) -> list[Recording]:
        ids = [row["turn_id"] for row in rows]
        entries = _by_turn(await db.fetch(_ENTRIES, ids))
        cards = _by_turn(await db.fetch(_CARDS, ids))
        return [await self._one(db, row, entries, cards) for row in rows]

    async def _one(
        self, db: Connection, row: Record, entries: Mapping[str, list[Record]], cards: Mapping[str, list[Record]]
    ) -> Recording:
        turn_id = row["turn_id"]
        shut = Recording(turn_id, row["id"], row["created_at"], row["status"], _row(row))
        if row["data_key"] is None:
            return replace(shut, unreadable=Unreadable.ERASED)
        if row["status"] in ("queued", "running"):
            return replace(shut, unreadable=Unreadable.UNFINISHED)
        try:
            conversation = self.conversations.opened(row)
        except KeyUnavailable:
            return replace(shut, unreadable=Unreadable.KEY_MISSING)
        except SealError:
            return replace(shut, unreadable=Unreadable.UNOPENED)
        inputs, damage = self._inputs(conversation, turn_id, entries.get(turn_id, ()))
        if damage is None and len(inputs) < row["inputs"]:
            damage = Damage(len(inputs) + 1, "it is missing")
        opened = replace(shut, inputs=inputs, damage=damage)
        if damage is not None:
            return opened
        held = await held_values(db, conversation) if self.reveal else ()
        try:
            end = opened_end(conversation, turn_id, row["final_event"]) if row["final_event"] is not None else None
            shown = tuple(opened_card(one, conversation) for one in cards.get(turn_id, ()))
        except SealError:
            return replace(opened, damage=Damage(None, "the end that was told, or a card, does not open"))
        return replace(opened, held={one.token: one.value for one in held}, end=end, cards=shown)

    def _inputs(
        self, conversation: Conversation, turn_id: str, rows: Sequence[Record]
    ) -> tuple[tuple[Recorded, ...], Damage | None]:
        """The inputs up to the first entry that is not what was written."""
        inputs: list[Recorded] = []
        for number, row in enumerate(rows, 1):
            if row["turn_seq"] != number:
                return tuple(inputs), Damage(number, "it is missing")
            if sha256(row["prev_hash"] + JOURNAL.covered(row)).digest() != row["hash"]:
                return tuple(inputs), Damage(number, "it was changed after it was written: its hash does not fit")
            try:
                payload = conversation.sealer.open(purpose(turn_id, number), row["payload"])
                inputs.append(Recorded(self.codec.decode(payload), row["at_ms"], self.codec.mark(payload)))
            except SealError:
                return tuple(inputs), Damage(number, "it does not open: it was changed, or belongs elsewhere")
            except ValueError:
                return tuple(inputs), Damage(number, "it is no input that this release knows")
        return tuple(inputs), None


def _by_turn(rows: Sequence[Record]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["turn_id"], []).append(row)
    return found


def _row(row: Record) -> Row:
    return Row(row["inputs"], row["outcome"], row["model"], row["tokens_in"], row["tokens_out"], row["turn_cost"])
