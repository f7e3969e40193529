"""Answers go through PHP as they come, and end with whoever reads them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from servicekit.testing import eventually

from .conftest import ChangeSettings
from .plugin import ROOT
from .site import Site
from .upstream import Upstream
from .widget import Widget, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_WAIT_S = 60.0
_STREAM_TS = ROOT / "services/orchestrator/widget/src/stream.ts"


def _event(name: str, number: int) -> bytes:
    return f"id: 1.{number}\nevent: {name}\ndata: {{}}\n\n".encode()


@pytest_asyncio.fixture(loop_scope="session")
async def upstream(settings: ChangeSettings) -> AsyncIterator[Upstream]:
    async with Upstream().running() as running:
        await settings(backend_url=running.url)
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def guest(wordpress: Site, upstream: Upstream) -> AsyncIterator[Widget]:
    async with visiting(wordpress) as widget:
        yield widget


async def _until(pieces: AsyncIterator[str], wanted: str) -> str:
    text = ""
    while wanted not in text:
        text += await asyncio.wait_for(anext(pieces), _WAIT_S)
    return text


async def test_each_event_is_there_before_the_next_is_made(guest: Widget, upstream: Upstream) -> None:
    async with guest.streamed("Hello") as answer:
        pieces = answer.aiter_text()
        for number in range(3):
            await upstream.events.put(_event("chunk", number))
            await _until(pieces, f"id: 1.{number}\n")
        await upstream.events.put(b"")
        assert answer.headers["x-aiguy-turn-id"] == "turn_1"
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert {"set-cookie", "x-secret", "access-control-allow-origin"}.isdisjoint(answer.headers)


async def test_each_visit_begins_a_trace_that_a_browser_has_no_say_in(guest: Widget, upstream: Upstream) -> None:
    theirs = "0af7651916cd43dd8448eb211c80319c"
    for _ in range(2):
        await guest.post("feedback", {}, traceparent=f"00-{theirs}-b7ad6b7169203331-01")
    begun = [re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-01", one.headers["traceparent"]) for one in upstream.seen]
    assert len({found[1] for found in begun if found} | {theirs}) == 3


async def test_a_browser_that_leaves_ends_the_call_though_nothing_comes(guest: Widget, upstream: Upstream) -> None:
    async with guest.streamed("Hello") as answer:
        await upstream.events.put(_event("chunk", 0))
        await _until(answer.aiter_text(), "id: 1.0\n")
    await asyncio.wait_for(upstream.left.wait(), _WAIT_S)
    assert len(upstream.seen) == 1  # WordPress calls again when a callback refuses bytes


async def test_a_stream_that_waits_for_staff_gives_its_worker_back(guest: Widget, upstream: Upstream) -> None:
    async with guest.streamed("A big refund, please") as answer:
        await upstream.events.put(_event("status", 0)[:9])
        await upstream.events.put(_event("status", 0)[9:] + _event("approval", 1)[:20])
        await upstream.events.put(_event("approval", 1)[20:])
        text = await asyncio.wait_for(answer.aread(), _WAIT_S)
    assert text.endswith(_event("approval", 1))
    await asyncio.wait_for(upstream.left.wait(), _WAIT_S)
    assert len(upstream.seen) == 1


async def test_a_card_for_the_customer_does_not_end_it(guest: Widget, upstream: Upstream) -> None:
    async with guest.streamed("Refund it") as answer:
        await upstream.events.put(_event("confirmation", 0))
        pieces = answer.aiter_text()
        await _until(pieces, "id: 1.0\n")
        await upstream.events.put(_event("end", 1))
        await _until(pieces, "id: 1.1\n")
    assert len(upstream.seen) == 1


async def test_a_card_that_nobody_looks_at_gives_its_worker_back(guest: Widget, upstream: Upstream) -> None:
    """The chat reads the conversation meanwhile, and follows again when the turn goes on."""
    async with guest.streamed("Refund it") as answer:
        await upstream.events.put(_event("confirmation", 0) + _event("status", 1))
        text = await asyncio.wait_for(answer.aread(), _WAIT_S)
    assert _event("status", 1) in text
    assert answer.headers["x-aiguy-turn-id"] == "turn_1"
    await asyncio.wait_for(upstream.left.wait(), _WAIT_S)


async def test_a_backend_that_says_nothing_is_given_up_before_the_chat_gives_up(
    wordpress: Site, guest: Widget, upstream: Upstream
) -> None:
    (waits,) = re.findall(r"FIRST_BYTE_MS = ([\d_]+)", _STREAM_TS.read_text("utf-8"))
    assert await wordpress.run(r"return \AIGuy\Chat\Streaming\Pipe::FIRST_S;") * 1000 < int(waits)
    upstream.mute = True
    async with guest.streamed("Hello") as answer:
        problem = json.loads(await answer.aread())
    assert (answer.status_code, problem["code"]) == (httpx.codes.SERVICE_UNAVAILABLE, "backend_unreachable")
    await asyncio.wait_for(upstream.left.wait(), _WAIT_S)
    upstream.mute = False
    later = [
        await guest.post("conversations", {"session_id": "web-0123456789"}),
        await guest.post("chat", {"session_id": "web-0123456789", "message": "Hi"}, accept="text/event-stream"),
    ]
    assert [one.status_code for one in later] == [httpx.codes.SERVICE_UNAVAILABLE] * 2
    assert len(upstream.seen) == 1, "nobody waits for it again so soon"
    await wordpress.run(
        "$since = get_transient('aiguy_outage'); $since['until'] = 0; set_transient('aiguy_outage', $since);"
    )
    trial = "return AIGuy\\Chat\\Outage::is_on() ? 'waits' : AIGuy\\Chat\\Lock::take('trial', 20);"
    assert await wordpress.run(trial) is None, "then one finds out for all"
    assert (await guest.post("conversations", {"session_id": "web-0123456789"})).is_success
    assert (await guest.post("conversations", {"session_id": "web-0123456789"})).is_success


async def test_a_visitor_with_many_tabs_keeps_workers_for_others(
    wordpress: Site, guest: Widget, upstream: Upstream
) -> None:
    async with AsyncExitStack() as tabs:
        for number in range(3):
            answer = await tabs.enter_async_context(guest.streamed("Hello", f"web-{number:010}"))
            assert answer.headers["x-aiguy-turn-id"] == "turn_1"
        async with guest.streamed("One more", "web-more") as more:
            # What was written arrives, and the chat finds out by reading what became of it.
            assert upstream.seen[-1].json["message"] == "One more"
            assert "x-aiguy-turn-id" not in more.headers
            assert b"data:" not in await asyncio.wait_for(more.aread(), _WAIT_S)
        assert await _resumed(guest) == httpx.codes.TOO_MANY_REQUESTS
        async with visiting(wordpress) as other, other.streamed("Me too") as theirs:
            assert theirs.headers["x-aiguy-turn-id"] == "turn_1"

    async def free() -> bool:
        return await _resumed(guest) == httpx.codes.OK

    await eventually(free, _WAIT_S)


async def _resumed(guest: Widget) -> int:
    """The status of a stream that is taken up again, and left at once."""
    url = f"{guest.session['routes']['stream']}?conversation_id=conv_1&turn_id=turn_1"
    headers = {**guest.proof, "accept": "text/event-stream"}
    async with guest.client.stream("GET", url, headers=headers) as answer:
        if answer.status_code != httpx.codes.OK:
            assert json.loads(await answer.aread())["code"] == "too_many_streams"
            assert int(answer.headers["retry-after"]) > 0
        return answer.status_code


async def test_only_what_is_listed_goes_on(guest: Widget, upstream: Upstream) -> None:
    body = {"session_id": "web-0123456789", "message": "Hi", "sub": "wp_1", "role": "staff"}
    await guest.post("chat", body, **{"accept-language": "de", "x-secret": "mine", "idempotency-key": "key-9"})
    (seen,) = upstream.seen
    assert (seen.method, seen.target) == ("POST", "/chat")
    assert seen.json == {"session_id": "web-0123456789", "message": "Hi"}
    assert (seen.headers["accept-language"], seen.headers["idempotency-key"]) == ("de", "key-9")
    assert {"x-secret", "cookie", "x-aiguy-nonce", "referer"}.isdisjoint(seen.headers)


async def test_a_stream_goes_on_behind_the_last_event(guest: Widget, upstream: Upstream) -> None:
    await upstream.events.put(b"")
    url = f"{guest.session['routes']['stream']}?conversation_id=conv_1&turn_id=turn_1&evil=1"
    headers = {**guest.proof, "accept": "text/event-stream", "last-event-id": "1.7"}
    await guest.client.get(url, headers=headers)
    (seen,) = upstream.seen
    assert seen.target == "/api/agent/stream?conversation_id=conv_1&turn_id=turn_1"
    assert seen.headers["last-event-id"] == "1.7"


@pytest.mark.parametrize("bad", ["..", "../../privacy/erase", "a/b", "a?b=1", "a%2Fb", "", "a" * 129])
async def test_no_id_names_another_path(guest: Widget, upstream: Upstream, bad: str) -> None:
    route = guest.session["routes"]["conversation"].partition("?")[0]
    answer = await guest.client.get(route, params={"conversation_id": bad}, headers=guest.proof)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert upstream.seen == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("status", "kind", "body", "shown", "code"),
    [
        (429, "application/problem+json", b'{"code":"rate_limited","detail":"Slow.","secret":1}', 429, "rate_limited"),
        (404, "application/problem+json", b'{"code":"not_found","detail":"None such."}', 404, "not_found"),
        (502, "text/html", b"<h1>nginx secrets</h1>", 502, "backend_error"),
        (200, "text/html", b"<h1>A login page</h1>", 502, "backend_error"),
        (401, "application/problem+json", b'{"code":"unauthenticated","detail":"key k-1"}', 502, "backend_refused"),
        (302, "text/html", b"", 502, "backend_error"),
    ],
)  # fmt: skip
async def test_errors_are_problems_with_nothing_of_the_backend_in_them(
    guest: Widget, upstream: Upstream, stream: bool, status: int, kind: str, body: bytes, shown: int, code: str
) -> None:
    upstream.status, upstream.kind, upstream.body = status, kind, body
    accept = "text/event-stream" if stream else "application/json"
    answer = await guest.post("chat", {"session_id": "web-0123456789", "message": "Hi"}, accept=accept)
    assert answer.status_code == shown
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["retry-after"] == "7"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (shown, code)
    assert "secret" not in answer.text
    assert "k-1" not in answer.text
    assert {"x-secret", "set-cookie"}.isdisjoint(answer.headers)


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_a_backend_that_is_not_there_is_said_in_words(
    guest: Widget, settings: ChangeSettings, accept: str
) -> None:
    await settings(backend_url=Upstream().url)
    answer = await guest.post("chat", {"session_id": "web-0123456789", "message": "Hi"}, accept=accept)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    problem = answer.json()
    assert (problem["code"], problem["retryable"]) == ("backend_unreachable", True)
    assert "contact form" in problem["detail"]
    assert "127.0.0.1" not in answer.text


async def test_long_and_broken_bodies_stay_here(guest: Widget, upstream: Upstream) -> None:
    long = await guest.post("chat", {"session_id": "web-0123456789", "message": "x" * 70_000})
    assert long.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    for body in ([], "text", None, 7):
        assert (await guest.post("chat", body)).status_code == httpx.codes.BAD_REQUEST
    assert upstream.seen == []
