"""A network of sites: active on all of them at once, each with keys of its own, and gone from all of them."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from servicekit.testing.servers import give_up

from . import plugin
from .release import NoWordPressError
from .site import PASSWORD, Site, email_of, installed
from .test_uninstall import traces

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: What "Network Setup" in wp-admin does.
_NETWORK = """
    global $wpdb;
    require_once ABSPATH . 'wp-admin/includes/upgrade.php';
    foreach ($wpdb->tables('ms_global') as $name => $table) {
        $wpdb->$name = $table;
    }
    install_network();
    return populate_network(1, $arguments[0], $arguments[1], 'Larches', '/', false);
"""
#: WordPress takes no port in the address of a new site; it is the network's.
_SITE = """
    global $wpdb;
    $boss = get_user_by('login', 'boss')->ID;
    $site = wp_insert_site(['domain' => get_network()->domain, 'path' => $arguments[0], 'user_id' => $boss]);
    $wpdb->update($wpdb->blogs, ['domain' => get_network()->domain], ['blog_id' => $site]);
    clean_blog_cache($site);
    foreach (['home', 'siteurl'] as $address) {
        update_blog_option($site, $address, untrailingslashit(get_option('home') . $arguments[0]));
    }
    return $site;
"""
#: On each site: who may decide, the key that signs, the name that it signs with.
_STATE = r"""
    $found = [];
    foreach (get_sites(['fields' => 'ids']) as $site) {
        switch_to_blog((int) $site);
        $found[get_site($site)->path] = [
            'may' => apply_filters('user_has_cap', [], ['aiguy_decide_approvals'], [], new WP_User(1, '', (int) $site)),
            'key' => get_option('aiguy_keys')['active'] ?? null,
            'issuer' => \AIGuy\Chat\Settings::get('issuer'),
        ];
        restore_current_blog();
    }
    return $found;
"""
#: What use leaves behind on each site: settings, a page that waits with a mark, counters, notices that were read.
_USE = r"""
    foreach (get_sites(['fields' => 'ids']) as $site) {
        switch_to_blog((int) $site);
        update_option('aiguy_settings', ['backend_url' => 'http://127.0.0.1:9', 'push_knowledge' => true]);
        $post = wp_insert_post(['post_title' => 'Returns', 'post_content' => 'Words.', 'post_status' => 'publish']);
        update_post_meta($post, '_aiguy_policy', '1');
        wp_schedule_single_event(time() + 3600, 'aiguy_push_knowledge');
        set_transient('aiguy_rate_test', 1, 3600);
        set_site_transient('aiguy_rate_test', 1, 3600);
        update_user_meta(get_user_by('login', 'kim')->ID, 'aiguy_seen', '1');
        restore_current_blog();
    }
"""
_LEAVE = """
    deactivate_plugins($arguments[0], false, true);
    return delete_plugins([$arguments[0]]);
"""


@pytest_asyncio.fixture(loop_scope="session")
async def network(tmp_path: Path, packed: Path) -> AsyncIterator[Site]:
    """Two sites in folders of one address, the plugin active on the network."""
    try:
        async with installed(tmp_path) as site:
            address = site.url.removeprefix("http://")
            await site.run(_NETWORK, address, email_of("boss"))
            site.constants(
                MULTISITE=True, SUBDOMAIN_INSTALL=False, DOMAIN_CURRENT_SITE=address, PATH_CURRENT_SITE="/",
                SITE_ID_CURRENT_SITE=1, BLOG_ID_CURRENT_SITE=1, WP_HOME=None, WP_SITEURL=None,
            )  # fmt: skip
            await site.run(_SITE, "/second/")
            with zipfile.ZipFile(packed) as archive:
                await asyncio.to_thread(archive.extractall, site.files / "wp-content" / "plugins")
            await site.run("return activate_plugin($arguments[0], '', true);", plugin.FILE, as_user="boss")
            yield site
    except NoWordPressError as error:
        give_up("WordPress", [str(error)])


async def test_every_site_has_keys_of_its_own_a_later_one_too(network: Site) -> None:
    await network.run(_SITE, "/third/")
    sites = await network.run(_STATE)
    assert sites.keys() == {"/", "/second/", "/third/"}
    assert all(one["may"] == {"aiguy_decide_approvals": True} and one["key"] for one in sites.values())
    assert len({one["key"] for one in sites.values()}) == len(sites)
    assert {one["issuer"] for one in sites.values()} == {f"{network.url}{path}".rstrip("/") for path in sites}
    async with network.client() as anybody:
        lists = [(await anybody.get(f"{path}wp-json/aiguy/v1/jwks")).json() for path in sites]
    assert len({key["kid"] for one in lists for key in one["keys"]}) == sum(len(one["keys"]) for one in lists)


async def test_a_guest_of_two_sites_is_a_guest_on_both_until_somebody_logs_in(network: Site) -> None:
    sessions = [f"{path}wp-json/aiguy/v1/session" for path in ("/", "/second/")]
    async with network.client() as guest:
        first, second, again = [
            (await guest.post(path, json={})).json()["visitor"] for path in [*sessions, sessions[0]]
        ]
        assert again == first != second
        assert len([name for name in guest.cookies if name.startswith("aiguy_guest")]) == len(sessions)
        guest.cookies.set("wordpress_test_cookie", "WP%20Cookie%20check")
        await guest.post("/wp-login.php", data={"log": "ada", "pwd": PASSWORD, "testcookie": "1"})
        assert not [name for name in guest.cookies if name.startswith("aiguy_guest")]


async def test_it_leaves_nothing_on_any_site(network: Site) -> None:
    await network.run(_USE)
    tables = {json.loads(place)[0] for place in await traces(network) if place.startswith("[")}
    assert {"wp_options", "wp_2_options", "wp_postmeta", "wp_2_postmeta", "wp_usermeta", "wp_sitemeta"} <= tables
    assert await network.run(_LEAVE, plugin.FILE, as_user="boss") is True
    assert await traces(network) == set()
    assert network.complaints() == []


async def test_a_site_that_keeps_its_settings_keeps_them_alone(network: Site) -> None:
    await network.run(_USE)
    await network.run(
        "switch_to_blog(2); update_option('aiguy_settings', ['delete_on_uninstall' => false]); restore_current_blog();"
    )
    assert await network.run(_LEAVE, plugin.FILE, as_user="boss") is True
    left = {json.loads(place)[0] for place in await traces(network) if place.startswith("[")}
    assert "wp_2_options" in left
    assert not left & {"wp_options", "wp_postmeta"}
