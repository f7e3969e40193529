"""Knowledge pushed by the site: its pages reach the knowledge base as they change. A customer's token opens none of it.

The site speaks for its own pages and for nothing else, whoever holds its token: what it stores has addresses on its own
hosts, and what it deletes it has pushed before. Help pages that came another way are out of its reach.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from pydantic import Field, ValidationError
from starlette.requests import Request

from contracts.errors import Problem, ProblemCode
from contracts.knowledge import INGEST_PATH, INGEST_SCOPE, IngestReport, IngestRequest
from contracts.tool import Family
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import DeskDep, manages, only
from orchestrator.api.rating import allowance
from orchestrator.colleagues import ServiceCalls
from servicekit.auth.claims import Caller
from servicekit.encoding import digest_of
from servicekit.errors import ProblemError
from servicekit.http.client import HttpFailure, HttpResponse
from servicekit.logging import get_logger
from servicekit.openapi import SECURED, problem_responses

PUSH_PATH = "/api/agent/knowledge/documents"
#: No folder, site or file that is read on the machine is kept under such a name.
_PUSHED = "push:"
_STATUSES = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503, 504)
_PORTS = {"http": 80, "https": 443}
#: What the retrieval service may say to the caller; else it is our own trouble with it.
_TOLD = frozenset({
    ProblemCode.CONFLICT, ProblemCode.INVALID_REQUEST, ProblemCode.RATE_LIMITED, ProblemCode.OVERLOADED,
    ProblemCode.DEPENDENCY_DOWN,
})  # fmt: skip


class KnowledgePush(IngestRequest):
    """Pages of the site. `source` names a set of them; nobody else's sets can be named."""

    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,58}$")] = "api"


@dataclass(frozen=True, slots=True)
class KnowledgeDesk:
    """The way to the knowledge base. `hosts`: whose pages the site may push besides those of its issuer's own host.

    `timeout_s` is for one push: cutting and embedding 200 long pages takes a while.
    """

    services: ServiceCalls
    hosts: tuple[str, ...] = ()
    timeout_s: float = 50.0

    def check_addresses(self, asked: KnowledgePush, site: str) -> None:
        """Raises FORBIDDEN when an address is not the site's own."""
        own = {place for place in (_place(site), *(one.lower().removeprefix("www.") for one in self.hosts)) if place}
        for number, url in enumerate(one.url for one in asked.documents):
            if _place(url) not in own:
                detail = (
                    f"Document {number + 1} is not on a host of the site. AIGUY_ANSWER_LINK_HOSTS names further hosts."
                )
                raise ProblemError(ProblemCode.FORBIDDEN, detail)

    async def push(self, asked: KnowledgePush, caller: Caller) -> IngestReport:
        """The knowledge base's own answer. Raises ProblemError; sending all again does only what is missing."""
        kept = asked.model_copy(update={"source": _PUSHED + asked.source})
        try:
            answer = await self.services.pass_on(
                Family.RETRIEVAL, INGEST_PATH, INGEST_SCOPE, kept, caller, timeout_s=self.timeout_s
            )
        except HttpFailure as failure:
            code = ProblemCode.DEADLINE_EXCEEDED if failure.kind == "timeout" else ProblemCode.DEPENDENCY_DOWN
            raise ProblemError(code, "The knowledge base does not answer. Send it again later.") from None
        if answer.status != 200:
            raise _told_by(answer)
        try:
            report = IngestReport.model_validate_json(answer.body)
        except ValidationError:
            raise _trouble(answer.status) from None
        return report.model_copy(update={"source": asked.source})


async def _knowledge_desk(request: Request) -> KnowledgeDesk:
    desk: KnowledgeDesk = request.app.state.knowledge
    return desk


Pusher = Annotated[Caller, Depends(only(INGEST_SCOPE, "Only the site and its staff may push knowledge.", manages))]
KnowledgeDep = Annotated[KnowledgeDesk, Depends(_knowledge_desk)]


def knowledge_router() -> APIRouter:
    """The route for a site's pages."""
    router = APIRouter(
        tags=["knowledge"], responses=problem_responses(_STATUSES),
        dependencies=[Depends(allowance("staff"))],
    )  # fmt: skip

    @router.post(PUSH_PATH, openapi_extra=SECURED)
    async def push_knowledge(
        body: KnowledgePush, caller: Pusher, desk: DeskDep, knowledge: KnowledgeDep
    ) -> IngestReport:
        """Store pages of the site that are new or have changed, and take away those that are public no more."""
        knowledge.check_addresses(body, caller.site)
        report = await knowledge.push(body, caller)
        about = {"source": body.source, "asked": digest_of(body.model_dump(mode="json"))}
        async with desk.database.transaction() as db:
            await record_step(db, desk, caller, "push_knowledge", about)
        return report

    return router


def _place(url: str) -> str:
    """Host (without `www.`) and, unless it is the usual one, port; empty when it is no web address or names a user."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip(".").removeprefix("www."), parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or "@" in parts.netloc or "\\" in url or not host:
        return ""
    return host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"


def _told_by(answer: HttpResponse) -> ProblemError:
    try:
        found = Problem.model_validate_json(answer.body)
    except ValidationError:
        return _trouble(answer.status)
    if found.code not in _TOLD:
        return _trouble(answer.status)
    wait = answer.headers.get("retry-after", "")
    return ProblemError(
        found.code, found.detail, errors=found.errors, retry_after_s=float(wait) if wait.isdecimal() else None
    )


def _trouble(status: int) -> ProblemError:
    get_logger().error("knowledge_not_pushed", status=status)
    return ProblemError(ProblemCode.DEPENDENCY_DOWN, "The knowledge base did not take it. Send it again later.")
