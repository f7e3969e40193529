"""The built file is the sources', is small, and its parts pass their own tests."""

import gzip
import re
import subprocess
from pathlib import Path

from e2e.scripted_host import WIDGET

ROOT = Path(__file__).parents[2]
MOST_BYTES = 60_000


def _run(*arguments: str) -> str:
    done = subprocess.run([ROOT / ".ci" / "widget", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def test_the_committed_file_is_what_the_sources_give(tmp_path: Path) -> None:
    fresh = tmp_path / "aiguy-chat.js"
    _run("build", str(fresh))
    assert fresh.read_bytes() == WIDGET.read_bytes(), "the sources changed: run `make widget`"


def test_it_is_small_enough() -> None:
    assert len(gzip.compress(WIDGET.read_bytes(), 9)) <= MOST_BYTES


def test_its_unit_tests_pass() -> None:
    told = _run("test")
    counts = {
        name: int(count)
        for name, count in re.findall(r"^# (tests|pass|fail|cancelled|skipped) (\d+)$", told, re.MULTILINE)
    }
    assert counts["pass"] == counts["tests"] >= 100
    assert counts["fail"] == counts["cancelled"] == counts["skipped"] == 0


def test_it_holds_no_address_of_a_registry_and_no_source_map() -> None:
    text = WIDGET.read_text()
    assert "sourceMappingURL" not in text
    lock = (ROOT / "services/orchestrator/widget/package-lock.json").read_text()
    assert "resolved" not in lock
