"""Signing in at an organisation's own OpenID provider: groups are roles; what is not exactly right opens nothing."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from orchestrator.console.oidc.provider import Client, Provider
from orchestrator.console.oidc.signing_in import OidcSignIn
from orchestrator.console.roles import ConsoleRole
from orchestrator.console.sessions import COOKIE
from orchestrator.settings import Settings
from servicekit.clock import SystemClock
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.testing.live import live_server
from servicekit.testing.oidc import CLIENT, SECRET, OidcProvider

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
CALLBACK = "http://console/console/sign-in/oidc/callback"
SIGNED_OUT = "http://console/console/signed-out"
GROUPS = {"support": ConsoleRole.AGENT, "money": ConsoleRole.APPROVER, "leads": ConsoleRole.ADMIN}


def _in(seconds: int) -> int:
    return int(time.time()) + seconds


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    found = OidcProvider(registered=SIGNED_OUT)
    with live_server(found.app()) as address:
        found.url = address
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def set_up(api: Any, provider: OidcProvider) -> AsyncIterator[Callable[..., None]]:
    """The console with this provider."""
    http, before = AiohttpClient(), api.app.state.console

    def chosen(**changes: Any) -> None:
        told = {"issuer": provider.url, "client_id": CLIENT, "redirect_uri": CALLBACK, "scope": "openid groups"}
        client = Client(**told | {"secret": SECRET, "signed_out_uri": SIGNED_OUT} | changes)
        sign_in = OidcSignIn(Provider(client, http, SystemClock()), GROUPS, "groups", "orchestrator")
        api.app.state.console = replace(before, oidc=sign_in)

    chosen()
    yield chosen
    api.app.state.console = before
    await http.close()


async def at_the_provider(kim: Any) -> str:
    """The browser leaves for the provider, and is sent back to this address."""
    left = await kim.get("/sign-in/oidc")
    assert left.status_code == 303, left.text
    async with httpx.AsyncClient() as outside:
        back = await outside.get(left.headers["location"])
    assert back.status_code == 302, back.text
    return str(back.headers["location"])


async def signed_in(kim: Any) -> httpx.Response:
    answer: httpx.Response = await kim.http.get(await at_the_provider(kim))
    return answer


SetUp = Callable[..., None]
Browsers = Callable[[], Any]
Enter = Callable[..., Awaitable[Any]]


async def test_a_member_of_a_group_signs_in_with_its_role_and_is_audited(
    api, browser: Browsers, provider: OidcProvider, set_up: SetUp
) -> None:
    kim = browser()
    assert "Sign in with your organisation" in await kim.page("/sign-in")
    answer = await signed_in(kim)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/inbox")
    page = await kim.page("/inbox")
    assert "Kim W" in page
    assert "agent" in page
    row = await api.db.fetchrow("SELECT * FROM console_sessions WHERE issuer = $1", provider.url)
    assert (row["subject"], row["staff_of"], set(row["scopes"])) == (
        "u-1", "orchestrator", {"console:read", "conversations:answer"}
    )  # fmt: skip
    assert await api.db.fetchval("SELECT count(*) FROM console_sign_ins") == 0


async def test_several_groups_are_several_roles(api, browser, provider: OidcProvider, set_up: SetUp) -> None:
    provider.person |= {"sub": "u-2", "groups": ["support", "money", "others", 7]}
    await signed_in(browser())
    scopes = await api.db.fetchval("SELECT scopes FROM console_sessions WHERE subject = 'u-2'")
    assert set(scopes) == {"console:read", "conversations:answer", "approvals:decide"}


@pytest.mark.parametrize("groups", [[], ["customers"], None, "support", {"support": True}, [["support"]], ["SUPPORT"]])
async def test_without_a_known_group_nobody_comes_in(browser, provider: OidcProvider, set_up: SetUp, groups) -> None:
    provider.changed = {"groups": groups}
    kim = browser()
    answer = await signed_in(kim)
    assert (answer.status_code, COOKIE in kim.http.cookies) == (403, False)
    assert "None of your groups has a role" in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"aud": None}, {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"}, {"azp": "another"}, {"iss": "https://elsewhere.example"},
        {"exp": _in(-60)}, {"exp": None}, {"iat": _in(3600)}, {"iat": None}, {"nbf": _in(3600)}, {"sub": None},
        {"sub": ""},
    ],
    ids=lambda changed: "-".join(changed),
)  # fmt: skip
async def test_a_token_that_is_not_exactly_right_opens_nothing(
    browser, provider: OidcProvider, set_up: SetUp, changed: dict[str, Any]
) -> None:
    provider.changed, kim = changed, browser()
    answer = await signed_in(kim)
    assert (answer.status_code, COOKIE in kim.http.cookies) == (401, False), answer.text


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(rsa.generate_private_key(65537, 2048), "RS256"), ("secret" * 8, "HS256"), ("", "none")],
    ids=["another_key", "shared_secret", "unsigned"],
)
async def test_a_token_with_another_signature_opens_nothing(
    browser, provider: OidcProvider, set_up: SetUp, key: Any, algorithm: str
) -> None:
    provider.key, provider.algorithm, kim = key, algorithm, browser()
    assert (await signed_in(kim)).status_code == 401
    assert COOKIE not in kim.http.cookies


async def test_what_comes_back_is_good_once(browser, provider: OidcProvider, set_up: SetUp) -> None:
    kim = browser()
    back = await at_the_provider(kim)
    cookies = dict(kim.http.cookies)
    assert (await kim.http.get(back)).status_code == 303
    again = browser()
    again.http.cookies.update(cookies)
    answer = await again.http.get(back)
    assert (answer.status_code, COOKIE in again.http.cookies, provider.exchanges) == (401, False, 1)
    assert "used before" in answer.text


async def test_nobody_is_signed_in_with_a_sign_in_that_another_browser_began(
    browser, provider: OidcProvider, set_up: SetUp
) -> None:
    victim, back = browser(), await at_the_provider(browser())
    assert (await victim.http.get(back)).status_code == 401
    await victim.get("/sign-in/oidc")  # with a cookie, but that of another sign-in
    assert (await victim.http.get(back)).status_code == 401
    assert (provider.exchanges, COOKIE in victim.http.cookies) == (0, False)


async def test_one_that_took_too_long_is_begun_again(api, browser, provider: OidcProvider, set_up: SetUp) -> None:
    kim = browser()
    back = await at_the_provider(kim)
    await api.db.execute("UPDATE console_sign_ins SET created_at = now() - interval '11 minutes'")
    assert (await kim.http.get(back)).status_code == 401


@pytest.mark.parametrize("change", ["state=forged", "code=forged", "code=", "state="])
async def test_a_forged_answer_opens_nothing(browser, provider: OidcProvider, set_up: SetUp, change: str) -> None:
    kim, (name, _, value) = browser(), change.partition("=")
    query = {key: one for key, (one,) in parse_qs(urlsplit(await at_the_provider(kim)).query).items()}
    answer = await kim.http.get(CALLBACK, params=query | {name: value})
    assert (answer.status_code, COOKIE in kim.http.cookies) == (401, False)


async def test_whom_the_provider_refuses_is_told_so(browser, provider: OidcProvider, set_up: SetUp) -> None:
    provider.refuses = True
    answer = await signed_in(browser())
    assert (answer.status_code, "Your organisation did not sign you in." in answer.text) == (401, True)


async def test_a_wrong_secret_of_ours_opens_nothing(browser, provider: OidcProvider, set_up: SetUp) -> None:
    set_up(secret="another")
    assert (await signed_in(browser())).status_code == 401


@pytest.mark.parametrize(
    "discovered",
    [{"issuer": "https://elsewhere.example"}, {"token_endpoint": None}, {"jwks_uri": 7}, {"end_session_endpoint": 7}],
)
async def test_a_provider_that_says_odd_things_of_itself_is_not_gone_to(
    browser, provider: OidcProvider, set_up: SetUp, discovered: dict[str, Any]
) -> None:
    provider.discovered = discovered
    assert (await browser().get("/sign-in/oidc")).status_code == 503


async def test_a_provider_that_is_down_is_said_to_be(browser, set_up: SetUp) -> None:
    set_up(issuer="http://127.0.0.1:9")
    answer = await browser().get("/sign-in/oidc")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)


async def test_without_a_provider_there_is_no_such_sign_in(browser) -> None:
    kim = browser()
    assert "organisation" not in await kim.page("/sign-in")
    for path in ("/sign-in/oidc", "/sign-in/oidc/callback?state=a&code=b"):
        assert (await kim.get(path)).status_code == 404


async def _came_in(kim: Any) -> None:
    """Signed in, with a page of theirs open."""
    assert (await signed_in(kim)).status_code == 303
    await kim.page("/inbox")


def _address_in(page: str) -> str:
    """Where the page leads on to, by itself and by its button."""
    (by_itself,), (pressed,) = (
        re.findall(r'content="0; url=([^"]+)"', page),
        re.findall(r'class="button" href="([^"]+)"', page),
    )
    assert by_itself == pressed
    return unescape(pressed)


async def _left(kim: Any) -> httpx.Response:
    """The browser signs out, and follows to what it is told."""
    answer = await kim.post("/sign-out")
    assert COOKIE not in kim.http.cookies
    if answer.status_code == 200:
        return answer
    assert answer.status_code == 303
    return await kim.http.get(answer.headers["location"])


async def test_who_signs_out_is_signed_out_at_the_provider_too_and_comes_back(
    api, browser, provider: OidcProvider, set_up: SetUp
) -> None:
    kim = browser()
    await _came_in(kim)
    id_hash = sha256(kim.http.cookies[COOKIE].encode()).digest()
    kept = "SELECT id_token FROM console_sessions WHERE id_hash = $1", id_hash
    sealed = await api.db.fetchval(*kept)
    async with httpx.AsyncClient() as outside:
        back = await outside.get(_address_in((await _left(kim)).text))
    assert back.status_code == 303, back.text
    (asked,) = provider.ended
    assert set(asked) == {"client_id", "id_token_hint", "post_logout_redirect_uri", "state"}
    assert asked["id_token_hint"].encode() not in sealed, "what the provider gave is kept sealed"
    assert await api.db.fetchval(*kept) is None, "and no longer than it is of use"
    assert (await kim.get("/inbox")).status_code == 303
    told = await kim.http.get(back.headers["location"])
    assert "You are signed out, here and at your organisation." in told.text
    assert "no-store" in told.headers["cache-control"]
    again = await kim.http.get(back.headers["location"])
    assert (again.status_code, again.headers["location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize("state", ["", "?state=", "?state=forged", "?state=%C3%BC", f"?state={'A' * 43}"])
async def test_nobody_is_told_that_they_are_signed_out_there_who_did_not_leave(
    browser, provider: OidcProvider, set_up: SetUp, state: str
) -> None:
    kim = browser()
    assert (await kim.get(f"/signed-out{state}")).headers["location"] == "/console/sign-in"
    await _came_in(kim)
    await _left(kim)
    answer = await kim.get(f"/signed-out{state}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize(
    "discovered", [{"end_session_endpoint": ""}, {"end_session_endpoint": 7}, {"issuer": "https://elsewhere.example"}],
    ids=["has-no-such-place", "says-odd-things", "is-another"],
)  # fmt: skip
async def test_who_cannot_be_signed_out_there_is_signed_out_here_and_told_so(
    browser, provider: OidcProvider, set_up: SetUp, discovered: dict[str, Any]
) -> None:
    kim = browser()
    await _came_in(kim)
    set_up()  # what the provider said of itself is asked for anew
    provider.discovered = discovered
    stolen = kim.http.cookies[COOKIE]
    assert "At your organisation you may still be signed in" in (await _left(kim)).text
    assert provider.ended == []
    thief = browser()
    assert (await thief.get("/inbox", headers={"cookie": f"{COOKIE}={stolen}"})).status_code == 303


async def test_who_came_from_another_provider_is_not_sent_to_this_one(
    browser, provider: OidcProvider, set_up: SetUp
) -> None:
    kim = browser()
    await _came_in(kim)
    set_up(issuer="http://127.0.0.1:9")
    assert "At your organisation you may still be signed in" in (await _left(kim)).text


async def test_a_token_that_is_too_long_for_an_address_stays_here(
    browser, provider: OidcProvider, set_up: SetUp
) -> None:
    kim = browser()
    provider.person |= {"groups": ["support", *(f"group-{number:05}" for number in range(600))]}
    await _came_in(kim)
    address = _address_in((await _left(kim)).text)
    assert set(parse_qs(urlsplit(address).query)) == {"client_id", "post_logout_redirect_uri", "state"}
    async with httpx.AsyncClient() as outside:
        assert (await outside.get(address)).status_code == 303


async def test_who_signed_in_with_a_token_is_sent_nowhere_else(enter, provider: OidcProvider, set_up: SetUp) -> None:
    kim = await enter()
    answer = await kim.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


WHOLE = {
    "console_oidc_issuer": "https://id.example", "console_oidc_client_id": "c", "console_url": "https://shop.example/",
    "console_oidc_groups": {"support": "agent"},
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"console_oidc_client_id": ""}, {"console_url": ""}, {"console_oidc_groups": {}},
        {"console_oidc_groups": {"support": "owner"}}, {"console_oidc_issuer": "http://id.example"},
    ],
    ids=str,
)  # fmt: skip
async def test_half_a_provider_starts_nothing(api_settings: Settings, change: dict[str, Any]) -> None:
    told = api_settings.model_dump() | WHOLE
    assert Settings(**told).oidc is not None
    with pytest.raises(ValidationError):
        Settings(**told | change | {"environment": "staging"})
