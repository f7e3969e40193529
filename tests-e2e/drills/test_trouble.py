"""What the runbooks say to do, done on the running stack: the trouble is made, seen as the page says, and ended."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.registry import CONTRACTS
from e2e.facts import rows, tickets_of
from e2e.llm import Llm, scripted_orchestrator
from e2e.machine import Machine
from e2e.people import ADA, stranger
from e2e.shop import paid_order
from onebox.ports import ORCHESTRATOR
from onebox.stack import StackError
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
RUNBOOKS = Path(__file__).resolve().parents[2] / "services" / "runbooks"
PROMISED = "SELECT id FROM pgqueuer WHERE entrypoint = 'hand_off' AND convert_from(payload, 'UTF8') = $1"
#: A model with a price.
PRICED = "openai/gpt-4o-mini"
#: What only looks, and needs nothing further, in any of the pages.
LOOKING = re.compile(r"`\.venv/bin/(aiguy (?:status|usage|audit verify))`")


@pytest_asyncio.fixture(loop_scope="session")
async def hurt(machine: Machine) -> AsyncIterator[Machine]:
    """The stack, which has its usual settings again afterwards."""
    yield machine
    await machine.reconfigure({})


@pytest.fixture
def at_home(machine: Machine, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who sits at this machine."""
    (tmp_path / "onebox").symlink_to(machine.stack.home.root)
    return {**os.environ, "AIGUY_HOME": str(tmp_path), "NO_COLOR": "1"}


async def command(line: str, environment: dict[str, str]) -> tuple[int, str]:
    """Runs `aiguy …` as somebody types it; its exit code and what it said."""
    words = [sys.executable, "-m", "onebox", *line.split()[1:]]
    done = await asyncio.to_thread(
        subprocess.run, words, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


async def test_every_command_that_only_looks_works_as_it_is_written(machine, visit, at_home) -> None:
    await visit(ADA).say("How do I return an item?")
    lines = sorted({line for page in RUNBOOKS.glob("*.md") for line in LOOKING.findall(page.read_text("utf-8"))})
    assert lines == ["aiguy audit verify", "aiguy status", "aiguy usage"]
    for line in lines:
        code, said = await command(line, at_home)
        assert code == 0, f"{line}: {said}"


async def test_refunds_are_stopped_at_once_and_all_else_goes_on(hurt: Machine, visit) -> None:
    shop = await paid_order(hurt)
    left = [one.name for one in CONTRACTS if one.name not in {"issue_refund", "approve_refund"}]

    await hurt.reconfigure({"AIGUY_TOOL_ALLOWLIST": json.dumps(left)})

    customer = visit(shop.person)
    turn = await customer.say(f"Refund order {shop.order} for $50")
    assert turn.named("confirmation") == []
    assert await shop.refunds() == []
    assert (await visit(ADA).say("Where is my order ABC123?")).outcome == "answered"

    await hurt.reconfigure({})
    assert (await customer.say(f"Refund order {shop.order} for $50")).named("confirmation")


async def test_turns_that_no_worker_takes_wait_and_go_on_with_one(hurt: Machine, visit) -> None:
    await hurt.reconfigure({"AIGUY_WORKER": "off", "AIGUY_NUMBERS_EVERY_S": "0.2"})
    customer = visit(stranger(), patient=True)
    turn = await customer.send(await customer.begin(), "How do I return an item?")

    async def is_seen() -> bool:
        return (await hurt.counters()).total(ORCHESTRATOR, "aiguy_jobs_due", kind="run_turn") == 1

    await eventually(is_seen, 20)
    await hurt.reconfigure({})

    assert (await customer.follow(turn)).outcome == "answered"


async def test_a_bad_deploy_of_one_service_is_seen_named_and_rolled_back(hurt: Machine, visit, at_home) -> None:
    with pytest.raises(StackError, match="orders_backend"):  # the last lines of its log name the setting
        await hurt.stack.restart("orders", {"AIGUY_ORDERS_BACKEND": "a shop that nobody knows"})

    code, said = await command("aiguy status", at_home)
    assert code == 1
    assert re.search(r"down\s+orders", said), said
    await hurt.wipe_redis()  # or a look-up of a moment ago answers
    turn = await visit(ADA).say("Where is my order ABC123?")
    assert turn.outcome in {"tool_failed", "handed_over"}
    assert (await visit(stranger()).say("How do I return an item?")).outcome == "answered"

    await hurt.stack.restart("orders")

    async def answered() -> bool:
        return (await visit(ADA).say("Where is my order ABC123?")).outcome == "answered"

    await eventually(answered, 90)
    assert (await command("aiguy status", at_home))[0] == 0


@contextmanager
def hanging(machine: Machine, service: str) -> Iterator[None]:
    """The service takes connections and answers none, until the block ends."""
    pid = machine.stack.pids[service]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_person_who_was_promised_comes_when_tickets_are_back(hurt: Machine, visit) -> None:
    customer, tickets = visit(stranger()), hurt.database("tickets")
    with hanging(hurt, "tickets"):
        turn = await customer.say("I want to talk to a person")
        assert turn.outcome == "handed_over"
        assert turn.text
        assert await rows(hurt.database(ORCHESTRATOR), PROMISED, turn.turn_id), "the promise is a job that waits"
        assert await tickets_of(tickets, turn.conversation_id) == []

    async def one_ticket() -> bool:
        return len(await tickets_of(tickets, turn.conversation_id)) == 1

    await eventually(one_ticket, 90)


async def test_when_the_models_cost_too_much_a_higher_cap_brings_them_back(
    hurt: Machine, visit, scripted_model: Llm
) -> None:
    scripted_model.reset()
    told = scripted_orchestrator(
        scripted_model, AIGUY_LLM_MODEL=PRICED, AIGUY_LLM_WRITER_MODEL=PRICED, AIGUY_LLM_FALLBACK_MODEL=PRICED
    )

    async def asks_the_model() -> bool:
        scripted_model.model.received.clear()
        await visit(stranger()).say("How do I return an item?")
        return bool(scripted_model.model.received)

    async def asks_it_no_more() -> bool:
        return not await asks_the_model()

    await hurt.reconfigure({**told, "AIGUY_CAP_SHOP_DAY_USD": "0.000001"})
    await eventually(asks_it_no_more, 60)  # what the first ones cost is seen by all within seconds

    await hurt.reconfigure({**told, "AIGUY_CAP_SHOP_DAY_USD": "1000"})
    assert await asks_the_model()
    scripted_model.reset()
