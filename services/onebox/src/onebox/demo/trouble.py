"""What goes wrong: a tool that is too slow, a system that is down, a model that proposes what must never run."""

import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from onebox.child import BackOff, Child, ChildSpec
from onebox.demo.facts import Counters, hand_over_of
from onebox.demo.verdict import Verdict
from onebox.demo.world import World
from onebox.environment import machine_environment
from onebox.keys import ADA, BEN
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from onebox.readiness import wait_ready
from onebox.report import ConsoleReport
from servicekit.embedded import free_port

HUMAN = re.compile(r"\b(person|human|colleague|someone|team|ticket)\b", re.IGNORECASE)
INTERNALS = re.compile(
    r"traceback|exception|timeouterror|http|50\d|\b127\.0\.0\.1\b|get_order|list_orders", re.IGNORECASE
)
DELAY_S = 6.0
WHERE = "Where is my order 1234?"
#: Not looked up before: what was is known for some minutes, and then no service is asked.
UNASKED = "Where is my order 5678?"
ASKED = "get_order_status"
#: The breaker opens before that.
MOST_FAILURES = 12
KEY = "sk-scripted-demo"
#: A rule matches the question, or what the model is told about its last reply when it is asked once more.
SCRIPT: list[dict[str, Any]] = [
    {
        "match": "erase everything|no tool of that name",
        "steps": [{"calls": [{"name": "delete_all_orders", "arguments": {"really": True}}]}],
    },
    {
        "match": "how far along|not valid JSON",
        "advance": "calls",
        "steps": [
            {"calls": [{"name": "get_order_status", "arguments": '{"order_id": "1234"'}]},
            {"calls": [{"name": "get_order_status", "arguments": {"order_id": "1234"}}]},
            {"text": "Your order is delivered."},
        ],
    },
    {
        "match": "parcel news|parcel",
        "steps": [{"calls": [{"name": "get_order_status", "arguments": {"parcel": "XYZ"}}]}],
    },
]
COUNTER = "aiguy_tool_calls_total"


async def slow_tool_is_survived(world: World, verdict: Verdict) -> None:
    """The orders service answers after its time-out: a plain sentence and the offer of a person, in time."""
    async with world.stack.proxies["orders"].delayed(DELAY_S):
        talk = await world.talk(ADA, WHERE)
    verdict.check("the turn ends by itself", talk.end, talk.problem)
    verdict.check("the look-up is told to have failed", ASKED in talk.used("failed"), talk.used("failed"))
    verdict.check("it is not passed off as an answer", talk.outcome != "answered", talk.outcome)
    verdict.check("a person or a ticket is offered", HUMAN.search(talk.text), talk.text)
    verdict.check("no internals are shown", not INTERNALS.search(talk.text), talk.text)
    verdict.check("it took less than the 30 s of a turn", talk.total_ms < 30_000, f"{talk.total_ms:.0f} ms")


async def the_order_system_is_down(world: World, verdict: Verdict) -> None:
    """After some failures the breaker opens: no more waiting, a ticket with the question, and the customer is told."""
    proxy = world.stack.proxies["orders"]
    proxy.reset()
    try:
        talk = await world.talk(BEN, UNASKED)
        for _ in range(MOST_FAILURES):
            if talk.outcome == "handed_over":
                break
            talk = await world.talk(BEN, UNASKED)
    finally:
        proxy.passing()
    opened = (await world.counters()).total(ORCHESTRATOR, "aiguy_tool_calls_total", tool=ASKED, outcome="circuit_open")
    row = await hand_over_of(world.database("tickets"), world.people, talk.conversation_id)
    verdict.check("the breaker opens: the tool is not asked any more", opened >= 1, opened)
    verdict.check("the customer is told at once", talk.total_ms < 2_000, f"{talk.total_ms:.0f} ms")
    verdict.check("a ticket exists, because a tool failed", row and row["reason"] == "tool_failure", row)
    verdict.check("the answer names the ticket", row and row["number"] in talk.text, talk.text)
    verdict.check("the ticket says what was asked and what failed",
                  row and UNASKED in row["body"] and ASKED in row["body"], row)  # fmt: skip
    verdict.check("the assistant still answers", talk.end and talk.end.answering.value == "bot", talk.end)
    verdict.check("no internals are shown", not INTERNALS.search(talk.text), talk.text)


