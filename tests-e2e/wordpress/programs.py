"""PHP's process manager and the web server before it: found, started for one site, stopped."""

import glob
import os
import pwd
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from servicekit.embedded.process import ServerProcess, StopStep

from .release import NoWordPressError

FILES = Path(__file__).parent / "files"
_SYSTEM = "/usr/sbin:/usr/local/sbin"
_STOP = (StopStep(signal.SIGTERM, 5), StopStep(signal.SIGKILL, 5))


def program(name: str) -> str:
    """The path of a program, such as "php" or "php-fpm" (with a version in its name or without).

    Raises NoWordPressError.
    """
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM)
    if found is None and (versioned := sorted(glob.glob(f"/usr/sbin/{name}[0-9]*"))):
        found = versioned[-1]
    if found is None:
        raise NoWordPressError(f"{name} is missing (.ci/packages installs it)")
    return found


@contextmanager
def serving(state: Path, port: int) -> Iterator[None]:
    """Serves the WordPress in `state`/site on this port."""
    fpm, nginx = program("php-fpm"), program("nginx")
    told = {"STATE": str(state), "PORT": str(port), "USER": pwd.getpwuid(os.geteuid()).pw_name}
    for name in ("nginx.conf", "php-fpm.conf"):
        text = (FILES / name).read_text("utf-8")
        for placeholder, value in told.items():
            text = text.replace(f"@{placeholder}@", value)
        (state / name).write_text(text, "utf-8")
    commands = {
        # As root its workers would be asked for another account: the site's files belong to this one.
        "php-fpm": [fpm, "--allow-to-run-as-root", "--fpm-config", str(state / "php-fpm.conf")],
        "nginx": [nginx, "-p", str(state), "-e", str(state / "nginx.log"), "-c", str(state / "nginx.conf")],
    }
    running = []
    try:
        for name, command in commands.items():
            process = ServerProcess(name, state / f"{name}.out")
            process.spawn(command, death_signal=signal.SIGTERM)
            running.append(process)
        if not running[-1].wait_until(lambda: _answers(port), 30):
            raise NoWordPressError(f"the web server did not start: {(state / 'nginx.out').read_text()[-500:]}")
        yield
    finally:
        for process in reversed(running):
            process.stop(_STOP)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/wp-includes/version.php", timeout=10).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
