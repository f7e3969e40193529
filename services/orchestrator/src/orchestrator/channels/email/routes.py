"""`POST /channels/email/inbound`: a mail for the shop, handed in by its mail server, which signs what it sends."""

import binascii
from base64 import b64decode
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from contracts.base import ContractModel
from contracts.errors import ProblemCode
from orchestrator.api.deps import DeskDep
from orchestrator.api.rating import allowance
from orchestrator.channels.email.signing import WebhookSecret
from orchestrator.channels.email.taking import MAX_MAIL_BYTES, MailRoom
from servicekit.errors import ProblemError
from servicekit.openapi import problem_responses

INBOUND_PATH = "/channels/email/inbound"
#: As base64, with something around it.
MAX_BODY_BYTES = MAX_MAIL_BYTES * 4 // 3 + 1024
_MAIL, _JSON = "message/rfc822", "application/json"
_STATUSES = (400, 401, 409, 413, 415, 429, 500, 503)


class _RawMail(ContractModel):
    raw: str


class MailHeard(BaseModel):
    """What became of a mail: `taken` is answered; anything else says why it is not."""

    outcome: str


async def _mail_room(request: Request) -> MailRoom:
    room: MailRoom = request.app.state.mail_room
    return room


MailRoomDep = Annotated[MailRoom, Depends(_mail_room)]


def email_router(secret: WebhookSecret) -> APIRouter:
    """The route of mails that come."""
    router = APIRouter(
        tags=["channels"], responses=problem_responses(_STATUSES), dependencies=[Depends(allowance("inbound"))]
    )

    @router.post(INBOUND_PATH, status_code=status.HTTP_202_ACCEPTED)
    async def inbound(request: Request, desk: DeskDep, room: MailRoomDep) -> MailHeard:
        """Take a mail in, as `message/rfc822` or as JSON `{"raw": "<base64>"}`. 202: it is stored, and answered or not.
        The same mail again is the same answer; the same delivery again is a 409.
        """
        body = await request.body()
        signature = secret.verified(request.headers, body, desk.intake.clock.now().timestamp())
        if signature is None:
            room.heard.labels("refused_signature").inc()
            raise ProblemError(
                ProblemCode.UNAUTHENTICATED, "The signature is not that of this webhook's secret, or is not fresh."
            )
        try:
            raw = raw_mail(request.headers.get("content-type", ""), body)
        except ProblemError as error:
            room.heard.labels(f"refused_{error.problem.code.value}").inc()
            raise
        return MailHeard(outcome=await room.take(desk, raw, signature))

    return router


def raw_mail(content_type: str, body: bytes) -> bytes:
    """The mail's bytes. Raises UNSUPPORTED_MEDIA_TYPE, MALFORMED_BODY, PAYLOAD_TOO_LARGE."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (_MAIL, _JSON):
        raise ProblemError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, f"Send the mail as {_MAIL}, or as {_JSON}.")
    raw = body if kind == _MAIL else _of_json(body)
    if not raw.strip():
        raise ProblemError(ProblemCode.MALFORMED_BODY, "There is no mail in the body.")
    if len(raw) > MAX_MAIL_BYTES:
        raise ProblemError(ProblemCode.PAYLOAD_TOO_LARGE, "A mail may have 10 MB.")
    return raw


def _of_json(body: bytes) -> bytes:
    try:
        return b64decode(_RawMail.model_validate_json(body).raw, validate=True)
    except (ValidationError, binascii.Error, ValueError):
        raise ProblemError(ProblemCode.MALFORMED_BODY, 'The body is not {"raw": "<the mail in base64>"}.') from None
