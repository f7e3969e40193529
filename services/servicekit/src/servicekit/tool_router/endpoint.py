"""One tool call from the request to the answer: who, what, may they, is it the same again, do it, write it down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import perf_counter

import orjson
from starlette.requests import Request
from starlette.responses import Response

from contracts import headers
from contracts.base import ContractModel
from contracts.deprecation import in_first_names
from contracts.errors import ProblemCode
from contracts.registry import AnyContract
from contracts.tool import Confirmation
from servicekit import audit
from servicekit.auth.claims import Caller
from servicekit.auth.dependencies import authenticate, check_scopes
from servicekit.context import Kit, kit_of
from servicekit.crypto import KeyUnavailable
from servicekit.db.pool import Connection
from servicekit.encoding import canonical_json, digest_of
from servicekit.errors import ProblemError, problem_body, problem_headers
from servicekit.idempotency import (
    IdempotencyScope,
    IdempotencyStore,
    StoredAnswer,
    body_hash,
    check_key,
    is_storable,
)
from servicekit.telemetry.current import request_context
from servicekit.telemetry.genai import of_tool
from servicekit.telemetry.tracing import span
from servicekit.tool_router.binding import PreviewDraft, Submission, ToolBinding, ToolHandler, ToolRequest
from servicekit.tool_router.body import OldShape, arguments_of_release, read_object
from servicekit.tool_router.effects import check_grant, preview_of
from servicekit.tool_router.old_shape import count_old_shape, warning_headers

_MAX_DEADLINE_MS = 120_000
#: Refused, or out of time: nothing happened, and the audit says so on a connection of its own.
_NOT_DONE = frozenset({403, 504})
_JSON_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that was understood: an authorised caller, valid arguments."""

    kit: Kit
    caller: Caller
    arguments: ContractModel
    fingerprint: bytes  # canonical JSON of the body, whose names may be old or new: it is the same call
    digest: str  # of the arguments, for the audit
    request_id: str
    grant_token: str | None
    idempotency_key: str | None
    old_shape: OldShape
    client: str


