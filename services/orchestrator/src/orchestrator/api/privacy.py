"""Privacy requests of a site for its own customers: give out what is kept, erase it, and say how far that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, status
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request

from contracts.privacy import PRIVACY_SCOPE, PrivacyExport
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import Desk, DeskDep, manages, only
from orchestrator.api.privacy_models import (
    ErasedElsewhere,
    ErasureView,
    ExportedConversation,
    ExportedMessage,
    ExportedOpinion,
    PersonExport,
    PersonOfSite,
    PrivacyRequestId,
    ServiceRecord,
)
from orchestrator.api.rating import allowance
from orchestrator.channels.slack.links import forget_subjects
from orchestrator.jobs.queue import JobQueue
from orchestrator.limits.usage import forget_customer
from orchestrator.privacy.elsewhere import Elsewhere
from orchestrator.privacy.erasing import conversations_of, erase_conversations, erase_live
from orchestrator.privacy.exporting import Exported, export_person
from orchestrator.privacy.requests import ErasureRequest, Requests
from servicekit.auth.claims import Caller
from servicekit.logging import get_logger
from servicekit.openapi import SECURED, problem_responses


@dataclass(frozen=True, slots=True)
class PrivacyDesk:
    """What the routes need besides the desk."""

    requests: Requests
    elsewhere: Elsewhere
    queue: JobQueue
    redis: Redis


async def _privacy_desk(request: Request) -> PrivacyDesk:
    desk: PrivacyDesk = request.app.state.privacy
    return desk


Manager = Annotated[Caller, Depends(only(PRIVACY_SCOPE, "Only the site and its staff may do this.", manages))]
PrivacyDep = Annotated[PrivacyDesk, Depends(_privacy_desk)]


def privacy_router() -> APIRouter:
    """Routes of privacy requests."""
    router = APIRouter(
        prefix="/api/agent/privacy",
        tags=["privacy"],
        responses=problem_responses(),
        dependencies=[Depends(allowance("staff"))],
    )

    @router.post("/export", openapi_extra=SECURED)
    async def export(body: PersonOfSite, caller: Manager, desk: DeskDep, privacy: PrivacyDep) -> PersonExport:
        """All that is kept of one customer of the caller's site, here and at the other services."""
        about = {"customer": desk.conversations.subject_hash(caller.site, body.customer)}
        async with desk.database.transaction() as db:
            found = await export_person(db, desk.conversations, desk.intake.vaults, caller.site, body.customer)
            await record_step(db, desk, caller, "privacy_export", about)
        told = await privacy.elsewhere.export(body.customer)
        return PersonExport(
            customer=body.customer, conversations=tuple(map(_conversation, found)), records=_records(told),
            missing=tuple(sorted(name for name, one in told.items() if one is None)),
        )  # fmt: skip

    @router.post("/erase", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def erase(body: PersonOfSite, caller: Manager, desk: DeskDep, privacy: PrivacyDep) -> ErasureView:
        """Erase one customer of the caller's site: here at once, at the other services as soon as each answers."""
        subject_hash, now = desk.conversations.subject_hash(caller.site, body.customer), desk.intake.clock.now()
        async with desk.database.transaction() as db:
            ids = await conversations_of(db, caller.site, subject_hash)
            turns = await erase_conversations(db, ids)
            await forget_customer(db, subject_hash)
            await forget_subjects(db, [subject_hash])
            request_id = await privacy.requests.add(
                db, caller.site, body.customer, len(ids), caller.subject, now
            )  # fmt: skip
            await privacy.queue.erase_elsewhere(db, request_id)
            await record_step(db, desk, caller, "privacy_erase", {"customer": subject_hash})
        try:
            await erase_live(privacy.redis, ids, turns)
        except (RedisError, OSError) as error:
            # What is there was sealed with the keys that are gone, and has a time limit.
            get_logger().warning("live_copies_not_erased", reason=type(error).__name__)
        return await _view(request_id, caller, desk, privacy)

    @router.get("/requests/{request_id}", openapi_extra=SECURED)
    async def progress(
        request_id: PrivacyRequestId, caller: Manager, desk: DeskDep, privacy: PrivacyDep
    ) -> ErasureView:
        """How far an erasure is."""
        return await _view(request_id, caller, desk, privacy)

    return router


async def _view(request_id: str, caller: Caller, desk: Desk, privacy: PrivacyDesk) -> ErasureView:
    async with desk.database.primary() as db:
        found: ErasureRequest = await privacy.requests.read(db, request_id, caller.site)
    return ErasureView(
        request_id=found.id, state="done" if found.done_at else "running", conversations=found.conversations,
        requested_at=found.requested_at, done_at=found.done_at,
        services={name: ErasedElsewhere.model_validate(one) for name, one in found.services.items()},
    )  # fmt: skip


def _conversation(one: Exported) -> ExportedConversation:
    identity = one.conversation.identity
    return ExportedConversation(
        conversation_id=one.conversation.id, channel=one.conversation.channel, begun_at=one.begun_at,
        name=identity.name, email=identity.email,
        messages=tuple(ExportedMessage(role=said.role, text=said.text, at=said.at) for said in one.messages),
        opinions=tuple(
            ExportedOpinion(
                turn_id=opinion.turn_id, thumbs=opinion.thumbs, csat=opinion.csat, tags=opinion.tags,
                comment=opinion.comment,
            )
            for opinion in one.opinions
        ),
    )  # fmt: skip


def _records(told: Mapping[str, PrivacyExport | None]) -> tuple[ServiceRecord, ...]:
    return tuple(
        ServiceRecord(service=name, kind=one.kind, id=one.id, at=one.at, fields=dict(one.fields))
        for name, export in told.items() if export is not None
        for one in export.records
    )  # fmt: skip
