"""`aiguy up` as a person meets it: a taken port, a crash, Ctrl-C, a kill. Each test goes on with the same stack."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from onebox.home import Home
from onebox.keys import KIM, KeyFiles
from onebox.ports import DEFAULT_PORTS
from onebox.site import ISSUERS
from servicekit.embedded import free_port
from servicekit.embedded.process import is_running
from servicekit.testing.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.service]
START_TIMEOUT_S = 240.0


@dataclass
class Up:
    """A running `aiguy up` and its state directory."""

    process: subprocess.Popen[str]
    home: Home
    output: Path

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def front_door(self) -> str | None:
        state = self.home.read_running()
        assert state is not None
        url: str | None = state["gateway"]
        return url

    @property
    def urls(self) -> dict[str, str]:
        state = self.home.read_running()
        assert state is not None
        urls: dict[str, str] = state["urls"]
        return urls

    def wait_running(self) -> None:
        """Return when everything is ready, and that was said to the end."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.home.read_running() is None or "Ctrl-C stops everything" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            with_pause()

    def interrupted(self) -> int:
        """The exit code after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def command_of(self, pid: int) -> str:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()

    def family(self) -> list[int]:
        """Its child processes and theirs."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(stat.parent.name)] = int(fields[1])
        found, row = [], [self.process.pid]
        while row:
            row = [pid for pid, parent in parents.items() if parent in row]
            found += row
        return found


def with_pause() -> None:
    """Give the processes a moment: they set no event that could be waited for."""
    asyncio.run(asyncio.sleep(0.05))


def start(home: Path, output: Path, environment: dict[str, str]) -> Up:
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "onebox", "up"], stdout=log, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "AIGUY_HOME": str(home), "NO_COLOR": "1", **environment}, start_new_session=True,
        )  # fmt: skip
    return Up(process, Home(home / "onebox"), output)


