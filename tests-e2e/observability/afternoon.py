"""The kinds of turns that the demo holds, on a stack that tells all it has to tell, and what it told meanwhile."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from e2e.approving import confirmed, decide, waiting
from e2e.collector import Collector
from e2e.machine import Machine
from e2e.people import stranger
from e2e.shop import paid_order
from e2e.visitor import Turn, Visitor
from onebox.keys import ADA, KIM
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from onebox.stack import SERVICES
from servicekit.testing import eventually
from servicekit.testing.live import live_server

#: A word that the customer writes in every message: no signal may hold it.
SECRET_WORD = "chrysanthemum"
TRACE = secrets.token_hex(16)


@dataclass
class Told:
    """`samples`: by service and metric, each series' labels. `lines`: the records of turns that ended."""

    collector: Collector
    turns: dict[str, Turn] = field(default_factory=dict)
    samples: dict[str, dict[str, list[Mapping[str, str]]]] = field(default_factory=dict)
    lines: dict[str, dict[str, object]] = field(default_factory=dict)


@asynccontextmanager
async def told_by(machine: Machine, model: Mapping[str, str]) -> AsyncIterator[Told]:
    """Holds the turns; the machine has its usual settings again afterwards."""
    told = Told(Collector())
    with live_server(told.collector.app()) as url:  # type: ignore[arg-type]
        settings = told.collector.settings(url) | {"AIGUY_NUMBERS_EVERY_S": "0.3"}
        await _restarted(machine, settings)
        await machine.reconfigure(settings | model)
        await machine.wipe_redis()  # or gauges that were read for all replicas before stay for a minute
        try:
            await _talk(machine, told)
            await eventually(lambda: _logged(machine, told), 20)
            await eventually(lambda: _counted(machine, told), 20)
            yield told
        finally:
            await _restarted(machine, {})
            await machine.reconfigure({})


async def _talk(machine: Machine, told: Told) -> None:
    async with AsyncExitStack() as visitors:

        async def visitor(person=None) -> Visitor:  # type: ignore[no-untyped-def]
            return await visitors.enter_async_context(machine.visitor(person or stranger()))

        shopper = await visitor()
        shopper.http.headers["traceparent"] = f"00-{TRACE}-{secrets.token_hex(8)}-01"
        told.turns["knowledge"] = await shopper.say(f"How do I return an item, my {SECRET_WORD}?")
        body = {name: getattr(told.turns["knowledge"], name) for name in ("conversation_id", "turn_id")}
        assert (
            await shopper.call("POST", "/api/agent/feedback", body | {"thumbs": "up", "csat": 5})
        ).status_code == 204
        shop = await paid_order(machine)
        buyer, staff = await visitor(shop.person), await visitor(KIM)
        told.turns["order"] = await (await visitor(ADA)).say(f"Where is my order ABC123? The {SECRET_WORD}!")
        small = await confirmed(buyer, shop.order, 50, f" for the {SECRET_WORD}")
        told.turns["small refund"] = small
        large = await confirmed(buyer, shop.order, 200, f" for the {SECRET_WORD}")
        assert (await decide(staff, await waiting(staff, large))).status_code == 202
        told.turns["large refund"] = await buyer.follow(large, to_end=True)
        other = await visitor()
        told.turns["person"] = await other.follow(await other.hand_off(await other.begin()), to_end=True)


async def _logged(machine: Machine, told: Told) -> bool:
    wanted = {turn.turn_id for turn in told.turns.values()}
    for path in machine.stack.home.logs.glob("orchestrator*"):
        for line in path.read_bytes().splitlines():
            if b'"turn_ended"' in line and (record := orjson.loads(line))["turn_id"] in wanted:
                told.lines[record["turn_id"]] = record
    return wanted <= set(told.lines)


async def _counted(machine: Machine, told: Told) -> bool:
    """Reads all metrics; whether the gauges of the database were read since the turns."""
    async with httpx.AsyncClient(timeout=10) as client:
        for service in SERVICES:
            answer = await client.get(f"{machine.stack.url(service)}/metrics")
            families = list(text_string_to_metric_families(answer.text))
            told.samples[service] = {
                one.name + ("_total" if one.type == "counter" else ""): [sample.labels for sample in one.samples]
                for one in families
                if not one.name.endswith("_created")
            }
            rated = [one for one in families if one.name == "aiguy_day_csat_answers"]
            if service == ORCHESTRATOR and not any(sample.value for one in rated for sample in one.samples):
                return False
    return "aiguy_outbox_messages" in told.samples["tickets"] and all(
        told.samples[service] for service in TOOL_SERVICES
    )


async def _restarted(machine: Machine, settings: Mapping[str, str]) -> None:
    async with asyncio.TaskGroup() as group:
        for name in TOOL_SERVICES:
            group.create_task(machine.stack.restart(name, settings))
