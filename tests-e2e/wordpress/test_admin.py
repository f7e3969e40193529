"""What the shop's owner sets and sees: settings, the connection test, keys, Site Health."""

import asyncio
import re

import httpx
import pytest

from e2e.machine import Machine
from e2e.visitor import Visitor
from servicekit.testing import eventually

from .conftest import ChangeSettings
from .desk import at_desk
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
PAGE = "/wp-admin/options-general.php?page=aiguy-chat"
SECRET = "whsec_" + "QUJD" * 12
_TOKEN = r"return \AIGuy\Chat\Tokens::for_visitor(\AIGuy\Chat\Visitor::of_user(get_user_by('login', $arguments[0])));"

#: A name that no conversation has: a believed token is answered with 404.
_NO_CONVERSATION = f"/api/agent/conversations/cnv_{'0' * 32}"


async def saved(site: Site, **entered: str) -> str:
    """What the page says after the owner has sent these fields of it."""
    async with site.client("boss") as boss:
        form = (await boss.get(PAGE)).text.split('action="' + site.url + "/wp-admin/options.php")[1]
        nonce = form.split('name="_wpnonce" value="')[1].split('"')[0]
        fields = {f"aiguy_settings[{name}]": value for name, value in entered.items()}
        fields |= {
            "option_page": "aiguy_settings_group",
            "action": "update",
            "_wpnonce": nonce,
            "_wp_http_referer": PAGE,
        }
        answer = await boss.post("/wp-admin/options.php", data=fields)
        assert answer.status_code == httpx.codes.FOUND, answer.text
        return (await boss.get(answer.headers["location"])).text


async def test_only_an_administrator_sees_and_changes_settings(wordpress: Site) -> None:
    for login in ("kim", "ada"):
        async with at_desk(wordpress, login) as somebody:
            assert (await somebody.http.get(PAGE)).status_code == httpx.codes.FORBIDDEN
            for path in ("/connection-test", "/rotate-key", "/replace-keys", "/knowledge", "/knowledge-step"):
                assert (await somebody.call("POST", path)).status_code == httpx.codes.FORBIDDEN
    async with wordpress.client("boss") as boss:
        for path in ("/connection-test", "/rotate-key", "/replace-keys"):
            assert (await boss.post(f"/wp-json/aiguy/v1{path}")).status_code in (401, 403)


async def test_what_is_entered_is_kept(settings: ChangeSettings, wordpress: Site) -> None:
    await settings()
    await saved(wordpress, title="Ask us", ab_share="40", accent="#0a6b5c", placement_floating="0")
    kept = await wordpress.run(r"return \AIGuy\Chat\Settings::all();")
    assert (kept["title"], kept["ab_share"], kept["accent"], kept["placement_floating"]) == (
        "Ask us",
        40,
        "#0a6b5c",
        False,
    )
    assert kept["backend_url"], "what was not in the form stays"


