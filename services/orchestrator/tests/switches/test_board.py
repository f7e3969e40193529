"""A switch that is thrown anywhere stops the next call in every process; what was sent before goes to its end."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from contracts.errors import ProblemCode
from contracts.tool import Preview
from orchestrator.switches.board import SwitchBoard
from orchestrator.switches.changing import Moved, Turned, move_phase, turn_switch
from orchestrator.switches.policy import load_phases
from orchestrator.switches.state import PHASE, Position, Switches, Target
from orchestrator.switches.store import latest_changes, read_switches
from orchestrator.tools.calls import CallFailed, CallSucceeded
from orchestrator.tools.testing import Fault
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.testing import FakeClock, eventually

from .conftest import APPROVE, READ, REFUND, Shop

pytestmark = pytest.mark.service
REFUNDS = Target("issue_refund")
OFF, ON, SHADOW = Position.OFF, Position.ON, Position.SHADOW


def why(result: object) -> ProblemCode | None:
    return result.code if isinstance(result, CallFailed) else None


async def knows(board: SwitchBoard, version: int) -> None:
    await eventually(lambda: board.known is not None and board.known.version >= version)


async def test_a_switch_is_heard_by_every_process_at_once(shop: Shop) -> None:
    # Without the notice they would look again in an hour.
    boards = [shop.board(reread_s=3600) for _ in range(3)]
    processes = [await shop.process(board) for board in boards]
    change = await shop.turn(Target("get_refund"), OFF)
    assert change is not None
    for board in boards:
        await knows(board, change.number)
    for tools in processes:
        assert why(await tools.gateway.call(READ)) is ProblemCode.TOOL_SWITCHED_OFF
    assert shop.service.calls == []
    back = await shop.turn(Target("get_refund"), ON)
    assert back is not None
    await knows(boards[0], back.number)
    assert isinstance(await processes[0].gateway.call(READ), CallSucceeded)


async def test_a_process_that_missed_the_notice_reads_again(shop: Shop) -> None:
    board = shop.board(reread_s=0.05)
    await shop.process(board)
    async with shop.database.primary() as db:
        await db.execute("ALTER TABLE switch_changes DISABLE TRIGGER switch_changed")
        try:
            change = await shop.turn(REFUNDS, OFF)
        finally:
            await db.execute("ALTER TABLE switch_changes ENABLE TRIGGER switch_changed")
    assert change is not None
    await knows(board, change.number)


async def test_a_write_never_runs_behind_a_switch_that_its_process_has_not_heard_of(shop: Shop) -> None:
    board = shop.board()
    tools = await shop.process(board, runs=False)
    await board.refresh()
    await shop.turn(REFUNDS, OFF)
    assert board.known == Switches()  # as it was
    for _ in range(3):
        # What was refused was not begun: asked for again, it is refused again.
        assert why(await tools.gateway.call(REFUND)) is ProblemCode.TOOL_SWITCHED_OFF
    assert shop.service.calls == []


async def test_between_plan_and_preview_nothing_is_even_asked(shop: Shop) -> None:
    board = shop.board()
    tools = await shop.process(board)
    assert isinstance(await tools.gateway.preview(REFUND), Preview)
    change = await shop.turn(REFUNDS, OFF)
    assert change is not None
    await knows(board, change.number)
    shop.service.received.clear()
    assert why(await tools.gateway.preview(REFUND)) is ProblemCode.TOOL_SWITCHED_OFF
    assert shop.service.calls == []


async def test_between_approval_and_call_the_money_stays_and_the_refund_can_be_closed(shop: Shop) -> None:
    tools = await shop.process(shop.board())
    await shop.turn(REFUNDS, OFF)
    assert why(await tools.gateway.call(APPROVE)) is ProblemCode.TOOL_SWITCHED_OFF
    assert shop.service.effects == 0
    close = replace(READ, tool="close_refund", arguments={"refund_request_id": "rfr_1", "outcome": "expired"})
    assert isinstance(await tools.gateway.call(close), CallSucceeded)


async def test_a_write_that_was_sent_goes_to_its_end_also_from_a_process_that_took_over(shop: Shop) -> None:
    tools = await shop.process(shop.board())
    shop.service.faults.append(Fault.HANG_AFTER)
    assert why(await tools.gateway.call(replace(REFUND, timeout_s=0.3))) is ProblemCode.DEADLINE_EXCEEDED
    await shop.turn(REFUNDS, OFF)
    restarted = await shop.process(shop.board())
    assert isinstance(await restarted.gateway.call(REFUND), CallSucceeded)
    assert shop.service.effects == 1
    # The same words in another turn are another write.
    other = replace(REFUND, turn_id="trn_" + "9" * 32)
    assert why(await restarted.gateway.call(other)) is ProblemCode.TOOL_SWITCHED_OFF


async def test_a_write_that_a_resting_tool_never_saw_was_not_sent(shop: Shop) -> None:
    tools = await shop.process(shop.board())
    shop.service.always = Fault.ERROR_500
    for number in range(5):
        await tools.gateway.call(replace(READ, arguments={"order_id": f"{number}234"}))
        await tools.gateway.call(replace(REFUND, turn_id=f"trn_{number:032}"))
    assert tools.gateway.breaker_states()["issue_refund"] == "open"
    assert why(await tools.gateway.call(REFUND)) is ProblemCode.CIRCUIT_OPEN
    await shop.turn(REFUNDS, OFF)
    restarted = await shop.process(shop.board())
    shop.service.always = None
    assert why(await restarted.gateway.call(REFUND)) is ProblemCode.TOOL_SWITCHED_OFF


async def test_in_shadow_mode_reads_run_and_a_confirmed_write_does_not(shop: Shop) -> None:
    tools = await shop.process(shop.board())
    await shop.turn(Target(channel="web"), SHADOW)
    assert why(await tools.gateway.call(REFUND)) is ProblemCode.TOOL_SWITCHED_OFF
    assert isinstance(await tools.gateway.call(READ), CallSucceeded)
    assert isinstance(await tools.gateway.call(replace(REFUND, channel="email")), CallSucceeded)


async def test_without_the_database_the_last_known_state_holds_and_no_write_begins(shop: Shop) -> None:
    lost = await Database.connect(shop.url, size=2)
    board = shop.board(lost)
    tools = await shop.process(board, runs=False)
    await shop.turn(Target("get_invoice_pdf"), OFF)
    await board.refresh()
    await lost.close()
    with pytest.raises((ProblemError, asyncpg.InterfaceError)):
        await board.refresh()
    assert tools.gateway.why_not("get_invoice_pdf", "web") is not None
    assert isinstance(await tools.gateway.call(READ), CallSucceeded)
    assert why(await tools.gateway.call(REFUND)) is ProblemCode.DEPENDENCY_DOWN
    assert shop.service.effects == 0
    told = shop.metrics[id(board)].registry.get_sample_value
    assert told("aiguy_switches_reads_total", {"result": "failed"}) == 1


async def test_a_message_that_comes_before_the_first_reading_is_answered_as_its_channel_is_switched(shop: Shop) -> None:
    board = shop.board()
    async with shop.database.primary() as db:
        assert await board.mode(db, "web") == "on"
    assert board.known is not None


async def test_before_the_first_reading_nothing_is_changed(shop: Shop) -> None:
    nothing = await Database.connect("postgresql://nobody@127.0.0.1:1/none", size=1)
    board = shop.board(nothing)
    tools = await shop.process(board, runs=False)
    assert why(await tools.gateway.preview(REFUND)) is ProblemCode.TOOL_SWITCHED_OFF
    assert why(await tools.gateway.call(REFUND)) is ProblemCode.DEPENDENCY_DOWN
    assert isinstance(await tools.gateway.call(READ), CallSucceeded)
    assert shop.service.effects == 0
    await nothing.close()


async def test_a_board_whose_connection_is_cut_listens_again(shop: Shop) -> None:
    board = shop.board(reread_s=3600)
    await shop.process(board)
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> $1"
    async with shop.database.primary() as db:
        own = await db.fetchval("SELECT pg_backend_pid()")
        await eventually(lambda: _cut(db, cut, own))
    change = await shop.turn(REFUNDS, OFF)
    assert change is not None
    await knows(board, change.number)


async def _cut(db: "asyncpg.Connection[asyncpg.Record]", statement: str, own: int) -> bool:
    return bool(await db.fetchval(statement, own))


async def test_of_two_admins_at_once_one_is_told_what_the_other_did(shop: Shop) -> None:
    async def throw(wanted: Position) -> str:
        try:
            async with shop.database.transaction() as db:
                turned = Turned(Target(channel="email"), ON, wanted, "at once", f"staff_{wanted.value}")
                change = await turn_switch(db, turned)
        except ProblemError as error:
            return error.code.value
        return "nothing" if change is None else "done"

    assert sorted(await asyncio.gather(throw(OFF), throw(SHADOW))) == ["conflict", "done"]
    async with shop.database.primary() as db:
        last = (await latest_changes(db, 10))[0]
        assert last.by == f"staff_{last.became}"
    # Who wants what is there already has it.
    assert await throw(Position(last.became)) == "nothing"


async def test_what_was_switched_can_be_neither_changed_nor_taken_back(shop: Shop) -> None:
    await shop.turn(REFUNDS, OFF)
    async with shop.database.primary() as db:
        for statement in (
            "UPDATE switch_changes SET reason = ''",
            "DELETE FROM switch_changes",
            "TRUNCATE switch_changes",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(statement)


async def test_a_phase_is_moved_through_gates_or_with_an_override_that_is_written_down(shop: Shop) -> None:
    policy, now = load_phases(), FakeClock().now()

    async def to(seen: str, wanted: str, *, override: bool = False) -> object:
        async with shop.database.transaction() as db:
            return await move_phase(db, policy, Moved(seen, wanted, "roll-out", "staff_kim", override), now)

    await to("channels", "faq")
    with pytest.raises(ProblemError, match="turns") as refused:
        await to("faq", "orders")
    assert refused.value.code is ProblemCode.CONFLICT
    with pytest.raises(ProblemError) as refused:
        await to("tickets", "orders", override=True)
    assert refused.value.code is ProblemCode.CONFLICT
    await to("faq", "orders", override=True)
    async with shop.database.primary() as db:
        switches, (last, first) = await read_switches(db), await latest_changes(db, 2)
    assert (switches.phase, first.unmet, last.target) == ("orders", (), PHASE)
    assert last.unmet == ("orders: turns", "orders: rated answers")
    tools = await shop.process(shop.board())
    assert why(await tools.gateway.call(REFUND)) is ProblemCode.TOOL_SWITCHED_OFF
    with pytest.raises(ProblemError, match="no such phase"):
        await to("orders", "nowhere")
    assert await to("orders", "orders") is None
