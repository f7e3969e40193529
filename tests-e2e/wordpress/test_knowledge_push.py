"""What is published, changed or hidden in WordPress reaches the backend's knowledge base."""

import secrets
from typing import Any

import httpx
import pytest

from e2e.machine import Machine
from e2e.visitor import Visitor
from servicekit.testing import eventually

from .conftest import ChangeSettings
from .desk import at_desk
from .pushes import pushed
from .site import Site
from .stand_in import StandIn

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_CHANGE = "return wp_update_post($arguments[0] + ['ID' => url_to_postid($arguments[1])], true);"
_GUEST = r"return \AIGuy\Chat\Tokens::for_visitor(\AIGuy\Chat\Visitor::current());"

_HIDING = """<?php
add_action('template_redirect', function () {
    if (is_page('only-members') && ! is_user_logged_in()) {
        wp_safe_redirect(wp_login_url());
        exit;
    }
});
add_filter('aiguy_knowledge_wanted', fn($wanted, $post) => $wanted && 'not-wanted' !== $post->post_name, 10, 2);
"""


async def test_a_new_page_is_a_document_soon_after(pushing: Site, base: StandIn) -> None:
    content = (
        "<!-- wp:heading --><h2>Sending back</h2><!-- /wp:heading --><p>Within <b>30</b> days.</p>"
        "<ul><li>Unused</li></ul><table><tr><th>Size</th></tr><tr><td>M &amp; L</td></tr></table>"
        '<p aria-hidden="true">Not for people</p>[aiguy_chat]'
    )
    url = await pushing.page("Returns &amp; more", content)
    assert await pushing.run("return wp_next_scheduled('aiguy_push_knowledge') !== false;")
    await pushed(pushing)
    document = base.documents[url]
    assert document["title"] == "Returns & more"
    assert document["body"] == (
        "## Sending back\n\nWithin 30 days.\n\n- Unused\n\n| Size |\n| --- |\n| M & L |"
    )  # fmt: skip
    assert document["reviewed"] is True
    assert document["updated_at"].endswith("Z")
    assert base.pushes[-1]["source"] == "wordpress"


