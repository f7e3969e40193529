"""The typed client: one named method per tool, each of which sends its own contract."""

import inspect
from typing import cast

import pytest

from contracts.clients.generated import Tools
from contracts.clients.port import write_input
from contracts.registry import CONTRACTS, AnyContract
from contracts.tool import InT, OutT, ToolContract
from contracts.tools.orders import OrderLookup, OrderView


class Recorder:
    """A caller that notes what it was asked to send, and answers with an unchecked empty output."""

    def __init__(self) -> None:
        self.asked: list[tuple[AnyContract, object]] = []

    async def call(self, contract: ToolContract[InT, OutT], args: InT) -> OutT:
        self.asked.append((contract, args))
        return cast(OutT, contract.output.model_construct())


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
async def test_each_tool_has_a_method_that_sends_its_contract(contract: AnyContract) -> None:
    recorder = Recorder()
    args = contract.input.model_construct()
    answer = await getattr(Tools(recorder), contract.name)(args)
    assert recorder.asked == [(contract, args)]
    assert isinstance(answer, contract.output)


def test_the_methods_are_typed() -> None:
    assert inspect.signature(Tools.get_order).return_annotation is OrderView


def test_only_what_was_set_is_sent_so_that_an_older_service_is_not_confused() -> None:
    assert write_input(OrderLookup(order_id="ABC123")) == b'{"order_id":"ABC123"}'
