"""One request to a tool service: its headers, its token, and its answer checked against the tool's schema."""

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import orjson

from contracts import headers
from contracts.errors import ProblemCode
from contracts.manifest import canonical_json
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.calls import CallRequest, idempotency_key
from orchestrator.tools.entry import ToolEntry
from orchestrator.tools.failures import GARBAGE, Trouble, from_http_failure, from_response
from orchestrator.tools.validation import CompiledSchema
from servicekit.auth.claims import Role
from servicekit.auth.grants import mint_grant
from servicekit.auth.minting import TokenMinter
from servicekit.http.client import HttpFailure, HttpPort
from servicekit.telemetry import inject_headers

TOKEN_TTL_S = 60
MAX_ANSWER_BYTES = 256 * 1024
ACTOR = "orchestrator"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What every attempt of one call shares. `key` is None for reads and previews."""

    entry: ToolEntry
    request: CallRequest
    url: str
    body: bytes
    answers: CompiledSchema
    key: str | None
    may_answer_later: bool = False
    in_old_shape: bool = False


class Later:
    """The tool took the call and will call back."""


LATER = Later()
#: The first one is what a release says that does not read for which one a call is.
_NOT_UNDERSTOOD = frozenset({ProblemCode.INVALID_REQUEST, ProblemCode.CONTRACT_VERSION})
Answer = dict[str, Any] | Later | Trouble


def call_exchange(entry: ToolEntry, request: CallRequest) -> Exchange:
    """The exchange that runs the tool."""
    key = idempotency_key(request) if entry.write else None
    url, body = entry.base_url + entry.path, canonical_json(request.arguments)
    return Exchange(entry, request, url, body, entry.answers, key, may_answer_later=entry.answers_within_s > 0)


def preview_exchange(entry: ToolEntry, request: CallRequest, answers: CompiledSchema) -> Exchange:
    """The exchange that asks what the tool would do."""
    url = f"{entry.base_url}{entry.preview_path}"
    return Exchange(entry, request, url, canonical_json(request.arguments), answers, None)


def in_old_shape(exchange: Exchange, answer: "Answer") -> Exchange | None:
    """The same call for a replica of the release before, when the answer says that it is one: it refuses the new name
    of an argument. Key and digest stay, for they do not depend on names.
    """
    if exchange.in_old_shape or not isinstance(answer, Trouble) or answer.code not in _NOT_UNDERSTOOD:
        return None
    said, renamed = exchange.request.arguments, exchange.entry.renamed
    if answer.about.isdisjoint(said.keys() & renamed.keys()):
        return None
    body = canonical_json({renamed.get(name, name): value for name, value in said.items()})
    return replace(exchange, body=body, in_old_shape=True)


class Attempter:
    """Sends single attempts; a fresh token of at most 60 s and one scope goes with each."""

    def __init__(self, http: HttpPort, minter: TokenMinter, client: str, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._http = http
        self._minter = minter
        self._client = client

    async def send(self, exchange: Exchange, *, timeout_s: float) -> Answer:
        """The checked answer, its promise, or the trouble. The service is told that we wait `timeout_s` seconds."""
        try:
            answer = await self._http.request(
                "POST", exchange.url, headers=self._headers(exchange, timeout_s), body=exchange.body,
                timeout_s=timeout_s, max_bytes=MAX_ANSWER_BYTES,
            )  # fmt: skip
        except HttpFailure as failure:
            return from_http_failure(failure)
        if answer.status == HTTPStatus.ACCEPTED and exchange.may_answer_later:
            return LATER
        if answer.status != HTTPStatus.OK:
            return from_response(answer)
        return _read(answer.body, exchange.answers)

    def _headers(self, exchange: Exchange, timeout_s: float) -> dict[str, str]:
        request = exchange.request
        sent = {
            headers.AUTHORIZATION: f"Bearer {self._token(exchange)}",
            "content-type": "application/json",
            "accept": "application/json",
            headers.DEADLINE_MS: str(max(1, int(timeout_s * 1000))),
            headers.REQUEST_ID: request.request_id,
            headers.CLIENT: self._client,
            headers.CONTRACT: request.version or exchange.entry.version,
        }
        if exchange.may_answer_later:
            sent[headers.CALLBACK] = self._callbacks.token(request, exchange.entry.answers_within_s)
        if exchange.key is not None:
            sent[headers.IDEMPOTENCY_KEY] = exchange.key
            if request.digest is not None:
                sent[headers.GRANT] = self._grant(exchange.entry, request, request.digest)
        return inject_headers(sent)

    def _token(self, exchange: Exchange) -> str:
        request = exchange.request
        return self._minter.mint(
            audience=exchange.entry.family, subject=request.subject, role=Role(request.role),
            scopes=(exchange.entry.scope,), ttl_s=TOKEN_TTL_S, actor=ACTOR, conversation_id=request.conversation_id,
            turn_id=request.turn_id, email=request.email, name=request.name,
            proven_email=request.proven_email,
        )  # fmt: skip

    def _grant(self, entry: ToolEntry, request: CallRequest, digest: str) -> str:
        return mint_grant(
            self._minter, entry.name, digest, request.subject, request.approvers, request.addresses,
            conversation_id=request.conversation_id, turn_id=request.turn_id, audience=entry.family,
        )  # fmt: skip


def _read(body: bytes, answers: CompiledSchema) -> dict[str, Any] | Trouble:
    try:
        output = orjson.loads(body)
    except orjson.JSONDecodeError:
        return GARBAGE
    if not isinstance(output, dict) or not answers.accepts(output):
        return GARBAGE
    known: dict[str, Any] = answers.known_part(output)
    return known
