"""Signing in and out: tokens that are good once, cookies that are nobody's, forms from elsewhere."""

import asyncio
from hashlib import sha256

import pytest

from orchestrator.console.sessions import COOKIE
from servicekit.auth.claims import Role
from servicekit.testing import TestIssuer

from .conftest import ADMIN, AGENT, VIEWER, token

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
_BY_COOKIE = "UPDATE console_sessions SET {} WHERE id_hash = $1"


async def _aged(browser, change: str) -> None:
    """Time passes for the browser's session."""
    hashed = sha256(browser.http.cookies[COOKIE].encode()).digest()
    assert await browser.api.db.execute(_BY_COOKIE.format(change), hashed) == "UPDATE 1"


async def test_whoever_is_not_signed_in_is_led_to_the_door_from_every_page(browser) -> None:
    nobody = browser()
    for path in ("/inbox", "/approvals", "/audit", "/replay", "/conversations/cnv_" + "0" * 32):
        answer = await nobody.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")
    by_itself = await nobody.get("/inbox/rows", headers={"hx-request": "true"})
    assert (by_itself.status_code, by_itself.headers["hx-redirect"]) == (401, "/console/sign-in")
    assert (await nobody.post("/sign-out")).status_code == 401


async def test_a_staff_token_opens_a_session_whose_cookie_no_script_reads(api, browser) -> None:
    kim = browser()
    answer = await kim.sign_in(token(api, "staff_kim", AGENT, name="Kim <b>Weber"))
    told = answer.headers["set-cookie"].lower()
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/inbox")
    assert "httponly" in told
    assert "samesite=lax" in told
    assert "secure" not in told  # plain HTTP on one's own machine; with TLS see below
    page = await kim.get("/inbox")
    assert "Kim &lt;b&gt;Weber" in page.text
    assert "agent" in page.text
    assert kim.http.cookies[COOKIE] not in page.text
    stored = str(await api.db.fetch("SELECT * FROM console_sessions"))
    assert kim.http.cookies[COOKIE] not in stored


async def test_behind_tls_the_cookie_is_secure(api, browser) -> None:
    kim = browser()
    kim.http.base_url = "https://console"  # type: ignore[assignment]
    assert "secure" in (await kim.sign_in(token(api, "staff_kim", AGENT))).headers["set-cookie"].lower()


async def test_a_token_opens_one_session_however_often_it_is_sent(api, browser) -> None:
    good, visitors = token(api, "staff_kim", AGENT), [browser() for _ in range(5)]
    answers = await asyncio.gather(*(one.sign_in(good) for one in visitors))
    assert sorted(one.status_code for one in answers) == [303, 401, 401, 401, 401]


@pytest.mark.parametrize(
    ("role", "scopes", "status"),
    [(Role.CUSTOMER, AGENT, 403), (Role.GUEST, AGENT, 403), (Role.SERVICE, AGENT, 403), (Role.STAFF, AGENT[1:], 403)],
)
async def test_a_token_of_nobody_at_the_console_opens_nothing(
    api, browser, role: Role, scopes: tuple[str, ...], status: int
) -> None:
    stranger = browser()
    answer = await stranger.sign_in(token(api, "somebody", scopes, role=role))
    assert (answer.status_code, COOKIE in stranger.http.cookies) == (status, False)


