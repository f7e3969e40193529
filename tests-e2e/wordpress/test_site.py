"""The tests' WordPress is one."""

import html

import httpx
import pytest

from .site import TITLE, Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_its_front_page_answers(site: Site) -> None:
    async with site.client() as guest:
        answer = await guest.get("/")
    assert answer.status_code == 200
    assert f"<title>{html.escape(TITLE)}</title>" in answer.text


async def test_its_people_are_who_they_are(site: Site) -> None:
    async with site.client("boss") as boss, site.client("ada") as ada:
        assert (await boss.get("/wp-admin/plugins.php")).status_code == 200
        assert (await ada.get("/wp-admin/plugins.php")).status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize("structure", ["", "/%postname%/"])
async def test_pages_are_there_with_every_kind_of_permalinks(site: Site, structure: str) -> None:
    await site.permalinks(structure)
    try:
        url = await site.page("Help", "We are here for you.")
        async with site.client() as guest:
            assert "We are here for you." in (await guest.get(url)).text
    finally:
        await site.permalinks("/%postname%/")
