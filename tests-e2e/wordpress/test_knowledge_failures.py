"""What cannot be sent to the backend's knowledge base is sent later, and holds up nothing else."""

import time

import pytest

from . import plugin
from .conftest import ChangeSettings
from .pushes import pushed
from .site import Site
from .stand_in import StandIn, problem

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_CHANGE = "return wp_update_post($arguments[0] + ['ID' => url_to_postid($arguments[1])], true);"


async def test_who_was_killed_while_sending_keeps_nobody_from_it_for_ever(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("After an accident", "<p>Words.</p>")
    await pushing.option("aiguy_lock_push", f"{int(time.time()) + 600}.killed")
    state = await pushed(pushing)
    assert (base.pushes, state["waiting"], state["failures"]) == ([], 1, 0)
    assert state["planned"] > state["now"]
    await pushing.option("aiguy_lock_push", f"{int(time.time()) - 10}.killed")
    await pushing.option("aiguy_lock_other", f"{int(time.time()) - 10}.killed")
    await pushed(pushing)
    assert url in base.documents
    await pushing.run("do_action('delete_expired_transients');")
    assert await pushing.run("return get_option('aiguy_lock_other');") is False


async def test_what_fails_is_tried_again_later_and_later(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("Later", "<p>Words.</p>")
    waits = []
    for status in (503, 429, 401):
        base.refusals.append(problem(status, "dependency_down", "Not now."))
        state = await pushed(pushing)
        waits.append(state["planned"] - state["now"])
        assert state["waiting"] == 1
    assert waits[0] < waits[1] < waits[2]
    state = await pushed(pushing)
    assert (state["waiting"], state["failures"], state["error"]) == (0, 0, "")
    assert url in base.documents


async def test_a_backend_that_is_gone_is_shown_in_site_health(
    wordpress: Site, settings: ChangeSettings, base: StandIn
) -> None:
    await settings(backend_url="http://127.0.0.1:9", push_knowledge=True)
    await wordpress.page("Unheard", "<p>Words.</p>")
    state = await pushed(wordpress)
    assert state["failures"] == 1
    result = await wordpress.run("return (new AIGuy\\Chat\\Admin\\SiteHealth())->knowledge();")
    assert result["status"] == "critical"
    assert state["error"][:20] in result["description"]


async def test_one_page_that_is_refused_keeps_no_other_out(pushing: Site, base: StandIn) -> None:
    base.unfit.add("UNFIT")
    bad = await pushing.page("Odd page", "<p>UNFIT words</p>")
    good = await pushing.page("Good page", "<p>Words.</p>")
    state = await pushed(pushing)
    assert good in base.documents
    assert bad not in base.documents
    assert state["waiting"] == 0
    refused = {one["title"] for one in state["refused"].values()}
    # The site has pages of other tests, too, and what became of those.
    assert refused & {"Odd page", "Good page"} == {"Odd page"}
    result = await pushing.run("return (new AIGuy\\Chat\\Admin\\SiteHealth())->knowledge();")
    assert result["status"] == "recommended"
    assert "Odd page" in result["description"]


async def test_a_removal_that_is_refused_is_not_forgotten(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("Union select", "<p>Words.</p>")
    await pushed(pushing)
    await pushing.run(_CHANGE, {"post_status": "draft"}, url)
    base.refusals.append(problem(403, "forbidden", "The request looks like an attack and was not passed on."))
    state = await pushed(pushing)
    assert (state["waiting"], state["failures"]) == (1, 1)
    assert state["planned"] > state["now"]
    await pushed(pushing)
    assert url not in base.documents


async def test_a_page_that_makes_the_backend_ill_holds_up_nothing_else(pushing: Site, base: StandIn) -> None:
    gone = await pushing.page("Was public", "<p>Words.</p>")
    await pushed(pushing)
    base.ill.add("ILLNESS")
    bad = await pushing.page("Bad page", "<p>ILLNESS</p>")
    good = await pushing.page("Good page", "<p>Words.</p>")
    await pushing.run(_CHANGE, {"post_status": "draft"}, gone)
    state = await pushed(pushing)
    assert gone not in base.documents, "what is not public goes first"
    assert state["failures"] == 1
    for _ in range(2):
        state = await pushed(pushing)
    assert good in base.documents
    assert bad not in base.documents
    assert state["waiting"] == 1
    base.ill.clear()
    await pushed(pushing)
    assert bad in base.documents


async def test_a_page_in_which_php_ends_holds_up_nothing_else(pushing: Site, base: StandIn) -> None:
    bad = await pushing.page("Crash page", "<p>[crash]</p>")
    good = await pushing.page("Good page", "<p>Words.</p>")
    crashing = "add_shortcode('crash', function () { exit(3); }); do_action('aiguy_push_knowledge'); return true;"
    for _ in range(2):
        with pytest.raises(AssertionError):
            await pushing.run(crashing)
    assert await pushing.run(crashing)
    assert good in base.documents
    assert bad not in base.documents
    assert "Crash page" in str((await pushed(pushing))["refused"])


async def test_what_happens_to_pages_while_the_plugin_is_off_is_made_up_for(pushing: Site, base: StandIn) -> None:
    changed, gone = [await pushing.page(title, "<p>Old words.</p>") for title in ("Stays", "Goes")]
    await pushed(pushing)
    await pushing.run("deactivate_plugins($arguments[0]);", plugin.FILE, as_user="boss")
    try:
        await pushing.run("wp_delete_post(url_to_postid($arguments[0]), true);", gone)
        await pushing.run(_CHANGE, {"post_content": "<p>New words.</p>"}, changed)
    finally:
        await pushing.run("return activate_plugin($arguments[0]);", plugin.FILE, as_user="boss")
    await pushed(pushing)
    assert gone not in base.documents
    assert base.documents[changed]["body"] == "New words."


async def test_a_site_that_cannot_ask_itself_sends_nothing_and_says_so(pushing: Site, base: StandIn) -> None:
    url = await pushing.page("Unasked", "<p>Words.</p>")
    state = await pushing.run(
        "add_filter('pre_http_request', fn($answer, $options, $asked) => "
        "$asked === $arguments[0] ? new WP_Error('blocked', 'No loopback.') : $answer, 10, 3);"
        r"do_action('aiguy_push_knowledge'); return \AIGuy\Chat\Integrations\KnowledgePush::state();",
        url,
    )
    assert url not in base.documents
    assert "No loopback." in next(one["why"] for one in state["refused"].values() if one["title"] == "Unasked")
    await pushing.run("add_filter('aiguy_knowledge_ask', '__return_false');" + r"""
        \AIGuy\Chat\Integrations\Knowledge::push_all();
        add_filter('pre_http_request', fn($answer, $options, $asked) =>
            $asked === $arguments[0] ? new WP_Error('blocked', 'No loopback.') : $answer, 10, 3);
        do_action('aiguy_push_knowledge');""", url)  # fmt: skip
    assert url in base.documents
