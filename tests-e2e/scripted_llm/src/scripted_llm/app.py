"""The HTTP surface: the OpenAI routes, and the switches of the tests (`/script`, `/behaviour`, `/calls`)."""

import hmac
from collections.abc import Awaitable, Callable

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from scripted_llm.delivery import Delivery
from scripted_llm.model import Model, Received
from scripted_llm.replies import Fail
from scripted_llm.request import ChatRequest, read_request
from scripted_llm.settings import Behaviour, Rule

Handler = Callable[[Request], Awaitable[Response]]
_NOTHING = ChatRequest(
    "", "", (), frozenset(), frozenset(), (), stream=False, include_usage=False, json_mode=False, prompt_tokens=0
)


def create_app(model: Model) -> Starlette:
    """The server around one model. Only the chat route is on a hot path, so it is raw ASGI."""
    rules = TypeAdapter(tuple[Rule, ...])

    async def models(request: Request) -> Response:
        names = ("scripted-small", "scripted-large", "scripted-fallback")
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    async def put_script(request: Request) -> Response:
        model.follow(rules.validate_json(await request.body()))
        return Response(status_code=204)

    async def put_behaviour(request: Request) -> Response:
        model.behave(Behaviour.model_validate_json(await request.body()))
        return JSONResponse(_dumped(model.behaviour))

    async def get_calls(request: Request) -> Response:
        return JSONResponse([_shown(one) for one in model.received])

    async def clear_calls(request: Request) -> Response:
        model.received.clear()
        return Response(status_code=204)

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "live"})

    return Starlette(
        routes=[
            Route("/v1/chat/completions", _chat(model), methods=["POST"]),
            Route("/v1/models", models),
            Route("/script", put_script, methods=["PUT"]),
            Route("/behaviour", put_behaviour, methods=["PUT"]),
            Route("/calls", get_calls, methods=["GET"]),
            Route("/calls", clear_calls, methods=["DELETE"]),
            Route("/livez", live),
        ],
        exception_handlers={ValidationError: _unprocessable},
    )


def _chat(model: Model) -> ASGIApp:
    expected = f"Bearer {model.api_key}".encode()

    class Chat:
        """`POST /v1/chat/completions`."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            key = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            record = Received(key.decode("latin-1"), await _body(receive))
            model.received.append(record)
            if not hmac.compare_digest(key, expected):
                await Delivery(model, _NOTHING, record, receive, send).deliver(Fail("unauthorised"))
                return
            try:
                request = read_request(record.body)
            except (ValueError, KeyError, TypeError, AttributeError):
                record.ended = "failed"
                await JSONResponse({"error": {"message": "Not a chat request.", "type": "invalid_request_error"}}, 400)(
                    scope, receive, send
                )
                return
            await Delivery(model, request, record, receive, send).deliver(model.reply_to(request))

    return Chat()


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _unprocessable(_request: Request, error: Exception) -> Response:
    return Response(str(error), status_code=422, media_type="text/plain")


def _shown(record: Received) -> dict[str, object]:
    try:
        body = orjson.loads(record.body)
    except orjson.JSONDecodeError:
        body = record.body.decode(errors="replace")
    return {"authorization": record.authorization, "body": body, "ended": record.ended}


def _dumped(model: BaseModel) -> dict[str, object]:
    return model.model_dump(mode="json")
