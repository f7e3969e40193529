"""The door's packages are asked for where they may be, and a start never fails for want of them."""

import threading
from pathlib import Path

from onebox.door_parts import install, provide_parts


class Heard:
    """A report that remembers its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def done(self, name: str, detail: str, ms: float) -> None:
        self.notes.append(name)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def trouble(self, text: str) -> None:
        self.notes.append(text)


def script(folder: Path, text: str) -> Path:
    file = folder / "packages"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_what_the_installation_says_is_told(tmp_path: Path) -> None:
    heard = Heard()
    install(heard, [script(tmp_path, 'echo "  got $1"; exit 1'), "gateway"])
    assert heard.notes[1:] == ["got gateway"]


def test_one_that_takes_too_long_goes_on_while_the_stack_starts(tmp_path: Path) -> None:
    heard = Heard()
    ended = tmp_path / "ended"
    # It ends when somebody opens the pipe: after the start has gone on.
    pipe = tmp_path / "pipe"
    command = script(tmp_path, f"mkfifo {pipe}; touch {tmp_path}/began; read line < {pipe}; echo $line > {ended}")
    install(heard, [command], patience_s=0.5)
    assert "this start does without the WAF" in heard.notes[-1]
    assert not ended.exists()
    writing = threading.Thread(target=lambda: pipe.write_text("whole\n"))
    writing.start()
    writing.join(timeout=30)
    assert not writing.is_alive(), "nobody reads: it was killed"


def test_nothing_is_installed_for_who_wants_no_door() -> None:
    heard = Heard()
    provide_parts(heard, {"AIGUY_GATEWAY": "off", "PATH": ""})
    assert heard.notes == []
