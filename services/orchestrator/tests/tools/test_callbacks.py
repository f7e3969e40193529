"""Tools that answer later: 202 is a promise from a tool that may make one, and its token is for that call alone."""

from typing import Any

import pytest

from contracts.errors import ProblemCode
from contracts.headers import CALLBACK
from orchestrator.tools.callbacks import Callback, Callbacks
from orchestrator.tools.calls import CallAccepted, CallFailed, CallRequest, CallSucceeded
from servicekit.errors import ProblemError
from servicekit.testing import FakeClock

SECRET = b"s" * 32


async def _may_answer_later(world: Any, tool: str, within_s: int = 60) -> None:
    for entry in world.service.entries:
        if entry["name"] == tool:
            entry["answers_within_s"] = within_s
    await world.catalog.refresh()


async def test_a_tool_that_may_answers_later_and_is_given_a_token_for_it(world: Any, read: CallRequest) -> None:
    await _may_answer_later(world, read.tool)
    world.service.later = True
    result = await world.gateway.call(read)
    assert isinstance(result, CallAccepted)
    assert (result.within_s, result.attempts) == (60, 1)
    sent = world.service.calls[0].headers[CALLBACK]
    assert sent.startswith(f"{read.turn_id}.{read.tool}.{read.args_hash}.")
    assert world.counted("aiguy_tool_attempts_total", tool=read.tool, result="accepted") == 1


async def test_it_may_also_answer_at_once(world: Any, read: CallRequest) -> None:
    await _may_answer_later(world, read.tool)
    assert isinstance(await world.gateway.call(read), CallSucceeded)


async def test_a_promise_is_not_kept_as_an_answer(world: Any, read: CallRequest) -> None:
    await _may_answer_later(world, read.tool)
    world.service.later = True
    await world.gateway.call(read)
    await world.gateway.call(read)
    assert len(world.service.calls) == 2


async def test_a_tool_that_may_not_has_no_token_and_its_202_is_no_answer(world: Any, read: CallRequest) -> None:
    world.service.later = True
    result = await world.gateway.call(read)
    assert isinstance(result, CallFailed)
    assert CALLBACK not in world.service.calls[0].headers


def _request(**changed: Any) -> CallRequest:
    told = {"tool": "t", "arguments": {"a": 1}, "args_hash": "f" * 32, "subject": "s", "role": "customer"}
    told |= {"conversation_id": "cnv_1", "turn_id": "trn_1", "request_id": "r", "timeout_s": 1.0}
    return CallRequest(**(told | changed))


def test_a_token_names_one_call_until_its_time_is_over() -> None:
    clock = FakeClock()
    callbacks = Callbacks(SECRET, clock)
    token = callbacks.token(_request(), 60)
    assert callbacks.read(token) == Callback("trn_1", "t", "f" * 32)
    clock.advance(61)
    with pytest.raises(ProblemError) as late:
        callbacks.read(token)
    assert late.value.code is ProblemCode.TOKEN_EXPIRED


@pytest.mark.parametrize("part", range(5))
def test_no_part_of_a_token_can_be_changed(part: int) -> None:
    callbacks = Callbacks(SECRET, FakeClock())
    parts = callbacks.token(_request(), 60).split(".")
    other = callbacks.token(_request(turn_id="trn_2", tool="u", args_hash="e" * 32), 600).split(".")
    parts[part] = other[part]
    with pytest.raises(ProblemError) as refused:
        callbacks.read(".".join(parts))
    assert refused.value.code is ProblemCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "token", ["", "....", "a.b.c.d.e", "a.b.c.9999999999999999.e", "a.b.c.٣.e", "x" * 5_000, "ü.b.c.1.e"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(ProblemError) as refused:
        Callbacks(SECRET, FakeClock()).read(token)
    assert refused.value.code is ProblemCode.UNAUTHENTICATED


def test_another_installations_token_is_refused() -> None:
    token = Callbacks(b"x" * 32, FakeClock()).token(_request(), 60)
    with pytest.raises(ProblemError):
        Callbacks(SECRET, FakeClock()).read(token)
