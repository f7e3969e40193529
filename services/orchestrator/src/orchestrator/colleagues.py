"""Calls the internal routes of other services, with tokens of our own: one scope, at most a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contracts import headers
from contracts.base import ContractModel
from contracts.tool import Family
from servicekit.auth.claims import Caller, Role
from servicekit.auth.minting import TokenMinter
from servicekit.http.client import HttpFailure, HttpPort, HttpResponse
from servicekit.logging import get_logger
from servicekit.telemetry import inject_headers

ME = "orchestrator"
_TTL_S = 60
_MOST_BYTES = 4 * 1024 * 1024
Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ServiceCalls:
    """The services by family, and how they are reached. `timeout_s` is for one call."""

    urls: Mapping[str, str]
    http: HttpPort
    minter: TokenMinter
    timeout_s: float = 3.0

    async def ask(
        self, family: Family, path: str, scope: str, asked: ContractModel, answer_of: type[Answer]
    ) -> Answer | None:
        """The service's answer; None, and a line in the log, when it is not there, refuses, or answers with garbage."""
        body = await self._post(family, path, scope, asked.model_dump_json().encode())
        if body is None:
            return None
        try:
            return answer_of.model_validate_json(body)
        except ValidationError:
            get_logger().warning("colleague_not_asked", service=family.value, reason="garbage")
            return None

    async def pass_on(
        self, family: Family, path: str, scope: str, asked: ContractModel, caller: Caller, *, timeout_s: float
    ) -> HttpResponse:
        """The service's answer to what the caller asks it, as the caller, with this one scope. Raises HttpFailure."""
        token = self.minter.mint(
            audience=family.value, subject=caller.subject, role=caller.role, scopes=(scope,), ttl_s=_TTL_S, actor=ME
        )
        return await self._send(family, path, token, asked.model_dump_json().encode(), timeout_s)

    async def _post(self, family: Family, path: str, scope: str, body: bytes) -> bytes | None:
        if family.value not in self.urls:
            return None
        token = self.minter.mint(
            audience=family.value, subject=ME, role=Role.SERVICE, scopes=(scope,), ttl_s=_TTL_S, actor=ME
        )
        try:
            answer = await self._send(family, path, token, body, self.timeout_s)
        except HttpFailure as failure:
            get_logger().warning("colleague_not_asked", service=family.value, reason=failure.kind)
            return None
        if answer.status != 200:
            get_logger().warning("colleague_not_asked", service=family.value, status=answer.status)
            return None
        return answer.body

    async def _send(self, family: Family, path: str, token: str, body: bytes, timeout_s: float) -> HttpResponse:
        if family.value not in self.urls:
            raise HttpFailure("connect")
        sent = inject_headers({
            headers.AUTHORIZATION: f"Bearer {token}", "content-type": "application/json", "accept": "application/json",
            headers.CLIENT: ME,
        })  # fmt: skip
        return await self.http.request(
            "POST", self.urls[family.value].rstrip("/") + path, headers=sent, body=body, timeout_s=timeout_s,
            max_bytes=_MOST_BYTES,
        )  # fmt: skip
