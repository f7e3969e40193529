"""Whatever a model proposes, nothing malformed leaves the orchestrator."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ProblemCode
from contracts.manifest import entry_from_contract
from contracts.registry import CONTRACTS, AnyContract
from orchestrator.tools.calls import CallFailed, CallRequest
from orchestrator.tools.entry import make_entry

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda one: st.lists(one) | st.dictionaries(st.text(max_size=5), one), max_leaves=5)
HOSTILE = st.sampled_from(["' OR 1=1 --", "../..", "a@b.example", "\x00", "{{7*7}}", "9" * 400, "<script>", "ABC123"])
NAMES = ["", "get_order ", "GET_ORDER", "get_order\x00", "tools/get_order", "../admin", "eval", "x" * 9000, "получить"]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_an_argument_that_no_contract_names_is_never_accepted(contract: AnyContract) -> None:
    entry = make_entry(entry_from_contract(contract), "http://tool.example")
    known = list(entry.input_schema["properties"])

    @settings(max_examples=60, deadline=None)
    @given(st.dictionaries(st.sampled_from(known), VALUES | HOSTILE), st.text(max_size=9), VALUES | HOSTILE)
    def refused(arguments: dict[str, Any], invented: str, value: Any) -> None:
        if invented not in known:
            assert not entry.accepts.accepts({**arguments, invented: value})

    refused()


@pytest.mark.parametrize("name", NAMES)
async def test_an_unknown_name_never_reaches_a_service(world: Any, read: CallRequest, name: str) -> None:
    request = replace(read, tool=name)
    for result in (await world.gateway.call(request), await world.gateway.preview(request)):
        assert isinstance(result, CallFailed)
        assert (result.code, result.attempts) == (ProblemCode.TOOL_UNKNOWN, 0)
    assert world.service.calls == []
