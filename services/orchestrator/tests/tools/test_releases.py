"""Releases of a tool side by side: a call goes where it is understood, whoever planned it, whoever carries it out."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ErrorClass, ProblemCode
from orchestrator.tools.calls import CallFailed, CallRequest, CallSucceeded
from orchestrator.tools.testing import Fault
from servicekit.testing import eventually

LATER = {"order_id": "ABC123", "locale": "en"}


async def test_a_call_says_which_version_it_was_planned_with(world: Any, read: CallRequest) -> None:
    await world.gateway.call(read)
    await world.gateway.call(replace(read, version="1.7.0"))
    assert [one.headers["x-aiguy-contract"] for one in world.service.calls] == ["1.0.0", "1.7.0"]


async def test_replicas_of_the_release_before_are_passed_over_and_cost_no_retry(world: Any, write: CallRequest) -> None:
    world.service.faults.extend([Fault.OLDER] * 4)
    done = await world.gateway.call(write)
    assert isinstance(done, CallSucceeded)
    assert (done.attempts, world.service.effects) == (5, 1)
    assert len({one.headers["idempotency-key"] for one in world.service.calls}) == 1
    assert world.gateway.breaker_states().get("add_order_note") == "closed"


async def test_where_all_replicas_are_older_the_call_ends_in_time_and_the_manifest_is_read_again(
    world: Any, read: CallRequest
) -> None:
    world.service.always = Fault.OLDER
    failed = await world.gateway.call(read)
    assert isinstance(failed, CallFailed)
    assert (failed.code, failed.error_class) == (ProblemCode.CONTRACT_VERSION, ErrorClass.TRANSIENT)
    assert failed.ms < 450
    refreshing = asyncio.create_task(world.catalog.run())
    try:
        await eventually(lambda: len(world.service.received) - len(world.service.calls) == 2, 5)
    finally:
        refreshing.cancel()


async def test_a_call_of_a_later_release_is_left_to_the_service(world: Any, read: CallRequest) -> None:
    """Its worker had read the manifest of the next release; this one has not met it yet."""
    done = await world.gateway.call(replace(read, arguments=LATER, version="1.1.0"))
    assert isinstance(done, CallSucceeded)
    assert world.service.calls[0].arguments == LATER


@pytest.mark.parametrize("version", ["", "1.0.0", "0.9.0", "2.0.0", "later"])
async def test_any_other_call_that_breaks_the_contract_is_not_sent(world: Any, read: CallRequest, version: str) -> None:
    failed = await world.gateway.call(replace(read, arguments=LATER, version=version))
    assert isinstance(failed, CallFailed)
    assert (failed.code, world.service.calls) == (ProblemCode.INVALID_REQUEST, [])


async def test_what_must_not_leave_does_not_leave_in_a_later_release_either(world: Any, read: CallRequest) -> None:
    said = {"order_id": "ABC123", "locale": "sk_live_0123456789abcdef0123"}
    failed = await world.gateway.call(replace(read, arguments=said, version="1.1.0"))
    assert isinstance(failed, CallFailed)
    assert world.service.calls == []
