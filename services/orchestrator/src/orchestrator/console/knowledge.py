"""What the page of knowledge shows: how the knowledge base stands, and which questions found nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.knowledge_state import STATE_PATH, STATE_SCOPE, KnowledgeState, StateQuery
from contracts.tool import Family
from orchestrator.colleagues import ServiceCalls
from orchestrator.gaps.grouping import Group, grouped
from orchestrator.gaps.listing import GapDesk
from orchestrator.gaps.store import opened, sealed_questions

MOST_GROUPS = 30


@dataclass(frozen=True, slots=True)
class KnowledgeBooks:
    """Asks the retrieval service, by its own HTTP contract."""

    services: ServiceCalls

    async def state(self) -> KnowledgeState | None:
        """How it stands; None when retrieval cannot be asked."""
        return await self.services.ask(Family.RETRIEVAL, STATE_PATH, STATE_SCOPE, StateQuery(), KnowledgeState)


@dataclass(frozen=True, slots=True)
class OpenGaps:
    """Groups of open questions, those of most customers first, and how many `further` ones there are."""

    groups: Sequence[Group]
    further: int


async def open_gaps(desk: GapDesk, site: str) -> OpenGaps:
    """The groups of the site as they are kept: nothing is asked again, and nothing drafted, as the API does."""
    since = desk.clock.now() - desk.retention
    async with desk.database.read() as db:
        sealed = await sealed_questions(db, site, since)
    found = await asyncio.to_thread(
        lambda: grouped(opened(desk.keyring, sealed), since, desk.embedder, desk.policy).groups
    )
    return OpenGaps(found[:MOST_GROUPS], max(0, len(found) - MOST_GROUPS))