@pytest.mark.parametrize(
    "wrong",
    [
        {
            "backend_url": "javascript:alert(1)",
            "public_url": "https://user:password@agent.example",
            "ab_share": "101",
            "contact_email": "nobody",
            "accent": "red;}",
            "mode": "telepathy",
            "webhook_secret": "whsec_short",
        },
        {"backend_url": "https://agent.example/?x=1", "ab_share": "many", "position": "above", "theme": "neon"},
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    settings: ChangeSettings, wordpress: Site, wrong: dict[str, str]
) -> None:
    await settings(webhook_secret=SECRET)
    before = await wordpress.run("return get_option('aiguy_settings');")
    page = await saved(wordpress, **wrong)
    assert page.count("was not changed") == len(wrong)
    assert await wordpress.run("return get_option('aiguy_settings');") == before


async def test_a_secret_is_never_shown_and_stays_until_it_is_removed(settings: ChangeSettings, wordpress: Site) -> None:
    await settings(webhook_secret=SECRET)
    page = await saved(wordpress, webhook_secret="", title="Ask")
    assert "A secret is set." in page
    assert SECRET not in page
    assert (await wordpress.run("return get_option('aiguy_settings');"))["webhook_secret"] == SECRET
    assert "No secret is set." in await saved(wordpress, webhook_secret_remove="1")
    assert (await wordpress.run("return get_option('aiguy_settings');"))["webhook_secret"] == ""


async def test_a_constant_wins_and_is_shown_as_fixed(settings: ChangeSettings, wordpress: Site) -> None:
    await settings(title="From the form")
    wordpress.constants(AIGUY_TITLE="From the file", AIGUY_WEBHOOK_SECRET=SECRET)
    try:
        page = await saved(wordpress, title="From somebody")
        assert "Fixed by AIGUY_TITLE in wp-config.php." in page
        assert re.search(r'value="From the file"[^>]*readonly', page)
        assert SECRET not in page
        assert await wordpress.run(r"return \AIGuy\Chat\Settings::get('title');") == "From the file"
    finally:
        wordpress.constants()
    assert await wordpress.run(r"return \AIGuy\Chat\Settings::get('title');") == "From the form"


async def test_the_connection_test_passes_step_by_step(wordpress: Site) -> None:
    async with at_desk(wordpress, "boss") as boss:
        told = (await boss.call("POST", "/connection-test")).json()
    assert {one["id"]: one["status"] for one in told["checks"]} == dict.fromkeys(
        ("php", "address", "key", "key_list", "reachable", "api", "clock", "visitor_token", "site_token"), "pass"
    )


@pytest.mark.parametrize(
    ("changed", "failing"),
    [
        ({"backend_url": ""}, "address"),
        ({"backend_url": "http://127.0.0.1:9"}, "reachable"),
        ({"issuer": "https://somebody-else.example"}, "visitor_token"),
    ],
)
async def test_the_connection_test_names_what_is_wrong(
    wordpress: Site, settings: ChangeSettings, changed: dict[str, str], failing: str
) -> None:
    await settings(**changed)
    async with at_desk(wordpress, "boss") as boss:
        told = (await boss.call("POST", "/connection-test")).json()
    failed = [one for one in told["checks"] if one["status"] == "fail"]
    assert failed[0]["id"] == failing
    assert failed[0]["text"]
    assert "does not work yet" in told["text"]


async def test_the_site_itself_is_no_backend(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(backend_url=wordpress.url)
    async with at_desk(wordpress, "boss") as boss:
        told = (await boss.call("POST", "/connection-test")).json()
    assert "fail" in {one["status"] for one in told["checks"] if one["id"] in ("reachable", "api")}


async def test_a_new_key_is_believed_at_once_and_chats_go_on(wordpress: Site, running_machine: Machine) -> None:
    old = await wordpress.run(_TOKEN, "ada")
    async with at_desk(wordpress, "boss") as boss:
        before = (await boss.http.get("/wp-json/aiguy/v1/jwks")).json()
        told = (await boss.call("POST", "/rotate-key")).json()
    assert told["key"] in [key["kid"] for key in before["keys"]], "it was published before it signs"
    new = await wordpress.run(_TOKEN, "ada")
    for token in (old, new):
        async with Visitor(running_machine.stack.front_door, lambda token=token: token) as ada:
            assert await ada.begin()


async def test_keys_that_somebody_has_seen_are_replaced_with_what_was_to_follow_them(
    wordpress: Site, running_machine: Machine
) -> None:
    old = await wordpress.run(_TOKEN, "ada")
    async with at_desk(wordpress, "boss") as boss:
        await boss.call("POST", "/rotate-key")  # there is one before it, too
        before = (await boss.http.get("/wp-json/aiguy/v1/jwks")).json()["keys"]
        signing = (await boss.call("POST", "/replace-keys")).json()["key"]
        after = (await boss.http.get("/wp-json/aiguy/v1/jwks")).json()["keys"]
    assert {key["kid"] for key in before}.isdisjoint(key["kid"] for key in after)
    assert signing in [key["kid"] for key in after]
    new = await wordpress.run(_TOKEN, "ada")
    told: dict[str, int] = {}

    async def told_apart() -> bool:
        await asyncio.sleep(1)  # who asks more often is soon told that they ask too often
        async with httpx.AsyncClient(base_url=running_machine.stack.front_door or "", timeout=30) as client:
            for name, token in (("new", new), ("old", old)):
                answer = await client.get(_NO_CONVERSATION, headers={"authorization": f"Bearer {token}"})
                if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    told[name] = answer.status_code
        assert told == {"new": httpx.codes.NOT_FOUND, "old": httpx.codes.UNAUTHORIZED}
        return True

    # The backend looks for keys that it does not know every ten seconds at most.
    await eventually(told_apart, 60)


async def test_a_key_of_wp_config_that_is_none_is_said_and_breaks_nothing_else(
    wordpress: Site, settings: ChangeSettings
) -> None:
    await settings(push_knowledge=True)
    await wordpress.page("Unsigned", "<p>Words.</p>")
    wordpress.constants(AIGUY_SIGNING_KEY="a typo")
    try:
        async with wordpress.client("boss") as boss:
            for page in ("/wp-admin/index.php", "/wp-admin/admin.php?page=aiguy-approvals"):
                assert (await boss.get(page)).status_code == httpx.codes.OK
            assert "AIGUY_SIGNING_KEY" in (await boss.get(PAGE)).text.partition('id="aiguy-panel-technical"')[0]
        async with at_desk(wordpress, "boss") as boss:
            queue = await boss.call("GET", "/approvals")
            health = (await boss.call("GET", "/site-health/connection")).json()
        exported = await wordpress.run(
            r"$told = (new \AIGuy\Chat\Integrations\Privacy())->export('ada@larch.example');"
            "return is_wp_error($told) ? $told->get_error_code() : $told;"
        )
        pushed = await wordpress.run(
            r"do_action('aiguy_push_knowledge'); return \AIGuy\Chat\Integrations\KnowledgePush::state();"
        )
    finally:
        wordpress.constants()
    assert (queue.status_code, queue.json()["code"]) == (503, "backend_unreachable")
    assert health["status"] == "critical"
    assert "AIGUY_SIGNING_KEY" in health["description"]
    assert exported == "aiguy_export_failed"
    assert "AIGUY_SIGNING_KEY" in pushed["error"]


async def test_site_health_says_that_all_is_well_and_that_answers_stream(wordpress: Site) -> None:
    async with at_desk(wordpress, "boss") as boss:

        async def good() -> bool:
            connection = (await boss.call("GET", "/site-health/connection")).json()
            streaming = (await boss.call("GET", "/site-health/streaming")).json()
            assert (connection["status"], streaming["status"]) == ("good", "good"), (connection, streaming)
            return True

        # On a machine that is busy with other tests pieces may come together once.
        await eventually(good, 30)
    async with at_desk(wordpress, "kim") as kim:
        assert (await kim.call("GET", "/site-health/connection")).status_code == httpx.codes.FORBIDDEN
        assert (await kim.call("GET", "/stream-test")).status_code == httpx.codes.FORBIDDEN
    async with wordpress.client() as guest:
        assert (await guest.get(wordpress.rest("/stream-test"))).status_code == httpx.codes.UNAUTHORIZED
        assert (await guest.get(wordpress.rest("/stream-test?ticket=x"))).status_code == httpx.codes.UNAUTHORIZED


async def test_the_facts_for_support_hold_no_secret(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(webhook_secret=SECRET)
    facts = str(await wordpress.run("return apply_filters('debug_information', [])['aiguy-chat'];"))
    seeds = await wordpress.run("return get_option('aiguy_keys');")
    assert SECRET not in facts
    assert seeds["active"] not in facts
    assert seeds["next"] not in facts


async def test_php_has_nothing_to_complain_about(wordpress: Site) -> None:
    async with wordpress.client("boss") as boss:
        for page in (
            PAGE,
            "/wp-admin/admin.php?page=aiguy-approvals",
            "/wp-admin/index.php",
            "/wp-admin/site-health.php?tab=debug",
        ):
            assert (await boss.get(page)).status_code == httpx.codes.OK
    assert wordpress.complaints() == []