@pytest.fixture(scope="module")
def taken() -> Iterator[socket.socket]:
    """A port that somebody else uses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(scope="module")
def ports(taken: socket.socket) -> dict[str, str]:
    """Ports for all services; that of billing is taken."""
    chosen = {f"AIGUY_{name.upper()}_PORT": str(free_port()) for name in DEFAULT_PORTS}
    return chosen | {"AIGUY_BILLING_PORT": str(taken.getsockname()[1])}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, str]) -> Iterator[Up]:
    directory = tmp_path_factory.mktemp("up")
    made = start(directory, directory / "output", ports)
    try:
        made.wait_running()
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.wait()


def test_every_service_is_ready(up: Up) -> None:
    for name, url in up.urls.items():
        assert httpx.get(f"{url}/readyz").status_code == 200, name


def test_a_taken_port_is_replaced_and_that_is_said(up: Up, taken: socket.socket) -> None:
    port = taken.getsockname()[1]

    assert f"port {port} is taken: billing listens on" in up.said
    assert not up.urls["billing"].endswith(f":{port}")


def test_the_chat_page_is_served(up: Up) -> None:
    page = httpx.get(f"{up.urls['orchestrator']}/")

    assert page.status_code == 200
    assert "<aiguy-chat" in page.text


def test_the_front_door_leads_to_the_page_or_its_absence_is_said(up: Up) -> None:
    if up.front_door is None:
        assert "the WAF is off" in up.said
        return
    assert f"Chat page   {up.front_door}/" in up.said
    assert f"Console     {up.front_door}/console/sign-in?as=kim" in up.said
    door = httpx.get(f"{up.front_door}/console/sign-in", params={"as": "kim"})
    assert "Sign in as Kim Weber" in door.text
    page = httpx.get(f"{up.front_door}/")
    assert "<aiguy-chat" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert httpx.get(f"{up.front_door}/", params={"q": "<script>alert(1)</script>"}).status_code == 403


def test_the_status_page_says_the_same_in_a_browser_of_this_machine(up: Up) -> None:
    (address,) = [line.split()[-1] for line in up.said.splitlines() if line.startswith("  Status ")]
    assert address.startswith("http://127.0.0.1:")
    assert "services are ready." in httpx.get(address).text
    assert up.front_door is None or httpx.get(f"{up.front_door}/page.css").status_code == 404, "not through the door"


def test_keys_are_private(up: Up) -> None:
    secrets = [path for path in up.home.keys.iterdir() if path.name not in {"issuers.json", "demo-issuer.jwks.json"}]

    assert len(secrets) >= 4
    assert [path.name for path in secrets if path.stat().st_mode & 0o077] == []
    assert up.home.keys.stat().st_mode & 0o077 == 0


def test_status_says_that_all_is_ready(up: Up) -> None:
    answer = run_command("status", up)

    assert answer.returncode == 0
    assert answer.stdout.count("ready") == len(DEFAULT_PORTS) + (up.front_door is not None)


def test_the_chains_of_the_running_stack_are_verified_from_beside_it(up: Up) -> None:
    answer = run_command("audit verify", up)

    assert answer.returncode == 0, answer.stdout
    assert "orchestrator journal: " in answer.stdout
    assert "VERDICT: all chains hold" in answer.stdout


def test_the_use_of_deprecated_arguments_is_read_from_the_running_stack(up: Up) -> None:
    answer = run_command("contracts deprecations", up)

    assert answer.returncode == 0, answer.stdout
    assert "search_kb limit" in answer.stdout


def test_a_second_stack_in_the_same_place_is_refused(up: Up) -> None:
    answer = run_command("up", up)

    assert answer.returncode == 1
    assert "a stack runs here already" in answer.stdout
    assert up.urls["orchestrator"] in answer.stdout
    assert httpx.get(f"{up.urls['orchestrator']}/readyz").status_code == 200


async def test_a_killed_service_comes_back(up: Up) -> None:
    (victim,) = orders_of(up)

    os.kill(victim, signal.SIGKILL)

    async with httpx.AsyncClient() as client:
        await eventually(lambda: "orders ended by SIGKILL" in up.said, 10)
        await eventually(lambda: is_ready(client, up.urls["orders"]), 60)
    (follower,) = orders_of(up)
    assert follower != victim


def test_ctrl_c_ends_everything(up: Up) -> None:
    family = up.family()
    assert len(family) >= len(DEFAULT_PORTS) + 2

    assert up.interrupted() == 0
    assert [up.command_of(pid) for pid in family if is_running(pid)] == []
    assert up.said.rstrip().endswith("stopped")
    assert up.home.read_running() is None


@pytest.fixture(scope="module")
def again(up: Up, ports: dict[str, str]) -> Iterator[Up]:
    """A second start in the same place, for a site of the user's own, whose keys do not answer yet."""
    if up.process.poll() is None:  # the test before ran in another worker
        assert up.interrupted() == 0
    issuers = up.home.root / "own-issuers.json"
    issuers.write_text(json.dumps([{"iss": "https://shop.example", "jwks_url": "http://127.0.0.1:9/jwks"}]))
    made = start(up.home.root.parent, up.output.with_name("output-again"), ports | {ISSUERS: str(issuers)})
    try:
        made.wait_running()
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.wait()


def test_a_second_start_may_serve_a_site_of_the_users_own(again: Up) -> None:
    assert "https://shop.example signs its customers and staff in" in again.said
    assert "off, its page and its persons" in again.said
    assert "the keys of https://shop.example cannot be read at http://127.0.0.1:9/jwks (ConnectError)" in again.said
    url = again.urls["orchestrator"]
    assert httpx.get(f"{url}/").status_code == 404
    assert httpx.post(f"{url}/demo/session", json={"who": "ada"}).status_code == 404
    token = KeyFiles(again.home.keys).demo_token(KIM)
    assert httpx.get(f"{url}/api/agent/usage", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert "the demo's persons are unknown" in run_command("usage", again).stderr


async def test_a_second_start_finds_its_data_and_a_kill_leaves_no_process(again: Up) -> None:
    family = again.family()
    assert len(family) >= len(DEFAULT_PORTS) + 2

    again.process.kill()
    again.process.wait()

    await eventually(lambda: not any(is_running(pid) for pid in family), 30)


def orders_of(up: Up) -> list[int]:
    return [pid for pid in up.family() if "-m orders" in up.command_of(pid)]


def run_command(name: str, up: Up) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AIGUY_HOME": str(up.home.root.parent), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "onebox", *name.split()]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


def test_nothing_runs_is_a_plain_answer(tmp_path: Path) -> None:
    environment = {**os.environ, "AIGUY_HOME": str(tmp_path), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "onebox", "status"]

    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert answer.returncode == 1
    assert "Nothing runs here" in answer.stderr
    assert json.dumps(answer.stdout).count("Traceback") == 0
