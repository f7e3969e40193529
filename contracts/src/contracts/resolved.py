"""Resolved tickets, as the tickets service tells other services of them: `POST /internal/tickets/resolved-search`.

They are no tool: no Brain ever sees one. Personal data is taken out by the service that has it.
"""

from datetime import datetime

from pydantic import Field

from contracts.base import ContractModel
from contracts.text import WRITTEN

RESOLVED_PATH = "/internal/tickets/resolved-search"
RESOLVED_SCOPE = "tickets.resolved"
RESOLVE_SCOPE = "tickets.resolve"
MAX_RESOLUTION = 4_000


class ResolvedQuery(ContractModel):
    """A question with personal data already masked; `limit` is how many tickets are wanted at most."""

    query: str = Field(min_length=1, max_length=1000, pattern=WRITTEN)
    limit: int = Field(default=5, ge=1, le=20)


class ResolvedTicket(ContractModel):
    """What was asked and what support answered; e-mail addresses, phones, cards, links and greetings are masked."""

    number: str
    subject: str
    resolution: str
    resolved_at: datetime | None = None


class ResolvedFound(ContractModel):
    """The tickets that fit the question, best first; empty when none does."""

    tickets: tuple[ResolvedTicket, ...]
