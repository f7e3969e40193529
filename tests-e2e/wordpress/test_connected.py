"""The plugin is installed from its zip, and the stack behind the front door knows the site."""

import jwt
import pytest

from e2e.machine import Machine
from e2e.visitor import Visitor

from .goods import ADAS, BENS
from .plugin import FILE
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_TOKEN = r"""
    $user = get_user_by('login', $arguments[0]);
    return \AIGuy\Chat\Tokens::for_visitor(\AIGuy\Chat\Visitor::of_user($user));
"""


async def test_the_plugin_is_active(wordpress: Site) -> None:
    assert await wordpress.run("return is_plugin_active($arguments[0]);", FILE)


async def test_its_tokens_verify_with_the_keys_that_it_shows(wordpress: Site) -> None:
    async with wordpress.client() as anybody:
        shown = (await anybody.get(wordpress.rest("/jwks"))).json()
    token = await wordpress.run(_TOKEN, "ada")
    key = jwt.PyJWKSet.from_dict(shown)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["EdDSA"], audience="orchestrator", issuer=wordpress.url)
    assert claims["sub"] == f"wp_{await wordpress.user_id('ada')}"
    assert 0 < claims["exp"] - claims["iat"] <= 300


async def test_the_stack_shows_a_customer_of_the_site_what_is_theirs_alone(
    wordpress: Site, running_machine: Machine
) -> None:
    token = await wordpress.run(_TOKEN, "ada")
    async with Visitor(running_machine.stack.front_door, lambda: token) as ada:
        own = await ada.say(f"Where is my order {ADAS[0].number}?")
        assert "on its way" in own.text
        foreign = await ada.say(f"Where is my order {BENS[0].number}?")
        assert BENS[0].item not in foreign.text
        assert "on its way" not in foreign.text
