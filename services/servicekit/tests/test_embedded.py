"""The embedded servers: real, durable, private to one owner, and gone when their owner is gone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from servicekit.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey, free_port, port_is_free
from servicekit.embedded.account import Account
from servicekit.embedded.place import place_directory, remove_directory
from servicekit.embedded.ports import PortClaims
from servicekit.embedded.process import is_running

pytestmark = pytest.mark.service

OWNER = """
import sys
from pathlib import Path
from servicekit.embedded import EmbeddedPostgres, EmbeddedValkey
home = Path(sys.argv[1])
postgres, valkey = EmbeddedPostgres(home / "postgres"), EmbeddedValkey(home / "valkey")
postgres.start()
valkey.start()
print(postgres.pid, valkey.pid, flush=True)
sys.stdin.read()
"""

CLAIMER = """
import sys
from servicekit.embedded.ports import PortClaims
claims = PortClaims()
print(claims.claim_any(), flush=True)
sys.stdin.read()
"""


def until(condition: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    """True as soon as the condition holds; False when it never did."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.02)
    return True


def ask_valkey(valkey: EmbeddedValkey, *commands: str) -> str:
    """Send plain commands after signing in; the text of all replies."""
    password = valkey.url.split(":")[2].split("@")[0]
    with socket.create_connection(("127.0.0.1", valkey.port), timeout=5) as connection:
        lines = [f"AUTH {password}", *commands, "QUIT"]
        connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
        received = b""
        while more := connection.recv(4096):
            received += more
    return received.decode()


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    yield server
    server.remove()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey")
    server.start()
    yield server
    server.remove()


def test_each_database_belongs_to_its_own_role_and_others_are_kept_out(postgres: EmbeddedPostgres) -> None:
    postgres.create_databases({"orders": "orders", "billing": "billing"})
    postgres.create_database("orders", "orders")  # again: harmless

    rows = postgres.execute("select datname || '=' || pg_get_userbyid(datdba) from pg_database order by 1")

    assert "orders=orders" in rows
    assert "billing=billing" in rows
    allowed = "select has_database_privilege('billing', 'orders', 'connect')"
    assert postgres.execute(allowed) == "f"
    assert postgres.password("orders") != postgres.password("billing")
    assert postgres.url("orders", "orders").startswith("postgresql://orders:")


