"""`POST /webhooks/woocommerce` and `POST /webhooks/shopify`: an order was changed, signed with the webhook's secret.

What is told is written down and counted; no answer to a customer is made of it. Each delivery counts once, and one that
comes late does not make an order older than it is known to be.
"""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import ProblemCode
from orders import repository
from orders.webhooks.messages import Sender, delivery_of, is_signed, news_of
from servicekit.context import Kit, kit_of
from servicekit.errors import ProblemError
from servicekit.openapi import problem_responses

PREFIX = "/webhooks/"
#: An order with all its lines may be large.
MAX_BODY_BYTES = 1024 * 1024
#: What WooCommerce sends, unsigned, when a webhook is created; it wants a 200.
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


def webhook_routes(sender: Sender, secret: str) -> APIRouter:
    """The route of one system. Whatever is signed is accepted: systems give a webhook up whose messages are refused."""
    router = APIRouter()

    @router.post(
        f"{PREFIX}{sender.system}",
        response_class=Response,
        responses={200: {"description": "Heard."}, **problem_responses((401, 413, 429, 500, 503))},
        summary=f"Changes of orders, told and signed by {sender.system}.",
    )
    async def order_changed(request: Request) -> Response:
        kit, body = kit_of(request), await request.body()
        signature = request.headers.get(sender.signature_header, "")
        if not signature and _PING.fullmatch(body):
            return Response(status_code=200)
        if not is_signed(body, signature, secret):
            raise ProblemError(ProblemCode.UNAUTHENTICATED, "The signature is not that of this webhook's secret.")
        outcome = await _heard(kit, sender, body, request.headers.get(sender.delivery_header, ""))
        kit.metrics.counter(
            "aiguy_orders_webhooks_total", "Signed messages of the shop, by what became of them.", ("outcome",)
        ).labels(outcome).inc()
        return Response(status_code=200)

    return router


async def _heard(kit: Kit, sender: Sender, body: bytes, delivery_id: str) -> str:
    """What became of a signed message: `new`, `repeated`, `late`, or `ignored`."""
    news = news_of(body, sender)
    if news is None:
        return "ignored"
    async with kit.db.transaction() as connection:
        now = kit.clock.now()
        if not await repository.note_delivery(connection, sender.system, delivery_of(body, delivery_id), now):
            return "repeated"
        changed = await repository.note_change(connection, sender.system, news.ref, news.changed_at, now)
        return "new" if changed else "late"
