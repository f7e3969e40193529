"""Installing packages starts no service of theirs, and what sees to that is gone afterwards, however it ended."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from onebox.home import find_checkout

TOOLS = ("bash", "env", "mktemp", "tail", "sed", "grep", "sort", "rm", "chmod", "flock", "cat")
#: Says that it is there, and what the policy says, and goes on when it is told to.
APT = """#!/bin/sh
[ "$1" = install ] || exit 0
cat "$AIGUY_PACKAGES_POLICY" > "$WENT/seen"
echo in > "$WENT/began"
read -r word < "$WENT/go"
"""


class Machine:
    """A machine of root's with an apt-get that waits."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.policy = folder, folder / "bin", folder / "sbin" / "policy-rc.d"
        self.bin.mkdir()
        self.policy.parent.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)
        for name, text in {"apt-get": APT, "id": "#!/bin/sh\necho 0\n"}.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        os.mkfifo(folder / "began")
        os.mkfifo(folder / "go")
        self.begun: list[subprocess.Popen[bytes]] = []

    def begin(self) -> subprocess.Popen[bytes]:
        """The script, on its way to apt-get."""
        checkout = find_checkout()
        assert checkout is not None
        told = {"PATH": str(self.bin), "WENT": str(self.folder), "AIGUY_PACKAGES_POLICY": str(self.policy)}
        # By nohup, or behind a script's "&", one is ignored, and what ignores it from its start cannot trap it.
        heard = ["/usr/bin/env", "--default-signal=HUP,INT"]
        command = [*heard, self.bin / "bash", checkout / ".ci" / "packages", "browser"]
        self.begun.append(subprocess.Popen(command, env=told, start_new_session=True, stdout=subprocess.DEVNULL))
        return self.begun[-1]

    def wait_for_apt(self) -> None:
        """Returns when apt-get installs."""
        assert (self.folder / "began").read_text() == "in\n"

    def let_go(self) -> None:
        """Lets apt-get end."""
        (self.folder / "go").write_text("go\n")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    for one in made.begun:
        if one.poll() is None:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_end_by_a_signal_leaves_no_policy(machine: Machine, number: signal.Signals) -> None:
    installing = machine.begin()
    machine.wait_for_apt()
    assert "exit 101" in machine.policy.read_text()
    # As a terminal does: to all of them.
    os.killpg(installing.pid, number)
    installing.wait()
    assert not machine.policy.exists()


def test_a_policy_that_a_killed_run_left_is_taken_over_and_that_of_the_machine_stays(machine: Machine) -> None:
    installing = machine.begin()
    machine.wait_for_apt()
    os.killpg(installing.pid, signal.SIGKILL)
    installing.wait()
    assert machine.policy.exists()
    again = machine.begin()
    machine.wait_for_apt()
    machine.let_go()
    assert (again.wait(), machine.policy.exists()) == (0, False)

    machine.policy.write_text("#!/bin/sh\nexit 0\n")
    third = machine.begin()
    machine.wait_for_apt()
    machine.let_go()
    assert (third.wait(), machine.policy.read_text()) == (0, "#!/bin/sh\nexit 0\n")


def test_two_at_once_do_not_take_it_from_each_other(machine: Machine) -> None:
    both = [machine.begin(), machine.begin()]
    for _ in both:
        machine.wait_for_apt()
        assert "exit 101" in (machine.folder / "seen").read_text()
        assert machine.policy.exists()
        machine.let_go()
    assert [one.wait() for one in both] == [0, 0]
    assert not machine.policy.exists()
