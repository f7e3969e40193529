"""Starts the product once for all end-to-end tests. All of them share one event loop: the supervisor lives on it."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent / "support"))

from e2e.llm import Llm, scripted_orchestrator
from e2e.machine import Machine
from e2e.people import ADA
from e2e.visitor import Visitor

from onebox.keys import Person

Visit = Callable[..., Visitor]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """The stack, started once."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    try:
        await machine.start()
        yield machine
    finally:
        await machine.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def machine(running_machine: Machine) -> Machine:
    """The stack with its usual settings and the offline Brain."""
    await running_machine.reconfigure({})
    return running_machine


@pytest_asyncio.fixture(loop_scope="session")
async def visit(running_machine: Machine) -> AsyncIterator[Visit]:
    """`visit(BEN)`: a visitor whose connections are closed after the test."""
    visitors: list[Visitor] = []

    def enter(person: Person = ADA, *, patient: bool = False) -> Visitor:
        visitors.append(running_machine.visitor(person, patient=patient))
        return visitors[-1]

    yield enter
    for visitor in visitors:
        await visitor.http.aclose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scripted_model() -> AsyncIterator[Llm]:
    """Our OpenAI-compatible server, on the tests' own loop."""
    async with Llm.running() as llm:
        yield llm


@pytest_asyncio.fixture(loop_scope="session")
async def llm(running_machine: Machine, scripted_model: Llm) -> AsyncIterator[Llm]:
    """The orchestrator asks the scripted model, which behaves again at the start of each test."""
    scripted_model.reset()
    await running_machine.reconfigure(scripted_orchestrator(scripted_model))
    yield scripted_model
    scripted_model.reset()