async def test_tokens_that_are_not_good_open_nothing(api, browser) -> None:
    stranger = browser()
    forged = token(api, "staff_kim", ADMIN, TestIssuer.create())
    for bad in (
        forged,
        "a.b.c",
        forged[:-3] + "AAA",
        "x" * 8000,
        token(api, "staff_kim", ADMIN, TestIssuer.create("x")),
    ):
        answer = await stranger.sign_in(bad)
        assert (answer.status_code, COOKIE in stranger.http.cookies) == (401, False)
        assert bad not in answer.text
    assert (await stranger.http.post("/console/sign-in", data={"token": "", "more": "1"})).status_code == 422
    assert (await stranger.http.post("/console/sign-in", json={"token": forged})).status_code == 415
    twice = await stranger.http.post(
        "/console/sign-in", content="token=a&token=b", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert twice.status_code == 400


@pytest.mark.parametrize("forged", ["", "x", "A" * 43, "A" * 4000, "'; DROP TABLE console_sessions; --"])
async def test_a_forged_cookie_is_nobodys(browser, forged: str) -> None:
    answer = await browser().get("/inbox", headers={"cookie": f"{COOKIE}={forged}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


@pytest.mark.parametrize(
    "change", ["expires_at = now()", "ended_at = now()", "seen_at = now() - interval '31 minutes'"]
)
async def test_a_session_ends_by_its_time_by_hand_and_when_it_is_left_alone(enter, change: str) -> None:
    kim = await enter()
    assert (await kim.get("/inbox")).status_code == 200
    await _aged(kim, change)
    assert (await kim.get("/inbox")).status_code == 303
    assert (await kim.post("/sign-out")).status_code == 401


async def test_what_a_page_fetches_by_itself_keeps_no_session_alive(enter) -> None:
    kim = await enter()
    await _aged(kim, "seen_at = now() - interval '20 minutes'")
    assert (await kim.get("/inbox/rows")).status_code == 200
    hashed = sha256(kim.http.cookies[COOKIE].encode()).digest()
    age = "SELECT now() - seen_at > interval '19 minutes' FROM console_sessions WHERE id_hash = $1"
    assert await kim.api.db.fetchval(age, hashed)
    assert (await kim.get("/inbox")).status_code == 200
    assert not await kim.api.db.fetchval(age, hashed)


async def test_signing_out_ends_the_session_wherever_its_cookie_is(enter, browser) -> None:
    kim, thief = await enter(), browser()
    stolen = kim.http.cookies[COOKIE]
    answer = await kim.post("/sign-out")
    assert (answer.status_code, COOKIE in kim.http.cookies) == (303, False)
    assert (await thief.get("/inbox", headers={"cookie": f"{COOKIE}={stolen}"})).status_code == 303


WRITES = {
    "/conversations/{}/takeover": {}, "/conversations/{}/messages": {"text": "Hello", "message_id": "m-1"},
    "/conversations/{}/notes": {"note": "x"}, "/conversations/{}/handback": {}, "/conversations/{}/reveal": {},
    "/conversations/{}/hide": {}, "/sign-out": {},
    "/numbers/count": {}, "/numbers/sample": {"conversation_id": "{}", "verdict": "solved"},
    "/replay/spans": {"since": "2026-01-01", "until": "2026-01-01"},
    "/approvals": {"conversation_id": "{}", "turn_id": "trn_" + "0" * 32, "digest": "0" * 64, "choice": "approve"},
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(WRITES))
async def test_no_form_is_taken_without_the_token_of_its_own_session(api, enter, with_a_person, path: str) -> None:
    kim, lee, conversation_id = await enter(), await enter(subject="staff_lee"), await with_a_person(api)
    fields = {name: value.format(conversation_id) for name, value in WRITES[path].items()}
    for csrf in ("", "0" * 64, lee.csrf, kim.csrf[:-1], kim.csrf + "0", "é"):
        refused = await kim.post(path.format(conversation_id), **fields | {"csrf": csrf})
        assert refused.status_code == 403, (csrf, refused.text)
    elsewhere = await kim.http.post(
        "/console" + path.format(conversation_id), data=fields | {"csrf": kim.csrf},
        headers={"sec-fetch-site": "cross-site"},
    )  # fmt: skip
    assert elsewhere.status_code == 403
    assert (await kim.get("/inbox")).status_code == 200
    assert await api.db.fetchval("SELECT count(*) FROM staff_steps WHERE conversation_id = $1", conversation_id) == 0


async def test_a_session_may_do_no_more_than_its_token_said(api, enter, browser) -> None:
    kim = browser()
    await kim.sign_in(token(api, "staff_kim", (*VIEWER, "privacy:manage", "knowledge:curate")))
    scopes = await api.db.fetchval("SELECT scopes FROM console_sessions ORDER BY created_at DESC LIMIT 1")
    assert scopes == ["console:read"]


async def test_pages_run_nothing_of_others_and_are_kept_by_nobody(enter) -> None:
    answer = await (await enter()).get("/inbox")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " on" + "click=" not in answer.text


async def test_the_files_of_the_console_are_served_with_the_licence_of_htmx(browser) -> None:
    nobody = browser()
    for name in ("htmx.min.js", "console.js", "console.css", "htmx.LICENSE.txt"):
        answer = await nobody.http.get(f"/console/static/{name}")
        assert (answer.status_code, len(answer.content) > 200) == (200, True)
    assert (await nobody.http.get("/console/static/../wiring.py")).status_code == 404
    assert (await nobody.http.get("/console/static/other.js")).status_code == 404


async def test_without_the_demo_nobody_is_a_demo_person(browser) -> None:
    nobody = browser()
    assert "Demo shop" not in await nobody.page("/sign-in?as=kim")
    assert (await nobody.http.post("/console/sign-in/demo", data={"who": "kim"})).status_code == 404
