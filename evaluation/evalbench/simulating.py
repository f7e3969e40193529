"""Lets the personas talk to the running stack, and judges each conversation as a case is judged."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx

from e2e.machine import Machine
from evalbench.case import Case, Said
from evalbench.checking import Finding, check
from evalbench.effects import happened
from evalbench.personas import END, MOST_TURNS, Persona
from evalbench.playing import Answer, Played, exchange
from evalbench.running import Tried
from evalbench.shoppers import shopper


async def simulate(machine: Machine, personas: Sequence[Persona], pages: Mapping[str, str]) -> list[Tried]:
    """Each persona once: the conversation that came of it, and what is wrong with it."""
    return list(await asyncio.gather(*(_one(machine, persona, pages) for persona in personas)))


async def _one(machine: Machine, persona: Persona, pages: Mapping[str, str]) -> Tried:
    who = await shopper(machine, Case.model_validate(_row(persona, [{"says": "-", "outcome": ["answered"]}])))
    answers: list[Answer] = []
    stage, broke, conversation_id = next(iter(persona.stages)), "", ""
    async with machine.visitor(who.person) as visitor:
        try:
            conversation_id = await visitor.begin()
            while stage != END and len(answers) < MOST_TURNS:
                now = persona.stages[stage]
                # Anything that the persona can go on from will do; what must not be is the same in each turn.
                said = Said(says=now.says, outcome=("answered",), lacks=persona.lacks, confirm=now.confirm)
                answer = await exchange(visitor, conversation_id, said, who)
                answers.append(answer)
                stage = persona.following(stage, answer.ending)
        except (AssertionError, httpx.HTTPError) as error:
            broke = f"{type(error).__name__}: {error}"[:300]
    case = Case.model_validate(_row(persona, [one.said.model_dump() for one in answers] or [
        {"says": "-", "outcome": ["answered"]}]))  # fmt: skip
    played = Played(
        case, tuple(answers), await happened(machine, conversation_id, who.orders), who.places, conversation_id, broke
    )
    found = [one for one in check(played, pages) if one.kind != "outcome"]
    if answers and answers[-1].ending not in persona.good:
        found.append(Finding("outcome", len(answers), f"it ended {answers[-1].ending}"))
    return Tried(case, [played], [found])


def _row(persona: Persona, turns: list[dict[str, object]]) -> dict[str, object]:
    name = persona.name.replace(" ", "-")
    return {
        "id": name, "category": "persona", "tier": "private", "turns": turns, "effects": persona.effects.model_dump(),
        "orders": [{"total": 90_000}],
    }  # fmt: skip
