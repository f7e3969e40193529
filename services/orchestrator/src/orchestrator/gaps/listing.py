"""What staff see: the groups that are open, each asked again, and drafted from resolved tickets.

A gap closes by itself: its question goes to the search once more, and when that is answerable by now its questions are
marked so. That costs one search for each group that is shown, within a time limit; who could not be asked stays.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.gaps.colleagues import Colleagues
from orchestrator.gaps.grouping import EmbedNow, Group, Grouped, grouped
from orchestrator.gaps.noticing import GapReason
from orchestrator.gaps.outline import outline
from orchestrator.gaps.policy import GapPolicy
from orchestrator.gaps.store import Sealed, mark_answered, opened, sealed_questions
from servicekit.clock import Clock
from servicekit.crypto import MasterKeys
from servicekit.db.pool import Database

NO_TICKETS = "No resolved ticket is about this, so there is nothing to draft an article from."
TICKETS_DOWN = "The ticket service could not be asked in time, so there is no draft; list the gaps again later."
_AT_ONCE = 8
_ASKING_S = 5.0
_DRAFTING_S = 10.0
_MOST_TICKETS = 5


@dataclass(frozen=True, slots=True)
class ListedGap:
    """A group as staff see it. Without an `outline`, `missing` says why there is none."""

    group: Group
    outline: str | None
    tickets: tuple[str, ...]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The gaps, those of most customers first; how many further groups there are, and how many are noise."""

    gaps: tuple[ListedGap, ...]
    further: int
    noise: int


@dataclass(frozen=True, slots=True)
class GapDesk:
    """Lists gaps. `retention` bounds how far it looks back."""

    database: Database
    keyring: MasterKeys
    clock: Clock
    colleagues: Colleagues
    embedder: EmbedNow
    policy: GapPolicy
    retention: timedelta

    async def listing(self, site: str, since: datetime | None, limit: int) -> Listing:
        """The gaps that the site's customers asked about since then. Raises ProblemError when the database is down."""
        oldest = self.clock.now() - self.retention
        async with self.database.read() as db:
            sealed = await sealed_questions(db, site, oldest)
        found = await asyncio.to_thread(self._grouped, sealed, since or oldest)
        shown, seen = await self._still_open(found.groups, limit)
        gate, until = asyncio.Semaphore(_AT_ONCE), self.clock.monotonic() + _DRAFTING_S
        gaps = await asyncio.gather(*(self._drafted(group, gate, until) for group in shown))
        return Listing(tuple(gaps), len(found.groups) - seen, found.noise)

    def _grouped(self, sealed: Sequence[Sealed], since: datetime) -> Grouped:
        return grouped(opened(self.keyring, sealed), since, self.embedder, self.policy)

    async def _still_open(self, groups: Sequence[Group], limit: int) -> tuple[list[Group], int]:
        """The first `limit` groups that are not answerable by now, and how many were looked at to find them."""
        open_ones: list[Group] = []
        seen = 0
        until = self.clock.monotonic() + _ASKING_S
        while seen < len(groups) and len(open_ones) < limit:
            wave = groups[seen : seen + min(_AT_ONCE, limit - len(open_ones))]
            seen += len(wave)
            if self.clock.monotonic() < until:
                wave = [one for one in await asyncio.gather(*map(self._asked_again, wave)) if one is not None]
            open_ones += wave
        return open_ones, seen

    async def _asked_again(self, group: Group) -> Group | None:
        """What of the group is open still. A question that was answered, but not well, does not close by itself."""
        unanswered = [one for one in group.questions if one.reason is GapReason.NOT_ANSWERABLE]
        if not unanswered or not await self.colleagues.answerable(group.label.text):
            return group
        async with self.database.primary() as db:
            await mark_answered(db, [one.turn_id for one in unanswered], self.clock.now())
        left = tuple(one for one in group.questions if one.reason is not GapReason.NOT_ANSWERABLE)
        if not left:
            return None
        return replace(group, questions=left, label=group.label if group.label in left else left[0])

    async def _drafted(self, group: Group, gate: asyncio.Semaphore, until: float) -> ListedGap:
        async with gate:
            late = self.clock.monotonic() > until
            tickets = None if late else await self.colleagues.resolved(group.label.text, _MOST_TICKETS)
        if tickets is None:
            return ListedGap(group, None, (), TICKETS_DOWN)
        if not tickets:
            return ListedGap(group, None, (), NO_TICKETS)
        return ListedGap(group, outline(group, tickets, self.policy), tuple(one.number for one in tickets))
