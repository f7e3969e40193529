"""Starts the product once for all end-to-end tests. All of them share one event loop: the supervisor lives on it."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent / "support"))
# The fakes of providers live with their services' tests.
sys.path.insert(1, str(Path(__file__).parent.parent / "services" / "billing" / "tests" / "stripe"))
sys.path.insert(2, str(Path(__file__).parent.parent / "services" / "tickets" / "tests"))
sys.path.insert(3, str(Path(__file__).parent.parent / "services" / "orchestrator" / "tests" / "channels"))

from e2e.browser import chromium
from e2e.llm import Llm, scripted_orchestrator
from e2e.machine import Machine
from e2e.people import ADA
from e2e.visitor import Visitor
from onebox.keys import Person

#: One browser for all folders.
__all__ = ["chromium"]

Visit = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with the same settings of the orchestrator run together: each change restarts it. Killing comes last."""
    here = Path(__file__).parent
    places = [index for index, item in enumerate(items) if item.path.parent == here]
    for index, item in zip(places, sorted((items[index] for index in places), key=_settings_of), strict=True):
        items[index] = item


#: What a test asks for by the name of a fixture; those with the same wish run together.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "short_cards": {"AIGUY_CONFIRMATION_TTL_S": "2"},
    "short_approvals": {"AIGUY_APPROVAL_TTL_S": "4"},
    "short_rests": {"AIGUY_BREAKER_OPEN_S": "1"},
}
_ORDER = (*SETTINGS, "scripted_model", "llm")


def _settings_of(item: pytest.Item) -> int:
    if item.path.name == "test_kill.py":
        return len(_ORDER) + 1
    asked = getattr(item, "fixturenames", ())
    return max((place for place, name in enumerate(_ORDER, 1) if name in asked), default=0)


@pytest.fixture(scope="session")
def state_directory() -> Iterator[Path]:
    """Where the machine keeps everything. Postgres, which is not root, may enter; AIGUY_TEST_KEEP=1 keeps it."""
    directory = Path(tempfile.mkdtemp(prefix="aiguy-e2e-"))
    directory.chmod(0o755)
    yield directory
    if os.environ.get("AIGUY_TEST_KEEP") == "1":
        print(f"kept: {directory}")
    else:
        shutil.rmtree(directory)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_machine(state_directory: Path) -> AsyncIterator[Machine]:
    """The stack, started once."""
    machine = Machine(state_directory)
    try:
        await machine.start()
        yield machine
    finally:
        await machine.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def machine(running_machine: Machine, request: pytest.FixtureRequest) -> Machine:
    """The stack with its usual settings and the offline Brain, unless the test asks for others."""
    if not {"llm", *SETTINGS} & set(request.fixturenames):
        await running_machine.reconfigure({})
    return running_machine


@pytest_asyncio.fixture(loop_scope="session")
async def short_cards(running_machine: Machine) -> None:
    """Customers have two seconds for a card."""
    await running_machine.reconfigure(SETTINGS["short_cards"])


@pytest_asyncio.fixture(loop_scope="session")
async def short_approvals(running_machine: Machine) -> None:
    """Staff have four seconds."""
    await running_machine.reconfigure(SETTINGS["short_approvals"])


@pytest_asyncio.fixture(loop_scope="session")
async def short_rests(running_machine: Machine) -> None:
    """A breaker is open for one second."""
    await running_machine.reconfigure(SETTINGS["short_rests"])


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
