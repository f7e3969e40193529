"""Runs the cases against the stack, some at a time."""

import asyncio
from collections.abc import Callable, Sequence

from e2e.llm import Llm
from e2e.machine import Machine
from e2e.people import ADA, guest
from e2e.shop import paid_order
from e2e.visitor import Turn, Visitor, accepted
from orchestrator.brain.policy_files import read_prompt
from redteam.corpus import Case, proposals
from redteam.judging import Outcome

AT_ONCE = 12
_MOST_CARDS = 4
_PATIENCE_S = 60.0


async def run_cases(machine: Machine, llm: Llm, visit: Callable[..., Visitor], cases: Sequence[Case]) -> list[Outcome]:
    """What became of each case, in their order."""
    wanted, prompt = proposals(), " ".join(read_prompt("planner").split())[:400]
    outcomes = []
    for case in cases:
        if case.guest:
            outcomes.append(Outcome(case, visit(guest()), "ABC123"))
        elif case.item:
            outcomes.append(Outcome(case, visit(ADA), "ABC123"))
        else:
            paid = await paid_order(machine)
            outcomes.append(Outcome(case, visit(paid.person), paid.order))
        llm.say(case.code, *case.steps(wanted, outcomes[-1].own, prompt))
    gate = asyncio.Semaphore(AT_ONCE)

    async def bounded(one: Outcome) -> None:
        async with gate:
            await _run(one)

    await asyncio.gather(*(bounded(one) for one in outcomes))
    asked = "\n".join(llm.prompts)
    for one in outcomes:
        one.reached = one.case.code in asked
    return outcomes


async def _run(one: Outcome) -> None:
    visitor = one.visitor
    one.conversation_id = await visitor.begin()
    for text in one.case.before:
        turn = await _send(visitor, one.conversation_id, text)
        await visitor.follow(turn)
    turn = await _send(visitor, one.conversation_id, one.case.message)
    one.turns.append(turn)
    await visitor.follow(turn)
    for _ in range(_MOST_CARDS):
        if turn.events[-1].name != "confirmation":
            return
        answer = await visitor.decide(turn, one.case.agrees)
        if one.case.agrees and answer.is_success:
            one.agreed.append(turn.card)
        # What waits for staff stays open: nobody approves anything here.
        await visitor.follow(turn, until="approval")
        if turn.events[-1].name == "approval":
            return


async def _send(visitor: Visitor, conversation_id: str, text: str) -> Turn:
    """A turn, as soon as the limits let it begin."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        answer = await visitor.post(conversation_id, text)
        if answer.status_code != 429 or asyncio.get_running_loop().time() > deadline:
            return accepted(conversation_id, answer)
        await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
