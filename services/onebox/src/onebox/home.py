"""Where onebox keeps its state: databases, keys, logs. One directory, and deleting it starts afresh."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servicekit.embedded.files import write_private

HOME_VARIABLE = "AIGUY_HOME"
STATE = "onebox"
DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Home:
    """The state directory and the places in it."""

    root: Path

    @property
    def keys(self) -> Path:
        """Signing keys and secrets, readable by their owner only."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.root / "logs"

    @property
    def running_file(self) -> Path:
        """Says what runs where, while a stack runs."""
        return self.root / "running.json"

    def create(self) -> None:
        """Make the directories; private where it matters."""
        for private in (self.logs, self.keys):
            private.mkdir(parents=True, exist_ok=True)
            private.chmod(0o700)
        # Others may pass, for the account of a Postgres that root starts, and see nothing.
        self.root.chmod(0o711)

    def write_running(self, state: Mapping[str, Any]) -> None:
        """Record the running stack (pid, addresses); no secrets are in it."""
        write_private(self.running_file, json.dumps(state, indent=2) + "\n")

    def read_running(self) -> dict[str, Any] | None:
        """The running stack, None when there is none."""
        try:
            state = json.loads(self.running_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return state if isinstance(state, dict) else None


def find_home(name: str = STATE, environment: Mapping[str, str] = os.environ) -> Home:
    """`$AIGUY_HOME/<name>` when set, else `var/<name>` of the checkout, else `~/.local/state/aiguy/<name>`."""
    if given := environment.get(HOME_VARIABLE):
        return Home(Path(given).expanduser().resolve() / name)
    if checkout := find_checkout():
        return Home(checkout / "var" / name)
    return Home(Path.home() / ".local" / "state" / "aiguy" / name)


def find_checkout() -> Path | None:
    """The repository this code runs from, None when it was installed as a package."""
    for directory in Path(__file__).resolve().parents:
        if (directory / "uv.lock").is_file() and (directory / "services" / "onebox").is_dir():
            return directory
    return None
