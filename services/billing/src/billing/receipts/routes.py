"""`GET /receipts/{id}`: behind a signed link, as a page, a JWS or JSON; and the public keys that verify receipts."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from billing.errors import link_invalid
from billing.receipts.content import claims_of
from billing.receipts.links import ReceiptLinks
from billing.receipts.page import content_policy, render_receipt
from billing.receipts.signing import KEYS_PATH, sign_receipt
from billing.refunds import store
from billing.refunds.machine import TERMINAL
from contracts.base import OpenModel
from servicekit.auth.keys import KeySet
from servicekit.context import Kit, kit_of
from servicekit.encoding import json_response
from servicekit.openapi import problem_responses

_Id = Annotated[str, Path(max_length=64)]
_Part = Annotated[str, Query(max_length=128)]
_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex", "vary": "accept"}


class SignedReceipt(OpenModel):
    """`claims` is what `receipt` says, for reading; only `receipt`, a JWS, proves anything: by a key of `keys_url`."""

    receipt: str
    claims: dict[str, Any]
    keys_url: str


@dataclass(frozen=True, slots=True)
class Receipts:
    """Makes receipts and checks the links to them."""

    links: ReceiptLinks
    keys: KeySet
    shop: str

    async def signed(self, kit: Kit, refund_id: str, *, expires: str, signature: str) -> SignedReceipt:
        """The receipt behind a link. Raises ProblemError(FORBIDDEN | LINK_EXPIRED)."""
        self.links.check(refund_id, expires=expires, signature=signature, now=kit.clock.now())
        async with kit.db.primary() as connection:
            refund = await store.find(connection, refund_id)
            events = await store.events_of(connection, refund_id)
        if refund is None or refund.state not in TERMINAL:
            raise link_invalid()
        claims = claims_of(refund, events, self.links.public_url)
        jws, keys_url = sign_receipt(self.keys, claims), f"{self.links.public_url}{KEYS_PATH}"
        return SignedReceipt(receipt=jws, claims=claims, keys_url=keys_url)


def receipts_router(receipts: Receipts) -> APIRouter:
    """The two routes. No token: the link's signature is the authority, and public keys are public."""
    router = APIRouter()

    @router.get(
        "/receipts/{refund_request_id}",
        response_class=Response,
        responses={
            200: {
                "description": "A page for browsers, the JWS itself for `application/jose`, else JSON with it.",
                "content": {
                    "text/html": {"schema": {"type": "string"}},
                    "application/jose": {"schema": {"type": "string"}},
                    "application/json": {"schema": SignedReceipt.model_json_schema()},
                },
            },
            **problem_responses((403, 410, 422, 429, 500, 503)),
        },
        summary="The signed receipt of a refund, behind a signed link.",
    )
    async def receipt(request: Request, refund_request_id: _Id, expires: _Part, signature: _Part) -> Response:
        found = await receipts.signed(kit_of(request), refund_request_id, expires=expires, signature=signature)
        accepted = request.headers.get("accept", "")
        if "application/jose" in accepted:
            return Response(found.receipt, media_type="application/jose", headers=_HEADERS)
        if "text/html" not in accepted:
            return json_response(found.model_dump(), headers=_HEADERS)
        page = render_receipt(found.claims, found.receipt, shop=receipts.shop, keys_url=found.keys_url)
        return Response(
            page, media_type="text/html", headers={**_HEADERS, "content-security-policy": content_policy()}
        )  # fmt: skip

    @router.get(KEYS_PATH, include_in_schema=False)
    async def receipt_keys() -> Response:
        return json_response(receipts.keys.jwks(), headers={"cache-control": "max-age=300"})

    return router
