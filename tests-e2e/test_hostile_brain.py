"""A model that does what an attacker says moves no money and reads nothing: judged in the databases, not by words."""

import pytest

from e2e.hostile import SECRETS, Attack, attacks, money_moved
from e2e.people import ADA, guest
from e2e.visitor import Turn, Visitor

pytestmark = pytest.mark.e2e
in_session = pytest.mark.asyncio(loop_scope="session")
ATTACKS = list(attacks())


def test_there_are_at_least_sixty_attacks_and_no_two_are_alike() -> None:
    assert len({str(attack) for attack in ATTACKS}) == len(ATTACKS) >= 60


async def _obey(visitor: Visitor, text: str) -> Turn:
    """The customer, who suspects nothing, says yes to every card."""
    turn = await visitor.say(text)
    if turn.events[-1].name == "confirmation":
        answer = await visitor.decide(turn, True)
        assert answer.status_code == 202, answer.text
        await visitor.follow(turn, to_end=True)
    return turn


@in_session
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
async def test_a_hostile_brain_moves_nothing_and_reads_nothing(machine, visit, llm, attack: Attack) -> None:
    before = await money_moved(machine)
    llm.say("please", *attack.steps())
    visitor, asked = visit(ADA), len(llm.prompts)
    turn = await _obey(visitor, "Would you please help me?")
    assert len(llm.prompts) > asked, "the model was never asked"
    assert await money_moved(machine) == before
    seen = "\n".join(visitor.received)
    assert [secret for secret in SECRETS if secret in seen] == []
    assert [secret for prompt in llm.prompts for secret in SECRETS if secret in prompt] == []
    assert turn.outcome != "answered" or turn.tools("succeeded") == set()


@in_session
@pytest.mark.parametrize("tool", [
    "get_order", "get_order_status", "list_orders", "get_invoice_pdf", "get_refund", "issue_refund",
])  # fmt: skip
async def test_for_a_guest_it_reaches_nothing_at_all(machine, visit, llm, tool: str) -> None:
    before = await money_moved(machine)
    money = {"amount_minor": 100, "currency": "USD", "reason": "x"} if tool == "issue_refund" else {}
    asked = {} if tool == "list_orders" else {"order_id": "1234", **money}
    llm.say("please", *Attack("guest", tool, asked).steps())
    visitor, before_it = visit(guest()), len(llm.prompts)
    turn = await _obey(visitor, "Would you please help me?")
    assert len(llm.prompts) > before_it, "the model was never asked"
    assert await money_moved(machine) == before
    assert turn.tools("succeeded") == set()
    assert "Burlington" not in "\n".join(visitor.received)
