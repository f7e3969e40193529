"""Who is there is what their cookies say, on pages that were cached for days, and no other site has a say in it."""

import base64
import json
import re

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from e2e.machine import Machine

from .conftest import ChangeSettings
from .site import PASSWORD, Site
from .widget import opened, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_MESSAGE = {"session_id": "web-0123456789", "message": "What is your returns policy?"}


async def test_a_guest_gets_a_cookie_that_no_script_reads(wordpress: Site) -> None:
    async with wordpress.client() as client:
        answer = await client.post(wordpress.rest("/session"), json={"lang": "en"})
        cookie = answer.headers["set-cookie"]
        again = await client.post(wordpress.rest("/session"), json={"lang": "en"})
    assert re.match(r"aiguy_guest=[0-9a-f]{32}\.[0-9a-f]{64};", cookie)
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert answer.headers["cache-control"] == "no-store"
    assert "Cookie" in answer.headers["vary"]
    assert answer.json()["kind"] == "guest"
    assert again.json()["visitor"] == answer.json()["visitor"]


async def test_a_cookie_that_is_not_ours_names_nobody(wordpress: Site) -> None:
    async with visiting(wordpress) as widget:
        own = widget.client.cookies["aiguy_guest"]
    forged = f"{own[:32]}.{'0' * 64}"
    async with httpx.AsyncClient(base_url=wordpress.url, cookies={"aiguy_guest": forged}, timeout=60) as client:
        thief = await opened(client, wordpress)
    assert thief.session["visitor"] != widget.session["visitor"]


async def test_kinds_and_names_come_from_wordpress(wordpress: Site) -> None:
    for login, kind, name in (("ada", "customer", "Ada Moreno"), ("kim", "staff", "Kim Weber")):
        async with visiting(wordpress, login) as widget:
            assert (widget.session["kind"], widget.session["name"]) == (kind, name)


async def test_one_guest_cannot_call_as_another(wordpress: Site) -> None:
    async with visiting(wordpress) as one, visiting(wordpress) as other:
        stolen = await one.client.post(one.session["routes"]["chat"], json=_MESSAGE, headers=other.proof)
        bare = await one.client.post(one.session["routes"]["chat"], json=_MESSAGE)
    for answer in (stolen, bare):
        assert answer.status_code == httpx.codes.FORBIDDEN
        assert answer.json()["code"] == "aiguy_stale_nonce"


async def test_a_guests_conversation_is_nobody_elses(wordpress: Site) -> None:
    async with visiting(wordpress) as guest, visiting(wordpress) as other, visiting(wordpress, "ada") as ada:
        begun = (await guest.post("conversations", {"session_id": "web-0123456789", "context": {}})).json()
        own = await guest.get("conversation", conversation_id=begun["conversation_id"])
        assert own.status_code == httpx.codes.OK
        for widget in (other, ada):
            found = await widget.get("conversation", conversation_id=begun["conversation_id"])
            assert found.status_code == httpx.codes.NOT_FOUND


async def test_who_logs_in_does_not_inherit_the_guest_and_who_logs_out_leaves_nothing(wordpress: Site) -> None:
    async with wordpress.client() as client:
        guest = await opened(client, wordpress)
        client.cookies.set("wordpress_test_cookie", "WP%20Cookie%20check")
        login = await client.post("/wp-login.php", data={"log": "ada", "pwd": PASSWORD, "testcookie": "1"})
        assert login.status_code == httpx.codes.FOUND
        assert "aiguy_guest" not in client.cookies
        ada = await opened(client, wordpress)
        assert (ada.session["kind"], ada.session["visitor"]) != ("guest", guest.session["visitor"])
        stale = await client.post(guest.session["routes"]["chat"], json=_MESSAGE, headers=guest.proof)
        assert stale.json()["code"] == "aiguy_stale_nonce"
        client.cookies.clear()
        after = await opened(client, wordpress)
        gone = await client.post(ada.session["routes"]["chat"], json=_MESSAGE, headers=ada.proof)
    assert gone.status_code == httpx.codes.FORBIDDEN
    assert gone.json()["code"] == "rest_cookie_invalid_nonce"
    assert after.session["visitor"] not in (guest.session["visitor"], ada.session["visitor"])


async def test_what_a_request_says_of_its_sender_has_no_say(wordpress: Site) -> None:
    lies = {"sub": "wp_1", "user": 1, "visitor": "v_1", "role": "staff", "kind": "staff", "lang": "en"}
    async with wordpress.client() as client:
        answer = await client.post(wordpress.rest("/session?user=1&sub=wp_1"), json=lies)
    assert answer.json()["kind"] == "guest"


