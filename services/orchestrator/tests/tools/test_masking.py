"""What of a tool's arguments and output goes through the vault: all of it, unless everybody may read it."""

from dataclasses import replace
from typing import Any, cast

import pytest

from contracts.manifest import entry_from_contract
from contracts.tool import RiskTier
from contracts.tools.orders import GET_ORDER, LIST_ORDERS
from contracts.tools.retrieval import SEARCH_KB
from orchestrator.effects.call_tool import call_tool
from orchestrator.guard.vault import Vault
from orchestrator.tools.calls import CallRequest, CallSucceeded
from orchestrator.tools.entry import make_entry
from orchestrator.tools.masking import masked_output, restored_arguments
from orchestrator.turn.effects import CallTool
from orchestrator.turn.inputs import PlannedCall, ToolSucceeded
from orchestrator.turn.state import TurnState

SEARCH = make_entry(entry_from_contract(SEARCH_KB), "http://tools")
ORDER = make_entry(entry_from_contract(GET_ORDER), "http://tools")
LIST = make_entry(entry_from_contract(LIST_ORDERS), "http://tools")
MAIL = "zoe.quint@mail.example"


@pytest.mark.parametrize(
    "changed", [{"risk": RiskTier.PRIVATE}, {"write": True}, {"guests": False}, {"redact": ("text",)}]
)
def test_only_a_harmless_read_for_everybody_with_nothing_to_hide_is_public(changed: dict[str, Any]) -> None:
    assert SEARCH.is_public
    assert not replace(SEARCH, **changed).is_public


def test_a_search_gets_tokens_and_gives_its_words_as_they_are(vault: Vault) -> None:
    asked = {"query": vault.mask(f"Who is {MAIL}?")}
    assert restored_arguments(SEARCH, asked, vault) == asked
    assert restored_arguments(ORDER, asked, vault) == {"query": f"Who is {MAIL}?"}
    assert masked_output(SEARCH, {"text": MAIL}, vault) == {"text": MAIL}


def test_of_a_tool_that_nobody_knows_every_field_is_hidden(vault: Vault) -> None:
    told = masked_output(None, {"town": "Portland", "parts": [{"name": "Lamp"}], "house": 98, "done": True}, vault)
    assert [word for word in ("Portland", "Lamp", "98") if word in str(told)] == []
    assert told["done"] is True


def test_of_a_list_of_orders_each_one_is_masked_like_an_order_that_was_looked_up(vault: Vault) -> None:
    order = {
        "order_id": "ABC123", "status": "shipped", "ship_to": "Portland, US", "items": [{"name": "Lamp"}],
        "tracking_url": "https://parcelway.example/t/PW0040106028",
    }  # fmt: skip
    told = masked_output(LIST, {"orders": [order], "more": False}, vault)
    assert told == {"orders": [masked_output(ORDER, order, vault)], "more": False}
    assert [word for word in ("ABC123", "Portland", "PW0040106028") if word in str(told)] == []
    assert (told["orders"][0]["status"], told["orders"][0]["items"]) == ("shipped", [{"name": "Lamp"}])


class Leaving:
    """A gateway whose catalogue loses the tool while its call is under way."""

    def __init__(self) -> None:
        self.known: Any = ORDER

    def entry(self, _name: str) -> Any:
        return self.known

    async def call(self, _request: CallRequest) -> CallSucceeded:
        self.known = SEARCH
        return CallSucceeded({"ship_to": "Portland, US"}, 1.0, 1, cached=False)


async def test_an_answer_is_masked_by_what_the_tool_was_when_it_was_called(vault: Vault) -> None:
    world = cast(Any, Leaving())
    world.catalog = world.gateway = world
    who = type("Who", (), {"subject": "cust_zoe", "email": None, "name": None})
    conversation = type("Conversation", (), {"id": "cnv_1", "customer": True, "identity": who})
    scope = type("Scope", (), {
        "world": world, "vault": vault, "conversation": conversation, "turn_id": "trn_1", "request_id": "req_1",
        "now_ms": lambda _self: 0,
    })()  # fmt: skip
    call = PlannedCall(tool="get_order", arguments={}, args_hash="1", label="")
    result = await call_tool(CallTool(call), TurnState(), cast(Any, scope))
    assert isinstance(result, ToolSucceeded)
    assert "Portland" not in str(result.output)
