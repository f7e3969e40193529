"""With models there is one more step: a stronger one that writes, in the same trace, with what it used."""

import secrets

import pytest

from e2e.collector import Collector
from e2e.llm import Llm, scripted_orchestrator
from e2e.machine import Machine
from e2e.people import stranger
from servicekit.testing import eventually
from servicekit.testing.live import live_server

from .matrix import load

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TRACE = secrets.token_hex(16)


async def test_the_model_that_writes_is_a_span_of_the_trace_with_what_it_used(
    running_machine: Machine, llm: Llm
) -> None:
    collector, wanted = Collector(), load()["spans"]["generate"]
    with live_server(collector.app()) as url:  # type: ignore[arg-type]
        await running_machine.reconfigure(collector.settings(url) | scripted_orchestrator(llm))
        search = {"calls": [{"name": "search_kb", "arguments": {"query": "How do I return an item?"}}]}
        llm.say("return an item", search, search, {"text": "You can send it back."})
        try:
            async with running_machine.visitor(stranger()) as visitor:
                visitor.http.headers["traceparent"] = f"00-{TRACE}-{secrets.token_hex(8)}-01"
                turn = await visitor.say("How do I return an item?")
            spans = await eventually(
                lambda: [one for one in collector.spans(wanted["service"]) if one.name == "generate"], 20
            )
        finally:
            await running_machine.reconfigure({})
    told = {one.key: one.value for one in spans[0].attributes}
    assert set(wanted["attributes"]) <= set(told)
    assert spans[0].trace_id.hex() == TRACE
    assert told["gen_ai.response.model"].string_value.endswith("scripted-large")
    assert told["gen_ai.request.model"].string_value.endswith("scripted-large")
    assert told["gen_ai.provider.name"].string_value == "openai"
    assert told["gen_ai.usage.output_tokens"].int_value > 0
    assert told["aiguy.turn"].string_value == turn.turn_id
