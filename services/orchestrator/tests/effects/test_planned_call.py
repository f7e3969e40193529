"""A proposed call as it is journalled: with tokens, and with their hash."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.manifest import entry_from_contract
from contracts.registry import find_contract
from contracts.turn import ToolCall
from orchestrator.effects.call_planner import plan_call
from orchestrator.effects.scope import TurnScope
from orchestrator.guard.vault import Vault
from orchestrator.tools.entry import ToolEntry, make_entry
from orchestrator.tools.gateway import arguments_hash
from orchestrator.turn.inputs import PlannedCall
from orchestrator.turn.state import Observed, TurnState
from servicekit.privacy import Finder


def entry(name: str) -> ToolEntry:
    contract = find_contract(name)
    assert contract is not None
    return make_entry(entry_from_contract(contract), "http://tool.example")


@pytest.mark.parametrize(
    ("tool", "spelled", "otherwise"),
    [
        ("get_order_status", {"order_id": "#abc123"}, {"order_id": "ABC123"}),
        ("search_kb", {"query": "mail to ada@mail.example"}, {"query": "mail to Ada@mail.example"}),
    ],
)
def test_a_call_is_the_same_however_the_model_spelled_it(
    tool: str, spelled: dict[str, Any], otherwise: dict[str, Any]
) -> None:
    first, second, unlike = (planned(tool, one).args_hash for one in (spelled, otherwise, dict.fromkeys(spelled, "no")))
    assert first == second
    assert unlike != first


def test_its_hash_cannot_be_tried_out_without_the_conversations_key() -> None:
    made = planned("get_order_status", {"order_id": "ABC123"})
    assert made.args_hash == arguments_hash(made.arguments)
    assert "ABC123" not in str(made.arguments)


def test_a_number_that_its_look_up_made_an_order_is_one_in_the_question_too() -> None:
    vault = Vault(bytes(32), Finder.load())
    scope = TurnScope(cast(Any, None), "trn_1", "req_1", 0, True, cast(Any, SimpleNamespace()), known=vault)
    state = TurnState(text="A full refund for QZ700123 please")
    assert scope.view(state).question == state.text, "nothing says yet that it is a number"
    call = PlannedCall(
        tool="get_order", arguments=vault.mask_fields({"order_id": "QZ700123"}, ()), args_hash="", label=""
    )
    found = Observed(call, output=vault.mask_fields({"order_id": "QZ700123"}, ()))
    seen = scope.view(replace(state, observed=(found,)))
    assert seen.observations[0].output == {"order_id": call.arguments["order_id"]}
    assert seen.question == f"A full refund for {call.arguments['order_id']} please"


def planned(tool: str, arguments: dict[str, Any]) -> PlannedCall:
    """The call as the planner makes it."""
    world = SimpleNamespace(catalog=SimpleNamespace(entry=entry))
    vault = Vault(bytes(32), Finder.load())
    scope = TurnScope(cast(Any, None), "trn_1", "req_1", 0, True, cast(Any, world), known=vault)
    return plan_call(ToolCall(name=tool, arguments=arguments), scope.view(TurnState()), scope, cast(Any, None))