def test_names_that_are_not_plain_are_refused(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(EmbeddedError, match="not a plain name"):
        postgres.create_database('x"; drop database postgres; --')


def test_durability_is_on_unless_asked_otherwise(postgres: EmbeddedPostgres) -> None:
    assert postgres.execute("show fsync") == "on"
    assert postgres.execute("show synchronous_commit") == "on"


def test_data_and_port_survive_a_stop_and_a_start(postgres: EmbeddedPostgres) -> None:
    port = postgres.port
    postgres.execute("create table notes (text text); insert into notes values ('kept')")

    postgres.stop()
    assert postgres.pid is None
    assert port_is_free(port)
    postgres.start()

    assert postgres.execute("select text from notes") == "kept"
    assert postgres.port == port


def test_committed_rows_survive_a_killed_server(postgres: EmbeddedPostgres) -> None:
    postgres.execute("create table notes (text text); insert into notes values ('committed')")
    pid = postgres.pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    assert until(lambda: postgres.pid is None)
    postgres.start()

    assert postgres.execute("select text from notes") == "committed"


def test_a_stale_pid_file_of_another_process_does_not_stop_it_from_starting(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    pid_file = postgres.directory / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{postgres.directory / 'cluster'}\n")

    postgres.start()

    assert postgres.execute("select 1") == "1"


def test_a_second_owner_of_the_same_directory_is_refused(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="in use by another process"):
        EmbeddedPostgres(tmp_path / "postgres").start()

    assert postgres.execute("select 1") == "1"


def test_the_secret_is_readable_by_its_owner_only(postgres: EmbeddedPostgres) -> None:
    assert (postgres.directory / "secret").stat().st_mode & 0o777 == 0o600


async def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    url = postgres.url("postgres").replace(postgres.password(), "guessed")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


def test_a_start_that_fails_shows_the_end_of_the_log(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    (postgres.directory / "cluster" / "postgresql.conf").write_text("shared_buffers = 'a lot'\n")

    with pytest.raises(EmbeddedError, match="shared_buffers"):
        postgres.start()

    assert postgres.pid is None


def test_a_server_that_clients_know_waits_for_its_port_and_takes_no_other(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    port, pid = valkey.port, valkey.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: valkey.pid is None)
    with socket.create_server(("127.0.0.1", port)):
        starting = threading.Thread(target=valkey.start)
        starting.start()
        log = tmp_path / "valkey" / "valkey.log"
        assert until(lambda: "Address already in use" in log.read_text())
    starting.join(timeout=30)
    assert valkey.port == port
    assert valkey.pid not in (None, pid)


def test_a_taken_port_is_replaced_by_a_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = EmbeddedValkey(tmp_path / "valkey", port)
        server.start()
        try:
            assert server.port != port
            assert "+PONG" in ask_valkey(server, "PING")
        finally:
            server.remove()
        assert not port_is_free(port)
        assert free_port(port) != port


def test_a_free_port_is_not_one_that_a_connection_is_given() -> None:
    assert all(20_000 <= free_port() <= 32_000 for _ in range(20))


def test_a_claimed_port_is_nobody_elses_until_its_owner_ends() -> None:
    owner = subprocess.Popen([sys.executable, "-c", CLAIMER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    mine = PortClaims()
    try:
        assert owner.stdout is not None
        port = int(owner.stdout.readline())
        assert not mine.claim(port)
        owner.kill()
        owner.wait()
        assert mine.claim(port)
        assert not PortClaims().claim(port)
    finally:
        owner.kill()
        mine.release()
    assert mine.claim(port)
    mine.release()


def test_a_server_that_takes_any_port_takes_none_that_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = PortClaims()
    try:
        claimed, other = mine.claim_any(), free_port()
        offered = iter([claimed, claimed, other])
        monkeypatch.setattr("random.randint", lambda *_: next(offered))
        assert free_port() == other
    finally:
        mine.release()


def test_valkey_asks_for_a_password(valkey: EmbeddedValkey) -> None:
    with socket.create_connection(("127.0.0.1", valkey.port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(256).startswith(b"-NOAUTH")


def test_valkey_keeps_its_data_over_a_stop_and_a_start(valkey: EmbeddedValkey) -> None:
    assert "+OK" in ask_valkey(valkey, "SET colour green")

    valkey.stop()
    valkey.start()

    assert "green" in ask_valkey(valkey, "GET colour")


def test_servers_started_by_a_short_lived_thread_go_on(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey")
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    try:
        assert "+PONG" in ask_valkey(server, "PING")
        assert server.pid is not None
    finally:
        server.remove()


def test_a_server_that_is_removed_does_not_save_its_data_first(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres", fast=True)
    postgres.start()
    cluster = postgres.directory / "cluster"
    with (postgres.directory / "postgres.log").open() as log:
        postgres.remove()
        said = log.read()
    assert "immediate shutdown" in said
    assert (postgres.pid, cluster.exists()) == (None, False)


def test_a_killed_owner_leaves_no_process_and_its_directory_can_be_used_again(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    assert len(pids) == 2
    assert all(is_running(pid) for pid in pids)

    owner.kill()
    owner.communicate()

    assert until(lambda: not any(is_running(pid) for pid in pids))
    successor = EmbeddedPostgres(tmp_path / "postgres")
    try:
        successor.start()
        assert successor.execute("select 1") == "1"
    finally:
        successor.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
def test_data_that_went_elsewhere_goes_away_with_the_directory_it_belongs_to(tmp_path: Path) -> None:
    account = Account(uid=65534, gid=65534)
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)

    moved = place_directory(hidden / "data", account)
    assert moved != hidden / "data"
    assert place_directory(hidden / "data", account) == moved  # again: the same place
    (moved / "row").write_text("old")
    shutil.rmtree(hidden / "data")

    anew = place_directory(hidden / "data", account)
    assert not (anew / "row").exists()
    remove_directory(hidden / "data")
    assert not moved.exists()
