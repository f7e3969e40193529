"""A process that does nothing but hold live streams: `python -m turnbench.stream_server PORT`.

`GET /stream?turn_id=` is the product's own reading side (hub, stream, response, edge) without sign-in and journal.
`POST /tell?turns=&seconds=&per_second=` makes events of all turns, spread evenly; each says when it was due.
"""

import asyncio
import logging
import sys
from time import monotonic

import structlog
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from redis.asyncio import Redis

from contracts.turn import ChunkEvent, EndEvent, Outcome
from orchestrator.journal.sealing import Sealer
from orchestrator.stream.frames import BEFORE_ALL, EventId, encode_frame, stream_key
from orchestrator.stream.hub import Hub
from orchestrator.stream.sse import Ending, Standing, stream_turn
from servicekit.edge import EdgeMiddleware
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics

#: So often events are made; each is due somewhere within.
_TICK_S = 0.005
_TEXT = " and twenty more letters"
_SEALER = Sealer("cnv_bench", b"k" * 32)


def turn_of(number: int) -> str:
    """The turn of a stream."""
    return f"trn_{number}"


def build() -> FastAPI:
    """The app. Turns run near, so Redis is not asked."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    app = FastAPI(openapi_url=None)
    app.add_middleware(EdgeMiddleware, max_body_bytes=0, body_limits={})
    hub = Hub(SpareRedis(Redis.from_url("redis://127.0.0.1:1"), Metrics()))

    async def standing() -> Standing:
        return Standing()

    @app.get("/stream", response_class=StreamingResponse)
    async def stream(turn_id: str) -> StreamingResponse:
        if not hub.runs_here(turn_id):
            hub.begin_near(turn_id)
        frames = stream_turn(hub, turn_id, BEFORE_ALL, Ending(None, standing), 300.0, _SEALER)
        return StreamingResponse(frames, media_type="text/event-stream")

    @app.post("/tell")
    async def tell(turns: int, seconds: float, per_second: int) -> Response:
        await _tell(hub, turns, seconds, per_second)
        return Response(status_code=204)

    @app.get("/livez")
    async def live() -> Response:
        return Response()

    return app


async def _tell(hub: Hub, turns: int, seconds: float, per_second: int) -> None:
    """Event `n` of all events is due at `n / rate`: the streams take turns, and never all want something at once."""
    rate = turns * per_second
    began, total = monotonic(), int(rate * seconds)
    told = 0
    while told < total:
        upto = min(total, int((monotonic() - began) * rate))
        for number in range(told, upto):
            due_us = int((began + number / rate) * 1_000_000)
            event = ChunkEvent(text=_TEXT, offset=due_us)
            hub.tell_near(stream_key(turn_of(number % turns)), encode_frame(EventId(1, 1 + number // turns), event))
        told = upto
        await asyncio.sleep(_TICK_S)
    for number in range(turns):
        end = encode_frame(EventId(2, 1), EndEvent(outcome=Outcome.ANSWERED, text=""))
        hub.tell_near(stream_key(turn_of(number)), end)


if __name__ == "__main__":
    uvicorn.run(
        build(), host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning",
        access_log=False, lifespan="off",
    )  # fmt: skip
