"""The demonstration's sessions for the widget: who one is, the same guest again, and calls that really work."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from orchestrator.api.demo import GUEST_COOKIE
from orchestrator.app import build
from orchestrator.settings import Settings
from servicekit.auth.issuers import Issuer
from servicekit.auth.keys import KeySet
from servicekit.kit import open_kit
from servicekit.testing import running

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
ROUTES = {"chat", "stream", "conversations", "conversation", "confirmations", "handoff", "feedback", "stop", "slack"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the demonstration, which believes the demo's own issuer."""
    keys: Path = tmp_path_factory.mktemp("demo") / "demo.json"
    KeySet.generate().save(keys)
    told = {"demo": True, "demo_issuer_keys": keys, "environment": "local"}
    issuer = Issuer("aiguy-demo", ("EdDSA",), jwks=KeySet.load(keys).jwks())
    settings = api_settings.model_copy(update=told)
    app = build(settings, kit_factory=lambda asked: open_kit(asked, issuers=[issuer]))
    async with running(app) as client:
        yield client


async def _session(shop: httpx.AsyncClient, who: str, cookie: str = "") -> httpx.Response:
    headers = {"cookie": f"{GUEST_COOKIE}={cookie}"} if cookie else {}
    shop.cookies.clear()
    return await shop.post(f"/demo/widget?who={who}", json={"lang": "de"}, headers=headers)


async def test_a_customers_session_has_all_that_the_widget_needs(shop) -> None:
    answer = await _session(shop, "ada")
    session = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (session["kind"], session["name"], session["transport"]) == ("customer", "Ada Moreno", "stream")
    assert (session["credentials"], session["expires_in"]) == ("omit", 300)
    assert set(session["routes"]) == ROUTES
    assert "set-cookie" not in answer.headers


async def test_the_calls_that_it_names_work_with_its_headers(shop) -> None:
    session = (await _session(shop, "ada")).json()
    told = {"session_id": "web-demonstration", "context": {"language": "de"}}
    begun = await shop.post(session["routes"]["conversations"], json=told, headers=session["headers"])
    assert begun.status_code == 201
    path = session["routes"]["conversation"].replace("{conversation_id}", begun.json()["conversation_id"])
    assert (await shop.get(path, headers=session["headers"])).status_code == 200
    for name in ROUTES - {"conversation", "conversations", "chat", "stream", "slack"}:  # Slack is off here
        answer = await shop.post(session["routes"][name], json={}, headers=session["headers"])
        assert answer.status_code == 422, name


async def test_each_person_is_another_visitor_and_the_same_one_again(shop) -> None:
    first, again = [[(await _session(shop, who)).json()["visitor"] for who in ("ada", "ben")] for _ in range(2)]
    assert first == again
    assert first[0] != first[1]
    assert "cust" not in "".join(first)


async def test_a_guest_is_known_again_by_a_cookie_that_no_script_reads(shop) -> None:
    first = await _session(shop, "guest")
    flags = first.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=strict" in flags
    again = await _session(shop, "guest", first.cookies[GUEST_COOKIE])
    assert again.json()["visitor"] == first.json()["visitor"]
    assert first.json()["kind"] == "guest"
    assert (await _session(shop, "guest")).json()["visitor"] != first.json()["visitor"]


@pytest.mark.parametrize("who", ["kim", "lee", "nobody", ""])
async def test_nobody_else_chats_there(shop, who: str) -> None:
    assert (await _session(shop, who)).status_code == 422


async def test_a_cookie_that_is_no_guests_is_refused(shop) -> None:
    assert (await _session(shop, "guest", "cust_ada")).status_code == 422


async def test_the_page_runs_nothing_but_its_own_files(shop) -> None:
    answer = await shop.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert '<aiguy-chat id="chat" placement="inline"' in answer.text
