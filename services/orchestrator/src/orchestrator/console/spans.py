"""Spans of days that are replayed a few turns at a time, each time that the page which shows one asks how far it is.

Nobody watching means that nothing is done. What was counted stands in Postgres, so any replica goes on with it; of two
that go on at once, one counts.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

import orjson
from asyncpg import Record
from pydantic import StringConstraints

from contracts.errors import ProblemCode
from contracts.ids import new_id
from orchestrator.console.edits import PolicyFields
from orchestrator.console.replaying import ReplayDesk
from orchestrator.console.span_counts import SpanCounts
from orchestrator.replay.reading import Place
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

SpanId = Annotated[str, StringConstraints(pattern=r"^spn_[0-9a-f]{32}$")]
_SHOWN = 10
_BEGIN = (
    "INSERT INTO replay_spans (id, issuer, asked_by, since, until, edits, at, counts)"
    " VALUES ($1, $2, $3, $4, $5, $6, $4, $7)"
)
_ONE = "SELECT * FROM replay_spans WHERE id = $1 AND issuer = $2"
_LAST = "SELECT * FROM replay_spans WHERE issuer = $1 ORDER BY created_at DESC LIMIT $2"
_COUNTED = (
    "UPDATE replay_spans SET at = $4, behind = $5, counts = $6, done = $7"
    " WHERE id = $1 AND at = $2 AND behind = $3 AND NOT done"
)


@dataclass(frozen=True, slots=True)
class Span:
    """The turns that began from `since` until before `until`, how far they were replayed, and what was counted."""

    id: str
    asked_by: str
    since: datetime
    until: datetime
    fields: PolicyFields
    place: Place
    counts: SpanCounts
    done: bool
    created: datetime

    @property
    def share(self) -> float:
        """How much of the time is behind it, between 0 and 1."""
        whole = (self.until - self.since).total_seconds()
        return 1.0 if self.done else max(0.0, (self.place.at - self.since).total_seconds() / whole)


async def begin_span(db: Connection, caller: Caller, since: datetime, until: datetime, fields: PolicyFields) -> str:
    """A span of the caller's site, of which nothing is counted yet; its id."""
    span_id, edits = new_id("spn"), orjson.dumps(fields.edits).decode()
    nothing = SpanCounts().model_dump_json()
    await db.execute(_BEGIN, span_id, caller.site, caller.subject, since, until, edits, nothing)
    return span_id


async def find_span(db: Connection, site: str, span_id: str) -> Span:
    """Raises NOT_FOUND for none, and for one of another site."""
    row = await db.fetchrow(_ONE, span_id, site)
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such replay.")
    return _span(row)


async def last_spans(db: Connection, site: str) -> list[Span]:
    """The newest of the site, the newest first."""
    return [_span(row) for row in await db.fetch(_LAST, site, _SHOWN)]


async def advance_span(desk: ReplayDesk, site: str, span: Span) -> Span:
    """Goes on for about a tenth of a second. Raises as `ReplayDesk.tried` does."""
    rules = await desk.books.rules() if span.fields.about_refunds and not span.done else None
    database, recordings, until = desk.database, desk.of_site(site), time.monotonic() + desk.work_s
    while not span.done and time.monotonic() < until:
        async with database.primary() as db:
            page = await recordings.page_between(db, span.place, span.until)
        tried = await desk.tried(page, span.fields, rules)
        place = Place(page[-1].began, page[-1].turn_id) if page else span.place
        counts, done = span.counts.with_turns(len(page), tried), len(page) < recordings.page
        async with database.primary() as db:
            status = await db.execute(
                _COUNTED, span.id, span.place.at, span.place.turn_id, place.at, place.turn_id,
                counts.model_dump_json(), done,
            )  # fmt: skip
            if not status.endswith(" 1"):  # another request was faster
                return await find_span(db, site, span.id)
        span = replace(span, place=place, counts=counts, done=done)
    return span


def _span(row: Record) -> Span:
    edits: Mapping[str, str] = orjson.loads(row["edits"])
    return Span(
        row["id"], row["asked_by"], row["since"], row["until"], PolicyFields.model_validate(edits),
        Place(row["at"], row["behind"]), SpanCounts.model_validate_json(row["counts"]), row["done"], row["created_at"],
    )  # fmt: skip