async def test_a_change_is_pushed_and_nothing_else(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("Opening hours", "<p>From nine.</p>")
    await pushed(pushing)
    base.pushes.clear()
    await pushing.run(_CHANGE, {"post_content": "<p>From ten.</p>"}, url)
    await pushed(pushing)
    assert [[one["url"] for one in push["documents"]] for push in base.pushes] == [[url]]
    assert base.documents[url]["body"] == "From ten."


@pytest.mark.parametrize(
    "hidden",
    [
        {"post_status": "draft"},
        {"post_status": "private"},
        {"post_status": "trash"},
        {"post_password": "secret"},
        {"meta_input": {"_aiguy_skip": "1"}},
    ],
)
async def test_what_is_not_for_everybody_is_taken_out(pushing: Site, base: StandIn, hidden: dict[str, Any]) -> None:
    url = await pushing.page(f"Page {secrets.token_hex(4)}", "<p>Public words.</p>")
    await pushed(pushing)
    assert url in base.documents
    await pushing.run(_CHANGE, hidden, url)
    await pushed(pushing)
    assert url not in base.documents


async def test_a_deleted_page_is_taken_out(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("Soon gone", "<p>Words.</p>")
    await pushed(pushing)
    await pushing.run("wp_delete_post(url_to_postid($arguments[0]), true);", url)
    await pushed(pushing)
    assert url not in base.documents
    left = await pushing.run(
        'global $wpdb; return (int) $wpdb->get_var("SELECT COUNT(*) FROM $wpdb->postmeta'
        " WHERE meta_key LIKE '\\_aiguy%'"
        ' AND post_id NOT IN (SELECT ID FROM $wpdb->posts)");'
    )
    assert left == 0


async def test_a_page_that_moves_has_one_address(pushing: Site, base: StandIn) -> None:
    old = await pushing.page("Moving house", "<p>Words.</p>")
    await pushed(pushing)
    await pushing.run(_CHANGE, {"post_name": f"moved-{secrets.token_hex(4)}"}, old)
    await pushed(pushing)
    moved = [url for url, one in base.documents.items() if one["title"] == "Moving house"]
    assert len(moved) == 1
    assert moved != [old]


@pytest.mark.parametrize("others", ["", "pushes too", "pushes too, the lock has run out"])
async def test_a_page_that_is_hidden_while_it_is_sent_is_taken_out(pushing: Site, base: StandIn, others: str) -> None:
    url = await pushing.page("In between", "<p>Words.</p>")

    async def hide() -> None:
        await pushing.run(_CHANGE, {"post_status": "draft"}, url)
        if "run out" in others:
            await pushing.option("aiguy_lock_push", None)
        if others:
            await pushed(pushing)

    base.meanwhile = hide
    await pushed(pushing)
    await pushed(pushing)
    assert url in [one["url"] for push in base.pushes for one in push["documents"]]
    assert url not in base.documents


@pytest.mark.parametrize("more", [{"post_status": "draft"}, {"post_status": "private"}, {"post_password": "x"}])
async def test_what_was_never_public_is_never_sent(pushing: Site, base: StandIn, more: dict[str, str]) -> None:
    word = secrets.token_hex(8)
    await pushing.page("Hidden", f"<p>{word}</p>", **more)
    await pushed(pushing)
    assert word not in str(base.pushes)


async def test_a_page_is_read_as_a_guest_reads_it(pushing: Site, base: StandIn) -> None:
    """Whoever presses the button: what other plugins show to members only stays with them."""
    word = secrets.token_hex(8)
    url = await pushing.page("For members", f"<p>For all.</p>[members]{word}[/members]")
    await pushing.run(
        "add_shortcode('members', fn($a, $text) => is_user_logged_in() ? $text : 'Members only.');"
        "AIGuy\\Chat\\Integrations\\KnowledgePush::run();",
        as_user="boss",
    )
    assert "Members only." in base.documents[url]["body"]
    assert word not in str(base.pushes)


async def test_a_copy_of_a_page_takes_nothing_from_it(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("Original", "<p>Words.</p>")
    await pushed(pushing)
    copy = await pushing.run(
        "$meta = array_map(fn($all) => $all[0], get_post_meta(url_to_postid($arguments[0])));"
        "return get_permalink(wp_insert_post(['post_title' => 'Copy', 'post_content' => 'Words.', "
        "'post_status' => 'publish', 'post_type' => 'page', 'meta_input' => $meta], true));",
        url,
    )
    await pushed(pushing)
    assert {url, copy} <= base.documents.keys()
    left_out = await pushing.run("return apply_filters('woocommerce_duplicate_product_exclude_meta', ['_sku']);")
    assert {"_sku", "_aiguy_push", "_aiguy_pushed_url"} <= set(left_out)


async def test_switched_off_all_pages_are_taken_out(
    pushing: Site, settings: ChangeSettings, base: StandIn, address: str
) -> None:
    stays = await pushing.page("Still public", "<p>Words.</p>")
    goes = await pushing.page("Deleted a moment later", "<p>Words.</p>")
    await pushed(pushing)
    assert {stays, goes} <= base.documents.keys()
    await settings(backend_url=address, push_knowledge=False)
    await pushing.run("wp_delete_post(url_to_postid($arguments[0]), true);", goes)
    assert await pushing.run("return wp_next_scheduled('aiguy_push_knowledge') !== false;")
    result = await pushing.run("return (new AIGuy\\Chat\\Admin\\SiteHealth())->knowledge();")
    assert result["status"] == "recommended"
    state = await pushed(pushing)
    assert {stays, goes}.isdisjoint(base.documents)
    assert state["waiting"] == 0


async def test_what_other_plugins_hide_is_not_sent(pushing: Site, base: StandIn) -> None:
    file = pushing.files / "wp-content" / "mu-plugins" / "hiding.php"
    file.write_text(_HIDING, "utf-8")
    try:
        hidden = await pushing.page("Members", "<p>For members.</p>", post_name="only-members")
        unwanted = await pushing.page("Unwanted", "<p>Words.</p>", post_name="not-wanted")
        public = await pushing.page("For all", "<p>Words.</p>")
        state = await pushed(pushing)
    finally:
        file.unlink()
    assert public in base.documents
    assert {hidden, unwanted}.isdisjoint(one["url"] for push in base.pushes for one in push["documents"])
    assert "302" in next(one["why"] for one in state["refused"].values() if one["title"] == "Members")


async def test_everything_is_sent_by_the_button_in_batches(pushing: Site, base: StandIn) -> None:
    urls = await pushing.run(
        "$made = fn($n) => get_permalink(wp_insert_post(['post_title' => \"More $n\", 'post_content' => 'Words.',"
        "'post_status' => 'publish', 'post_type' => 'post'])); return array_map($made, range(1, 25));"
    )
    base.documents.clear()
    async with at_desk(pushing, "boss") as boss:
        told = (await boss.call("POST", "/knowledge")).json()
        assert told["waiting"] >= 25
        while told["waiting"]:
            before = told["waiting"]
            told = (await boss.call("POST", "/knowledge-step")).json()
            assert told["waiting"] < before
    assert set(urls) <= base.documents.keys()
    assert max(len(push["documents"]) for push in base.pushes) <= 20


async def test_only_an_administrator_sends_everything(pushing: Site, base: StandIn) -> None:
    for login in ("kim", "ada"):
        async with at_desk(pushing, login) as somebody:
            assert (await somebody.call("POST", "/knowledge")).status_code == httpx.codes.FORBIDDEN
    async with pushing.client("boss") as without_nonce:
        assert (await without_nonce.post("/wp-json/aiguy/v1/knowledge")).status_code in (401, 403)


async def test_switched_off_nothing_is_sent(
    wordpress: Site, settings: ChangeSettings, base: StandIn, address: str
) -> None:
    await settings(backend_url=address, push_knowledge=False)
    await wordpress.page("Quiet", "<p>Words.</p>")
    await pushed(wordpress)
    assert [push for push in base.pushes if push["documents"]] == []


async def test_the_box_beside_a_page_leaves_it_out(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("Left out", "<p>Words.</p>")
    await pushed(pushing)
    post_id = await pushing.run("return url_to_postid($arguments[0]);", url)
    async with pushing.client("boss") as boss:
        form = (await boss.get(f"/wp-admin/post.php?post={post_id}&action=edit")).text
        nonce = form.split('name="aiguy_knowledge_nonce" value="')[1].split('"')[0]
        edit = form.split('name="_wpnonce" value="')[1].split('"')[0]
        fields = {
            "action": "editpost", "post_ID": str(post_id), "_wpnonce": edit, "post_title": "Left out",
            "content": "<p>Words.</p>", "post_type": "page",
            "original_post_status": "publish", "post_status": "publish",
            "aiguy_knowledge_nonce": nonce, "aiguy_aiguy_skip": "1",
        }  # fmt: skip
        assert (await boss.post("/wp-admin/post.php", data=fields)).status_code == httpx.codes.FOUND
    await pushed(pushing)
    assert url not in base.documents


async def test_the_chat_answers_from_what_is_published_and_forgets_what_is_hidden(
    wordpress: Site, settings: ChangeSettings, running_machine: Machine
) -> None:
    """Through the front door, whose firewall lets help pages say what help pages say."""
    await settings(push_knowledge=True)
    url = await wordpress.page(
        "Warranty of the Zorblat",
        "<h2>Warranty of the Zorblat</h2><p>The warranty of the Zorblat lasts 77 months.</p>"
        "<p>Do not type ' OR 1=1; DROP TABLE orders -- or &lt;script&gt;alert(1)&lt;/script&gt; into its display.</p>",
    )
    state = await pushed(wordpress)
    assert (state["failures"], state["error"], state["waiting"]) == (0, "", 0)
    assert "Zorblat" not in str(state["refused"])
    token = await wordpress.run(_GUEST)
    async with Visitor(running_machine.stack.front_door, lambda: token) as guest:

        async def known() -> bool:
            turn = await guest.say("How long does the warranty of the Zorblat last?")
            assert "77 months" in turn.text
            assert url in [one["url"] for one in turn.end["citations"]]
            return True

        await eventually(known, 60)
        await wordpress.run(_CHANGE, {"post_status": "draft"}, url)
        await pushed(wordpress)

        async def forgotten() -> bool:
            turn = await guest.say("For how many months is the Zorblat under warranty?")
            assert "77 months" not in turn.text
            return True

        await eventually(forgotten, 60)
