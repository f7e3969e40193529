"""The lists of the inbox: who waits for a person, is with staff, is with the bot. Paged by key, not by offset."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from orchestrator.journal.conversations import COLUMNS, Conversation, Conversations
from servicekit.db.pool import Connection
from servicekit.privacy.tokens import plain_tokens

PAGE = 50
COUNTED = 99
#: The last row of the page before: its time in microseconds, and its id.
After = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,17}~cnv_[0-9a-f]{32}$")]


class Tab(StrEnum):
    """A list of the inbox."""

    WAITING = "waiting"
    STAFF = "staff"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is in a list, and by which column it is in order."""

    where: str
    column: str
    newest_first: bool = False


_LISTS: Mapping[Tab, _Listing] = {
    Tab.WAITING: _Listing("c.waiting_since IS NOT NULL", "waiting_since"),
    Tab.STAFF: _Listing("c.answering = 'staff' AND c.waiting_since IS NULL", "staff_since"),
    Tab.BOT: _Listing("c.answering = 'bot'", "created_at", newest_first=True),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in a list. `who` answers, as far as somebody does; `human_after`: so long the customer waited for
    their first words. `last_words` are the customer's, masked.
    """

    conversation: Conversation
    since: datetime
    staff_since: datetime | None
    waiting_since: datetime | None
    reason: str
    human_after: timedelta | None
    who: str
    last_words: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, and where the next begins ("": there is none)."""

    rows: tuple[Row, ...]
    following: str


async def list_conversations(
    db: Connection, conversations: Conversations, site: str, tab: Tab, channel: str = "", after: str = ""
) -> Listed:
    """A page of the site's conversations: who waits longest first, the newest of the bot's first."""
    at, _, last = after.partition("~")
    rows = await db.fetch(_statement(tab, one_channel=bool(channel)), site, channel, int(at or 0), last, PAGE + 1)
    found = tuple(_row(conversations, row) for row in rows[:PAGE])
    following = f"{rows[PAGE - 1]['place']}~{rows[PAGE - 1]['id']}" if len(rows) > PAGE else ""
    return Listed(found, following)


async def count_conversations(db: Connection, site: str) -> dict[Tab, int]:
    """How many are in each list, at most one more than `COUNTED`."""
    counts = ", ".join(
        f"(SELECT count(*) FROM (SELECT FROM conversations c WHERE {one.where} AND c.data_key IS NOT NULL"  # noqa: S608
        f" AND c.issuer = $1 LIMIT {COUNTED + 1}) {tab.value}) AS {tab.value}"
        for tab, one in _LISTS.items()
    )
    row = await db.fetchrow(f"SELECT {counts}", site)
    return {tab: row[tab.value] for tab in Tab} if row is not None else dict.fromkeys(Tab, 0)


def _statement(tab: Tab, *, one_channel: bool) -> str:
    """The texts are constants; what was asked for goes in as parameters."""
    one = _LISTS[tab]
    order, beyond = ("DESC", "<") if one.newest_first else ("ASC", ">")
    # Named or not: either has an index, a condition that allows for both has none.
    channel = "c.channel = $2" if one_channel else "$2::text = ''"
    at = "timestamptz 'epoch' + $3::bigint * interval '1 microsecond'"
    return (
        f"WITH listed AS (SELECT * FROM conversations c WHERE {one.where} AND c.data_key IS NOT NULL"  # noqa: S608
        f" AND c.issuer = $1 AND {channel}"
        f" AND ($4 = '' OR (c.{one.column}, c.id) {beyond} ({at}, $4))"
        f" ORDER BY c.{one.column} {order}, c.id {order} LIMIT $5)"
        f" SELECT {COLUMNS}, c.{one.column} AS since, c.staff_since, c.waiting_since, c.staff_reason, said.content,"
        f" (extract(epoch FROM c.{one.column}) * 1000000)::bigint AS place,"
        " coalesce((SELECT m.said_by FROM staff_messages m"
        " WHERE m.conversation_id = c.id AND m.said_at >= c.staff_since ORDER BY m.said_at DESC LIMIT 1),"
        " (SELECT s.done_by FROM staff_steps s WHERE s.conversation_id = c.id AND s.step = 'takeover'"
        " AND s.done_at >= c.staff_since ORDER BY s.id DESC LIMIT 1), '') AS who,"
        " (SELECT h.human_at - h.asked_at FROM hand_overs h WHERE h.conversation_id = c.id AND h.ended_at IS NULL"
        " AND h.reason <> 'staff') AS human_after"
        " FROM listed c LEFT JOIN LATERAL (SELECT t.content FROM thread t WHERE t.conversation_id = c.id"
        " AND t.role = 'customer' ORDER BY t.id DESC LIMIT 1) said ON true"
        f" ORDER BY c.{one.column} {order}, c.id {order}"
    )


def _row(conversations: Conversations, row) -> Row:  # type: ignore[no-untyped-def]
    conversation = conversations.opened(row)
    said = "" if row["content"] is None else conversation.sealer.open("thread", row["content"]).decode()
    return Row(
        conversation, row["since"], row["staff_since"], row["waiting_since"], row["staff_reason"] or "",
        row["human_after"], row["who"], plain_tokens(said),
    )  # fmt: skip
