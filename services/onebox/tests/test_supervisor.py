"""The supervisor: crashed processes come back, and no process stays behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebox.child import BackOff, ChildSpec
from onebox.supervisor import Supervisor
from servicekit.embedded.process import is_running
from servicekit.testing.waiting import eventually

from .conftest import Heard

WAITS = "import signal; signal.sigwait([signal.SIGTERM])"
IGNORES_SIGTERM = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
)
CRASHES = "raise SystemExit(3)"
HAS_A_CHILD = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-IS", "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
signal.sigwait([signal.SIGTERM])
"""
OWNER = """
import asyncio, sys
from pathlib import Path
from onebox.child import ChildSpec
from onebox.report import ConsoleReport
from onebox.supervisor import Supervisor

async def main():
    supervisor = Supervisor(ConsoleReport())
    command = [sys.executable, "-IS", "-c", "import signal; signal.pause()"]
    await supervisor.start([ChildSpec("waiter", command, Path(sys.argv[1]))])
    print(supervisor.pids["waiter"], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def supervisor(heard: Heard) -> AsyncIterator[Supervisor]:
    made = Supervisor(heard, BackOff(first_s=0.02, most_s=0.05))
    yield made
    await made.stop()


def spec(tmp_path: Path, name: str, code: str, stop_wait_s: float = 10.0) -> ChildSpec:
    command = [sys.executable, "-IS", "-c", code]
    return ChildSpec(name, command, tmp_path / f"{name}.log", dict(os.environ), stop_wait_s)


async def test_a_killed_process_is_started_again_and_reported(
    supervisor: Supervisor, heard: Heard, tmp_path: Path
) -> None:
    await supervisor.start([spec(tmp_path, "orders", WAITS)])
    first = supervisor.pids["orders"]

    os.kill(first, signal.SIGKILL)
    await eventually(lambda: supervisor.restarts["orders"] == 1)

    assert supervisor.pids["orders"] != first
    assert any("orders ended by SIGKILL" in said for said in heard.troubles)


async def test_a_process_that_cannot_live_is_tried_again_and_again_with_growing_pauses(
    supervisor: Supervisor, heard: Heard, tmp_path: Path
) -> None:
    await supervisor.start([spec(tmp_path, "billing", CRASHES)])

    await eventually(lambda: supervisor.restarts["billing"] >= 3)

    assert any("billing ended with code 3" in said for said in heard.troubles)


def test_pauses_double_up_to_a_bound() -> None:
    back_off = BackOff(first_s=0.5, most_s=3.0)

    assert [back_off.pause_s(crashes) for crashes in (1, 2, 3, 4, 9)] == [0.5, 1.0, 2.0, 3.0, 3.0]


async def test_a_stop_ends_every_process_and_none_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start([spec(tmp_path, "orders", WAITS), spec(tmp_path, "billing", CRASHES)])
    await supervisor.start([spec(tmp_path, "orchestrator", WAITS)])
    pids = list(supervisor.pids.values())

    await supervisor.stop()

    assert supervisor.pids == {}
    assert not any(is_running(pid) for pid in pids)


async def test_a_process_that_ignores_the_polite_signal_is_killed(
    supervisor: Supervisor, heard: Heard, tmp_path: Path
) -> None:
    deaf = spec(tmp_path, "deaf", IGNORES_SIGTERM, stop_wait_s=0.2)
    await supervisor.start([deaf])
    pid = supervisor.pids["deaf"]
    await eventually(lambda: "deaf" in deaf.log_file.read_text())

    await supervisor.stop()

    assert not is_running(pid)
    assert any("did not stop" in said for said in heard.troubles)


async def test_what_a_process_started_itself_goes_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    parent = spec(tmp_path, "parent", HAS_A_CHILD)
    await supervisor.start([parent])
    await eventually(lambda: parent.log_file.read_text().endswith("\n"))
    grandchild = int(parent.log_file.read_text())
    assert is_running(grandchild)

    await supervisor.stop()

    await eventually(lambda: not is_running(grandchild))


async def test_one_process_can_be_stopped_and_restarted_with_another_environment(
    supervisor: Supervisor, heard: Heard, tmp_path: Path
) -> None:
    says = "import os, signal; print(os.environ['COLOUR'], flush=True); signal.sigwait([signal.SIGTERM])"
    teller = ChildSpec("teller", [sys.executable, "-IS", "-c", says], tmp_path / "log", {"COLOUR": "green"})
    await supervisor.start([teller])
    await eventually(lambda: "green" in teller.log_file.read_text())

    await supervisor.stop_one("teller")
    assert supervisor.pids == {}
    await supervisor.restart("teller", {"COLOUR": "blue"})

    await eventually(lambda: "blue" in teller.log_file.read_text())
    assert heard.troubles == []


async def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path / "log")]
    owner = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert owner.stdout is not None
    pid = int(await owner.stdout.readline())
    assert is_running(pid)

    owner.kill()
    await owner.communicate()

    await eventually(lambda: not is_running(pid))
