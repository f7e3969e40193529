"""A host of the chat widget without a backend: it speaks the session's contract, plays scripts, and can be hurt."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import web

from e2e.scripted_turns import PlayedTurn, Script, answer, end
from servicekit.embedded import free_port

_ROOT = Path(__file__).parents[3]
WIDGET = _ROOT / "services/orchestrator/src/orchestrator/api/widget/aiguy-chat.js"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify"
)
DISCLOSURE = "You are chatting with an AI assistant of Muster & Co. A person can take over at any time: just ask."
FALLBACK = '<form action="/contact"><label>Write to us <input name="mail"></label><button>Send it</button></form>'


class ScriptedHost:
    """One site with one visitor. `scripts` answers messages in their order, then `script_for` does."""

    def __init__(self) -> None:
        self.port = free_port()
        self.visitor, self.kind, self.transport, self.mails = "v_ada", "customer", "stream", True
        self.nonce, self.expires_in = 1, 240
        self.scripts: list[Script] = []
        self.script_for: Callable[[str], Script] = lambda text: answer(f"You said: {text}")
        self.turns: dict[str, PlayedTurn] = {}
        self.keys: dict[str, str] = {}
        self.conversations: dict[str, list[dict[str, Any]]] = {}
        self.answering = "bot"
        #: Whether the visitor is told that they can connect Slack; for how many seconds a code is good; its route.
        self.slack, self.code_s = False, 600
        self.connects = True
        #: What is said to who waits for a person, and after they have left an address.
        self.waiting: dict[str, str] | None = None
        self.waiting_mailed: dict[str, str] | None = None
        self.calls: dict[str, list[Any]] = defaultdict(list)
        self.failures: dict[str, list[tuple[int, dict[str, Any], dict[str, str]]]] = defaultdict(list)
        self.down = self.holds_streams = False
        self.attributes: dict[str, str] = {}
        self.page_lang, self.extra = "en", ""
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ScriptedHost"]:
        """While it listens."""
        app = web.Application(middlewares=[self._hurt])
        app.add_routes([
            web.get("/", self._page), web.get("/widget/aiguy-chat.js", self._script),
            web.post("/session", self._session), web.post("/chat", self._chat), web.get("/stream", self._stream),
            web.post("/conversations", self._begin), web.get("/conversation", self._read),
            web.post("/confirmations", self._decide), web.post("/handoff", self._hand_off),
            web.post("/feedback", self._noted), web.post("/stop", self._stop), web.post("/email", self._noted),
            web.post("/slack", self._code),
        ])  # fmt: skip
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield self
        finally:
            for task in self.tasks:
                task.cancel()
            await runner.cleanup()

    def fail(self, route: str, status: int, code: str = "", headers: dict[str, str] | None = None, **more: Any) -> None:
        """The next call of this route is answered so."""
        self.failures[route].append((status, {"code": code, **more}, headers or {}))

    @web.middleware
    async def _hurt(self, request: web.Request, handler: Any) -> web.StreamResponse:
        route = request.path.strip("/")
        if not route or route.startswith("widget"):
            return await handler(request)
        if self.down:
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        if route != "session" and request.headers.get("x-wp-nonce") != f"nonce-{self.nonce}":
            return web.json_response(
                {"code": "rest_cookie_invalid_nonce", "message": "Cookie check failed"}, status=403
            )
        if self.failures[route]:
            status, body, headers = self.failures[route].pop(0)
            self.calls[f"failed {route}"].append(request.headers.copy())
            return web.json_response(body, status=status, headers=headers)
        return await handler(request)

    async def _page(self, request: web.Request) -> web.Response:
        attributes = {"session": "/session", **self.attributes, **dict(request.query)}
        written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
        html = (
            f'<!doctype html><html lang="{self.page_lang}"><meta charset="utf-8"><title>Shop</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<body><main><h1>A shop</h1>{self.extra}<aiguy-chat {written}>{FALLBACK}</aiguy-chat></main>"
            '<script src="/widget/aiguy-chat.js" defer></script></body></html>'
        )
        return web.Response(text=html, content_type="text/html", headers={"content-security-policy": CSP})

    async def _script(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(WIDGET, headers={"content-type": "text/javascript"})

    async def _session(self, request: web.Request) -> web.Response:
        self.calls["session"].append(await request.json())
        routes = {
            name: f"/{name}"
            for name in ("chat", "stream", "conversations", "confirmations", "handoff", "feedback", "stop")
        } | {"conversation": "/conversation?conversation_id={conversation_id}"}
        if self.mails:
            routes["email"] = "/email"
        if self.connects:
            routes["slack"] = "/slack"
        body = {
            "visitor": self.visitor, "kind": self.kind, "name": "Ada", "headers": {"X-WP-Nonce": f"nonce-{self.nonce}"},
            "credentials": "same-origin", "expires_in": self.expires_in, "transport": self.transport, "routes": routes,
        }  # fmt: skip
        return web.json_response(body, headers={"cache-control": "no-store"})

    async def _begin(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls["conversations"].append(body)
        self.thread(body["session_id"])
        told = {"conversation_id": f"cnv_{body['session_id']}", "disclosure": DISCLOSURE, "slack": self.slack}
        return web.json_response(told, status=201)

    def thread(self, session_id: str) -> list[dict[str, Any]]:
        """The messages of a conversation, begun when it is not there."""
        first = {"role": "assistant", "text": DISCLOSURE, "turn_id": None, "at": "2026-11-22T09:00:00Z"}
        return self.conversations.setdefault(f"cnv_{session_id}", [first])

    def staff_says(self, text: str) -> None:
        """A person answers in every conversation that there is."""
        for thread in self.conversations.values():
            thread.append({"role": "staff", "text": text, "turn_id": None, "at": f"2026-11-22T09:01:{len(thread):02}Z"})

    async def _read(self, request: web.Request) -> web.Response:
        self.calls["conversation"].append(dict(request.query))
        name = request.query["conversation_id"]
        if name not in self.conversations:
            return web.json_response({"code": "not_found"}, status=404)
        thread = self.conversations[name]
        messages = []
        own = {message["turn_id"] for message in thread}
        for message in thread:
            messages.append({key: value for key, value in message.items() if key != "answers"})
            turn = self.turns.get(message["turn_id"] or "")
            if message.get("answers") and turn and turn.over and turn.end and turn.end["text"]:
                said = {key: turn.end[key] for key in ("text", "citations", "links", "outcome")}
                said["mailed"] = turn.end.get("mailed", False)
                messages.append({"role": "assistant", "turn_id": turn.id, "at": message["at"], "thumbs": None, **said})
        open_turns = [turn for turn in self.turns.values() if turn.id in own and not turn.over]
        cards = [
            {**{key: value for key, value in card.items() if key != "event"}, "kind": card["event"], "turn_id": turn.id}
            for turn in open_turns for card in turn.cards
        ]  # fmt: skip
        working = next((turn.id for turn in open_turns if not turn.cards), None)
        status = "working" if working else "waiting" if cards else "idle"
        return web.json_response({
            "conversation_id": name, "channel": "web", "answering": self.answering, "status": status,
            "open_turn": working, "stream_url": None, "cards": cards, "messages": messages,
            "hand_over": self.waiting if self.answering == "staff" else None,
            "later": next((turn.end["text"] for turn in open_turns if turn.id == working and turn.end), ""),
        })  # fmt: skip

    def _turn(self, name: str, key: str, text: str) -> PlayedTurn:
        if key in self.keys:
            return self.turns[self.keys[key]]
        script = self.scripts.pop(0) if self.scripts else self.script_for(text)
        turn = PlayedTurn(f"trn_{len(self.turns) + 1}", text, script)
        self.turns[turn.id] = turn
        self.keys[key] = turn.id
        self.conversations[name].append({
            "role": "customer", "text": text, "turn_id": turn.id, "at": "2026-11-22T09:00:00Z", "answers": True
        })  # fmt: skip
        task = asyncio.create_task(turn.play())
        self.tasks.add(task)
        return turn

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls["chat"].append({**body, "key": request.headers["idempotency-key"]})
        self.thread(body["session_id"])
        name = f"cnv_{body['session_id']}"
        turn = self._turn(name, request.headers["idempotency-key"], body["message"])
        if "text/event-stream" in request.headers["accept"]:
            return await self._tell(request, name, turn, "")
        async for heard in turn.listen(""):
            if heard and heard[1]["event"] in ("confirmation", "approval"):
                break
        over = turn.end or {"text": "", "outcome": None, "citations": [], "links": {}, "answering": "bot"}
        cards = [{**card, "kind": card["event"], "turn_id": turn.id} for card in turn.cards]
        said = {key: over[key] for key in ("text", "outcome", "citations", "links", "answering")}
        return web.json_response({"conversation_id": name, "turn_id": turn.id, "cards": cards, **said})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        last = request.headers.get("last-event-id", "")
        self.calls["stream"].append({**request.query, "last": last})
        return await self._tell(request, request.query["conversation_id"], self.turns[request.query["turn_id"]], last)

    async def _tell(self, request: web.Request, name: str, turn: PlayedTurn, last: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={
            "content-type": "text/event-stream", "x-aiguy-conversation-id": name, "x-aiguy-turn-id": turn.id,
        })  # fmt: skip
        if self.holds_streams:
            await asyncio.Event().wait()
        await response.prepare(request)
        await response.write(b": hello\n\n")
        async for heard in turn.listen(last):
            if heard is None:
                assert request.transport is not None
                request.transport.close()
                break
            event_id, event = heard
            data = json.dumps({key: value for key, value in event.items() if key != "event"})
            await response.write(f"id: {event_id}\nevent: {event['event']}\ndata: {data}\n\n".encode())
        return response

    async def _decide(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls["confirmations"].append(body)
        turn = self.turns[body["turn_id"]]
        if turn.decisions and turn.decisions[0] != body["confirmed"]:
            return web.json_response({"code": "already_decided"}, status=409)
        turn.decisions.append(body["confirmed"])
        turn.cards = []
        return web.json_response({"turn_id": turn.id, "stream_url": ""}, status=202)

    async def _hand_off(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls["handoff"].append(body)
        if self.answering == "staff" and "mail_to" in body:
            self.waiting = self.waiting_mailed
            return web.json_response({"turn_id": next(reversed(self.turns)), "stream_url": ""}, status=202)
        turn = self._turn(body["conversation_id"], body["client_turn_id"], "I would like to talk to a person.")
        return web.json_response({"turn_id": turn.id, "stream_url": ""}, status=202)

    async def _stop(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.calls["stop"].append(body)
        stopped = end("I have stopped.", "stopped")
        await self.turns[body["turn_id"]].tell("9-9", stopped)
        return web.json_response({}, status=202)

    async def _code(self, request: web.Request) -> web.Response:
        self.calls["slack"].append(await request.json())
        code = f"ABCD-EFGH-234{len(self.calls['slack'])}"
        return web.json_response({"code": code, "expires_in_s": self.code_s, "app": "Shop assistant"}, status=201)

    async def _noted(self, request: web.Request) -> web.Response:
        self.calls[request.path.strip("/")].append(await request.json())
        return web.Response(status=204)
