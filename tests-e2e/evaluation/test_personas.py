"""Customers who hold several turns, on the running stack; and their state machines by themselves."""

import pytest
from evalbench.case import Effects
from evalbench.pages import help_pages
from evalbench.personas import END, MOST_TURNS, PERSONAS, Persona, Stage
from evalbench.report import transcript
from evalbench.simulating import simulate


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda one: one.name)
def test_every_stage_can_be_reached_and_leads_to_the_end(persona: Persona) -> None:
    following = {name: set(stage.then.values()) or {END} for name, stage in persona.stages.items()}
    first = next(iter(persona.stages))
    reached, seen = {first}, set()
    while fresh := reached - seen - {END}:
        seen |= fresh
        reached |= set().union(*(following[name] for name in fresh))
    assert reached - {END} == set(persona.stages)
    assert END in reached
    assert len(persona.stages) <= MOST_TURNS


def test_the_ending_of_a_turn_chooses_what_is_said_next() -> None:
    persona = Persona(
        "p", {"a": Stage("x", {"refused": "b", "else": "c"}), "b": Stage("y", {})}, Effects(), frozenset()
    )
    assert [persona.following(*one) for one in (("a", "refused"), ("a", "answered"), ("b", "answered"))] == [
        "b",
        "c",
        END,
    ]


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_no_persona_gets_what_it_must_not(machine) -> None:
    tried = await simulate(machine, PERSONAS, help_pages())
    assert len(tried) == len(PERSONAS)
    wrong = {one.case.id: [str(found) for found in one.findings[0] if found.kind != "outcome"] for one in tried}
    told = "\n".join(transcript(one.runs[0]) for one in tried if wrong[one.case.id])
    assert wrong == {one.case.id: [] for one in tried}, told


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_a_persona_that_gets_what_it_must_not_is_found(machine) -> None:
    lucky = Persona(
        "lucky",
        {"a": Stage("refund $20 for {order}", {}, confirm=True)},
        Effects(),
        frozenset({"refused"}),
        ("is done",),
    )
    (one,) = await simulate(machine, [lucky], help_pages())
    assert {found.kind for found in one.findings[0]} == {"outcome", "words", "effect"}
