"""The chat widget's script, for every page that shows the chat: the shop's own, and the demonstration's."""

from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response

from contracts.errors import ProblemCode
from orchestrator.api.rating import allowance
from servicekit.errors import ProblemError

WIDGET = Path(__file__).parent / "widget"
SCRIPT = "aiguy-chat.js"
#: Pages of any origin may load it: it holds nobody's data, and acts for nobody before the page gives it a session.
_HEADERS = {"cache-control": "public, max-age=300", "cross-origin-resource-policy": "cross-origin"}


def embed_router(folder: Path = WIDGET) -> APIRouter:
    """`GET /widget/aiguy-chat.js`: the built script of `folder`, and 304 for who has it already."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(allowance("page"))])

    @router.get(f"/widget/{SCRIPT}")
    def script(request: Request) -> Response:
        found = folder / SCRIPT
        if not found.is_file():
            raise ProblemError(ProblemCode.NOT_FOUND, "The chat widget was not built.")
        content = found.read_bytes()
        headers = _HEADERS | {"etag": f'"{sha256(content).hexdigest()[:32]}"'}
        if _has(request.headers.get("if-none-match", ""), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="text/javascript", headers=headers)

    return router


def _has(sent: str, tag: str) -> bool:
    """Whether an `If-None-Match` names the tag; a proxy that compresses makes a weak one of it."""
    return tag in {one.strip().removeprefix("W/") for one in sent.split(",")}
