"""A proposed call as it is journalled: with tokens, and with the hash of what will be sent."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.manifest import entry_from_contract
from contracts.registry import find_contract
from contracts.turn import ToolCall
from orchestrator.effects.call_planner import plan_call
from orchestrator.effects.call_tool import sent_arguments
from orchestrator.effects.scope import TurnScope
from orchestrator.guard.vault import Vault
from orchestrator.tools.entry import ToolEntry, make_entry
from orchestrator.tools.gateway import arguments_hash
from orchestrator.turn.state import TurnState
from servicekit.privacy import Finder


def entry(name: str) -> ToolEntry:
    contract = find_contract(name)
    assert contract is not None
    return make_entry(entry_from_contract(contract), "http://tool.example")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("get_order_status", {"order_id": "#abc123"}), ("search_kb", {"query": "mail to ada@mail.example"})],
)
def test_a_late_answer_finds_its_call_however_the_model_spelled_it(tool: str, arguments: dict[str, Any]) -> None:
    world = SimpleNamespace(catalog=SimpleNamespace(entry=entry))
    scope = TurnScope(
        cast(Any, None), "trn_1", "req_1", 0, True, cast(Any, world), known=Vault(bytes(32), Finder.load())
    )
    call = ToolCall(name=tool, arguments=arguments)
    planned = plan_call(call, scope.view(TurnState()), scope, cast(Any, None))
    assert planned.args_hash == arguments_hash(sent_arguments(tool, planned.arguments, scope))
