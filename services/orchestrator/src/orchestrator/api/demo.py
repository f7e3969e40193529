"""The local demonstration page and its sessions: only with `AIGUY_DEMO=1`, only in the environment `local`.

It stands for a shop that signs its customers in; a real one issues its own tokens and this module is not mounted.
"""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Cookie, Depends, Response
from fastapi.responses import FileResponse
from pydantic import Field

from contracts.base import ContractModel
from contracts.ids import new_id
from orchestrator.api.approving import APPROVE_SCOPE
from orchestrator.api.deps import CHAT_SCOPE
from orchestrator.api.rating import allowance
from servicekit.auth.claims import MAX_LIFE_S, Role
from servicekit.auth.minting import TokenMinter
from servicekit.demo_people import ADA, BEN, KIM, LEE, Person

_PAGE = Path(__file__).parent / "page"
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {".js": "text/javascript", ".css": "text/css"}
Asset = Literal["api.js", "desk.js", "page.js", "text.js", "page.css"]
GUEST_COOKIE = "aiguy_demo_guest"
GuestId = Annotated[str, Field(pattern=r"^guest_[0-9a-f]{32}$")]
_PEOPLE = {"ada": ADA, "ben": BEN, "kim": KIM, "lee": LEE}
#: What the widget calls, all of it on this very origin.
_ROUTES = {
    "chat": "/chat", "stream": "/api/agent/stream", "conversations": "/api/agent/conversations",
    "conversation": "/api/agent/conversations/{conversation_id}", "confirmations": "/api/agent/confirmations",
    "handoff": "/api/agent/handoff", "feedback": "/api/agent/feedback", "stop": "/api/agent/stop",
    "slack": "/api/agent/slack/codes",
}  # fmt: skip


class DemoSession(ContractModel):
    """Who the caller wants to be: a customer, staff, or a guest, who may keep their random id."""

    who: Literal["ada", "ben", "guest", "kim", "lee"]
    guest_id: GuestId | None = None


class DemoToken(ContractModel):
    """A token as a shop would issue it to its customers and staff. `expires_in` is seconds."""

    token: str
    expires_in: int
    subject: str


class WidgetWish(ContractModel):
    """What the widget says of its page."""

    lang: Annotated[str, Field(max_length=35)] = ""


class WidgetSession(ContractModel):
    """A session as the host of a widget answers it: what is sent with each call, and where to. `visitor` is the same as
    long as the same person is there.
    """

    visitor: str
    kind: Literal["customer", "guest"]
    name: str
    headers: dict[str, str]
    credentials: Literal["omit"] = "omit"
    expires_in: int = MAX_LIFE_S
    transport: Literal["stream"] = "stream"
    routes: dict[str, str] = _ROUTES


def demo_router(minter: TokenMinter, audience: str) -> APIRouter:
    """`/`, its files, `POST /demo/session` for programs and the desk, and `POST /demo/widget` for the chat."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(allowance("page"))])

    def token_of(who: str, guest: str) -> DemoToken:
        person = _PEOPLE.get(who, Person(guest, Role.GUEST))
        scope = APPROVE_SCOPE if person.role is Role.STAFF else CHAT_SCOPE
        token = minter.mint(
            audience=audience, subject=person.subject, role=person.role, scopes=[scope], ttl_s=MAX_LIFE_S,
            name=person.name, email=person.email,
        )  # fmt: skip
        return DemoToken(token=token, expires_in=MAX_LIFE_S, subject=person.subject)

    @router.get("/")
    async def page() -> FileResponse:
        return FileResponse(
            _PAGE / "index.html", headers={"content-security-policy": _CSP, "cache-control": "no-store"}
        )

    @router.get("/demo/{name}")
    async def asset(name: Asset) -> FileResponse:
        file = _PAGE / name
        return FileResponse(file, media_type=_TYPES[file.suffix], headers={"cache-control": "no-store"})

    @router.post("/demo/session")
    async def session(body: DemoSession) -> DemoToken:
        return token_of(body.who, body.guest_id or new_id("guest"))

    @router.post("/demo/widget")
    async def widget(
        body: WidgetWish, who: Literal["ada", "ben", "guest"], response: Response,
        kept: Annotated[GuestId | None, Cookie(alias=GUEST_COOKIE)] = None,
    ) -> WidgetSession:  # fmt: skip
        """The language of `body` is for hosts that word something themselves; the widget sends it with each call."""
        guest = kept or new_id("guest")
        if who == "guest":
            # A guest stays the same guest, so that the conversation stays theirs; no script of the page can take it.
            response.set_cookie(GUEST_COOKIE, guest, path="/demo/widget", httponly=True, samesite="strict")
        told = token_of(who, guest)
        return WidgetSession(
            visitor=f"v_{sha256(told.subject.encode()).hexdigest()[:32]}",
            kind="guest" if who == "guest" else "customer", name=(_PEOPLE[who].name or "") if who in _PEOPLE else "",
            headers={"Authorization": f"Bearer {told.token}"},
        )  # fmt: skip

    return router
