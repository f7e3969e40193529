"""`POST /webhooks/stripe`: Stripe says what became of refunds. The signature of the body is the authority."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from billing.providers.port import ProviderRefund
from billing.webhooks.stripe_events import EventRefused, SignatureCheck, read_event
from contracts.errors import ProblemCode
from servicekit.context import Kit, kit_of
from servicekit.errors import ProblemError
from servicekit.logging import get_logger
from servicekit.openapi import problem_responses

#: Writes down what a refund has become; the same news again changes nothing. What it raises makes Stripe try again.
Settle = Callable[[Kit, str, ProviderRefund], Awaitable[None]]


def stripe_router(settle: Settle, secret: str, fits: SignatureCheck) -> APIRouter:
    """The route. The app bounds the body and counts the calls, as it does for all routers of `create_app`."""
    router = APIRouter()

    @router.post(
        "/webhooks/stripe",
        response_class=Response,
        responses={200: {"description": "Heard."}, **problem_responses((400, 413, 429, 500, 503))},
        summary="Events of Stripe about refunds, signed with the endpoint's secret.",
    )
    async def stripe_event(request: Request) -> Response:
        kit, body = kit_of(request), await request.body()
        try:
            news = read_event(
                body, request.headers.get("stripe-signature", ""), secret, now=kit.clock.now(), fits=fits
            )  # fmt: skip
        except EventRefused:
            raise ProblemError(
                ProblemCode.MALFORMED_BODY, "This is no event that was signed for us in the last five minutes."
            ) from None
        for one in news:
            await settle(kit, one.refund_request_id, one.refund)
            get_logger().info(
                "stripe told of a refund", refund_request_id=one.refund_request_id, state=one.refund.state.value
            )  # fmt: skip
        return Response(status_code=200)

    return router
