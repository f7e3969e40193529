"""Slack as its public documentation describes it: the Web API (errors come as 200 with `ok: false`), the signatures and
bodies of its Events API and of pressed buttons, and Socket Mode.
"""

import hashlib
import hmac
import itertools
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "xoxb-made-up-bot-token"  # noqa: S105 - made up
APP_TOKEN = "xapp-made-up-app-token"  # noqa: S105 - made up
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105 - that of Slack's documentation
TEAM, BOT_USER = "T0001", "U0BOT"
_HEADER_AT, _HEADER_SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


def signed(body: bytes, at_s: float, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers with which Slack signs a request at this time, in Unix seconds."""
    at = str(int(at_s))
    digest = hmac.digest(secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hex()
    return {_HEADER_AT: at, _HEADER_SIGNATURE: f"v0={digest}"}


def event_body(event: Mapping[str, Any], *, event_id: str = "", team: str = TEAM) -> bytes:
    """An event as the Events API delivers it."""
    return json.dumps({
        "token": "made-up", "team_id": team, "api_app_id": "A0001", "event": event, "type": "event_callback",
        "event_id": event_id or f"Ev{secrets.token_hex(5)}", "event_time": 1355517523, "is_ext_shared_channel": False,
        "authorizations": [{
            "enterprise_id": None, "team_id": team, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False,
        }],
        "event_context": "EC12345",
    }).encode()  # fmt: skip


def press_of(
    user: str, channel: str, message: Mapping[str, Any], action_id: str, *, team: str = TEAM
) -> dict[str, Any]:
    """What is sent when `user` presses the button `action_id` of a message as `FakeSlack` keeps it."""
    buttons = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
    button = next(one for one in buttons if one["action_id"] == action_id)
    return {
        "type": "block_actions", "team": {"id": team, "domain": "shop"}, "user": {"id": user, "team_id": team},
        "api_app_id": "A0001", "token": "made-up", "trigger_id": "1.2.3",
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel, "is_ephemeral": False},
        "channel": {"id": channel, "name": "directmessage"}, "message": dict(message),
        "response_url": "https://hooks.slack.com/actions/T0001/1/made-up",
        "actions": [{
            "action_id": button["action_id"], "block_id": "b", "type": "button", "value": button["value"],
            "text": button["text"], "action_ts": "1.2",
        }],
    }  # fmt: skip


def press_body(press: Mapping[str, Any]) -> bytes:
    """A pressed button as it is delivered by HTTP."""
    return urlencode({"payload": json.dumps(press)}).encode()


@dataclass
class FakeSlack:
    """One workspace. `posts` is what was accepted; `errors` are given to the next calls, one each.

    `messages` is what people see: each as it was posted or last updated, by its `ts`. `whispers` are ephemeral ones.
    `calls` names each call; `seen` every text that a message had.
    """

    posts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    whispers: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    seen: dict[str, list[str]] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    socket_url: str = ""
    _sockets: list[web.WebSocketResponse] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def app(self) -> Starlette:
        """The Web API."""
        methods = {
            "chat.postMessage": self._post, "chat.update": self._update, "chat.postEphemeral": self._whisper,
            "conversations.replies": self._replies, "conversations.history": self._history,
            "apps.connections.open": self._open,
        }  # fmt: skip
        routes = [Route(f"/api/{name}", self._checked(name, call), methods=["GET", "POST"])
                  for name, call in methods.items()]  # fmt: skip
        return Starlette(routes=routes)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While Socket Mode can be used, in the loop of who asks: `apps.connections.open` sends here."""
        app = web.Application()
        app.router.add_get("/link", self._link)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.socket_url = f"ws://{host}:{port}/link"
        try:
            yield
        finally:
            await runner.cleanup()

    def in_thread(self, channel: str, thread: str | None) -> list[dict[str, Any]]:
        """The messages of a thread, or of a channel outside of threads, as people see them."""
        return [
            one for one in self.messages.values() if one["channel"] == channel and one.get("thread_ts") == thread
        ]  # fmt: skip

    async def send(self, kind: str, payload: Mapping[str, Any], envelope_id: str = "") -> str:
        """Deliver by Socket Mode, on the connection that opened last; the id to be acknowledged."""
        envelope = envelope_id or secrets.token_hex(8)
        told = {"envelope_id": envelope, "payload": payload, "type": kind, "accepts_response_payload": False}
        await self._sockets[-1].send_json(told)
        return envelope

    @property
    def connected(self) -> bool:
        """Whether somebody listens by Socket Mode."""
        return bool(self._sockets)

    async def hang_up(self) -> None:
        """Close every Socket Mode connection, as Slack does now and then."""
        for one in list(self._sockets):
            await one.close()

    def _checked(self, name: str, call: Any) -> Any:
        async def checked(request: Request) -> Response:
            self.calls.append(name)
            token = APP_TOKEN if name.startswith("apps.") else TOKEN
            if request.headers.get("authorization") != f"Bearer {token}":
                return JSONResponse({"ok": False, "error": "invalid_auth"})
            if self.errors:
                return JSONResponse({"ok": False, "error": self.errors.pop(0)})
            answer: Response = await call(await _arguments(request), request)
            return answer

        return checked

    async def _post(self, told: dict[str, Any], _: Request) -> Response:
        number = next(self._numbers)
        ts = f"1503435956.{number:06}"
        self.posts.append(told)
        self.messages[ts] = told | {"ts": ts}
        self.seen[ts] = [told.get("text", "")]
        return JSONResponse({"ok": True, "channel": told.get("channel", "C1"), "ts": ts, "message": told | {"ts": ts}})

    async def _update(self, told: dict[str, Any], _: Request) -> Response:
        ts = told["ts"]
        if ts not in self.messages or self.messages[ts]["channel"] != told["channel"]:
            return JSONResponse({"ok": False, "error": "message_not_found"})
        self.messages[ts] |= told
        self.seen[ts].append(told.get("text", ""))
        return JSONResponse({"ok": True, "channel": told["channel"], "ts": ts, "text": told.get("text", "")})

    async def _whisper(self, told: dict[str, Any], _: Request) -> Response:
        self.whispers.append(told)
        return JSONResponse({"ok": True, "message_ts": f"1503435957.{len(self.whispers):06}"})

    async def _replies(self, told: dict[str, Any], _: Request) -> Response:
        found = [one for one in self.messages.values() if told["ts"] in (one["ts"], one.get("thread_ts"))
                 and one["channel"] == told["channel"]]  # fmt: skip
        return JSONResponse({"ok": True, "messages": found, "has_more": False})

    async def _history(self, told: dict[str, Any], _: Request) -> Response:
        return JSONResponse({"ok": True, "messages": self.in_thread(told["channel"], None)[::-1], "has_more": False})

    async def _open(self, _: dict[str, Any], __: Request) -> Response:
        return JSONResponse({"ok": True, "url": self.socket_url})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {}})
        self._sockets.append(socket)
        try:
            async for told in socket:
                self.acknowledged.append(json.loads(told.data)["envelope_id"])
        finally:
            self._sockets.remove(socket)
        return socket


async def _arguments(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        told: dict[str, Any] = await request.json()
        return told
    return dict(request.query_params) | dict(parse_qsl((await request.body()).decode()))
