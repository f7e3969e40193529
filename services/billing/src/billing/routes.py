"""Which contract is served by which handler, and the files behind links."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from billing.handlers import BillingTools
from billing.refunds.tools import RefundTools
from contracts.tools.billing import GET_INVOICE_PDF
from servicekit.context import kit_of
from servicekit.openapi import problem_responses
from servicekit.tool_router import ToolBinding, tool_router

_Number = Annotated[str, Path(max_length=64)]
# Plain text on purpose: whatever was changed in a link, the answer is the same 403.
_Part = Annotated[str, Query(max_length=128)]
_PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The invoice.",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def tools_router(tools: BillingTools, refunds: RefundTools) -> APIRouter:
    """`POST /tools/{name}`, the previews and the manifest."""
    return tool_router([ToolBinding(GET_INVOICE_PDF, tools.get_invoice_pdf), *refunds.bindings()])


def files_router(tools: BillingTools) -> APIRouter:
    """`GET /files/invoices/{number}.pdf`: no token; the signature in the link is the authority."""
    router = APIRouter()

    @router.get(
        "/files/invoices/{number}.pdf",
        response_class=Response,
        responses={**_PDF, **problem_responses((403, 404, 410, 422, 429, 500, 503))},
        summary="The PDF of an invoice, behind a signed link of ten minutes.",
    )
    async def invoice_file(
        request: Request, number: _Number, expires: _Part, owner: _Part, signature: _Part
    ) -> Response:
        content = await tools.invoice_file(
            kit_of(request), number, expires=expires, owner=owner, signature=signature
        )  # fmt: skip
        # The number that we signed, so it needs no quoting.
        headers = {
            "content-disposition": f'attachment; filename="{number}.pdf"',
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-robots-tag": "noindex",
        }
        return Response(content, media_type="application/pdf", headers=headers)

    return router
