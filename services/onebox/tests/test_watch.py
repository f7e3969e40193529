"""The embedded servers are kept running; those of the user are left alone."""

import asyncio

import pytest

from onebox.watch import ServerWatch
from servicekit.embedded import EmbeddedError
from servicekit.testing.waiting import eventually

from .conftest import Heard


class Fragile:
    """A server that can be made to die, and to fail its next starts."""

    def __init__(self, pid: int | None = 1) -> None:
        self.pid = pid
        self.starts = 0
        self.failures: list[Exception] = []

    def start(self) -> None:
        self.starts += 1
        if self.failures:
            raise self.failures.pop()
        self.pid = 1000 + self.starts


@pytest.mark.parametrize("failures", [(), (EmbeddedError("no room"),), (OSError("no room"), EmbeddedError("no room"))])
async def test_a_server_that_dies_is_started_again_until_it_runs(failures: tuple[Exception, ...]) -> None:
    server, heard = Fragile(), Heard()
    watch = ServerWatch({"valkey": server}, heard, pause_s=0.01)
    watch.start()
    server.failures, server.pid = [*failures], None
    await eventually(lambda: server.pid is not None)
    await watch.stop()
    assert server.starts == len(failures) + 1
    assert heard.troubles[0] == "valkey ended by itself; it is started again"
    assert [text for text in heard.troubles if "no room" in text] == ["valkey cannot be started: no room"] * len(
        failures
    )


async def test_a_server_of_the_users_own_and_one_that_is_stopped_are_left_alone() -> None:
    theirs, ours = Fragile(pid=None), Fragile()
    watch = ServerWatch({"theirs": theirs, "ours": ours}, Heard())
    watch.start()
    await watch.stop()
    ours.pid = None
    await asyncio.sleep(0)
    assert (theirs.starts, ours.starts) == (0, 0)
