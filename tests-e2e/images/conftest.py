"""Images that are made once, the secrets of a stack, and the servers that these name."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from onebox.home import find_checkout
from servicekit.embedded import EmbeddedError, EmbeddedPostgres, free_port
from servicekit.embedded.account import Account
from servicekit.embedded.binaries import valkey_server
from servicekit.embedded.process import ServerProcess, guarded
from servicekit.embedded.valkey import STOP_STEPS
from servicekit.testing.servers import give_up

from . import recipe
from .recipe import IMAGE_USER, Stage

Image = Callable[[str], Stage]
START_TIMEOUT_S = 30.0


@pytest.fixture(scope="session")
def account() -> Account | None:
    """Whom containers run as; None: the tests are nobody special themselves."""
    return IMAGE_USER if os.geteuid() == 0 else None


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="aiguy-images-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def image(open_folder: Path, account: Account | None) -> Image:
    """`image("orders")`: the final stage of that service's image; `image("operations")`: of what operations run."""
    made: dict[str, Stage] = {}

    def make(service: str) -> Stage:
        if service not in made:
            file = recipe.OPERATIONS if service == "operations" else recipe.FILE
            made[service] = recipe.build(service, open_folder / service, _uv(), _python(account), file)
        return made[service]

    return make


@pytest.fixture(scope="session")
def secrets(image: Image, open_folder: Path, account: Account | None) -> Path:
    """The folder that the service `keys` fills."""
    folder = open_folder / "secrets"
    folder.mkdir(mode=0o700)
    if account is not None:
        account.own(folder)
    orders = image("orders")
    script = str(orders.at("make_secrets.py"))
    command = guarded([str(orders.at(".venv/bin/python")), script, str(folder)], account=account)
    subprocess.run(command, env=recipe.told(orders, {}), check=True, capture_output=True)
    return folder


@dataclass(frozen=True)
class Servers:
    """Where the servers are that the secrets call postgres:5432 and valkey:6379."""

    postgres: EmbeddedPostgres
    valkey_port: int

    def here(self, secret: str) -> str:
        """A secret's text with the places of this machine."""
        postgres = f"127.0.0.1:{self.postgres.port}"
        return secret.replace("postgres:5432", postgres).replace("valkey:6379", f"127.0.0.1:{self.valkey_port}")


@pytest.fixture(scope="session")
def servers(open_folder: Path, secrets: Path) -> Iterator[Servers]:
    """A Postgres that has read databases.sql, and a Valkey that was started with valkey.conf."""
    postgres = EmbeddedPostgres(open_folder / "postgres", fast=True)
    valkey = ServerProcess("valkey", open_folder / "valkey.log")
    port = free_port()
    try:
        try:
            postgres.start()
            postgres.execute((secrets / "databases.sql").read_text())
            _start_valkey(valkey, secrets / "valkey.conf", port)
        except (EmbeddedError, OSError) as error:
            give_up("Postgres and Valkey", [str(error)])
        yield Servers(postgres, port)
    finally:
        valkey.stop(STOP_STEPS)
        postgres.remove()


def _start_valkey(server: ServerProcess, configuration: Path, port: int) -> None:
    folder = server.log_file.parent
    here = folder / "valkey.conf"
    here.write_text(configuration.read_text().replace("/data", str(folder)))
    own = ["--port", str(port), "--bind", "127.0.0.1", "--loglevel", "notice"]
    server.spawn([str(valkey_server()), str(here), *own], death_signal=signal.SIGTERM)
    if not server.wait_until(lambda: "Ready to accept" in server.log_tail(), START_TIMEOUT_S):
        raise EmbeddedError(server.log_tail())


def _uv() -> Path:
    own = [Path(str(find_checkout())) / ".uv" / place for place in ("bin/uv", "lib/bin/uv")]
    found = [Path(path) for path in [shutil.which("uv")] if path] + [path for path in own if path.exists()]
    if not found:
        give_up("uv", ["make setup brings it"])
    return found[-1]


def _python(account: Account | None) -> Path:
    """One of the image's version that the image's user can start."""
    debians = shutil.which("python3.11", path="/usr/local/bin:/usr/bin")
    names = [f"{sys.base_prefix}/bin/python3.11", *([debians] if debians else [])]
    for path in map(Path, names):
        if path.exists() and (account is None or account.can_reach(path.resolve().parent)):
            return path
    give_up("Python 3.11", ["none that a user without rights may start; Debian's is in python3"])
    raise AssertionError