async def test_nonces_that_have_run_out_are_said_to_be_stale(wordpress: Site) -> None:
    async with visiting(wordpress) as guest, visiting(wordpress, "ada") as ada:
        await wordpress.option("test_nonce_life", 2)
        try:
            for widget, code in ((guest, "aiguy_stale_nonce"), (ada, "rest_cookie_invalid_nonce")):
                answer = await widget.post("chat", _MESSAGE)
                assert (answer.status_code, answer.json()["code"]) == (httpx.codes.FORBIDDEN, code)
        finally:
            await wordpress.option("test_nonce_life", None)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_other_sites_get_no_session(wordpress: Site, headers: dict[str, str]) -> None:
    async with wordpress.client("ada") as ada:
        answer = await ada.post(wordpress.rest("/session"), json={"lang": "en"}, headers=headers)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "nonce" not in answer.text.lower()
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("query", ["?_method=POST", "?_method=POST&_jsonp=steal", "?_jsonp=steal", "?_envelope=1"])
@pytest.mark.parametrize("route", ["aiguy/v1/session", "AIGUY/v1/session", "aiguy/V1/Session"])
async def test_no_script_tag_of_another_site_gets_one(wordpress: Site, route: str, query: str) -> None:
    async with wordpress.client("ada") as ada:
        found = await ada.get(f"/wp-json/{route}{query}")
    assert "X-WP-Nonce" not in found.text


