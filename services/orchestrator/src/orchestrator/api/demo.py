"""The local chat page and its sessions: only with `AIGUY_DEMO=1`, only in the environment `local`.

It stands for a shop that signs its customers in; a real one issues its own tokens and this module is not mounted.
"""

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse
from pydantic import Field

from contracts.base import ContractModel
from contracts.ids import new_id
from orchestrator.api.approvals import APPROVE_SCOPE
from orchestrator.api.deps import CHAT_SCOPE
from orchestrator.api.rating import allowance
from servicekit.auth.claims import MAX_LIFE_S, Role
from servicekit.auth.minting import TokenMinter

_PAGE = Path(__file__).parent / "page"
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {".js": "text/javascript", ".css": "text/css"}
Asset = Literal["answer.js", "api.js", "chat.js", "desk.js", "text.js", "thread.js", "view.js", "chat.css"]
_PEOPLE = {
    "ada": ("cust_ada", Role.CUSTOMER, "Ada Moreno", "ada@example.com"),
    "ben": ("cust_ben", Role.CUSTOMER, "Ben Okafor", "ben@example.com"),
    "kim": ("staff_kim", Role.STAFF, "Kim Weber", "kim@shop.example"),
    "lee": ("staff_lee", Role.STAFF, "Lee Park", "lee@shop.example"),
}


class DemoSession(ContractModel):
    """Who the visitor of the demo page wants to be: a customer, staff, or a guest, who may keep their random id."""

    who: Literal["ada", "ben", "guest", "kim", "lee"]
    guest_id: Annotated[str, Field(pattern=r"^guest_[0-9a-f]{32}$")] | None = None


class DemoToken(ContractModel):
    """A token as a shop would issue it to its customers and staff. `expires_in` is seconds."""

    token: str
    expires_in: int
    subject: str


def demo_router(minter: TokenMinter, audience: str) -> APIRouter:
    """`/`, its files, and `POST /demo/session`."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(allowance("page"))])

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
        if body.who == "guest":
            subject, role, name, email = body.guest_id or new_id("guest"), Role.GUEST, None, None
        else:
            subject, role, name, email = _PEOPLE[body.who]
        scope = APPROVE_SCOPE if role is Role.STAFF else CHAT_SCOPE
        token = minter.mint(
            audience=audience, subject=subject, role=role, scopes=[scope], ttl_s=MAX_LIFE_S, name=name, email=email
        )
        return DemoToken(token=token, expires_in=MAX_LIFE_S, subject=subject)

    return router
