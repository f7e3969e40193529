"""What a worker asks others for a turn carries the ids of the message, however long ago and wherever that came in."""

from types import SimpleNamespace
from typing import Any, cast

from contracts.errors import ProblemCode
from contracts.manifest import entry_from_contract
from contracts.registry import find_contract
from orchestrator.effects.runner import Runner
from orchestrator.effects.scope import TurnScope
from orchestrator.guard.vault import Vault
from orchestrator.tools.calls import CallFailed, failed
from orchestrator.tools.entry import make_entry
from orchestrator.turn.effects import CallTool
from orchestrator.turn.inputs import PlannedCall, ToolFailed
from orchestrator.turn.state import TurnState
from servicekit.clock import SystemClock
from servicekit.privacy import Finder
from servicekit.telemetry import inject_headers, request_context

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CONTRACT = find_contract("get_order_status")
CALL = PlannedCall(tool="get_order_status", arguments={"order_id": "ABC123"}, label="The order", args_hash="h")


class Gateway:
    """Remembers with which headers a service would be asked."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    async def call(self, request: object) -> CallFailed:
        self.sent.append(inject_headers())
        return failed(ProblemCode.DEPENDENCY_DOWN, attempts=1)


async def test_a_tool_is_asked_with_the_request_and_the_trace_of_the_message() -> None:
    assert CONTRACT is not None
    entry, gateway = make_entry(entry_from_contract(CONTRACT), "http://orders"), Gateway()
    world = SimpleNamespace(
        catalog=SimpleNamespace(entry=lambda _: entry), gateway=gateway, clock=SystemClock()
    )  # fmt: skip
    conversation = SimpleNamespace(
        id="cnv_1", customer=True, identity=SimpleNamespace(subject="cust_ada", email=None, name=None)
    )
    scope = TurnScope(
        cast(Any, conversation), "trn_1", "req_of_the_message", run=0, first=True, world=cast(Any, world),
        known=Vault(b"k" * 32, Finder.load()),
    )  # fmt: skip
    state = TurnState(text="Where is it?", traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    assert isinstance(await Runner(scope).ask(CallTool(call=CALL), state), ToolFailed)
    (sent,) = gateway.sent
    assert (sent["x-request-id"], sent["traceparent"].split("-")[1]) == ("req_of_the_message", TRACE)
    assert request_context() is None
