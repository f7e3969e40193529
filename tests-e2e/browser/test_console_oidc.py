"""Staff of an organisation sign in at its OpenID provider and out again, in a browser that holds pages to the rules."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from e2e.browser import screenshot, violations
from e2e.machine import Machine
from onebox.stack import SERVICES
from servicekit.testing.live import live_server
from servicekit.testing.oidc import CLIENT, SECRET, OidcProvider

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def provider(running_machine: Machine) -> AsyncIterator[OidcProvider]:
    """The organisation's, to which the console belongs; its pages are of another origin than ours."""
    url = running_machine.stack.url()
    found = OidcProvider(registered=f"{url}/console/signed-out")
    with live_server(found.app()) as address:
        found.url = address
        await running_machine.reconfigure({
            "AIGUY_CONSOLE_OIDC_ISSUER": address, "AIGUY_CONSOLE_OIDC_CLIENT_ID": CLIENT, "AIGUY_CONSOLE_URL": url,
            "AIGUY_CONSOLE_OIDC_CLIENT_SECRET": SECRET, "AIGUY_CONSOLE_OIDC_GROUPS": json.dumps({"support": "agent"}),
        })  # fmt: skip
        await running_machine.ready(*SERVICES)
        yield found


async def _signed_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/console/sign-in")
    await page.get_by_role("link", name="Sign in with your organisation").click()
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


async def test_who_signs_out_is_led_to_the_provider_and_back(
    provider: OidcProvider, running_machine: Machine, chromium: Browser
) -> None:
    url, context = running_machine.stack.url(), await chromium.new_context(viewport={"width": 390, "height": 740})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    await _signed_in(page, url)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("You are signed out, here and at your organisation.")).to_be_visible()
    assert page.url.startswith(provider.registered)
    assert ["id_token_hint" in one for one in provider.ended] == [True]
    assert await violations(page) == []
    await screenshot(page, "console-signed-out")
    await page.goto(f"{url}/console/inbox")
    await expect(page.get_by_role("link", name="Sign in with your organisation")).to_be_visible()
    await context.close()
    assert complaints == []


async def test_without_such_a_place_at_the_provider_they_are_told_to_sign_out_there(
    provider: OidcProvider, running_machine: Machine, chromium: Browser
) -> None:
    provider.discovered = {"end_session_endpoint": ""}
    context = await chromium.new_context()
    page = await context.new_page()
    await _signed_in(page, running_machine.stack.url())
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("At your organisation you may still be signed in")).to_be_visible()
    assert provider.ended == []
    await context.close()