class ToolEndpoint:
    """The routes of one bound tool."""

    def __init__(self, binding: ToolBinding) -> None:
        self._binding = binding
        self._contract: AnyContract = binding.contract
        self._scopes = frozenset({binding.contract.scope})

    async def execute(self, request: Request) -> Response:
        """`POST /tools/{name}`."""
        return await self._guarded(request, self._contract.name, self._write if self._contract.is_write else self._read)

    async def preview(self, request: Request) -> Response:
        """`POST /tools/{name}/preview`."""
        return await self._guarded(request, f"{self._contract.name}.preview", self._preview)

    async def _guarded(self, request: Request, name: str, run: Callable[[_Call], Awaitable[StoredAnswer]]) -> Response:
        """Authorise, parse, run under the deadline; count, trace and audit what comes of it."""
        kit = kit_of(request)
        started = perf_counter()
        outcome = ProblemCode.INTERNAL.value
        caller: Caller | None = None
        try:
            with span(f"tool {name}", of_tool(self._contract.name)):
                caller = await authenticate(request)
                self._authorise(caller)
                call = await self._understand(request, kit, caller, needs_key=run == self._write)
                async with self._deadline(request):
                    answer = await run(call)
            outcome = _outcome_of(answer)
            return Response(answer.body, answer.status, {**answer.headers, **warning_headers(call.old_shape)})
        except ProblemError as error:
            outcome = error.code.value
            if caller is not None and error.status in _NOT_DONE:
                await self._audit_refusal(kit, caller, name, outcome)
            raise
        except KeyUnavailable:
            outcome = ProblemCode.KEY_UNAVAILABLE.value
            raise
        finally:
            kit.metrics.tool_calls.labels(name, outcome).inc()
            kit.metrics.tool_seconds.labels(name).observe(perf_counter() - started)

    def _authorise(self, caller: Caller) -> None:
        check_scopes(caller, self._scopes)
        if not caller.is_guest or self._contract.guests:
            return
        if caller.proven_email is None:
            raise ProblemError(ProblemCode.FORBIDDEN, "Guests cannot do this; please sign in.")
        # Whatever a contract says: nothing is ever changed for who has proven an address and no more.
        if self._contract.is_write or not self._contract.proven_address:
            raise ProblemError(ProblemCode.FORBIDDEN, "A proven mail address is not enough for this; please sign in.")

    async def _understand(self, request: Request, kit: Kit, caller: Caller, *, needs_key: bool) -> _Call:
        sent = await read_object(request)
        planned_with = request.headers.get(headers.CONTRACT, "")
        arguments, old_shape = arguments_of_release(self._contract, sent, planned_with)
        client = request.headers.get(headers.CLIENT, "unknown")[:64]
        count_old_shape(kit.metrics, self._contract.name, old_shape, client)
        key = request.headers.get(headers.IDEMPOTENCY_KEY)
        context = request_context()
        return _Call(
            kit=kit,
            caller=caller,
            arguments=arguments,
            fingerprint=canonical_json(in_first_names(self._contract.deprecations, sent)),
            digest=digest_of(arguments.model_dump(mode="json")),
            request_id=context.request_id if context else "",
            grant_token=request.headers.get(headers.GRANT),
            idempotency_key=check_key(key) if needs_key else None,
            old_shape=old_shape,
            client=client,
        )

    @asynccontextmanager
    async def _deadline(self, request: Request) -> AsyncIterator[None]:
        limit_ms = self._contract.timeout_ms
        given = request.headers.get(headers.DEADLINE_MS)
        if given is not None:
            if not (given.isascii() and given.isdigit() and len(given) <= 9):
                raise ProblemError(ProblemCode.INVALID_REQUEST, f"{headers.DEADLINE_MS} is a number of milliseconds.")
            limit_ms = min(int(given), _MAX_DEADLINE_MS, limit_ms)
        if limit_ms <= 0:
            raise _too_late()
        try:
            async with asyncio.timeout(limit_ms / 1000):
                yield
        except TimeoutError as error:
            raise _too_late() from error

    def _tool_request(self, call: _Call, connection: Connection) -> ToolRequest:
        return ToolRequest(
            caller=call.caller,
            db=connection,
            clock=call.kit.clock,
            request_id=call.request_id,
            idempotency_key=call.idempotency_key,
            grant=None,
            kit=call.kit,
        )

    async def _read(self, call: _Call) -> StoredAnswer:
        db = call.kit.db
        async with db.read() as connection:
            try:
                answer = self._answer(await self._binding.handler(self._tool_request(call, connection), call.arguments))
            except ProblemError as error:
                if error.status not in _NOT_DONE:
                    await self._audit_read(connection, call, error.code.value)
                raise
            await self._audit_read(connection, call, "ok")
            return answer

    async def _audit_read(self, connection: Connection, call: _Call, outcome: str) -> None:
        if not call.kit.db.has_replica:
            await self._audit(connection, call, outcome, relaxed=True)
            return
        async with call.kit.db.primary() as primary:
            await self._audit(primary, call, outcome, relaxed=True)

    async def _preview(self, call: _Call) -> StoredAnswer:
        # On the primary: a digest over what a replica shows would not be found again when the write runs.
        async with call.kit.db.primary() as connection:
            preview = preview_of(
                self._binding,
                call.caller,
                call.arguments,
                await self._draft(self._tool_request(call, connection), call),
            )
            await self._audit(connection, call, "ok", name=f"{self._contract.name}.preview", relaxed=True)
        return StoredAnswer(200, _JSON_HEADERS, preview.model_dump_json().encode())

    async def _draft(self, tool_request: ToolRequest, call: _Call) -> PreviewDraft:
        if self._binding.preview is None:
            return PreviewDraft(summary=self._contract.label or self._contract.description)
        return await self._binding.preview(tool_request, call.arguments)

    async def _write(self, call: _Call) -> StoredAnswer:
        """Key, effect, stored answer and audit entry in one transaction: all of it happens, or none.

        An effect outside of our database is begun in a transaction before that, and submitted between the two.
        """
        binding, key = self._binding, call.idempotency_key or ""
        if binding.begin is not None and binding.submit is not None:
            answered = await self._transact(call, binding.begin, final=False)
            if answered is not None:
                return answered
            await binding.submit(
                Submission(call.caller, call.kit.clock, call.request_id, key, call.kit), call.arguments
            )
        answered = await self._transact(call, binding.handler, final=True)
        if answered is None:
            raise TypeError(f"the handler of {self._contract.name} gave no answer")
        return answered

    async def _transact(self, call: _Call, run: ToolHandler, *, final: bool) -> StoredAnswer | None:
        """One transaction: take the key, check the grant, run. The answer is stored when it is for good; else None."""
        kit, hashed = call.kit, body_hash(call.fingerprint)
        store = IdempotencyStore(kit.clock)
        scope = IdempotencyScope(
            f"{call.caller.issuer}|{call.caller.subject}", self._contract.path, call.idempotency_key or ""
        )
        async with kit.db.transaction() as connection:
            stored = await store.claim(connection, scope, hashed)
            if stored is not None:
                return replace(stored, headers={**stored.headers, headers.IDEMPOTENT_REPLAYED: "true"})
            tool_request, effect_digest = self._tool_request(call, connection), None
            outcome = "ok"
            try:
                async with connection.transaction():  # a savepoint: a refused write leaves nothing but its answer
                    tool_request, effect_digest = await self._confirmed(tool_request, call)
                    output = await run(tool_request, call.arguments)
                    if not final:
                        return None
                    answer = self._answer(output)
            except ProblemError as error:
                if not is_storable(error):
                    raise
                outcome = error.code.value
                answer = StoredAnswer(error.status, problem_headers(error.problem), problem_body(error.problem))
            grant = tool_request.grant
            grant_id = grant.token_id if grant and outcome == "ok" else None
            await store.store(connection, scope, hashed, answer, grant_id=grant_id)
            approvers = ", ".join(grant.approvers) if grant else ""
            await self._audit(connection, call, outcome, effect_digest=effect_digest, approver=approvers or None)
        return answer

    async def _confirmed(self, tool_request: ToolRequest, call: _Call) -> tuple[ToolRequest, str | None]:
        """The request with its grant, when the contract asks for a confirmation of this very effect."""
        if self._contract.confirmation is Confirmation.NONE:
            return tool_request, None
        if not call.grant_token:
            raise ProblemError(ProblemCode.CONFIRMATION_REQUIRED, "The customer has not confirmed this.")
        draft = await self._draft(tool_request, call)
        digest = preview_of(self._binding, call.caller, call.arguments, draft).digest
        grant = await check_grant(
            self._binding, call.kit.verifier, call.grant_token,
            digest=digest, caller=call.caller, arguments=call.arguments,
        )  # fmt: skip
        return replace(tool_request, grant=grant, basis=draft.basis), digest

    def _answer(self, output: object) -> StoredAnswer:
        if not isinstance(output, self._contract.output):
            raise TypeError(f"the handler of {self._contract.name} must return {self._contract.output.__name__}")
        return StoredAnswer(200, _JSON_HEADERS, output.model_dump_json().encode())

    async def _audit(
        self,
        connection: Connection,
        call: _Call,
        outcome: str,
        *,
        name: str | None = None,
        effect_digest: str | None = None,
        approver: str | None = None,
        relaxed: bool = False,
    ) -> None:
        await audit.record(
            connection, caller=call.caller, tool=name or self._contract.name, arguments_digest=call.digest,
            outcome=outcome, request_id=call.request_id, idempotency_key=call.idempotency_key,
            effect_digest=effect_digest, approver=approver, now=call.kit.clock.now(), relaxed=relaxed,
            old_shape=tuple(one.argument for one in call.old_shape), client=call.client,
        )  # fmt: skip

    async def _audit_refusal(self, kit: Kit, caller: Caller, name: str, outcome: str) -> None:
        context = request_context()
        async with kit.db.primary() as connection:
            await audit.record(
                connection, caller=caller, tool=name, arguments_digest="", outcome=outcome,
                request_id=context.request_id if context else "", now=kit.clock.now(), relaxed=True,
            )  # fmt: skip


def _outcome_of(answer: StoredAnswer) -> str:
    if headers.IDEMPOTENT_REPLAYED in answer.headers:
        return "replayed"
    return "ok" if answer.status < 400 else str(orjson.loads(answer.body)["code"])


def _too_late() -> ProblemError:
    return ProblemError(ProblemCode.DEADLINE_EXCEEDED, "The time that the caller gave is over.")
