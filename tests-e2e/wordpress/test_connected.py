"""The plugin is installed from its zip, and the stack behind the front door knows the site."""

import jwt
import orjson
import pytest

from e2e.machine import Machine
from e2e.visitor import Visitor
from onebox.ports import GATEWAY
from servicekit.testing import eventually

from .goods import ADAS, BENS, Order, sell
from .plugin import FILE
from .site import Site
from .widget import visiting

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


async def test_what_a_visitor_asks_is_one_trace_from_wordpress_to_the_tool(
    wordpress: Site, running_machine: Machine
) -> None:
    """The door, the worker that ran the turn, and the service that was asked have all written the same down."""
    # Nobody has asked for this one yet: what was looked up is known for some minutes, and no service is asked.
    unasked = Order("WPT301", "Birch stool", 8900)
    await sell(running_machine, f"wp_{await wordpress.user_id('ada')}", "ada", [unasked])
    async with visiting(wordpress, "ada") as ada, ada.streamed(f"Where is my order {unasked.number}?") as answer:
        turn_id = answer.headers["x-aiguy-turn-id"]
        await answer.aread()
    logs = running_machine.stack.home.logs

    def lines(service: str) -> list[dict[str, object]]:
        texts = [path.read_text("utf-8").splitlines() for path in logs.glob(f"{service}*")]
        return [orjson.loads(line) for text in texts for line in text if line.startswith("{")]

    def ended() -> list[object]:
        return [one["trace_id"] for one in lines("orchestrator") if one.get("turn_id") == turn_id and "tools" in one]

    assert await eventually(lambda: bool(ended()), 20)
    (trace,) = ended()
    door = (running_machine.stack.home.root / GATEWAY / "access.log").read_text("utf-8").splitlines()
    assert [orjson.loads(line)["path"] for line in door if f'"trace_id":"{trace}"' in line] == ["/chat"]
    routes = {one["route"] for one in lines("orders") if one.get("trace_id") == trace}
    assert "/tools/get_order" in routes or "/tools/get_order_status" in routes
