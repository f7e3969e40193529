"""Asks other services on staff's behalf: is a question answerable by now, and what did support answer to it?

With tokens of our own: role `service`, one scope each, at most a minute. A service that does not answer is no error of
the listing: the gap stays as it is, and its outline says what is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from contracts import headers
from contracts.base import ContractModel
from contracts.resolved import RESOLVED_PATH, RESOLVED_SCOPE, ResolvedFound, ResolvedQuery, ResolvedTicket
from contracts.tool import Family
from contracts.tools.retrieval import SEARCH_KB, SearchInput, SearchOutput
from servicekit.auth.claims import Role
from servicekit.auth.minting import TokenMinter
from servicekit.http.client import HttpFailure, HttpPort
from servicekit.logging import get_logger
from servicekit.telemetry import inject_headers

ME = "orchestrator"
_TTL_S = 60
_MOST_BYTES = 256 * 1024
Answer = TypeVar("Answer", bound=ContractModel)


@dataclass(frozen=True, slots=True)
class Colleagues:
    """The services by family, and how they are reached. `timeout_s` is for one call."""

    urls: Mapping[str, str]
    http: HttpPort
    minter: TokenMinter
    timeout_s: float = 3.0

    async def answerable(self, question: str) -> bool | None:
        """Whether the knowledge base answers the question now; None when it could not be asked."""
        asked = SearchInput(query=question)
        found = await self._ask(Family.RETRIEVAL, SEARCH_KB.path, SEARCH_KB.scope, asked, SearchOutput)
        return None if found is None else found.answerable

    async def resolved(self, question: str, limit: int) -> tuple[ResolvedTicket, ...] | None:
        """Resolved tickets about the question, already masked; None when the ticket service could not be asked."""
        asked = ResolvedQuery(query=question, limit=limit)
        found = await self._ask(Family.TICKETS, RESOLVED_PATH, RESOLVED_SCOPE, asked, ResolvedFound)
        return None if found is None else found.tickets

    async def _ask(
        self, family: Family, path: str, scope: str, asked: ContractModel, answer_of: type[Answer]
    ) -> Answer | None:
        body = await self._post(family, path, scope, asked.model_dump_json().encode())
        if body is None:
            return None
        try:
            return answer_of.model_validate_json(body)
        except ValidationError:
            get_logger().warning("gaps_not_asked", service=family.value, reason="garbage")
            return None

    async def _post(self, family: Family, path: str, scope: str, body: bytes) -> bytes | None:
        if family.value not in self.urls:
            return None
        token = self.minter.mint(
            audience=family.value, subject=ME, role=Role.SERVICE, scopes=(scope,), ttl_s=_TTL_S, actor=ME
        )
        sent = inject_headers({
            headers.AUTHORIZATION: f"Bearer {token}", "content-type": "application/json", "accept": "application/json",
            headers.CLIENT: ME,
        })  # fmt: skip
        try:
            answer = await self.http.request(
                "POST", self.urls[family.value].rstrip("/") + path, headers=sent, body=body, timeout_s=self.timeout_s,
                max_bytes=_MOST_BYTES,
            )  # fmt: skip
        except HttpFailure as failure:
            get_logger().warning("gaps_not_asked", service=family.value, reason=failure.kind)
            return None
        if answer.status != 200:
            get_logger().warning("gaps_not_asked", service=family.value, status=answer.status)
            return None
        return answer.body
