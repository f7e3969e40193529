"""Asks other services on staff's behalf: is a question answerable by now, and what did support answer to it?

A service that does not answer is no error of the listing: the gap stays as it is, and its outline says what is missing.
"""

from dataclasses import dataclass

from contracts.resolved import RESOLVED_PATH, RESOLVED_SCOPE, ResolvedFound, ResolvedQuery, ResolvedTicket
from contracts.tool import Family
from contracts.tools.retrieval import SEARCH_KB, SearchInput, SearchOutput
from orchestrator.colleagues import ServiceCalls


@dataclass(frozen=True, slots=True)
class Colleagues:
    """The knowledge base and the ticket service."""

    services: ServiceCalls

    async def answerable(self, question: str) -> bool | None:
        """Whether the knowledge base answers the question now; None when it could not be asked."""
        asked = SearchInput(query=question)
        found = await self.services.ask(Family.RETRIEVAL, SEARCH_KB.path, SEARCH_KB.scope, asked, SearchOutput)
        return None if found is None else found.answerable

    async def resolved(self, question: str, limit: int) -> tuple[ResolvedTicket, ...] | None:
        """Resolved tickets about the question, already masked; None when the ticket service could not be asked."""
        asked = ResolvedQuery(query=question, limit=limit)
        found = await self.services.ask(Family.TICKETS, RESOLVED_PATH, RESOLVED_SCOPE, asked, ResolvedFound)
        return None if found is None else found.tickets
