"""What door and WAF add to a chat message, beside the same service asked directly."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from gateway.door import open_door

from doorbench.processes import busy_ms, family
from onebox.front_door import Parts
from onebox.readiness import wait_ready
from servicekit.embedded import free_port
from servicekit.embedded.process import guarded

SIZES = (200, 2000, 8000)
BATCH = 10
WORDS = "Hello, my order ABC123 has not come yet and I'd like to know where it is, please. "
#: As a browser sends them, with a token of usual length.
HEADERS = {
    "content-type": "application/json", "accept": "text/event-stream", "accept-language": "de,en;q=0.8",
    "authorization": f"Bearer eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIn0.{'a' * 300}.{'b' * 86}",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "referer": "https://shop.example/product/wool-hat/", "idempotency-key": "turn-12345678",
}  # fmt: skip
SERVICE = """daemon off; pid {state}/pid; error_log {state}/error.log; worker_processes 1; events {{}}
http {{ access_log off; client_body_temp_path {state}/body; client_body_buffer_size 1m; keepalive_requests 1000000;
proxy_temp_path {state}/p; fastcgi_temp_path {state}/f; uwsgi_temp_path {state}/u; scgi_temp_path {state}/s;
server {{ listen 127.0.0.1:{port}; default_type application/json;
location / {{ return 200 '{{"reached":true}}'; }} }} }}
"""


async def measure_cost(parts: Parts, state: Path, requests: int) -> dict[str, dict[str, Any]]:
    """By size: milliseconds through the door and directly, and of processor in the door's processes."""
    async with quick_service(parts, state / "service") as port, open_door(parts, state / "door", port) as door:
        pids = family(door)
        through, directly = HTTPConnection("127.0.0.1", door.port), HTTPConnection("127.0.0.1", port)
        return {f"{size} B": _row(through, directly, pids, _body(size), requests) for size in SIZES}


def _row(
    through: HTTPConnection, directly: HTTPConnection, pids: list[int], body: bytes, requests: int
) -> dict[str, Any]:
    busy, door, direct = [], [], []
    for batch in range(requests // BATCH + 3):
        began = busy_ms(pids)
        took = [_post(through, body) for _ in range(BATCH)]
        spent = (busy_ms(pids) - began) / BATCH
        beside = [_post(directly, body) for _ in range(BATCH)]
        if batch >= 3:  # the first ones fill caches
            busy.append(spent)
            door += took
            direct += beside
    return {
        "cpu_ms": round(min(busy), 2), "cpu_ms_median": round(median(busy), 2),
        "added_p50_ms": round(median(door) - median(direct), 2), "ratio_p50": round(median(door) / median(direct), 1),
        "door_p95_ms": round(quantiles(door, n=20)[18], 2), "direct_p95_ms": round(quantiles(direct, n=20)[18], 2),
    }  # fmt: skip


def _post(connection: HTTPConnection, body: bytes) -> float:
    began = time.perf_counter()
    connection.request("POST", "/chat", body, HEADERS)
    answer = connection.getresponse()
    answer.read()
    if answer.status != httpx.codes.OK:
        raise RuntimeError(f"refused: {answer.status}")
    return (time.perf_counter() - began) * 1000


def _body(size: int) -> bytes:
    text = (WORDS * (size // len(WORDS) + 1))[:size]
    return json.dumps({"session_id": "web-12345678", "message": text}).encode()


@asynccontextmanager
async def quick_service(parts: Parts, state: Path) -> AsyncIterator[int]:
    """The port of a service that answers at once."""
    port = free_port()
    command = _service_command(parts, state, port)
    process = await asyncio.create_subprocess_exec(*guarded(command), start_new_session=True)
    try:
        async with httpx.AsyncClient() as client:
            await wait_ready(client, f"http://127.0.0.1:{port}", given_up=lambda: process.returncode is not None)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _service_command(parts: Parts, state: Path, port: int) -> list[str]:
    state.mkdir(parents=True)
    (state / "nginx.conf").write_text(SERVICE.format(state=state, port=port))
    return [str(parts.nginx), "-p", str(state), "-e", str(state / "error.log"), "-c", str(state / "nginx.conf")]
