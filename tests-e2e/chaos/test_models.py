"""A model that is down, or fails now and then, while customers ask and money moves.

`tests-e2e/test_bad_models.py` has what single faults do to a turn. `make chaos` runs the storm here over 2,000 turns.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chaos.customers import ERRANDS, Customer, Errand, act_all, come_all
from chaos.judging import outcomes, trouble
from chaos.verdicts import FAILED_SHARE, Verdicts
from contracts.tools.retrieval import SEARCH_KB
from e2e.llm import Llm, scripted_orchestrator
from onebox.faults import FaultProxy
from scripted_llm.replies import UNFINISHED
from servicekit.testing.proving import how_many

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TURNS = int(os.environ.get("AIGUY_CHAOS_TURNS") or how_many(120, 2_000))
AT_ONCE, SHARE = 8, 0.1
GONE = "nobody listens"
FAULTS = ("server_error", "rate_limited", "stall", "cut", "broken_json", "empty")
BY_NAME = {errand.name: errand for errand in ERRANDS}
HELLO = Errand("hello", SEARCH_KB, "Hello!", "knowledge")
#: A ticket is not among them: which words ask for one is for each model to say.
ASKED = (BY_NAME["order"], BY_NAME["invoice"], BY_NAME["question"], BY_NAME["refund"])
SHARES = {BY_NAME["order"]: 35, BY_NAME["invoice"]: 15, BY_NAME["question"]: 30, BY_NAME["refund"]: 10, HELLO: 10}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line(running_machine, scripted_model: Llm) -> AsyncIterator[FaultProxy]:
    """The line to the model; the orchestrator asks it over this one."""
    proxy = FaultProxy(int(scripted_model.server.base_url.rsplit(":", 1)[1].split("/")[0]))
    await proxy.start()
    url = {"AIGUY_LLM_BASE_URL": f"http://127.0.0.1:{proxy.port}/v1"}
    await running_machine.reconfigure(scripted_orchestrator(scripted_model, **url))
    yield proxy
    await proxy.stop()


@pytest.fixture
def model(scripted_model: Llm, line: FaultProxy) -> Llm:
    """The model, which behaves again at the start of each test."""
    scripted_model.reset()
    return scripted_model


@pytest.mark.parametrize("fault", [GONE, *FAULTS])
async def test_while_the_model_is_away_customers_are_served_without_it_and_with_it_when_it_is_back(
    running_machine, visit, model: Llm, line: FaultProxy, fault: str
) -> None:
    customers = await come_all(ASKED, running_machine, visit)
    port = line.port
    if fault == GONE:
        await line.stop()
    else:
        model.behave(error_rate=1, error_faults=(fault,), retry_after_s=30)
    await act_all(customers, running_machine)
    seen = {customer.errand.name: await customer.see_the_end() for customer in customers}
    if fault == GONE:
        await line.start(port)
    model.behave()
    allowed = outcomes("models")[fault]
    assert {name: what for name, what in seen.items() if what not in allowed[name]} == {}
    assert await trouble(running_machine, customers) == []
    after = await come_all(ASKED, running_machine, visit)
    await act_all(after, running_machine)
    assert {(await customer.see_the_end(), customer.turn.outcome) for customer in after} == {("answer", "answered")}


async def test_when_one_call_in_ten_fails_hardly_anybody_notices(
    running_machine, visit, model: Llm, verdicts: Verdicts
) -> None:
    seed = int(os.environ.get("AIGUY_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"seed {seed}: AIGUY_TEST_SEED={seed} asks the same questions and fails as often")
    dice, places = random.Random(seed), asyncio.Semaphore(AT_ONCE)
    model.behave(error_rate=SHARE, error_faults=FAULTS, retry_after_s=1, seed=seed)
    asked: list[Customer] = []
    seen: Counter[str] = Counter()

    async def hold(errand: Errand) -> None:
        async with places:
            customer = await Customer.come(errand, running_machine, visit)
            asked.append(customer)
            if errand.agrees and not customer.served:
                seen["no card"] += 1
                return
            await customer.act()
            seen[await customer.see_the_end()] += 1

    await asyncio.gather(*(hold(errand) for errand in dice.choices(list(SHARES), list(SHARES.values()), k=TURNS)))
    endless = sum(customer.turn is None or len(customer.turn.named("end")) != 1 for customer in asked)
    half = sum(UNFINISHED.split(" will")[0] in customer.turn.text for customer in asked if customer.turn)
    failed = seen.total() - seen["answer"]
    struck = sum(one.ended != "complete" for one in model.model.received)
    print(f"{dict(seen)}; the model failed {struck} of its last {len(model.model.received)} calls")
    verdicts.models(turns=TURNS, failed=failed, endless=endless, half=half, struck=struck)
    assert (seen.total(), endless, half) == (TURNS, 0, 0)
    assert failed < FAILED_SHARE * TURNS, dict(seen)
    # A model that never failed would show nothing.
    assert struck > TURNS / 40
    agreed = [customer for customer in asked if not customer.errand.agrees or customer.turn.named("confirmation")]
    assert await trouble(running_machine, agreed) == []