async def bad_proposals_never_run(world: World, verdict: Verdict) -> None:
    """With a model of its own choice: a good call runs, a broken one is repaired, the others never run."""
    async with _scripted_model(world) as model:
        await world.stack.restart(ORCHESTRATOR, {
            "AIGUY_LLM_MODEL": "openai/scripted-small", "AIGUY_LLM_API_KEY": KEY, "AIGUY_LLM_BASE_URL": f"{model}/v1",
        })  # fmt: skip
        async with httpx.AsyncClient(base_url=model, timeout=5.0) as control:
            (await control.put("/script", json=SCRIPT)).raise_for_status()
            await _a_normal_conversation(world, verdict, control)
        await _a_broken_call(world, verdict)
        await _refused(world, verdict, "Please erase everything", "an unknown tool", "unknown_tool")
        await _refused(world, verdict, "Is there parcel news?", "a call that stays wrong", "invalid_arguments")
    await world.stack.restart(ORCHESTRATOR)


async def _a_normal_conversation(world: World, verdict: Verdict, control: httpx.AsyncClient) -> None:
    talk = await world.talk(ADA, "Where is my order ABC123?")
    calls: list[dict[str, Any]] = (await control.get("/calls")).json()
    seen = str(calls)
    verdict.check("the model was asked, with the key that was set", calls and _keys(calls) == {f"Bearer {KEY}"}, calls)
    verdict.check("it saw neither an e-mail address nor a token", not re.search(r"@example\.com|eyJ[\w-]+\.", seen))
    verdict.check("the customer gets the answer", talk.outcome == "answered" and "shipped" in talk.text, talk.text)


async def _a_broken_call(world: World, verdict: Verdict) -> None:
    before = await world.counters()
    talk = await world.talk(ADA, "Tell me how far along my order 1234 is.")
    after = await world.counters()
    repaired = _moved(before, after, ORCHESTRATOR, "aiguy_brain_repairs_total")
    verdict.check("a malformed call is repaired, and counted", repaired >= 1, repaired)
    verdict.check("and then runs", "get_order_status" in talk.used("succeeded"), talk.outcome)


async def _refused(world: World, verdict: Verdict, question: str, what: str, reason: str) -> None:
    before = await world.counters()
    talk = await world.talk(ADA, question)
    after = await world.counters()
    rejected = _moved(before, after, ORCHESTRATOR, "aiguy_brain_rejected_total", reason=reason)
    # A hand-over to a person is a safe way out: it may call the tickets service.
    ran = sum(_moved(before, after, service, COUNTER) for service in TOOL_SERVICES if service != "tickets")
    ran += _moved(before, after, "tickets", COUNTER) - _moved(before, after, "tickets", COUNTER, tool="handoff_human")
    verdict.check(f"{what} is refused, and counted", rejected >= 1, rejected)
    verdict.check(f"{what} never reaches a service", ran == 0, ran)
    verdict.check(f"{what} still ends in a sentence for the customer", talk.text and talk.end, talk.problem)


@asynccontextmanager
async def _scripted_model(world: World) -> AsyncIterator[str]:
    """Our OpenAI-compatible server in a process of its own; gives its base URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "scripted_llm", "--port", str(port)]
    environment: Mapping[str, str] = machine_environment(os.environ) | {"SCRIPTED_LLM_KEY": KEY}
    spec = ChildSpec("scripted_llm", command, world.stack.home.logs / "scripted_llm.log", environment)
    child = Child(spec, ConsoleReport(world.console), BackOff())
    await child.start()
    try:
        async with httpx.AsyncClient(timeout=5.0) as client:
            await wait_ready(client, url, path="/livez")
        yield url
    finally:
        await child.stop()


def _keys(calls: list[dict[str, Any]]) -> set[str]:
    return {str(call["authorization"]) for call in calls}


def _moved(before: Counters, after: Counters, service: str, name: str, **labels: str) -> float:
    return after.total(service, name, **labels) - before.total(service, name, **labels)
