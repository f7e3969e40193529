"""`POST /channels/slack/events` and `POST /channels/slack/interactions`: what Slack delivers, signed; and the one-time
code with which somebody who is signed in connects their account.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Response, status
from pydantic import BaseModel
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from starlette.requests import Request

from contracts.errors import ProblemCode
from orchestrator.api.deps import DeskDep
from orchestrator.api.rating import allowance
from orchestrator.channels.slack.inviting import invite
from orchestrator.channels.slack.links import CODE_S
from orchestrator.channels.slack.signing import is_signed
from orchestrator.channels.slack.wiring import SlackParts
from servicekit.auth.claims import Caller
from servicekit.auth.dependencies import authenticate
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses

EVENTS_PATH, INTERACTIONS_PATH = "/channels/slack/events", "/channels/slack/interactions"
#: A pressed button comes with its whole message.
MAX_BODY_BYTES = 256 * 1024
_STATUSES = (400, 401, 413, 429, 500, 503, 504)


class SlackCode(BaseModel):
    """A one-time code: who writes it to the app in Slack, in a direct message, is this account there. `app` is
    the app's name.
    """

    code: str
    expires_in_s: int
    app: str


async def _parts(request: Request) -> SlackParts:
    parts: SlackParts = request.app.state.slack
    return parts


PartsDep = Annotated[SlackParts, Depends(_parts)]


def slack_router(signing_secret: str) -> APIRouter:
    """The routes of Slack. Without a signing secret nothing comes by HTTP: Socket Mode delivers."""
    router = APIRouter(tags=["channels"])
    if signing_secret:
        for path in (EVENTS_PATH, INTERACTIONS_PATH):
            router.add_api_route(
                path, _delivery(signing_secret), methods=["POST"], responses=problem_responses(_STATUSES),
                dependencies=[Depends(allowance("inbound"))], name=path.rpartition("/")[2],
            )  # fmt: skip

    @router.post(
        "/api/agent/slack/codes", status_code=status.HTTP_201_CREATED, openapi_extra=SECURED,
        responses=problem_responses(), dependencies=[Depends(allowance("begin"))],
    )  # fmt: skip
    async def ask(caller: Annotated[Caller, Depends(authenticate)], desk: DeskDep, parts: PartsDep) -> SlackCode:
        """A code for the caller, customer or staff; it is told once. What staff may do in Slack is what this token
        lets them do.
        """
        code = await invite(desk, parts.links, caller)
        return SlackCode(code=code, expires_in_s=CODE_S, app=parts.links.channel.app)

    return router


def _delivery(secret: str):  # type: ignore[no-untyped-def]
    async def deliver(request: Request, desk: DeskDep, parts: PartsDep) -> Response:
        """Take what Slack delivers. 200: it is stored, and answered or not; anything else is delivered again."""
        body = await request.body()
        if not is_signed(secret, request.headers, body, desk.intake.clock.now().timestamp()):
            parts.room.taken.labels("refused_signature").inc()
            raise ProblemError(ProblemCode.UNAUTHENTICATED, "The signature is not Slack's, or is not fresh.")
        try:
            asked = to_async_bolt_request(request, body)
        except (ValueError, RecursionError):
            parts.room.taken.labels("refused_malformed_body").inc()
            raise ProblemError(ProblemCode.MALFORMED_BODY, "This is not what Slack sends.") from None
        answer = await parts.bolt.async_dispatch(asked)
        return to_starlette_response(answer)

    return deliver
