"""The inbox: who waits, who is with staff, who is with the bot."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from contracts.tools.retrieval import Channel
from orchestrator.api.deps import CONSOLE_SCOPE, Desk, DeskDep
from orchestrator.console.dossier import masked_customer
from orchestrator.console.guarding import ConsoleRoom, RoomDep, Visitor, Watcher, check_scope
from orchestrator.console.inbox import COUNTED, After, Row, Tab, count_conversations, list_conversations
from orchestrator.console.navigation import Page
from orchestrator.console.sessions import Session
from orchestrator.console.views import show


class InboxQuery(BaseModel):
    """Which list, of which channel (all without one), behind which row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tab: Tab = Tab.WAITING
    channel: Channel | None = None
    after: After | None = None


Asked = Annotated[InboxQuery, Query()]


def _routes(router: APIRouter) -> None:
    @router.get("/inbox")
    async def inbox(session: Visitor, desk: DeskDep, room: RoomDep, asked: Asked) -> Response:
        """The page."""
        return show(room, session, "inbox.html", INBOX, **await _listed(desk, room, session, asked))

    @router.get("/inbox/rows")
    async def rows(session: Watcher, desk: DeskDep, room: RoomDep, asked: Asked) -> Response:
        """The list alone, which the page fetches every few seconds."""
        return show(room, session, "inbox_rows.html", INBOX, **await _listed(desk, room, session, asked))


INBOX = Page("inbox", "/inbox", "Inbox", CONSOLE_SCOPE, _routes)


async def _listed(desk: Desk, room: ConsoleRoom, session: Session, asked: InboxQuery) -> dict[str, Any]:
    check_scope(session.caller, CONSOLE_SCOPE)
    channel = asked.channel.value if asked.channel else ""
    async with desk.database.primary() as db:
        site = session.caller.site
        listed = await list_conversations(db, desk.conversations, site, asked.tab, channel, asked.after or "")
        counts = await count_conversations(db, site)
    now = datetime.now(UTC)
    return {
        "asked": asked, "channel": channel, "tabs": list(Tab), "channels": [one.value for one in Channel],
        "counts": {tab: f"{COUNTED}+" if count > COUNTED else str(count) for tab, count in counts.items()},
        "rows": [_told(room, row, now) for row in listed.rows], "following": listed.following,
    }  # fmt: skip


def _told(room: ConsoleRoom, row: Row, now: datetime) -> dict[str, Any]:
    waited_s = None if row.waiting_since is None else (now - row.waiting_since).total_seconds()
    return {
        "row": row, "customer": masked_customer(row.conversation),
        "language": room.languages.detect(row.last_words) or "" if row.last_words else "",
        "late": waited_s is not None and waited_s > room.sla_s,
        "left_min": None if waited_s is None else round((room.sla_s - waited_s) / 60),
    }  # fmt: skip
