"""Asks other services on staff's behalf: is a question answerable by now, and what did support answer to it?

A service that does not answer is no error of the listing: the gap stays as it is, and its outline says what is missing.
"""

from dataclasses import dataclass

from contracts.resolved import RESOLVED_PATH, RESOLVED_SCOPE, ResolvedFound, ResolvedQuery, ResolvedTicket
from contracts.tool import Family
from contracts.tools.retrieval import SEARCH_KB, SearchInput, SearchOutput
from orchestrator.colleagues import ServiceCalls
from servicekit.privacy import Finder, hidden


@dataclass(frozen=True, slots=True)
class Colleagues:
    """The knowledge base and the ticket service."""

    services: ServiceCalls
    finder: Finder

    async def answerable(self, question: str) -> bool | None:
        """Whether the knowledge base answers the question now; None when it could not be asked."""
        asked = SearchInput(query=question)
        found = await self.services.ask(Family.RETRIEVAL, SEARCH_KB.path, SEARCH_KB.scope, asked, SearchOutput)
        return None if found is None else found.answerable

    async def resolved(self, question: str, limit: int) -> tuple[ResolvedTicket, ...] | None:
        """Resolved tickets about the question; None when the ticket service could not be asked.

        They come masked, and are masked again: what a service of others' left in goes no further.
        """
        asked = ResolvedQuery(query=question, limit=limit)
        found = await self.services.ask(Family.TICKETS, RESOLVED_PATH, RESOLVED_SCOPE, asked, ResolvedFound)
        return None if found is None else tuple(map(self._masked, found.tickets))

    def _masked(self, ticket: ResolvedTicket) -> ResolvedTicket:
        told = {"subject": self._hidden(ticket.subject), "resolution": self._hidden(ticket.resolution)}
        return ticket.model_copy(update=told)

    def _hidden(self, text: str) -> str:
        return hidden(text, self.finder.find(text))
