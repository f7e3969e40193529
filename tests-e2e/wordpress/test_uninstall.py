"""The plugin goes without a trace: what it kept is gone with it, and nothing else is."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from servicekit.testing import eventually

from . import plugin
from .site import Site
from .widget import visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Every table with all of its rows, and every file that WordPress's own folders do not have by themselves.
_EVERYTHING = """
    global $wpdb;
    wp_cache_flush();
    $found = ['cron' => _get_cron_array(), 'roles' => wp_roles()->roles, 'files' => []];
    foreach ($wpdb->get_col('SHOW TABLES') as $table) {
        $found['tables'][$table] = $wpdb->get_results("SELECT * FROM $table", ARRAY_A);
    }
    foreach (['uploads', 'plugins', 'languages', 'mu-plugins'] as $folder) {
        $folder = WP_CONTENT_DIR . "/$folder";
        if (is_dir($folder)) {
            $inside = new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS);
            foreach (new RecursiveIteratorIterator($inside) as $path => $file) {
                $found['files'][] = $path;
            }
        }
    }
    return $found;
"""
_LEAVE = """
    deactivate_plugins($arguments[0]);
    $left = _get_cron_array();
    $done = delete_plugins([$arguments[0]]);
    return ['cron' => $left, 'done' => $done];
"""


async def traces(site: Site) -> set[str]:
    """What is there, of us: names of options, meta, tables, events, capabilities and files."""
    found = await site.run(_EVERYTHING)
    rows = [json.dumps([table, row]) for table, rows in found["tables"].items() for row in rows]
    places = [*rows, *found["tables"], json.dumps(found["cron"]), json.dumps(found["roles"]), *found["files"]]
    # What an administrator did is in WordPress's own words, and stays.
    return {place for place in places if "aiguy" in place.lower() and '"wp_posts"' not in place}


@pytest_asyncio.fixture(loop_scope="session")
async def used(wordpress: Site, packed: Path, set_up: dict[str, Any]) -> AsyncIterator[Site]:
    """The plugin has been used by all kinds of people; it is there again for the tests after this one."""
    for login in ("ada", ""):
        async with visiting(wordpress, login) as somebody:
            await somebody.post("chat", {"session_id": "web-0123456789", "message": "How do I return an item?"})
    async with wordpress.client("boss") as boss:
        for page in (
            "index.php", "site-health.php", "admin.php?page=aiguy-approvals", "options-general.php",
            "options-privacy.php?tab=policyguide",
        ):  # fmt: skip
            assert (await boss.get(f"/wp-admin/{page}")).status_code == 200
    await wordpress.page("Returns", "Within 30 days. [aiguy_chat]")
    yield wordpress
    if not await wordpress.run("return is_plugin_active($arguments[0]);", plugin.FILE):
        await plugin.install(wordpress, packed)
    await wordpress.option("aiguy_settings", set_up)

    async def believed() -> bool:
        async with visiting(wordpress) as somebody:
            return (await somebody.post("conversations", {"session_id": "web-0123456789"})).status_code < 300

    # The plugin has new keys, and the backend looks for keys that it does not know every ten seconds at most.
    await eventually(believed, 30.0)


async def test_it_leaves_nothing(used: Site) -> None:
    before = await traces(used)
    assert len(before) > 5
    gone = await used.run(_LEAVE, plugin.FILE, as_user="boss")
    assert "aiguy" not in json.dumps(gone["cron"]), "switched off, it plans nothing"
    assert gone["done"] is True
    assert await traces(used) == set()
