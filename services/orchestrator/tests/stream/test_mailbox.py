"""Where an open stream waits for its frames."""

import asyncio

import pytest

from orchestrator.stream.mailbox import BACKLOG, Mailbox


async def test_all_that_waits_comes_as_one_piece_in_its_order() -> None:
    mailbox = Mailbox()
    for batch in (b"one ", b"two ", b"three"):
        mailbox.put(batch)
    assert await mailbox.take(1) == b"one two three"


async def test_an_empty_batch_hides_nothing_behind_it() -> None:
    mailbox = Mailbox()
    mailbox.put(b"")
    mailbox.put(b"one")
    assert await mailbox.take(1) == b"one"


async def test_a_batch_wakes_the_reader() -> None:
    mailbox = Mailbox()
    taking = asyncio.create_task(mailbox.take(10))
    await asyncio.sleep(0)
    mailbox.put(b"one")
    assert await asyncio.wait_for(taking, 2) == b"one"


async def test_nothing_in_its_time_is_a_timeout_and_the_next_waiting_has_its_own_time() -> None:
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    mailbox.put(b"one")
    assert await mailbox.take(60) == b"one"
    for timeout_s in (0.05, 0.02, 0.06):
        began = loop.time()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(mailbox.take(timeout_s), 5)
        assert loop.time() - began >= timeout_s - 0.005


async def test_a_long_wait_is_not_ended_by_the_timer_of_a_short_one_before() -> None:
    mailbox = Mailbox()
    short = asyncio.create_task(mailbox.take(0.05))
    await asyncio.sleep(0)
    mailbox.put(b"one")
    assert await short == b"one"
    long = asyncio.create_task(mailbox.take(30))
    done, _ = await asyncio.wait((long,), timeout=0.2)
    assert not done
    mailbox.put(b"two")
    assert await asyncio.wait_for(long, 2) == b"two"


async def test_one_that_is_cut_off_gets_what_it_had_before_then_looks_into_the_store_then_goes_on() -> None:
    mailbox = Mailbox()
    mailbox.put(b"before")
    mailbox.cut_off()
    mailbox.put(b"after")
    assert [await mailbox.take(1), await mailbox.take(1), await mailbox.take(1)] == [b"before", None, b"after"]


async def test_one_that_does_not_keep_up_is_cut_off_and_goes_on_with_what_comes_then() -> None:
    mailbox = Mailbox()
    for _ in range(BACKLOG):
        mailbox.put(b"old ")
    mailbox.put(b"new")
    assert [await mailbox.take(1), await mailbox.take(1)] == [None, b"new"]


async def test_a_reader_that_is_cancelled_leaves_no_timer() -> None:
    mailbox = Mailbox()
    taking = asyncio.create_task(mailbox.take(30))
    await asyncio.sleep(0)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    mailbox.close()
    mailbox.put(b"late")
    assert mailbox._timer is None
