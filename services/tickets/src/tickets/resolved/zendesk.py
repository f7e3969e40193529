"""Resolved tickets in Zendesk: its search finds them, and the last public comment of an agent is the resolution."""

import re
from dataclasses import dataclass
from typing import Any

from contracts.resolved import MAX_RESOLUTION, ResolvedTicket
from servicekit.db.pool import Database
from servicekit.http.remote import RemoteApi, RemoteFailure
from tickets.backends.zendesk_problems import problem_of
from tickets.resolved.masking import Masking

#: Each ticket costs a call for its comments.
_MOST_TICKETS = 5
_MOST_WORDS = 6
_AGENTS = frozenset({"agent", "admin"})
# Words alone: `:`, `<`, quotes and `-` are operators of the search language, and a question must not become one.
_WORD = re.compile(r"[^\W\d_]{3,}")
_COMMON = frozenset({
    "the", "and", "for", "are", "was", "were", "you", "your", "our", "can", "could", "how", "what", "when", "where",
    "which", "who", "why", "does", "did", "have", "has", "had", "with", "from", "this", "that", "there", "they",
    "would", "should", "will", "may", "any", "some", "about", "into", "get", "not", "but", "per", "its",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ZendeskResolved:
    """A `ResolvedTickets` over Zendesk's search. `api` needs a key that may read tickets and search."""

    api: RemoteApi
    mask: Masking

    async def search(self, db: Database, query: str, limit: int) -> tuple[ResolvedTicket, ...]:
        """See `ResolvedTickets.search`. All words first; when nothing has them all, the two longest."""
        words = _words(query)
        try:
            found = await self._tickets(words[:_MOST_WORDS]) if words else []
            if not found and len(words) > 2:
                found = await self._tickets(sorted(words, key=len, reverse=True)[:2])
            resolved = [await self._resolved(one) for one in found[: min(limit, _MOST_TICKETS)]]
        except RemoteFailure as failure:
            raise problem_of(failure) from failure
        return tuple(one for one in resolved if one is not None)

    async def _tickets(self, words: list[str]) -> list[dict[str, Any]]:
        query = f"type:ticket status>=solved {' '.join(words)}"
        body = (await self.api.call("GET", "/api/v2/search.json", query={"query": query, "per_page": "20"})).body
        found = body.get("results") if isinstance(body, dict) else None
        if not isinstance(found, list):
            raise RemoteFailure(self.api.system, "garbage")
        return [one for one in found if isinstance(one, dict) and isinstance(one.get("id"), int)]

    async def _resolved(self, ticket: dict[str, Any]) -> ResolvedTicket | None:
        path, query = f"/api/v2/tickets/{ticket['id']}/comments.json", {"include": "users", "sort_order": "desc"}
        body = (await self.api.call("GET", path, query=query)).body
        if not isinstance(body, dict) or not isinstance(body.get("comments"), list):
            raise RemoteFailure(self.api.system, "garbage")
        people = {one.get("id"): one for one in body.get("users") or [] if isinstance(one, dict)}
        names = [str(one.get("name") or "") for one in people.values()]
        answer = next((_text(one) for one in body["comments"] if _is_an_answer(one, people)), "")
        if not answer:
            return None
        return ResolvedTicket(
            number=f"#{ticket['id']}", subject=self.mask(str(ticket.get("subject") or ""), names=names),
            # Masked first: half an address or half a card number would not be known as one.
            resolution=self.mask(answer, names=names)[:MAX_RESOLUTION], resolved_at=None,
        )  # fmt: skip


def _words(query: str) -> list[str]:
    found = (word for word in _WORD.findall(query.lower()) if word not in _COMMON)
    return list(dict.fromkeys(found))


def _is_an_answer(comment: Any, people: dict[Any, dict[str, Any]]) -> bool:
    """Whether an agent said it, in public."""
    if not isinstance(comment, dict) or comment.get("public") is not True or not _text(comment):
        return False
    return people.get(comment.get("author_id"), {}).get("role") in _AGENTS


def _text(comment: dict[str, Any]) -> str:
    return str(comment.get("plain_body") or comment.get("body") or "").strip()