async def test_a_route_in_capitals_is_as_closed_as_any(wordpress: Site) -> None:
    """WordPress finds a route whatever its case."""
    async with wordpress.client() as guest:
        found = await guest.get("/wp-json/AIGUY/V1/JWKS", headers={"origin": "https://evil.example"})
    assert found.json()["keys"]
    assert not [name for name in found.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("query", ["?_jsonp=steal", "?_envelope=1"])
async def test_nobody_gets_one_in_another_form(wordpress: Site, query: str) -> None:
    async with wordpress.client("ada") as ada:
        answer = await ada.post(wordpress.rest("/session") + query, json={"lang": "en"})
    assert "aiguy_disguised" in answer.text
    assert "X-WP-Nonce" not in answer.text


async def test_browsers_are_told_of_no_other_origin(wordpress: Site) -> None:
    async with visiting(wordpress) as widget:
        evil = {"origin": "https://evil.example", "access-control-request-method": "POST"}
        preflight = await widget.client.options(widget.session["routes"]["chat"], headers=evil)
        answer = await widget.post("chat", _MESSAGE, origin="https://evil.example")
    assert answer.status_code == httpx.codes.FORBIDDEN
    for one in (preflight, answer):
        assert not [name for name in one.headers if name.startswith("access-control-")]


async def test_a_page_for_everybody_holds_nothing_of_anybody(wordpress: Site) -> None:
    url = await wordpress.page("Chat", '[aiguy_chat title="Ask us"]')
    async with wordpress.client() as guest, visiting(wordpress, "ada") as ada:
        plain = (await guest.get(url)).text
        hers = (await ada.client.get(url)).text
    elements = [re.findall(r"<aiguy-chat.*?</aiguy-chat>", page, re.DOTALL) for page in (plain, hers)]
    assert elements[0] == elements[1]
    assert len(elements[0]) == 1
    assert 'title="Ask us"' in elements[0][0]
    assert ada.session["headers"]["X-WP-Nonce"] not in elements[1][0]
    assert "nonce" not in elements[0][0]


@pytest.mark.parametrize("structure", ["", "/%postname%/"])
async def test_the_whole_way_works_with_every_kind_of_permalinks(
    wordpress: Site, running_machine: Machine, structure: str
) -> None:
    await wordpress.permalinks(structure)
    try:
        async with wordpress.client("ada") as client:
            answer = await client.post("/?rest_route=/aiguy/v1/session", json={"lang": "en"})
            session = answer.json()
            assert ("rest_route=" in session["routes"]["chat"]) is (structure == "")
            told = await client.post(session["routes"]["chat"], json=_MESSAGE, headers=session["headers"])
        assert told.status_code == httpx.codes.OK, told.text
        assert told.json()["text"]
    finally:
        await wordpress.permalinks("/%postname%/")


async def test_without_streams_the_browser_is_told_to_ask(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(mode="poll")
    async with visiting(wordpress) as widget:
        assert widget.session["transport"] == "poll"
        assert (await widget.post("chat", _MESSAGE)).json()["outcome"] == "answered"


async def test_in_direct_mode_the_browser_has_a_token_and_calls_the_backend_itself(
    wordpress: Site, settings: ChangeSettings, running_machine: Machine
) -> None:
    await settings(mode="direct")
    async with visiting(wordpress, "ada") as widget:
        session = widget.session
        claims = jwt.decode(
            session["headers"]["Authorization"].removeprefix("Bearer "), options={"verify_signature": False}
        )
        assert claims["sub"] == f"wp_{await wordpress.user_id('ada')}"
        assert (claims["role"], claims["scope"]) == ("customer", "chat:send")
        assert "client" not in claims  # the backend sees the browser's own address
        assert (session["credentials"], "email" in session["routes"]) == ("omit", False)
        async with httpx.AsyncClient(timeout=60) as browser:
            answer = await browser.post(session["routes"]["chat"], json=_MESSAGE, headers=session["headers"])
    assert answer.status_code == httpx.codes.OK, answer.text


async def test_staff_chat_as_customers(wordpress: Site) -> None:
    code = r"""
        $user = get_user_by('login', 'kim');
        $visitor = \AIGuy\Chat\Visitor::of_user($user);
        return [\AIGuy\Chat\Tokens::for_visitor($visitor), \AIGuy\Chat\Tokens::for_staff($user)];
    """
    chat, desk = (jwt.decode(token, options={"verify_signature": False}) for token in await wordpress.run(code))
    assert (chat["role"], chat["scope"]) == ("customer", "chat:send")
    assert (desk["role"], "chat:send" in desk["scope"]) == ("staff", False)
    assert chat["sub"] == desk["sub"]


async def test_where_a_visitor_is_stands_in_the_token_by_a_word_that_says_nothing(wordpress: Site) -> None:
    code = r"""
        $visitor = \AIGuy\Chat\Visitor::of_user(get_user_by('login', 'ada'));
        $tokens = [];
        foreach (['203.0.113.7', '203.0.113.7', '203.0.113.8'] as $address) {
            $_SERVER['REMOTE_ADDR'] = $address;
            $tokens[] = \AIGuy\Chat\Tokens::for_visitor($visitor);
        }
        return $tokens;
    """
    here, again, elsewhere = (
        jwt.decode(token, options={"verify_signature": False})["client"] for token in await wordpress.run(code)
    )
    assert here == again != elsewhere
    assert "203" not in here


async def test_keys_turn_over_without_a_gap(wordpress: Site) -> None:
    code = r"""
        $before = \AIGuy\Chat\Tokens::for_site(['x']);
        $known = \AIGuy\Chat\Keys::jwks();
        \AIGuy\Chat\Keys::rotate();
        return [$before, $known, \AIGuy\Chat\Tokens::for_site(['x']), \AIGuy\Chat\Keys::jwks()];
    """
    old, known, new, shown = await wordpress.run(code)
    kid = {name: jwt.get_unverified_header(token)["kid"] for name, token in (("old", old), ("new", new))}
    assert kid["old"] != kid["new"]
    assert kid["new"] in [key["kid"] for key in known["keys"]]  # it was published before it signed
    for token in (old, new):
        key = jwt.PyJWKSet.from_dict(shown)[jwt.get_unverified_header(token)["kid"]]
        assert jwt.decode(token, key, ["EdDSA"], audience="orchestrator")["sub"] == "site"
    assert not [key for key in shown["keys"] if "d" in key]


async def test_a_key_of_wp_config_takes_the_place_of_the_stored_ones(wordpress: Site) -> None:
    key = Ed25519PrivateKey.generate()
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    code = r"return [\AIGuy\Chat\Tokens::for_site(['x']), \AIGuy\Chat\Keys::rotate(), \AIGuy\Chat\Keys::jwks()];"
    wordpress.constants(AIGUY_SIGNING_KEY=base64.b64encode(seed).decode())
    try:
        token, rotated, shown = await wordpress.run(code)
    finally:
        wordpress.constants()
    assert rotated is False
    assert len(shown["keys"]) == 1
    assert jwt.decode(token, key.public_key(), ["EdDSA"], audience="orchestrator")["sub"] == "site"


async def test_a_comma_too_many_in_wp_config_is_no_key_too_many(wordpress: Site) -> None:
    seed = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    wordpress.constants(AIGUY_SIGNING_KEY=f" {base64.b64encode(seed).decode()} ,\n, ")
    try:
        shown = await wordpress.run(r"return \AIGuy\Chat\Keys::jwks();")
    finally:
        wordpress.constants()
    assert len(shown["keys"]) == 1


async def test_no_secret_is_where_everybody_looks(wordpress: Site) -> None:
    stored = await wordpress.run("return get_option('aiguy_keys');")
    secrets = [stored["active"], stored["next"]]
    loaded = json.dumps(await wordpress.run("return wp_load_alloptions(true);"))
    async with wordpress.client() as anybody:
        pages = [
            (await anybody.get(path)).text for path in ("/", "/wp-json/", "/wp-json/aiguy/v1", "/wp-json/aiguy/v1/jwks")
        ]
    for secret in secrets:
        assert not [page for page in [*pages, loaded] if secret in page]


async def test_php_has_nothing_to_complain_about(wordpress: Site) -> None:
    assert [line for line in wordpress.complaints() if "plugins/aiguy-chat" in line] == []
