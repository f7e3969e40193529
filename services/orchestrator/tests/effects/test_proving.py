"""Who can prove a mail address, and whose call waits for that: decided from the conversation, never by a Brain."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.manifest import entry_from_contract
from contracts.registry import find_contract
from orchestrator.effects.call_planner import needs_proof
from orchestrator.effects.scope import TurnScope
from orchestrator.guard.vault import Vault
from orchestrator.tools.entry import ToolEntry, make_entry
from orchestrator.turn.inputs import PlanMade, PlannedCall
from orchestrator.turn.state import TurnState
from servicekit.privacy import Finder


class Proofs:
    """Knows one address, or none."""

    def __init__(self, address: str | None) -> None:
        self.address = address

    async def proven(self, *_: object) -> str | None:
        return self.address


class Database:
    """Connections that nobody looks at."""

    def primary(self) -> "Database":
        return self

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None


def entry(name: str) -> ToolEntry | None:
    contract = find_contract(name)
    return None if contract is None else make_entry(entry_from_contract(contract), "http://tool.example")


def scope_of(
    *, channel: str = "email", customer: bool = False, proving: Proofs | None, mails: bool = True
) -> TurnScope:
    """A turn's scope; without `mails` the shop cannot send any."""

    def offered(name: str) -> ToolEntry | None:
        return None if name == "email_answer" and not mails else entry(name)

    world = SimpleNamespace(proving=proving, database=Database(), catalog=SimpleNamespace(entry=offered))
    conversation = SimpleNamespace(channel=channel, customer=customer)
    vault = Vault(b"k" * 32, Finder.load())
    return TurnScope(cast(Any, conversation), "trn_1", "req_1", 0, True, cast(Any, world), known=vault)


ADA = Proofs("ada@example.com")


async def test_who_wrote_by_mail_and_is_not_signed_in_can_prove_an_address() -> None:
    scope = scope_of(proving=ADA)
    assert scope.may_prove
    assert await scope.proven_email() == "ada@example.com"


@pytest.mark.parametrize(
    "scope",
    [
        scope_of(channel="web", proving=ADA), scope_of(channel="slack", proving=ADA),
        scope_of(customer=True, proving=ADA),
        scope_of(proving=None), scope_of(mails=False, proving=ADA),
    ],
    ids=["a guest of the chat who left an address", "slack", "signed in", "switched off", "no outgoing mail"],
)  # fmt: skip
async def test_nobody_else_can(scope: TurnScope) -> None:
    assert not scope.may_prove
    assert await scope.proven_email() is None


@pytest.mark.parametrize(
    ("tool", "address", "waits"),
    [
        ("get_order", None, True), ("get_order_status", None, True), ("list_orders", None, True),
        ("get_order", "ada@example.com", False), ("list_orders", "ada@example.com", False),
        ("search_kb", None, False), ("create_ticket", None, False),
    ],
)  # fmt: skip
async def test_a_call_waits_for_the_proof_where_its_tool_asks_for_one(
    tool: str, address: str | None, waits: bool
) -> None:
    made = PlanMade(call=PlannedCall(tool=tool, arguments={}, args_hash="1", label=""))
    found = await needs_proof(made, TurnState(customer=False), scope_of(proving=Proofs(address)))
    assert isinstance(found, PlanMade)
    assert found.call is not None
    assert found.call.unproven is waits


async def test_a_customers_call_never_waits_for_it() -> None:
    made = PlanMade(call=PlannedCall(tool="get_order", arguments={}, args_hash="1", label=""))
    assert await needs_proof(made, TurnState(customer=True), scope_of(customer=True, proving=Proofs(None))) == made
