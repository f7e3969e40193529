"""Chat against contact form: the browser decides, and the site counts."""

import datetime

import httpx
import pytest
from playwright.async_api import Browser, expect

from .browsing import window
from .conftest import ChangeSettings
from .site import Site
from .upstream import Upstream
from .widget import visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_COUNTS = r"return \AIGuy\Chat\Experiment\Counts::by_day();"
_FORGET = "global $wpdb; $wpdb->query(\"DELETE FROM $wpdb->options WHERE option_name LIKE 'aiguy_ab%'\");"


async def _today(site: Site) -> dict[str, dict[str, int]]:
    days = await site.run(_COUNTS)
    return dict(days[datetime.datetime.now(datetime.UTC).strftime("%Y%m%d")]) if days else {}


async def _seen(site: Site, arm: str, event: str) -> int:
    async with site.client() as client:
        return (await client.post(site.rest("/seen"), json={"arm": arm, "event": event})).status_code


@pytest.mark.parametrize(("share", "chat", "decides"), [(100, True, False), (50, False, True), (0, False, False)])
async def test_only_while_there_are_two_arms_something_decides(
    wordpress: Site, settings: ChangeSettings, share: int, chat: bool, decides: bool
) -> None:
    await settings(ab_share=share)
    async with wordpress.client() as guest:
        page = (await guest.get("/")).text
    assert ('id="aiguy-chat-js"' in page) is chat
    assert ('id="aiguy-experiment-js"' in page) is decides
    assert (f'data-share="{share}"' in page) is decides
    assert ("<aiguy-chat" in page) is (share > 0)
    assert 'class="aiguy-contact"' in page


async def test_what_browsers_tell_is_counted_by_arm(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(ab_share=50)
    await wordpress.run(_FORGET)
    codes = [
        await _seen(wordpress, arm, event) for arm, event in (("chat", "shown"), ("chat", "shown"), ("form", "used"))
    ]
    assert set(codes) == {httpx.codes.NO_CONTENT}
    assert await _today(wordpress) == {"chat": {"shown": 2}, "form": {"used": 1}}


async def test_a_count_between_reading_and_writing_another_is_not_lost(wordpress: Site) -> None:
    await wordpress.run(_FORGET)
    await wordpress.run(
        r"""
        $between = false;
        add_filter('query', static function (string $query) use (&$between): string {
            if (! $between && str_starts_with($query, 'UPDATE') && str_contains($query, 'aiguy_ab_')) {
                $between = true;
                \AIGuy\Chat\Experiment\Counts::add('chat', 'shown');
            }
            return $query;
        });
        \AIGuy\Chat\Experiment\Counts::add('chat', 'shown');
        """
    )
    assert await _today(wordpress) == {"chat": {"shown": 2}}


async def test_hand_overs_are_counted_where_they_happen(wordpress: Site, settings: ChangeSettings) -> None:
    await wordpress.run(_FORGET)
    async with Upstream(body=b'{"answering":"staff","outcome":"handed_over"}').running() as upstream:
        await settings(ab_share=50, backend_url=upstream.url)
        async with visiting(wordpress) as guest:
            guest.client.cookies.set("aiguy_ab", "chat")
            await guest.post("handoff", {"conversation_id": "conv_1", "client_turn_id": "key-1"})
            guest.client.cookies.set("aiguy_ab", "form")
            typed = {"action": "aiguy_contact", "aiguy_email": "greta@example.com", "aiguy_message": "Hello"}
            await guest.client.post("/wp-admin/admin-post.php", data=typed)
    assert await _today(wordpress) == {"chat": {"handed_over": 1}, "form": {"handed_over": 1, "message": 1}}


async def test_counts_are_bounded_and_nobody_makes_up_names(wordpress: Site, settings: ChangeSettings) -> None:
    await settings(ab_share=50)
    await wordpress.run(_FORGET)
    await wordpress.run("update_option('aiguy_ab_20200101_chat_shown', 5, false);")
    assert await _seen(wordpress, "chat", "shown") == httpx.codes.NO_CONTENT
    assert list(await wordpress.run(_COUNTS)) != ["20200101"]
    assert len(await wordpress.run(_COUNTS)) == 1
    for arm, event in (("both", "shown"), ("chat", "handed_over"), ("chat", "x")):
        assert await _seen(wordpress, arm, event) == httpx.codes.BAD_REQUEST
    async with wordpress.client() as client:
        headers = {"origin": "https://evil.example"}
        foreign = await client.post(wordpress.rest("/seen"), json={"arm": "chat", "event": "shown"}, headers=headers)
    assert foreign.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


@pytest.mark.parametrize(("drawn", "arm"), [(0.99, "form"), (0.0, "chat")])
async def test_the_browser_draws_once_and_the_forms_arm_loads_nothing_of_the_chat(
    wordpress: Site, settings: ChangeSettings, chromium: Browser, drawn: float, arm: str
) -> None:
    await settings(ab_share=50, placement_floating=False)
    await wordpress.run(_FORGET)
    url = await wordpress.page("Help", "[aiguy_chat]")
    async with window(chromium, wordpress) as visitor:
        await visitor.page.add_init_script(f"Math.random = () => {drawn};")
        loaded: list[str] = []
        visitor.page.on("request", lambda request: loaded.append(request.url))
        shown = visitor.box if arm == "chat" else visitor.page.locator(".aiguy-contact button")
        async with visitor.page.expect_response("**/seen"):
            await visitor.page.goto(url)
        await expect(shown).to_be_visible()
        assert any("/assets/aiguy-chat.js" in one for one in loaded) is (arm == "chat")
        await visitor.page.add_init_script(f"Math.random = () => {1 - drawn};")
        await visitor.page.reload()
        await expect(shown).to_be_visible()
        if arm == "form":
            async with visitor.page.expect_response("**/seen"):
                await visitor.page.get_by_label("How can we help?").focus()
    assert await _today(wordpress) == {arm: {"shown": 1} if arm == "chat" else {"shown": 1, "used": 1}}
