"""The demo, as `make demo` runs it: all conversations pass, and nothing is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.service]


def test_every_conversation_of_the_demo_passes_and_again_right_after(tmp_path: Path) -> None:
    environment = {**os.environ, "AIGUY_HOME": str(tmp_path), "NO_COLOR": "1"}
    for _ in range(2):
        demo = subprocess.run(
            [sys.executable, "-m", "onebox", "demo"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=420, check=False,
        )  # fmt: skip

        assert demo.returncode == 0, failures(demo.stdout)
        assert "13 of 13 conversations passed." in demo.stdout
        assert "still run" not in demo.stdout
        assert [line for line in processes() if str(tmp_path) in line] == []


def failures(said: str) -> str:
    """What the demo complains of, then its last words: all that it says is too long to find them in."""
    lines = said.splitlines()
    return "\n".join([*(line for line in lines if line.strip()[:1] in ("✗", "!")), "…", *lines[-25:]])


def processes() -> list[str]:
    """The command line of every process, with the directory it works in."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.append(f"{command} {os.readlink(directory / 'cwd')}")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found
